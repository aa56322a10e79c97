"""J0: what a sentence means in the middle of an emergency. A wrong guess here costs a life."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.overdose import about_oneself
from tests.harness import Kitline

AMY = "+447700900101"
PUSH, SIDE = "Push hard on the chest", "on their side"


async def said(demo: Kitline, *texts: str) -> list[str]:
    """What Amy reads after the last of these texts."""
    for text in texts:
        await demo.new_messages()
        await demo.say(AMY, text)
    return [m.text for to, m, _ in await demo.new_messages() if to == AMY]


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("no change", PUSH),
        ("still nothing", PUSH),
        ("he hasnt woke up", PUSH),
        ("he wont wake up", PUSH),
        ("still not awake", PUSH),
        ("hes not breathing again", PUSH),
        ("he was breathing but now hes stopped breathing", PUSH),
        ("hes breathing now", SIDE),
        ("shes breathing but wont wake", SIDE),
        ("hes come round", "can wear off"),
        ("the ambulance is here", "Tell the crew"),
        ("will the police come", "do not usually bring the police"),
        ("should i put him in the shower", "No bath or shower"),
        ("i have no credit", "999 is free"),
        ("i think hes dead", "Stay on with 999"),
        ("she died", "I am so sorry"),
        ("ok", "I am here"),
        ("thanks", "I am here"),
    ],
)
async def test_after_a_dose_to_somebody_who_does_not_breathe(
    demo: Kitline, text: str, reads: str
) -> None:
    await said(demo, "hes gone over", "nyxoid", "no", "done")
    assert any(reads in t for t in await said(demo, text)), text


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("no response", "The next dose now"),
        ("he hasnt woken up", "The next dose now"),
        ("hes going under again", "The next dose now"),
        ("not good", "I am here"),
        ("same", "can wear off"),
        ("hes fine", "can wear off"),
        ("still awake", "can wear off"),
    ],
)
async def test_when_they_had_come_round(demo: Kitline, text: str, reads: str) -> None:
    await said(demo, "hes gone over", "nyxoid", "no", "done", "awake")
    await demo.wait(timedelta(minutes=5))
    assert any(reads in t for t in await said(demo, text)), text


@pytest.mark.parametrize("text", ["i need help here", "send an ambulance here please"])
async def test_asking_for_help_is_not_having_it(demo: Kitline, text: str) -> None:
    await said(demo, "hes gone over", "nyxoid", "no", "done")
    assert not any("Tell the crew" in t for t in await said(demo, text))


async def test_hes_fine_after_a_dose_is_watched_and_wrong_ends_it(demo: Kitline) -> None:
    await said(demo, "hes gone over", "nyxoid", "no", "done")
    assert any("can wear off" in t for t in await said(demo, "hes fine"))
    assert any("Good to hear" in t for t in await said(demo, "WRONG"))


async def test_a_figure_answers_the_last_list_that_was_read(demo: Kitline) -> None:
    await said(demo, "hes gone over", "nyxoid", "no", "done")
    await demo.wait(timedelta(minutes=2))  # 1 Awake, 2 Breathing, not awake, 3 Not breathing
    assert any("can wear off" in t for t in await said(demo, "1"))
    assert any("can wear off" in t for t in await said(demo, "1"))  # awake, still
    assert any(SIDE in t for t in await said(demo, "2"))  # breathing, not awake
    assert not any("Dose 2" in t for t in await said(demo, "1", "2"))


@pytest.mark.parametrize(
    "text", ["found some naloxone", "someone brought a spray", "got nyxoid now"]
)
async def test_a_kit_that_turns_up_is_used(demo: Kitline, text: str) -> None:
    await said(demo, "hes gone over", "none", "no")
    assert any("nostril" in t for t in await said(demo, text)), text
    assert any("Dose 1" in t for t in await said(demo, "done"))


@pytest.mark.parametrize("text", ["we need more naloxone", "no naloxone here", "any naloxone?"])
async def test_a_kit_that_is_only_wanted_is_none(demo: Kitline, text: str) -> None:
    await said(demo, "hes gone over", "none", "no")
    assert not any("nostril" in t or "thigh" in t for t in await said(demo, text)), text


async def test_a_dose_told_at_another_question_counts(demo: Kitline) -> None:
    await said(demo, "hes gone over", "prenoxad", "no")
    await demo.wait(timedelta(minutes=2))  # asked for any change meanwhile
    assert any("Dose 1" in t for t in await said(demo, "DONE"))
    assert any("Dose 3" in t for t in await said(demo, "hes had 3 doses now"))
    assert any("dose 4 of 5" in t for t in await said(demo, "not breathing"))
    assert any("3 doses" in t for t in await said(demo, "the ambulance is here"))


async def test_a_dose_before_breathing_is_known_counts(demo: Kitline) -> None:
    await said(demo, "hes gone over", "nyxoid")
    assert any("breathing?" in t for t in await said(demo, "ive given 1 spray"))
    assert any("Second spray" in t for t in await said(demo, "no"))


@pytest.mark.parametrize("text", ["KIT", "can i get another kit", "DN31 1AA", "hello"])
async def test_after_the_last_text_something_else_is_something_else(
    demo: Kitline, text: str
) -> None:
    await said(demo, "hes gone over")
    await demo.wait(timedelta(minutes=9))
    answer = await said(demo, text)
    assert answer
    assert not any("I am here" in t for t in answer)
    await demo.new_messages()
    await demo.wait(timedelta(minutes=9))
    assert not [m for to, m, _ in await demo.new_messages() if to == AMY]


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("can i give another", "2 to 3 minutes between doses"),
        ("shes been sick", "mouth to the floor"),
        ("i cant do cpr", "Pushes alone help"),
        ("its a baby", "Tell 999 it is a child"),
        ("im scared", "one thing at a time"),
        ("is it ok to give her water", "No bath or shower"),
        ("hes getting worse", "The next dose now"),
    ],
)
async def test_what_people_ask_in_the_middle_of_it(demo: Kitline, text: str, reads: str) -> None:
    await said(demo, "hes gone over", "nyxoid", "no", "done")
    assert any(reads in t for t in await said(demo, text)), text


async def test_which_end_at_a_dose_gets_the_step_again(demo: Kitline) -> None:
    await said(demo, "hes gone over", "prenoxad", "no")
    assert any("outer thigh" in t for t in await said(demo, "which end"))


async def test_no_naloxone_given_nothing_wears_off(demo: Kitline) -> None:
    await said(demo, "hes gone over", "none", "yes")
    assert not any("wear off" in t for t in await said(demo, "awake"))
    assert not any("used kit" in t for t in await said(demo, "the ambulance is here"))


async def test_good_news_that_is_only_asked_is_none(demo: Kitline) -> None:
    await said(demo, "hes gone over", "nyxoid", "no", "done")
    assert not any("can wear off" in t for t in await said(demo, "is he awake?"))
    assert not any("Tell the crew" in t for t in await said(demo, "help is here?"))


@pytest.mark.parametrize("text", ["still wont wake", "he wont wake up", "not awake", "dunno"])
async def test_not_waking_says_nothing_of_breathing(demo: Kitline, text: str) -> None:
    await said(demo, "hes gone over", "nyxoid")
    assert not any(SIDE in t and "CALL" not in t for t in await said(demo, text)), text


@pytest.mark.parametrize(
    "text", ["is the ambulance here yet", "what if help is here late", "ambulance here?"]
)
async def test_help_that_is_not_there_ends_nothing(demo: Kitline, text: str) -> None:
    await said(demo, "hes gone over", "nyxoid", "no", "done")
    answer = await said(demo, text)
    assert answer
    assert not any("Tell the crew" in t for t in answer)


@pytest.mark.parametrize("text", ["i havent given it", "shall i given it now", "ok", "wait"])
async def test_a_dose_counts_only_when_it_is_in(demo: Kitline, text: str) -> None:
    await said(demo, "hes gone over", "nyxoid", "no")
    assert not any("Dose 1" in t for t in await said(demo, text))


@pytest.mark.parametrize("text", ["done", "its in", "ive given it now", "gave him it", "done it"])
async def test_a_dose_that_is_in(demo: Kitline, text: str) -> None:
    await said(demo, "hes gone over", "nyxoid", "no")
    assert any("Dose 1" in t for t in await said(demo, text))


async def test_ok_does_not_end_an_emergency_and_wrong_does(demo: Kitline) -> None:
    await said(demo, "hes gone over", "ok")
    assert any("Are they breathing?" in t for t in await said(demo, "spray"))
    assert any("Good to hear" in t for t in await said(demo, "WRONG"))


async def test_somebody_who_comes_back_after_hours_is_not_coached(demo: Kitline) -> None:
    await said(demo, "hes gone over")
    await demo.wait(timedelta(hours=5))
    answer = await said(demo, "hello")
    assert any(t.startswith("Hello") for t in answer)


async def test_old_timers_say_nothing_after_stop(demo: Kitline) -> None:
    await said(demo, "hes gone over", "nyxoid", "STOP")
    await demo.new_messages()
    await demo.wait(timedelta(minutes=30))
    assert not [m for to, m, _ in await demo.new_messages() if to == AMY]


async def test_a_stopped_person_is_coached_but_gets_no_aftercare(demo: Kitline) -> None:
    await said(demo, "STOP", "hes gone over", "nyxoid", "no", "done")
    await demo.new_messages()
    await demo.wait(timedelta(minutes=2))
    assert [m.text for to, m, _ in await demo.new_messages() if to == AMY] == [
        "2 minutes since the last dose. Any change?"
    ]
    answer = await said(demo, "ambulance is here")
    assert len(answer) == 1
    assert answer[0].startswith("Tell the crew")


@pytest.mark.parametrize(
    ("text", "oneself"),
    [
        ("ive took way too much i think im going over", True),
        ("i think im overdosing", True),
        ("ive taken all my pills", True),
        ("i dont know what to do his lips are blue", False),
        ("someones overdosing i need help", False),
        ("my mate has took too much", False),
        ("lips blue not breathing", False),
    ],
)
def test_who_writes_of_themselves(text: str, oneself: bool) -> None:
    assert about_oneself(text) is oneself

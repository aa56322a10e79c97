"""A peer in danger: who is told what, who is written to, and what closes it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from db.models import Flag, Offer
from db.reference.gazetteer import Gazetteer
from tests.conftest import FixedCodes
from tests.harness import Kitline, kitline
from tests.peers import AMY, SAM, ask_for_kit, change, say, texts

ROBIN, PAT = "+447700900051", "+447700900052"
DANGER = "In danger? Call 999 now. Get away if you can."
CARD = "CALL 999, speaker on."


@pytest.fixture
async def sms(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer, fixed_codes: FixedCodes
) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer, "sms") as line:
        yield line


async def says(line: Kitline, address: str, *said: str) -> list[str]:
    """The answers to the last of the texts."""
    for text in said:
        await line.new_messages()
        await line.say(address, text)
    return await texts(line, address)


async def ref_of(line: Kitline, kind: str) -> str:
    (flag,) = [f for f in await line.read(Flag, kind=kind) if f.status != "done"]
    return str(flag.ref)


async def sam_is_missed(line: Kitline) -> str:
    """Sam is on the way to Amy and has answered no check; the code of it."""
    await ask_for_kit(line)
    await say(line, SAM, "ACCEPT", "ONWAY")
    await line.wait(timedelta(minutes=60))
    return await ref_of(line, "missed_checkin")


def code_in(text: str) -> str:
    found = re.search(r"reply (\d{4})", text)
    assert found, text
    return found.group(1)


# --- who TELL reaches --------------------------------------------------------------------------


async def test_tell_never_goes_to_somebody_else_than_the_question_named(demo: Kitline) -> None:
    ref = await sam_is_missed(demo)
    (asked,) = await says(demo, ROBIN, f"TELL {ref} Sam are you ok?")
    assert "It goes to the peer, Sam." in asked
    await demo.say(SAM, "OK")
    await demo.new_messages()
    await demo.say(ROBIN, code_in(asked))
    sent = [(to, m.text) for to, m, _ in await demo.new_messages()]
    assert not [text for to, text in sent if to == AMY]
    (refused,) = [text for to, text in sent if to == ROBIN]
    assert refused.startswith(f"Not passed on: {ref} has changed since")
    assert "the person who asked" in refused
    (asked,) = await says(demo, ROBIN, f"TELL {ref} Hello Amy")
    assert "It goes to the person who asked." in asked
    await demo.say(ROBIN, code_in(asked))
    assert "Robin, Grimsby Kit Line: Hello Amy" in await texts(demo, AMY)


async def test_once_a_peers_trouble_is_over_even_telegram_asks_whom_tell_is_for(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer, fixed_codes: FixedCodes
) -> None:
    async with kitline(sqlite_url, secret_key, gazetteer, "telegram") as line:
        amy, sam, robin = (line.address(a[-6:]) for a in (AMY, SAM, ROBIN))
        await say(line, amy, "KIT", "YES", "YES", "1", "DN31 1AA", "nasal", "meet", "YES")
        await say(line, sam, "ACCEPT", "ONWAY")
        await line.wait(timedelta(minutes=60))
        ref = await ref_of(line, "missed_checkin")
        await line.say(sam, "OK")
        (asked,) = await says(line, robin, f"TELL {ref} Sam are you ok?")
        assert "It goes to the person who asked." in asked
        assert not [text for text in await texts(line, amy) if "are you ok" in text]


# --- SOS ---------------------------------------------------------------------------------------


async def test_a_peers_sos_is_answered_with_their_own_danger_first(sms: Kitline) -> None:
    answers = await says(sms, SAM, "sos")
    assert answers[0] == DANGER
    assert answers[1].startswith("Robin, a coordinator, is being told this minute")
    assert not [text for text in answers if CARD in text]


@pytest.mark.parametrize("text", ["SOS hes not breathing", "sos he went over"])
async def test_an_sos_about_an_overdose_gets_the_card(sms: Kitline, text: str) -> None:
    assert (await says(sms, SAM, text))[0].startswith(CARD)


async def test_anybody_elses_sos_gets_the_card(sms: Kitline) -> None:
    assert (await says(sms, AMY, "SOS"))[0].startswith(CARD)


async def test_an_sos_in_an_open_overdose_gets_the_card_again(demo: Kitline) -> None:
    answers = await says(demo, SAM, "hes not breathing", "SOS")
    assert answers[0] == DANGER
    assert answers[-1].startswith(CARD)


async def test_without_a_meeting_an_sos_says_who_and_that_there_is_none(demo: Kitline) -> None:
    await demo.say(SAM, "SOS")
    (alert,) = await texts(demo, ROBIN)
    assert "a peer sent SOS: Sam. In no meeting. SHOW" in alert
    (shown,) = await says(demo, ROBIN, f"SHOW {await ref_of(demo, 'sos')}")
    assert "Sam. In no meeting" in shown


async def test_in_a_meeting_an_sos_says_where_and_the_last_word(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await say(demo, SAM, "ACCEPT")
    await demo.wait(timedelta(minutes=5))
    await say(demo, SAM, "HERE")
    await demo.wait(timedelta(minutes=3))
    await demo.new_messages()
    await demo.say(SAM, "SOS")
    where = "a peer sent SOS: Sam. Place suggested: the bus station, Grimsby. HERE since 10:05"
    (alert,) = await texts(demo, ROBIN)
    assert where in alert
    shown = await says(demo, ROBIN, f"SHOW {await ref_of(demo, 'sos')}")
    assert [text for text in shown if where in text]
    await say(demo, SAM, "ISSUED")
    shown = await says(demo, ROBIN, f"SHOW {await ref_of(demo, 'sos')}")
    assert [t for t in shown if "Sam. In no meeting; the last one, near DN31, ended 10:08" in t]


async def test_after_an_sos_words_go_to_the_coordinator_and_not_to_whom_they_meet(
    demo: Kitline,
) -> None:
    await ask_for_kit(demo)
    await say(demo, SAM, "ACCEPT", "HERE", "SOS")
    ref = await ref_of(demo, "sos")
    await demo.new_messages()
    await demo.say(SAM, "im round the back")
    heard = [(to, m.text) for to, m, _ in await demo.new_messages()]
    assert heard == [(ROBIN, f"{ref}, Sam: im round the back")]
    await demo.wait(timedelta(minutes=16))  # nobody has taken it: Pat is asked too
    await demo.new_messages()
    await demo.say(SAM, "by the bins")
    heard = [(to, m.text) for to, m, _ in await demo.new_messages()]
    assert sorted(heard) == [(who, f"{ref}, Sam: by the bins") for who in (ROBIN, PAT)]
    (asked,) = await says(demo, PAT, f"TAKE {ref}")
    await demo.say(PAT, code_in(asked))
    await demo.new_messages()
    await demo.say(SAM, "still here")
    heard = [(to, m.text) for to, m, _ in await demo.new_messages()]
    assert heard == [(PAT, f"{ref}, Sam: still here")]


async def test_nobody_to_tell_is_said_too(demo: Kitline) -> None:
    for coordinator in (ROBIN, PAT, "+447700900053"):
        await demo.say(coordinator, "STOP")
    answers = await says(demo, SAM, "SOS")
    assert answers[0] == DANGER
    assert answers[1].startswith("I can reach nobody of the team now")


# --- SAFE --------------------------------------------------------------------------------------


async def test_safe_after_an_sos_is_told_and_slows_the_pages(demo: Kitline) -> None:
    await demo.say(SAM, "SOS")
    ref = await ref_of(demo, "sos")
    await demo.new_messages()
    await demo.say(SAM, "SAFE")
    heard = [(to, m.text) for to, m, _ in await demo.new_messages()]
    assert [t for to, t in heard if to == SAM and "still looks into it" in t]
    assert [t for to, t in heard if to == ROBIN and "now says they are safe: Sam" in t]
    (flag,) = await demo.read(Flag, ref=ref)
    assert (flag.kind, flag.status) == ("sos_safe", "open")
    await demo.wait(timedelta(minutes=59))
    assert not [m for _, m, _ in await demo.new_messages() if ref in m.text]
    await demo.wait(timedelta(minutes=2))
    assert len([m for _, m, _ in await demo.new_messages() if ref in m.text]) == 1
    await demo.say(SAM, "SOS")  # not safe after all: at once, and on the same code
    assert [m for _, m, _ in await demo.new_messages() if f"{ref}: a peer sent SOS: Sam" in m.text]
    (flag,) = await demo.read(Flag, ref=ref)
    assert flag.kind == "sos"


async def test_safe_goes_to_the_line_and_not_into_a_talk(demo: Kitline) -> None:
    ref = await sam_is_missed(demo)
    (asked,) = await says(demo, ROBIN, f"TELL {ref} are you ok?")
    await demo.say(ROBIN, code_in(asked))
    await demo.new_messages()
    await demo.say(SAM, "SAFE")
    heard = [(to, m.text) for to, m, _ in await demo.new_messages()]
    assert [t for to, t in heard if to == SAM and t.startswith("Good to hear.")]
    assert not [t for _, t in heard if t.endswith("Sam: SAFE")]
    assert [f.status for f in await demo.read(Flag, kind="missed_checkin")] == ["done"]


# --- whose check it is -------------------------------------------------------------------------


async def test_a_missed_check_is_about_the_person_and_not_the_meeting(demo: Kitline) -> None:
    await sam_is_missed(demo)
    await say(demo, SAM, "SOS")  # danger is no all-clear
    (flag,) = await demo.read(Flag, kind="missed_checkin")
    assert flag.status == "open"
    await say(demo, SAM, "SAFE")
    (flag,) = await demo.read(Flag, kind="missed_checkin")
    assert flag.status == "done"


# --- a talk with a coordinator -----------------------------------------------------------------


async def talk(line: Kitline) -> str:
    """Robin writes to Sam, in no meeting, about an SOS; the code of it."""
    await line.say(SAM, "SOS")
    ref = await ref_of(line, "sos")
    await line.new_messages()
    (asked,) = await says(line, ROBIN, f"TELL {ref} are you ok?")
    await line.say(ROBIN, code_in(asked))
    return ref


async def test_a_talk_ends_two_days_after_its_last_line_and_both_read_so(demo: Kitline) -> None:
    ref = await talk(demo)
    await demo.wait(timedelta(hours=40))
    await say(demo, SAM, "im with my sister")
    await demo.wait(timedelta(hours=47))
    await demo.new_messages()
    await demo.wait(timedelta(hours=2))
    heard = [(to, m.text) for to, m, _ in await demo.new_messages()]
    assert [t for to, t in heard if to == SAM and t.startswith("The talk with Robin is over")]
    assert [t for to, t in heard if to == ROBIN and t.startswith(f"{ref}: nobody has written")]
    await demo.say(SAM, "anybody there")
    assert not [t for t in await texts(demo, ROBIN) if "anybody there" in t]


async def test_what_sounds_like_trouble_is_passed_on_and_answered(demo: Kitline) -> None:
    await talk(demo)
    assert await says(demo, SAM, "im by the clock") == []
    (answer,) = await says(demo, SAM, "been thinking about using tbh")
    assert answer.startswith("I have passed that on to Robin, but cannot say when")
    assert await says(demo, SAM, "its been a rough week") == []
    await demo.wait(timedelta(minutes=61))
    assert (await says(demo, SAM, "its raining now"))[-1] == answer


async def test_words_of_a_peer_who_left_are_no_lines_of_a_talk(demo: Kitline) -> None:
    await talk(demo)
    await change(demo, "Sam", status="left")
    for word in ("ON", "stock", "words"):
        await demo.new_messages()
        await demo.say(SAM, word)
        heard = [(to, m.text) for to, m, _ in await demo.new_messages()]
        assert [t for to, t in heard if to == SAM and "that word does nothing" in t]
        assert not [t for to, t in heard if to == ROBIN]


@pytest.mark.parametrize("word", ["here 99", "ONWAY 4YK7"])
async def test_a_meeting_word_with_a_strange_code_is_never_passed_on(
    demo: Kitline, word: str
) -> None:
    await ask_for_kit(demo)
    await demo.say(SAM, "ACCEPT")
    await demo.new_messages()
    await demo.say(SAM, word)
    heard = [(to, m.text) for to, m, _ in await demo.new_messages()]
    assert not [t for to, t in heard if to == AMY]
    assert [t for to, t in heard if to == SAM and t.startswith("Which one?")]


async def test_a_meeting_word_with_the_offers_code_is_that_meeting(demo: Kitline) -> None:
    await ask_for_kit(demo)
    (offer,) = await demo.read(Offer)
    await demo.say(SAM, "ACCEPT")
    await demo.say(SAM, f"HERE {offer.code}")
    assert (await texts(demo, AMY))[-1] == "Sam is there now."


# --- who waits ---------------------------------------------------------------------------------


async def test_status_says_that_a_peer_has_gone_quiet(demo: Kitline) -> None:
    await sam_is_missed(demo)
    (answer,) = [t for t in await says(demo, AMY, "STATUS") if t.startswith("Request")]
    assert "I have heard nothing from Sam since 10:00. A coordinator was told at 10:50." in answer
    assert "CHANGE for another way" in answer
    await say(demo, SAM, "OK")
    (answer,) = [t for t in await says(demo, AMY, "STATUS") if t.startswith("Request")]
    assert "Sam has said yes and is on the way." in answer


async def test_nobody_has_come_is_asked_about_and_then_told(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await say(demo, SAM, "ACCEPT")
    await say(demo, AMY, "skip", "no", "no", "no", "no")
    assert not [t for t in await says(demo, AMY, "no sign of them") if "Sorry about that" in t]
    await demo.wait(timedelta(minutes=15))
    await demo.new_messages()
    await demo.say(AMY, "they havent turned up ive been stood here ages")
    heard = [(to, m.text) for to, m, _ in await demo.new_messages()]
    assert [t for to, t in heard if to == AMY and "No answer by 10:25: a coordinator is told" in t]
    assert [t for to, t in heard if to == SAM and t.endswith("stood here ages")]
    assert [t for to, t in heard if to == SAM and t.startswith("Are you still going to meet")]
    (answer,) = await says(demo, AMY, "still no sign of him")
    assert "No answer by 10:25" in answer
    await demo.wait(timedelta(minutes=11))
    assert await ref_of(demo, "missed_checkin")
    (answer,) = await says(demo, AMY, "no sign of him")
    assert "A coordinator was told at 10:25. CHANGE for another way." in answer


async def test_support_promises_nothing_that_a_person_must_keep(demo: Kitline) -> None:
    (answer,) = await says(demo, SAM, "SUPPORT")
    assert "and ask again at 10:15 if nobody has it" in answer

"""What a machine writes by itself, and what a person writes who is in a hurry."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from content.auto_replies import bare, is_auto_reply
from db.models import Fact, Flag
from db.reference.gazetteer import Gazetteer
from tests.harness import Kitline, kitline

AMY = "+447700900101"


@pytest.fixture
async def demo(sqlite_url: str, secret_key: str, gazetteer: Gazetteer) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer) as line:
        yield line


@pytest.mark.parametrize(
    "text",
    [
        "I am currently out of the office with no access to texts.",
        "Out of Office: back Monday 4/1",
        "AUTO-REPLY: thanks, I will call you",
        "Automatic reply. I'm away.",
        "This is an automated message, please do not reply to this text",
        "This number does not receive messages",
        "The number you have texted is no longer in service",
        "I'm driving with Do Not Disturb While Driving turned on.",
        "Sorry, I’m driving right now. Call you later",
        "I am on annual leave until 12 March",
        "Delivery report: message could not be delivered",
        "Nie ma mnie w biurze do poniedziałku",
        "Dw i allan o'r swyddfa tan ddydd Llun",
    ],
)
def test_the_shape_of_an_auto_reply(text: str) -> None:
    assert is_auto_reply(text)


@pytest.mark.parametrize(
    "text",
    [
        "can i get a kit",
        "is the office open tomorrow",
        "im out of kits",
        "my mate is driving me there now",
        "do i have to reply to this",
        "can someone get back to me",
        "i need a delivery",
        "thanks",
        "",
    ],
)
def test_what_a_person_writes(text: str) -> None:
    assert not is_auto_reply(text)


def test_times_and_counters_do_not_tell_two_texts_apart() -> None:
    assert bare("Call 3 of 9, at 10:15!") == bare("call 4 of 9 at 11:20")


async def test_the_same_text_again_and_again_is_left_alone_for_an_hour(demo: Kitline) -> None:
    for n in range(8):
        await demo.say(AMY, f"Your parcel {n} was left at 10:0{n}")
        await demo.wait(timedelta(minutes=1))
    heard = [message.text for address, message, _ in await demo.new_messages() if address == AMY]
    assert len(heard) == 4
    assert "answer by itself" in heard[-1]
    assert [flag.kind for flag in await demo.read(Flag)] == ["loop"]
    assert len(await demo.read(Fact, fact="LoopStopped")) == 1


async def test_somebody_who_answers_questions_quickly_is_no_machine(demo: Kitline) -> None:
    """The clock stands still here: everything is typed at once."""
    answers = ("KIT", "YES", "YES", "1", "Grimsby town", "nasal", "collect please", "YES")
    for answer in (*answers, "next", "what are the signs again", "STATUS", "is it far from here"):
        await demo.say(AMY, answer)
    assert await demo.read(Fact, fact="LoopStopped") == []


async def test_one_of_our_words_ends_it(demo: Kitline) -> None:
    for _ in range(5):
        await demo.say(AMY, "Welcome to the world of parcels")
    await demo.new_messages()
    await demo.say(AMY, "Welcome to the world of parcels")
    assert await demo.new_messages() == []
    await demo.say(AMY, "MENU")
    assert len(await demo.new_messages()) == 1
    await demo.say(AMY, "where do i get a kit in town")
    assert await demo.new_messages()


async def test_an_emergency_is_answered_all_the_same(demo: Kitline) -> None:
    for _ in range(5):
        await demo.say(AMY, "I am out of office. Welcome to parcels")
    assert await demo.new_messages() == []
    await demo.say(AMY, "out of office but my mate is not breathing")
    assert any("CALL 999" in message.text for _, message, _ in await demo.new_messages())

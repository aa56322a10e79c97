"""Turned away at a counter: what people say of it, and how long an outlet is doubted for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from db.models import Claim, Flag, Outlet, Refusal
from db.reference.gazetteer import Gazetteer
from db.refusals import recent_refusals
from db.work import Work
from handlers.refusals import DOUBTED_AFTER, REASONS, reasons_said
from handlers.services.codes import show_claim_code
from handlers.services.supplies import To, issue, outlet_holder, pick, reverse
from tests.harness import Kitline, kitline

SAID = [
    ("it was shut", "closed"),
    ("It was already closed when i got there", "closed"),
    ("the chemist wasn't open", "closed"),
    ("they had none left", "none_left"),
    ("they said they've run out", "none_left"),
    ("She said no", "refused"),
    ("the lady wouldnt give me one", "refused"),
    ("never heard of it they said", "refused"),
    ("they asked me for ID", "asked_id"),
    ("they wanted my name", "asked_id"),
    ("there was no pharmacist", "other"),
]
NOT_SAID = [
    "yes",
    "no",
    "none",
    "what time do they shut",
    "shut up",
    "is it open on sunday",
    "my mate said hes going there",
    "whats the code again",
    "i lost the code",
    "he's gone blue",
    "it was shut " + "and i waited ages " * 10,
]


@pytest.mark.parametrize(("text", "reason"), SAID)
def test_what_was_met_is_understood(text: str, reason: str) -> None:
    assert reasons_said("en", text) == [reason]


@pytest.mark.parametrize("text", NOT_SAID)
def test_what_says_nothing_of_it(text: str) -> None:
    assert list(reasons_said("en", text)) == []


@pytest.mark.parametrize(
    ("locale", "text", "reason"),
    [
        ("pl", "apteka zamknięta", "closed"),
        ("pl", "odmówili mi", "refused"),
        ("cy", "roedd y fferyllfa ar gau", "closed"),
        ("cy", "it was shut", "closed"),
    ],
)
def test_in_other_languages(locale: str, text: str, reason: str) -> None:
    assert reasons_said(locale, text) == [reason]


def test_every_reason_has_words() -> None:
    assert {reason for _, reason in SAID} == set(REASONS)


# --- how long it counts ------------------------------------------------------------------------


@pytest.fixture
async def line(database_url: str, secret_key: str, gazetteer: Gazetteer) -> AsyncIterator[Kitline]:
    async with kitline(database_url, secret_key, gazetteer, "demo") as running:
        yield running


async def refuse(line: Kitline, outlet: Outlet, times: int = 1) -> None:
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        for _ in range(times):
            work.save(Refusal(work.new_id(), outlet.service_id, outlet.id, "refused", work.now))
        await work.flush()


async def counted(line: Kitline, outlet: Outlet) -> int:
    async with line.app.db.read() as tx:
        work: Work = line.work(tx)
        return (await recent_refusals(work, outlet.service_id, 30)).get(outlet.id, 0)


async def gave_out(line: Kitline, outlet: Outlet, *, by_mistake: bool = False) -> dict[int, int]:
    """The outlet logs a kit; returns what counts against outlets in the same turn."""
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        kit = await pick(work, outlet_holder(outlet), "nasal", 1)
        supply = await issue(work, outlet_holder(outlet), kit, 1, To("self", "DN32"))
        counts = await recent_refusals(work, outlet.service_id, 30)
        if by_mistake:
            await reverse(work, supply, None)
        await work.flush()
    return counts


async def test_it_is_counted_for_thirty_days(line: Kitline) -> None:
    marsh, sea, _ = await line.read(Outlet)
    await refuse(line, marsh, 2)
    assert (await counted(line, marsh), await counted(line, sea)) == (2, 0)
    await line.wait(timedelta(days=29))
    await refuse(line, marsh)
    assert await counted(line, marsh) == 3
    await line.wait(timedelta(days=2))
    assert await counted(line, marsh) == 1


async def test_a_later_supply_or_a_word_of_trust_forgives(line: Kitline) -> None:
    marsh, *_ = await line.read(Outlet)
    await refuse(line, marsh, 2)
    await line.wait(timedelta(hours=1))
    assert await gave_out(line, marsh) == {}
    assert await counted(line, marsh) == 0
    await line.wait(timedelta(hours=1))
    await refuse(line, marsh)
    assert await counted(line, marsh) == 1
    await line.wait(timedelta(hours=1))
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        now = await work.need(Outlet, marsh.id)
        work.save(replace(now, trusted_at=work.now))
        await work.flush()
    assert await counted(line, marsh) == 0


async def test_a_supply_logged_by_mistake_forgives_nothing(line: Kitline) -> None:
    marsh, *_ = await line.read(Outlet)
    await refuse(line, marsh, 2)
    await line.wait(timedelta(hours=1))
    await gave_out(line, marsh, by_mistake=True)
    assert await counted(line, marsh) == 2


# --- told by the outlet itself -----------------------------------------------------------------

AMY, MARSH = "+447700900101", "+447700900021"
ASKS = ("KIT", "YES", "YES", "Someone I know", "DN32 7AA", "Nose spray", "Collect", "YES", "SKIP")


async def held(line: Kitline, address: str = AMY) -> str:
    """A kit held at Marsh Lane; returns the code."""
    for text in ASKS:
        await line.say(address, text)
    claims: list[Claim] = await line.read(Claim, status="open")
    await line.new_messages()
    return show_claim_code(claims[-1].code)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("refused {code}", "refused"),
        ("cant serve {code}", "refused"),
        ("refuse {code} under 16", "refused"),
        ("REFUSE {code} drunk and abusive", "refused"),
        ("we can't serve {code}, no pharmacist in", "other"),
        ("refusd {code} they wanted my name first", "asked_id"),
    ],
)
async def test_an_outlet_refuses_a_code_and_says_why(line: Kitline, text: str, reason: str) -> None:
    code = await held(line)
    await line.say(MARSH, text.format(code=code.lower()))
    said = await line.new_messages()
    to_shop = " ".join(message.text for to, message, _ in said if to == MARSH)
    to_amy = " ".join(message.text for to, message, _ in said if to == AMY)
    assert "is not held any more" in to_shop
    assert "Childline" not in to_shop
    assert "can't give you the kit" in to_amy
    assert "held for you at Sea View" in to_amy
    (refusal,) = await line.read(Refusal)
    assert refusal.reason == reason
    assert [flag.kind for flag in await line.read(Flag)] == ["refusal"]
    assert [claim.status for claim in await line.read(Claim)] == ["refused", "open"]


async def test_a_shop_that_refuses_too_often_is_doubted(line: Kitline) -> None:
    marsh, *_ = await line.read(Outlet)
    code = await held(line)
    await refuse(line, marsh, DOUBTED_AFTER - 1)
    await line.say(MARSH, f"refuse {code}")
    assert (await line.read(Outlet, id=marsh.id))[0].status == "doubted"


async def test_a_refused_code_with_none_left_counts_as_none(line: Kitline) -> None:
    code = await held(line)
    await line.say(MARSH, f"refuse {code} none left")
    assert await line.read(Refusal) == []
    (marsh,) = await line.read(Outlet, name="Marsh Lane Pharmacy (invented)")
    assert marsh.none_left_at is not None

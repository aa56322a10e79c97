"""Turned away at a counter: what people say of it, and how long an outlet is doubted for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from db.models import Outlet, Refusal
from db.reference.gazetteer import Gazetteer
from db.refusals import recent_refusals
from db.work import Work
from handlers.refusals import REASONS, reasons_said
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

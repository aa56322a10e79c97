"""What people have, noted with their yes: asked anew, gone, swapped, taken back, forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from db.models import Consent, Contact, Holding
from db.tables import holdings
from handlers.services.contacts import give_consent
from handlers.services.holdings import (
    close_unwanted,
    gone,
    held_by,
    note,
    standing_supply,
    swapped,
    to_ask,
)
from handlers.services.recalls import note_holding
from handlers.services.supplies import To, issue, reverse
from tests.handlers.shelf import LATER, SOON, Shelf, open_shelf

KIT = {"product": "nasal", "batch": "N2402", "expiry": SOON}


@pytest.fixture
async def shelf(database_url: str, secret_key: str) -> AsyncIterator[Shelf]:
    async with open_shelf(database_url, secret_key) as made:
        yield made


async def me(shelf: Shelf) -> Contact:
    return await shelf.work.need(Contact, shelf.me)


@pytest.mark.parametrize(("days", "given", "asked"), [(364, True, False), (366, False, True)])
async def test_nobody_is_asked_again_within_a_year(
    shelf: Shelf, days: int, given: bool, asked: bool
) -> None:
    who = await me(shelf)
    assert await to_ask(shelf.work, who, "recall")
    give_consent(shelf.work, who, "recall", given, "keep_in_touch.recall")
    assert not await to_ask(shelf.work, who, "recall")
    assert await to_ask(shelf.work, who, "reminders")  # each its own
    await shelf.flush_at(shelf.work.now + timedelta(days=days))
    assert await to_ask(shelf.work, who, "recall") is asked


@pytest.mark.parametrize(
    ("reason", "at_once", "with_the_new"),
    [
        ("used", ["used", "held"], ["held", "held"]),
        ("stolen", ["lost", "held"], ["held", "held"]),
        ("given_away", ["gone", "held"], ["held", "held"]),
        ("expired", ["held", "held"], ["replaced", "held"]),
        ("recalled", ["held", "held"], ["replaced", "held"]),
        ("first", ["held", "held"], ["held", "held"]),
    ],
)
async def test_what_becomes_of_the_kit_of_longest_ago(
    shelf: Shelf, reason: str, at_once: list[str], with_the_new: list[str]
) -> None:
    for becomes, expected in ((gone, at_once), (swapped, with_the_new)):
        who = await me(shelf)
        kits = [note(shelf.work, who, **KIT) for _ in range(2)]
        await becomes(shelf.work, who.id, reason)
        now = [(await shelf.work.need(Holding, kit.id)).status for kit in kits]
        assert now == expected
        for kit in await held_by(shelf.work, who.id):
            shelf.work.save(replace(kit, status="gone"))


async def test_the_kit_swapped_is_the_one_it_was_about(shelf: Shelf) -> None:
    who = await me(shelf)
    kits = [
        note(shelf.work, who, product="nasal", batch=batch, expiry=expiry)
        for batch, expiry in (("A", LATER), ("B", LATER), ("C", SOON))
    ]
    note_holding(shelf.work, shelf.recall("nasal", "B"), kits[1], "reached")
    await swapped(shelf.work, who.id, "recalled")
    await swapped(shelf.work, who.id, "expired")
    now = [(await shelf.work.need(Holding, kit.id)).status for kit in kits]
    assert now == ["held", "replaced", "replaced"]


async def test_with_neither_yes_left_nothing_is_kept(shelf: Shelf) -> None:
    who = await me(shelf)
    for purpose in ("recall", "reminders"):
        give_consent(shelf.work, who, purpose, True, f"keep_in_touch.{purpose}")
    note(shelf.work, who, **KIT)
    for purpose, left in (("recall", 1), ("reminders", 0)):
        give_consent(shelf.work, who, purpose, False, "word")
        await shelf.work.flush()
        await close_unwanted(shelf.work, who)
        count = select(func.count()).select_from(holdings)
        assert (await shelf.work.tx.execute(count)).scalar() == left
    assert len(await shelf.work.find(Consent, contact_id=who.id)) == 4


async def test_a_supply_taken_back_is_not_the_one_they_have(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 1), ("nasal", "B", SOON, 1))
    request = await shelf.request()
    to = To("self", "DN31")
    first = await issue(shelf.work, shelf.holder, await shelf.line("A"), 1, to, request=request)
    await reverse(shelf.work, first, None)
    assert await standing_supply(shelf.work, first.id) is None
    second = await issue(shelf.work, shelf.holder, await shelf.line("B"), 1, to, request=request)
    assert await standing_supply(shelf.work, first.id) == second

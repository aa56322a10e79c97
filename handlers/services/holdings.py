"""Kits people have, noted only with their yes: for the reminder, and in case of a recall."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from db.erasure import forget_kits
from db.models import Consent, Contact, Holding, Supply
from db.work import Work
from handlers.services.contacts import has_consent
from handlers.services.reversals import standing

KEPT_FOR = ("recall", "reminders")
ASKED_ANEW_AFTER = timedelta(days=365)

GONE = {
    "used": "used",
    "lost": "lost",
    "stolen": "lost",
    "confiscated": "lost",
    "given_away": "gone",
}
"""Why the next kit is asked for → what became of the one before: it is gone already."""
SWAPPED = ("expired", "damaged", "recalled")
"""They have the one before till the new one is there."""


async def to_ask(work: Work, contact: Contact, purpose: str) -> bool:
    """Whether a purpose may be asked about: not within a year of the last answer."""
    rows = await work.find(Consent, contact_id=contact.id, purpose=purpose)
    mine = [row for row in rows if row.service_id == contact.service_id]
    return not mine or work.now - mine[-1].at > ASKED_ANEW_AFTER


async def may_keep(work: Work, contact: Contact) -> bool:
    """Whether they said yes to something that needs us to know what they have."""
    return any([await has_consent(work, contact, purpose) for purpose in KEPT_FOR])


async def held_by(work: Work, contact_id: int) -> list[Holding]:
    """What a contact still has, as far as they told us."""
    return await work.find(Holding, contact_id=contact_id, status="held")


def note(work: Work, contact: Contact, **kit: Any) -> Holding:
    """Note what somebody has; the caller has their yes."""
    return work.save(
        Holding(
            id=work.new_id(),
            contact_id=contact.id,
            service_id=contact.service_id,
            at=work.now,
            **kit,
        )
    )


async def gone(work: Work, contact_id: int, reason: str) -> None:
    """The kit of longest ago is used or lost: no reminder, and no recall, is about it."""
    held = await held_by(work, contact_id)
    if held and reason in GONE:
        work.save(replace(held[0], status=GONE[reason]))


async def swapped(work: Work, contact_id: int, reason: str) -> None:
    """The new kit is there, for the one of longest ago."""
    held = await held_by(work, contact_id)
    if held and reason in SWAPPED:
        work.save(replace(held[0], status="replaced"))


async def close_unwanted(work: Work, contact: Contact) -> None:
    """With neither yes left, nothing is kept of what somebody has."""
    if not await may_keep(work, contact):
        await forget_kits(work, contact.id)


async def standing_supply(work: Work, supply_id: int) -> Supply | None:
    """The supply of this request that was not taken back: another may have followed it."""
    first = await work.get(Supply, supply_id)
    if first is None:
        return None
    rows = [first]
    if first.request_id:
        rows = await work.find(Supply, request_id=first.request_id)
    given = standing(rows)
    return given[-1] if given else None


def is_over(expiry: date | None, today: date) -> bool:
    """Whether a kit is out of date."""
    return bool(expiry and expiry < today)

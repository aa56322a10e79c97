"""Which texts and drawings somebody has signed off, as they are now."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from content import library, signing
from content.signing import Item
from db.models import SignOff
from db.work import Work


class Standing(StrEnum):
    """How an item stands."""

    SIGNED = "signed off"
    NEVER = "not signed off"
    CHANGED = "changed since it was signed"
    REVIEW_DUE = "review is due"


async def newest(
    work: Work, locale: str, service_id: int | None = None
) -> dict[tuple[str, str], SignOff]:
    """The newest sign-off of each locale and name; one service's own count with those for all.

    The drawings' are among them, whatever the locale.
    """
    found = await work.find(SignOff, locale=locale)
    if locale != library.DEFAULT and signing.pictures():
        drawn = tuple(signing.pictures())
        found += await work.find(SignOff, locale=library.DEFAULT, name=drawn)
    mine = [one for one in found if one.service_id in (None, service_id)]
    return {(one.locale, one.name): one for one in mine}  # oldest first: the newest stays


def standing(item: Item, sign_off: SignOff | None, today: date) -> Standing:
    """How an item stands, given its newest sign-off."""
    if sign_off is None:
        return Standing.NEVER
    if is_good(sign_off, item.fingerprint, today):
        return Standing.SIGNED
    unchanged = sign_off.fingerprint == item.fingerprint
    return Standing.REVIEW_DUE if unchanged else Standing.CHANGED


def is_good(sign_off: SignOff, fingerprint: str, today: date) -> bool:
    """Whether it was given for these very words and need not be renewed yet."""
    return sign_off.fingerprint == fingerprint and sign_off.review_by >= today


async def signed_names(work: Work, locale: str, service_id: int | None = None) -> frozenset[str]:
    """The texts of a locale, and the drawings, whose present form is signed and in date."""
    today = work.now.date()
    found = await newest(work, locale, service_id)
    return frozenset(
        name
        for (own, name), one in found.items()
        if is_good(one, signing.fingerprint(own, name), today)
    )

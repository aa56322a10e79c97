"""Peers, outlets and staff as values, with what a test does not care about filled in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from db.asks import Asks
from db.models import Outlet, Peer, Staff
from handlers.services.dispatch import Candidate, Need, Ranked
from handlers.services.hours import Opening
from handlers.services.outlets import NearOutlet

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday
NIGHT = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
HERE = (53.5660, -0.0860)
KM = 1 / 111.195  # degrees of latitude


def peer(number: int = 1, *, km: float = 1.0, **values: Any) -> Peer:
    """Somebody ``km`` to the north, trained and on duty."""
    given: dict[str, Any] = {
        "duty": "on",
        "trained_until": date(2027, 1, 1),
        "lat": HERE[0] + km * KM,
        "lon": HERE[1],
        **values,
    }
    return Peer(number, 1, 100 + number, f"Peer {number}", NOON, **given)


def candidate(number: int = 1, *, km: float = 1.0, **values: Any) -> Candidate:
    """A peer who can be asked, unless ``values`` say otherwise."""
    about: dict[str, Any] = {
        "available": {"nasal": 2},
        "open_jobs": 0,
        "reachable": True,
        "already_asked": False,
        "asks": Asks(),
        "stale": False,
    }
    about |= {name: values.pop(name) for name in tuple(about) if name in values}
    return Candidate(peer=peer(number, km=km, **values), **about)


def need(product: str = "either", quantity: int = 1, contact_id: int = 1) -> Need:
    return Need(product, quantity, *HERE, contact_id)


def ranked(number: int = 1, why_not: str = "") -> Ranked:
    return Ranked(candidate(number), float(number), why_not)


def outlet(number: int = 1, why_not: str = "", **values: Any) -> NearOutlet:
    shop = Outlet(number, 1, f"Shop {number}", "pharmacy", "1 High Street", "DN31", *HERE, NOON)
    shop = replace(shop, **values)
    open_now = Opening(True, None, None, "")
    return NearOutlet(shop, float(number), open_now, {"nasal": 3}, why_not=why_not)


def staff(number: int, order: int, hours: str = "", **values: Any) -> Staff:
    return Staff(
        number, 1, f"Staff {number}", "coordinator", NOON, 200 + number, order, hours, **values
    )

"""Pharmacies and other outlets near a place that have a kit to give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from content.library import Words
from db.models import Outlet
from db.stock import stock_of
from db.work import Work
from handlers.services.dispatch import Need, available
from handlers.services.geo import haversine_km
from handlers.services.hours import UNSURE, Opening, is_readable, opening
from handlers.services.rules import Rules

KM_PER_MILE = 1.609344


@dataclass(frozen=True, slots=True)
class NearOutlet:
    """An outlet that could supply, how far it is (km), when it is open, what it has."""

    outlet: Outlet
    distance_km: float
    opening: Opening
    available: dict[str, int]


async def outlets_near(
    work: Work, service_id: int, need: Need, rules: Rules, nation: str
) -> list[NearOutlet]:
    """Outlets with enough of a fitting kit, open ones first, then nearest first."""
    lines = await stock_of(work, service_id)
    found = []
    for outlet in await work.find(Outlet, service_id=service_id, status="active"):
        km = haversine_km((need.lat, need.lon), (outlet.lat, outlet.lon))
        stock = available(lines, "outlet", outlet.id, work.now.date())
        fits = [n for product, n in stock.items() if need.product in ("either", product)]
        if outlet.none_left_at or max(fits, default=0) < need.quantity:
            continue
        if km > rules.outlet_miles * KM_PER_MILE:
            continue
        found.append(NearOutlet(outlet, km, _opening(outlet, work.now, nation), stock))
    return sorted(found, key=lambda n: (n.opening.is_open is not True, n.distance_km))


def _opening(outlet: Outlet, now: datetime, nation: str) -> Opening:
    if not is_readable(outlet.hours):
        return Opening(None, None, None, "")
    return opening(outlet.hours, now, nation)


def opens_words(near: NearOutlet) -> Words:
    """When it is open, or that nobody knows."""
    return near.opening.words or UNSURE

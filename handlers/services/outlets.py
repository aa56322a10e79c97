"""Pharmacies and other outlets near a place that have a kit to give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.models import Movement, Outlet, Recall, Refusal, Supply
from db.refusals import recent_refusals
from db.stock import StockLine, is_stale, stock_of
from db.work import Work
from handlers.services.dispatch import Need, available, by_holder
from handlers.services.geo import haversine_km
from handlers.services.hours import Opening, opening_of
from handlers.services.products import fits
from handlers.services.rules import Rules, uk_day
from handlers.services.supply_terms import may_supply, supplier_of

KM_PER_MILE = 1.609344
SEEN = (Outlet, Movement, Recall, Refusal, Supply)
"""What is seen of outlets: while none of these changes, it stays the same."""


@dataclass(frozen=True, slots=True)
class NearOutlet:
    """An outlet, how far it is (km), when it is open, what it may give.

    ``doubt``: somebody was turned away there lately, or nobody told of its stock for long: it is
    sent to after the others. ``why_not`` is empty for those that can supply.
    """

    outlet: Outlet
    distance_km: float
    opening: Opening
    available: dict[str, int]
    doubt: bool = False
    why_not: str = ""


async def outlets_near(
    work: Work, service_id: int, need: Need, rules: Rules, nation: str
) -> list[NearOutlet]:
    """Outlets with enough of a fitting kit that may give it: see ``ranked_outlets``."""
    found = await ranked_outlets(work, service_id, need, rules, nation, status="active")
    return [near for near in found if not near.why_not]


async def ranked_outlets(
    work: Work, service_id: int, need: Need, rules: Rules, nation: str, **of: str
) -> list[NearOutlet]:
    """A service's outlets (``of`` narrows them: status="active"), open ones first, those in doubt
    later, then nearest first.

    Those that cannot supply follow, nearest first, each with the reason.
    """
    shelves = by_holder(await stock_of(work, service_id))
    refused = await recent_refusals(work, service_id, rules.refusal_days)
    found = []
    for outlet in await work.find(Outlet, service_id=service_id, **of):
        mine = shelves["outlet", outlet.id]
        turned_away = outlet.id in refused
        found.append(_seen(outlet, mine, turned_away, need, rules, work.now, nation))
    can = [n for n in found if not n.why_not]
    cannot = [n for n in found if n.why_not]
    can.sort(key=lambda n: (n.opening.is_open is not True, n.doubt, n.distance_km))
    return can + sorted(cannot, key=lambda n: n.distance_km)


def _seen(
    outlet: Outlet,
    lines: Sequence[StockLine],
    refused: bool,
    need: Need,
    rules: Rules,
    now: datetime,
    nation: str,
) -> NearOutlet:
    """One outlet as a request sees it."""
    today = uk_day(now)
    km = haversine_km((need.lat, need.lon), (outlet.lat, outlet.lon))
    stock = available(lines, today)
    fitting = {p: n for p, n in stock.items() if fits(need.product, p, rules)}
    supplier = supplier_of(outlet, nation, today)
    allowed, barred = may_supply(supplier, fitting, need.wanted, rules, today)
    checks = (
        (outlet.status, outlet.status != "active"),  # "doubted": turned people away too often
        ("none_left", outlet.none_left_at is not None),
        ("no_stock", max(fitting.values(), default=0) < need.quantity),
        (barred, max(allowed.values(), default=0) < need.quantity),
        ("too_far", km > rules.outlet_miles * KM_PER_MILE),
    )
    return NearOutlet(
        outlet=outlet,
        distance_km=km,
        opening=opening_of(outlet, now, nation),
        available=allowed,
        doubt=refused or is_stale(lines, now, rules.stock_stale_days),
        why_not=next((name for name, holds in checks if holds), ""),
    )

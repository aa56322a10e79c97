"""Which outlets turned people away lately, as those people told us."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from db.models import Outlet, Refusal, Supply
from db.tables import outlets, refusals, supplies
from db.work import Work


async def recent_refusals(work: Work, service_id: int, now: datetime, days: int) -> dict[int, int]:
    """Outlet id → how often it turned somebody away in these days.

    What came before its last supply that stands, or before a coordinator last trusted it, is
    forgiven.
    """
    memo_key = ("refusals", service_id, days)
    edition = work.edition(Refusal, Supply, Outlet)
    if memo_key not in work.memo or work.memo[memo_key][0] != edition:
        counted = await _counted(work, service_id, now - timedelta(days=days))
        work.memo[memo_key] = (edition, counted)
    found: dict[int, int] = work.memo[memo_key][1]
    return found


async def _counted(work: Work, service_id: int, since: datetime) -> dict[int, int]:
    against = supplies.alias()
    supplied_after = (
        select(supplies.c.id)
        .where(
            supplies.c.service_id == service_id,
            supplies.c.by_kind == "outlet",
            supplies.c.by_id == refusals.c.outlet_id,
            supplies.c.reverses.is_(None),
            supplies.c.at > refusals.c.at,
            ~select(against.c.id).where(against.c.reverses == supplies.c.id).exists(),
        )
        .exists()
    )
    counts = (
        select(refusals.c.outlet_id, func.count())
        .join(outlets, outlets.c.id == refusals.c.outlet_id)
        .where(
            refusals.c.service_id == service_id,
            refusals.c.at >= since,
            or_(outlets.c.trusted_at.is_(None), refusals.c.at > outlets.c.trusted_at),
            ~supplied_after,
        )
        .group_by(refusals.c.outlet_id)
    )
    found = {row[0]: int(row[1]) for row in await work.tx.execute(counts)}
    for one in work.added(Refusal):
        if one.service_id == service_id:
            found[one.outlet_id] = found.get(one.outlet_id, 0) + 1
    for supply in work.added(Supply):
        if supply.by_kind == "outlet" and supply.reverses is None:
            found.pop(supply.by_id, None)
    return found

"""Which outlets turned people away lately, as those people told us."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import bindparam, func, or_, select

from db.models import Refusal, Supply
from db.statements import OfServices
from db.tables import outlets, refusals, supplies
from db.work import Work

_against = supplies.alias()
_SUPPLIED_AFTER = (
    select(supplies.c.id)
    .where(
        supplies.c.service_id == refusals.c.service_id,
        supplies.c.by_kind == "outlet",
        supplies.c.by_id == refusals.c.outlet_id,
        supplies.c.reverses.is_(None),
        supplies.c.at > refusals.c.at,
        ~select(_against.c.id).where(_against.c.reverses == supplies.c.id).exists(),
    )
    .exists()
)
_OF = (refusals.c.service_id, refusals.c.outlet_id)
_COUNTS = OfServices(
    select(*_OF, func.count())
    .join(outlets, outlets.c.id == refusals.c.outlet_id)
    .where(
        refusals.c.at >= bindparam("since"),
        or_(outlets.c.trusted_at.is_(None), refusals.c.at > outlets.c.trusted_at),
        ~_SUPPLIED_AFTER,
    )
    .group_by(*_OF),
    refusals.c.service_id,
)


async def recent_refusals(work: Work, service_id: int, days: int) -> dict[int, int]:
    """Outlet id → how often it turned somebody away in these days, this batch counted in.

    What came before its last supply that stands, or before a coordinator last trusted it, is
    forgiven.
    """
    found = dict(await _stored(work, service_id, days))
    for one in work.added(Refusal):
        if one.service_id == service_id:
            found[one.outlet_id] = found.get(one.outlet_id, 0) + 1
    for supply in work.added(Supply):
        if supply.by_kind == "outlet" and supply.reverses is None:
            found.pop(supply.by_id, None)
    return found


async def _stored(work: Work, service_id: int, days: int) -> dict[int, int]:
    memo_key = ("refusals", service_id, days)
    if memo_key not in work.memo:
        together = work.beside("service_id", service_id)
        for one in together:
            work.memo["refusals", one, days] = {}
        since = work.now - timedelta(days=days)
        for row in await work.tx.execute(*_COUNTS.of(together, since=since)):
            work.memo["refusals", row[0], days][row[1]] = int(row[2])
    found: dict[int, int] = work.memo[memo_key]
    return found

"""How often each peer was asked lately: offers counted, so that nobody is asked too often."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, case, func, select

from db.models import Offer
from db.statements import OfServices
from db.tables import offers
from db.work import Work

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Asks:
    """How often somebody was asked in the last 24 hours, and in the last 7 days."""

    day: int = 0
    week: int = 0


_OF = (offers.c.service_id, offers.c.peer_id)
_COUNTS = OfServices(
    select(*_OF, func.sum(case((offers.c.sent_at > bindparam("day"), 1), else_=0)), func.count())
    .where(offers.c.sent_at > bindparam("week"))
    .group_by(*_OF),
    offers.c.service_id,
)


async def asks_of(work: Work, service_id: int) -> dict[int, Asks]:
    """Peer id → how often they were asked lately, the offers of this batch counted in."""
    memo_key = ("asks", service_id)
    if memo_key not in work.memo:
        together = work.beside("service_id", service_id)
        for one in together:
            work.memo["asks", one] = {}
        counts = _COUNTS.of(together, day=work.now - DAY, week=work.now - WEEK)
        for row in await work.tx.execute(*counts):
            work.memo["asks", row[0]][row[1]] = Asks(int(row[2]), int(row[3]))
    stored: dict[int, Asks] = work.memo[memo_key]
    new = [o for o in work.added(Offer) if o.version == 1 and o.service_id == service_id]
    made = Counter(offer.peer_id for offer in new)
    return {
        peer: Asks(before.day + made[peer], before.week + made[peer])
        for peer in stored.keys() | made.keys()
        for before in (stored.get(peer, Asks()),)
    }

"""Stock: only ever the sum of its movements."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, case, func, select

from db.models import Movement, Recall, Service
from db.statements import OfServices
from db.tables import movements
from db.work import Work

TOLD = ("received", "transferred", "issued", "returned", "expired", "lost", "recalled", "counted")
"""Movements by which a holder says what is in the bag; a promise says nothing of that."""


@dataclass(frozen=True, slots=True)
class StockLine:
    """What one holder has of one batch. ``reserved`` of ``quantity`` is promised.

    ``as_of``: when the holder last told us something true about it. ``frozen``: an open recall
    names the batch.
    """

    holder_kind: str
    holder_id: int
    product: str
    batch: str
    expiry: date | None
    quantity: int
    reserved: int
    as_of: datetime | None = None
    frozen: bool = False

    @property
    def box(self) -> tuple[str, str, date | None]:
        """Which kits these are, whoever has them: product, batch, expiry."""
        return self.product, self.batch, self.expiry

    @property
    def available(self) -> int:
        """What can still be promised."""
        return 0 if self.frozen else self.quantity - self.reserved

    def is_over(self, today: date) -> bool:
        """Whether it is out of date."""
        return bool(self.expiry and self.expiry < today)


def is_stale(lines: Iterable[StockLine], now: datetime, days: int) -> bool:
    """Whether nobody has said for so many days what is in one of these."""
    oldest = now - timedelta(days=days)
    return any(n.quantity and (n.as_of is None or n.as_of < oldest) for n in lines)


_BEFORE_A_BATCH = re.compile(r"(?:BATCH|LOT)(?:NO|NR)?(?=.*[0-9])")
_MISREAD = str.maketrans("OI", "01")


def alike(batch: str) -> str:
    """What a batch is compared by: N-2700, "lot N 2700" and N27OO are one batch."""
    bare = re.sub(r"[^A-Z0-9]", "", batch.upper())
    return _BEFORE_A_BATCH.sub("", bare, count=1).translate(_MISREAD) or batch.upper()


Key = tuple[str, int, str, str, date | None]
Sum = tuple[int, int, datetime | None]
Sums = dict[Key, Sum]
_OF = [
    movements.c[name]
    for name in ("service_id", "holder_kind", "holder_id", "product", "batch", "expiry")
]
_SUMS = OfServices(
    select(
        *_OF,
        func.sum(movements.c.quantity),
        func.sum(movements.c.reserved),
        func.max(case((movements.c.kind.in_(TOLD), movements.c.at))),
    ).group_by(*_OF),
    movements.c.service_id,
)


_PROMISES = (
    select(movements.c.request_id, *_OF[1:], func.sum(movements.c.reserved))
    .where(movements.c.service_id == bindparam("service"), movements.c.request_id.is_not(None))
    .group_by(movements.c.request_id, *_OF[1:])
    .having(func.sum(movements.c.reserved) != 0)
)


async def stock_of(work: Work, service_id: int) -> list[StockLine]:
    """Every holder's stock in a service, this batch's own movements counted in."""
    stored = await _stored(work, service_id)
    frozen = await frozen_batches(work, service_id)
    made = (work.edition(Movement), frozen)
    memo_key = ("stock now", service_id)
    if memo_key not in work.memo or work.memo[memo_key][0] != made:
        work.memo[memo_key] = (made, _with_added(work, service_id, stored, frozen))
    lines: list[StockLine] = work.memo[memo_key][1]
    return lines


async def _stored(work: Work, service_id: int) -> Sums:
    memo_key = ("stock", service_id)
    if memo_key not in work.memo:
        together = work.beside("service_id", service_id)
        for one in together:
            work.memo["stock", one] = {}
        for row in await work.tx.execute(*_SUMS.of(together)):
            work.memo["stock", row[0]][tuple(row[1:6])] = (int(row[6]), int(row[7]), row[8])
    found: Sums = work.memo[memo_key]
    return found


def _with_added(
    work: Work, service_id: int, stored: Sums, frozen: frozenset[tuple[str, str]]
) -> list[StockLine]:
    sums: defaultdict[Key, Sum] = defaultdict(lambda: (0, 0, None), stored)
    for moved in work.added(Movement):
        if moved.service_id == service_id:
            key = (moved.holder_kind, moved.holder_id, moved.product, moved.batch, moved.expiry)
            quantity, reserved, as_of = sums[key]
            if moved.kind in TOLD:
                as_of = max(as_of or moved.at, moved.at)
            sums[key] = (quantity + moved.quantity, reserved + moved.reserved, as_of)
    return [
        StockLine(*key, *values, frozen=bool(frozen) and (key[2], alike(key[3])) in frozen)
        for key, values in sums.items()
    ]


async def promises(work: Work, service_id: int) -> list[tuple[int, StockLine]]:
    """What is promised to each request: its id, and a line whose ``reserved`` is the promise."""
    sums: defaultdict[tuple[int, Key], int] = defaultdict(int)
    for row in await work.tx.execute(_PROMISES, {"service": service_id}):
        sums[row[0], tuple(row[1:6])] += int(row[6])
    for moved in work.added(Movement):
        if moved.service_id == service_id and moved.request_id:
            key = (moved.holder_kind, moved.holder_id, moved.product, moved.batch, moved.expiry)
            sums[moved.request_id, key] += moved.reserved
    return [(request_id, StockLine(*key, 0, n)) for (request_id, key), n in sums.items() if n > 0]


async def frozen_batches(work: Work, service_id: int) -> frozenset[tuple[str, str]]:
    """Product and batch (as ``alike``) of everything an open recall names, however the service
    calls the product.

    A recall of one form freezes every product of that form: a box whose make nobody noted is not
    given out in doubt.
    """
    recalls = await work.find(Recall, service_id=service_id, status="open")
    if not recalls:
        return frozenset()
    service = await work.need(Service, service_id)
    forms = {one["id"]: one["form"] for one in service.rules.get("products", ())}
    found = set()
    for recall in recalls:
        form = forms.get(recall.product, recall.product)
        kinds = {recall.product, form, *(id_ for id_, its in forms.items() if its == form)}
        found |= {(product, alike(batch)) for product in kinds for batch in recall.batches}
    return frozenset(found)

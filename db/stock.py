"""Stock: only ever the sum of its movements."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, func, select

from db.models import Movement
from db.tables import movements
from db.work import Work


@dataclass(frozen=True, slots=True)
class StockLine:
    """What one holder has of one batch. ``reserved`` of ``quantity`` is promised."""

    holder_kind: str
    holder_id: int
    product: str
    batch: str
    expiry: date | None
    quantity: int
    reserved: int

    @property
    def available(self) -> int:
        """What can still be promised."""
        return self.quantity - self.reserved


Key = tuple[str, int, str, str, date | None]
Sums = dict[Key, tuple[int, int]]
_OF = [
    movements.c[name]
    for name in ("service_id", "holder_kind", "holder_id", "product", "batch", "expiry")
]
_SUMS = (
    select(*_OF, func.sum(movements.c.quantity), func.sum(movements.c.reserved))
    .where(movements.c.service_id.in_(bindparam("services", expanding=True)))
    .group_by(*_OF)
)


async def stock_of(work: Work, service_id: int) -> list[StockLine]:
    """Every holder's stock in a service, this batch's own movements counted in."""
    stored = await _stored(work, service_id)
    made = work.edition(Movement)
    memo_key = ("stock now", service_id)
    if memo_key not in work.memo or work.memo[memo_key][0] != made:
        work.memo[memo_key] = (made, _with_added(work, service_id, stored))
    lines: list[StockLine] = work.memo[memo_key][1]
    return lines


async def _stored(work: Work, service_id: int) -> Sums:
    memo_key = ("stock", service_id)
    if memo_key not in work.memo:
        together = work.beside("service_id", service_id)
        for one in together:
            work.memo["stock", one] = {}
        for row in await work.tx.execute(_SUMS, {"services": together}):
            work.memo["stock", row[0]][tuple(row[1:6])] = (int(row[6]), int(row[7]))
    found: Sums = work.memo[memo_key]
    return found


def _with_added(work: Work, service_id: int, stored: Sums) -> list[StockLine]:
    sums = defaultdict(lambda: [0, 0], {key: list(sum_) for key, sum_ in stored.items()})
    for moved in work.added(Movement):
        if moved.service_id == service_id:
            line = sums[
                moved.holder_kind, moved.holder_id, moved.product, moved.batch, moved.expiry
            ]
            line[0] += moved.quantity
            line[1] += moved.reserved
    return [StockLine(*key, quantity, reserved) for key, (quantity, reserved) in sums.items()]

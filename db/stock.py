"""Stock: only ever the sum of its movements."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

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


async def stock_of(work: Work, service_id: int) -> list[StockLine]:
    """Every holder's stock in a service, this batch's own movements counted in."""
    memo_key = ("stock", service_id)
    if memo_key not in work.memo:
        columns = [
            movements.c[name] for name in ("holder_kind", "holder_id", "product", "batch", "expiry")
        ]
        rows = await work.tx.execute(
            select(*columns, func.sum(movements.c.quantity), func.sum(movements.c.reserved))
            .where(movements.c.service_id == service_id)
            .group_by(*columns)
        )
        work.memo[memo_key] = {tuple(row[:5]): (int(row[5]), int(row[6])) for row in rows}
    sums: dict[Key, list[int]] = defaultdict(lambda: [0, 0])
    for key, (quantity, reserved) in work.memo[memo_key].items():
        sums[key] = [quantity, reserved]
    for moved in work.added(Movement):
        if moved.service_id == service_id:
            line = sums[
                moved.holder_kind, moved.holder_id, moved.product, moved.batch, moved.expiry
            ]
            line[0] += moved.quantity
            line[1] += moved.reserved
    return [StockLine(*key, quantity, reserved) for key, (quantity, reserved) in sums.items()]

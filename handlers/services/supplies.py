"""Kits promised and handed over: stock movements and the supply log. Append-only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from db.models import KitRequest, Movement, Outlet, Peer, Service, Supply
from db.stock import StockLine, stock_of
from db.work import Work
from handlers.services.products import fits
from handlers.services.rules import rules_of, uk_day
from handlers.services.trainings import reverse_with


class NoStock(ValueError):
    """The holder has no such kit to give: stock never goes below nothing.

    ``reason``: none (not enough of it), promised, over (out of date), frozen (recalled).
    """

    def __init__(self, reason: str = "none") -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds stock: a peer, an outlet, or the service's own store (id = service id)."""

    kind: str
    id: int
    service_id: int


def peer_holder(peer: Peer) -> Holder:
    """A peer as holder."""
    return Holder("peer", peer.id, peer.service_id)


def outlet_holder(outlet: Outlet) -> Holder:
    """An outlet as holder."""
    return Holder("outlet", outlet.id, outlet.service_id)


def store_holder(service: Service) -> Holder:
    """The service's own store as holder."""
    return Holder("service", service.id, service.id)


async def _claim_holder(work: Work, holder: Holder) -> None:
    """Make two changes of one holder's stock meet: the later one loses and runs again."""
    if holder.kind == "peer":
        work.save(await work.need(Peer, holder.id))
    elif holder.kind == "outlet":
        work.save(await work.need(Outlet, holder.id))
    else:
        work.save(await work.need(Service, holder.id))


async def known_lines(work: Work, holder: Holder) -> list[StockLine]:
    """Every batch a holder has or ever had."""
    return [
        line
        for line in await stock_of(work, holder.service_id)
        if (line.holder_kind, line.holder_id) == (holder.kind, holder.id)
    ]


async def lines_of(work: Work, holder: Holder) -> list[StockLine]:
    """A holder's stock, in date first, the batch that runs out first before the others."""
    lines = [n for n in await known_lines(work, holder) if n.quantity or n.reserved]
    today = uk_day(work.now)
    return sorted(lines, key=lambda n: (n.is_over(today), n.expiry or date.max, n.product))


async def move(
    work: Work,
    holder: Holder,
    line: StockLine,
    kind: str,
    *,
    quantity: int = 0,
    reserved: int = 0,
    movement_id: int | None = None,
    **more: Any,
) -> Movement:
    """One movement, if it leaves the line with at least what is promised of it.

    ``movement_id``: a form's own number, so that it cannot be sent in twice.
    """
    if line.quantity + quantity < 0 or line.reserved + reserved < 0:
        raise NoStock
    if line.quantity + quantity < line.reserved + reserved:
        raise NoStock("promised")
    await _claim_holder(work, holder)
    return work.save(
        Movement(
            id=movement_id or work.new_id(),
            service_id=holder.service_id,
            holder_kind=holder.kind,
            holder_id=holder.id,
            product=line.product,
            batch=line.batch,
            expiry=line.expiry,
            quantity=quantity,
            reserved=reserved,
            kind=kind,
            at=work.now,
            **more,
        )
    )


async def receive(
    work: Work,
    holder: Holder,
    product: str,
    batch: str,
    expiry: date | None,
    quantity: int,
    kind: str = "received",
    **more: Any,
) -> Movement:
    """Kits come in; ``kind`` "returned": somebody brought them back."""
    if quantity <= 0:
        raise ValueError("a number of kits above nothing is needed")
    line = await line_of(work, holder, product, batch, expiry)
    return await move(work, holder, line, kind, quantity=quantity, **more)


async def pick(
    work: Work,
    holder: Holder,
    product: str,
    quantity: int,
    batch: str = "",
    barred: Collection[str] = (),
) -> StockLine:
    """The line to take kits from: a fitting product in date, the one that runs out first."""
    lines = [n for n in await fitting(work, holder, product, batch) if n.product not in barred]
    today = uk_day(work.now)
    for line in lines:
        if line.available >= quantity and not line.is_over(today):
            return line
    in_bag = [n for n in lines if n.quantity - n.reserved >= quantity]
    if any(n.frozen for n in in_bag):
        raise NoStock("frozen")
    raise NoStock("over" if in_bag else "none")


async def pick_several(
    work: Work, holder: Holder, product: str, quantity: int, batch: str = ""
) -> list[tuple[StockLine, int]]:
    """The lines to take kits from, and how many of each; several batches only where none has all.

    They are of one product then. One supply is of one batch, so each line is a supply of its own.
    """
    try:
        return [(await pick(work, holder, product, quantity, batch), quantity)]
    except NoStock:
        today = uk_day(work.now)
        free: dict[str, list[StockLine]] = {}
        for line in await fitting(work, holder, product, batch):
            if line.available > 0 and not line.is_over(today):
                free.setdefault(line.product, []).append(line)
        for lines in free.values():
            if sum(line.available for line in lines) >= quantity:
                return _shares(lines, quantity)
        raise


def _shares(lines: list[StockLine], quantity: int) -> list[tuple[StockLine, int]]:
    """So many kits of these lines together, the first used up before the next."""
    found = []
    for line in lines:
        if share := min(line.available, quantity):
            found.append((line, share))
            quantity -= share
    return found


async def fitting(work: Work, holder: Holder, product: str, batch: str = "") -> list[StockLine]:
    """A holder's lines of a product, a form or any kit; of one batch, if it is named."""
    rules = rules_of(await work.need(Service, holder.service_id))
    return [
        line
        for line in await lines_of(work, holder)
        if fits(product, line.product, rules) and batch in ("", line.batch)
    ]


async def reserve(
    work: Work,
    holder: Holder,
    request: KitRequest,
    barred: Collection[str] = (),
    batch: str = "",
) -> StockLine:
    """Promise a request's kits out of a holder's stock; products that are barred stay there."""
    line = await pick(work, holder, request.product, request.quantity, batch, barred)
    await move(work, holder, line, "reserved", reserved=request.quantity, request_id=request.id)
    return line


async def reserved_for(work: Work, request: KitRequest) -> list[tuple[Holder, StockLine]]:
    """What is promised to a request: the holder and a line whose ``reserved`` is that promise."""
    sums: dict[tuple[str, int, str, str, date | None], int] = {}
    for moved in await work.find(Movement, request_id=request.id):
        key = (moved.holder_kind, moved.holder_id, moved.product, moved.batch, moved.expiry)
        sums[key] = sums.get(key, 0) + moved.reserved
    return [
        (
            Holder(kind, holder_id, request.service_id),
            StockLine(kind, holder_id, product, batch, expiry, 0, n),
        )
        for (kind, holder_id, product, batch, expiry), n in sums.items()
        if n > 0
    ]


async def release(work: Work, request: KitRequest) -> None:
    """Put back what was promised to a request."""
    for holder, promised in await reserved_for(work, request):
        line = await line_of(work, holder, *promised.box)
        await move(
            work, holder, line, "released", reserved=-promised.reserved, request_id=request.id
        )


async def line_of(
    work: Work, holder: Holder, product: str, batch: str, expiry: date | None
) -> StockLine:
    """A holder's line of this very box, with nothing in it if they have none."""
    for line in await lines_of(work, holder):
        if line.box == (product, batch, expiry):
            return line
    return StockLine(holder.kind, holder.id, product, batch, expiry, 0, 0)


@dataclass(frozen=True, slots=True)
class To:
    """Who a kit went to, as a category, and where, as a district."""

    recipient: str
    district: str
    reason: str = "first"
    trained: str = "yes"


async def issue(
    work: Work,
    holder: Holder,
    line: StockLine,
    quantity: int,
    to: To,
    *,
    request: KitRequest | None = None,
    by_contact_id: int | None = None,
    supply_id: int | None = None,
) -> Supply:
    """Log a supply and take it from the holder's stock; a promise to the request is used up.

    ``supply_id``: a form's own number, so that it cannot be sent in twice.
    """
    line = await line_of(work, holder, *line.box)
    if line.frozen:
        raise NoStock("frozen")
    if line.is_over(uk_day(work.now)):
        raise NoStock("over")
    promised = 0
    if request:
        for other, held in await reserved_for(work, request):
            if other == holder and held.box == line.box:
                promised = held.reserved
    supply_id = supply_id or work.new_id()
    await move(  # first: without the stock there is no supply to log
        work,
        holder,
        line,
        "issued",
        quantity=-quantity,
        reserved=-promised,
        request_id=request.id if request else None,
        supply_id=supply_id,
        by_contact_id=by_contact_id,
    )
    return work.save(
        Supply(
            id=supply_id,
            service_id=holder.service_id,
            by_kind=holder.kind,
            by_id=holder.id,
            product=line.product,
            batch=line.batch,
            expiry=line.expiry,
            quantity=quantity,
            recipient=to.recipient,
            reason=to.reason,
            trained=to.trained,
            district=to.district,
            at=work.now,
            request_id=request.id if request else None,
            nth=await _next_try(work, request) if request else 1,
        )
    )


async def left_of(work: Work, holder: Holder, product: str) -> int:
    """How many kits of a product a holder can still give out, promised ones included."""
    today = uk_day(work.now)
    return sum(
        n.quantity
        for n in await lines_of(work, holder)
        if n.product == product and not n.frozen and not n.is_over(today)
    )


async def _next_try(work: Work, request: KitRequest) -> int:
    """1, and one more for each supply of this request that was taken back."""
    return 1 + sum(s.reverses is not None for s in await work.find(Supply, request_id=request.id))


async def reverse(work: Work, supply: Supply, by_contact_id: int | None) -> Supply:
    """Put a mistake right: a row against the supply, and the kits back in the holder's stock."""
    holder = Holder(supply.by_kind, supply.by_id, supply.service_id)
    line = await line_of(work, holder, supply.product, supply.batch, supply.expiry)
    against = work.save(
        replace(
            supply, id=work.new_id(), quantity=-supply.quantity, at=work.now, reverses=supply.id
        )
    )
    await reverse_with(work, supply)
    await move(
        work,
        holder,
        line,
        "returned",
        quantity=supply.quantity,
        supply_id=against.id,
        by_contact_id=by_contact_id,
    )
    return against


async def log_by_staff(work: Work, request: KitRequest, staff_id: int, to: To) -> Supply:
    """Log kits that staff handed over themselves, from outside the stock we count."""
    return work.save(
        Supply(
            id=work.new_id(),
            service_id=request.service_id,
            by_kind="staff",
            by_id=staff_id,
            product=request.product,
            batch="",
            expiry=None,
            quantity=request.quantity,
            recipient=to.recipient,
            reason=to.reason,
            trained=to.trained,
            district=to.district,
            at=work.now,
            request_id=request.id,
            nth=await _next_try(work, request),
        )
    )

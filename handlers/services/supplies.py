"""Kits changing hands: stock movements and the supply log. Append-only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from db.models import KitRequest, Movement, Outlet, Peer, Supply
from db.stock import StockLine, stock_of
from db.work import Work


class NoStock(ValueError):
    """The holder has no such kit to give: stock never goes below nothing."""


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


async def _claim_holder(work: Work, holder: Holder) -> None:
    """Make two changes of one holder's stock meet: the later one loses and runs again."""
    if holder.kind == "peer":
        work.save(await work.need(Peer, holder.id))
    elif holder.kind == "outlet":
        work.save(await work.need(Outlet, holder.id))


async def lines_of(work: Work, holder: Holder) -> list[StockLine]:
    """A holder's stock, in date first, the batch that runs out first before the others."""
    lines = [
        line
        for line in await stock_of(work, holder.service_id)
        if (line.holder_kind, line.holder_id) == (holder.kind, holder.id)
        and (line.quantity or line.reserved)
    ]
    today = work.now.date()
    return sorted(
        lines,
        key=lambda n: (bool(n.expiry and n.expiry < today), n.expiry or date.max, n.product),
    )


async def _move(
    work: Work,
    holder: Holder,
    line: StockLine,
    kind: str,
    *,
    quantity: int = 0,
    reserved: int = 0,
    **more: Any,
) -> Movement:
    if line.quantity + quantity < 0 or line.reserved + reserved < 0:
        raise NoStock(kind)
    if line.quantity + quantity < line.reserved + reserved:
        raise NoStock(kind)
    await _claim_holder(work, holder)
    return work.save(
        Movement(
            id=work.new_id(),
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
    **more: Any,
) -> Movement:
    """Kits come in."""
    if quantity <= 0:
        raise ValueError("a number of kits above nothing is needed")
    line = StockLine(holder.kind, holder.id, product, batch, expiry, 0, 0)
    for have in await lines_of(work, holder):
        if (have.product, have.batch, have.expiry) == (product, batch, expiry):
            line = have
    return await _move(work, holder, line, "received", quantity=quantity, **more)


async def pick(work: Work, holder: Holder, product: str, quantity: int) -> StockLine:
    """The line to take kits from: a fitting product in date, the one that runs out first."""
    today = work.now.date()
    for line in await lines_of(work, holder):
        fits = product in ("either", line.product)
        if fits and line.available >= quantity and not (line.expiry and line.expiry < today):
            return line
    raise NoStock("pick")


async def reserve(work: Work, holder: Holder, request: KitRequest) -> StockLine:
    """Promise a request's kits out of a holder's stock."""
    line = await pick(work, holder, request.product, request.quantity)
    await _move(work, holder, line, "reserved", reserved=request.quantity, request_id=request.id)
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
        line = await _line(work, holder, promised)
        await _move(
            work, holder, line, "released", reserved=-promised.reserved, request_id=request.id
        )


async def _line(work: Work, holder: Holder, like: StockLine) -> StockLine:
    for line in await lines_of(work, holder):
        if (line.product, line.batch, line.expiry) == (like.product, like.batch, like.expiry):
            return line
    return replace(like, quantity=0, reserved=0)


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
) -> Supply:
    """Log a supply and take it from the holder's stock; a promise to the request is used up."""
    line = await _line(work, holder, line)
    promised = 0
    if request:
        for other, held in await reserved_for(work, request):
            same = (held.product, held.batch, held.expiry) == (
                line.product,
                line.batch,
                line.expiry,
            )
            if other == holder and same:
                promised = held.reserved
    supply_id = work.new_id()
    await _move(  # first: without the stock there is no supply to log
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
    """How many kits of a product a holder has, promised ones included."""
    return sum(n.quantity for n in await lines_of(work, holder) if n.product == product)


async def _next_try(work: Work, request: KitRequest) -> int:
    """1, and one more for each supply of this request that was taken back."""
    return 1 + sum(s.reverses is not None for s in await work.find(Supply, request_id=request.id))


async def reverse(work: Work, supply: Supply, by_contact_id: int | None) -> Supply:
    """Put a mistake right: a row against the supply, and the kits back in the holder's stock."""
    holder = Holder(supply.by_kind, supply.by_id, supply.service_id)
    line = await _line(
        work,
        holder,
        StockLine(holder.kind, holder.id, supply.product, supply.batch, supply.expiry, 0, 0),
    )
    against = work.save(
        replace(
            supply, id=work.new_id(), quantity=-supply.quantity, at=work.now, reverses=supply.id
        )
    )
    await _move(
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

"""What a holder says of their own kits: counted, lost, over, back, passed on. Append-only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from db.models import KitRequest, Movement
from db.stock import StockLine
from db.work import Work
from handlers.services.supplies import Holder, NoStock, line_of, lines_of, move

OWN_WORDS = ("received", "transferred", "returned", "expired", "lost", "counted")
"""The movements a holder enters, and may take back."""


async def count(
    work: Work, holder: Holder, line: StockLine, quantity: int, by_contact_id: int | None = None
) -> Movement:
    """A count sets the truth: the movement is the difference, which may be nothing."""
    difference = quantity - line.quantity
    return await move(
        work, holder, line, "counted", quantity=difference, by_contact_id=by_contact_id
    )


async def confirm(work: Work, holder: Holder, by_contact_id: int | None = None) -> int:
    """Everything is as the list says; returns how many lines that were."""
    lines = await lines_of(work, holder)
    for line in lines:
        await count(work, holder, line, line.quantity, by_contact_id)
    return len(lines)


async def take_out(
    work: Work,
    holder: Holder,
    line: StockLine,
    kind: str,
    quantity: int,
    by_contact_id: int | None = None,
) -> Movement:
    """Kits are lost, expired or (handed in) recalled. What is promised of them stays."""
    if quantity <= 0:
        raise ValueError("a number of kits above nothing is needed")
    return await move(work, holder, line, kind, quantity=-quantity, by_contact_id=by_contact_id)


async def transfer(
    work: Work,
    giver: Holder,
    taker: Holder,
    line: StockLine,
    quantity: int,
    by_contact_id: int | None = None,
) -> int:
    """Kits go from one holder to another; both rows carry the returned id, and sum to nothing.

    A recalled batch goes nowhere but back to the service's store.
    """
    if quantity <= 0 or giver == taker:
        raise ValueError("a number of kits and two holders are needed")
    if line.frozen and taker.kind != "service":
        raise NoStock("frozen")
    there = await line_of(work, taker, *line.box)
    transfer_id = work.new_id()
    for holder, its, change in ((giver, line, -quantity), (taker, there, quantity)):
        await move(
            work,
            holder,
            its,
            "transferred",
            quantity=change,
            by_contact_id=by_contact_id,
            transfer_id=transfer_id,
        )
    return transfer_id


async def promised_to(work: Work, holder: Holder, line: StockLine) -> list[KitRequest]:
    """The requests that kits of this line are promised to."""
    sums: dict[int, int] = {}
    for moved in await _moved(work, holder):
        if (moved.product, moved.batch, moved.expiry) == line.box and moved.request_id:
            sums[moved.request_id] = sums.get(moved.request_id, 0) + moved.reserved
    return [await work.need(KitRequest, request_id) for request_id, n in sums.items() if n > 0]


# --- taking an entry back ----------------------------------------------------------------------


async def last_entry(
    work: Work, holder: Holder, by_contact_id: int, since: datetime
) -> list[Movement]:
    """What this person last entered of a holder's kits: one row, or both sides of a transfer."""
    moved = await _moved(work, holder)
    taken_back = {m.reverses for m in moved}
    mine = [
        m
        for m in moved
        if m.by_contact_id == by_contact_id
        and m.kind in OWN_WORDS
        and m.quantity
        and m.at > since
        and not (m.supply_id or m.reverses or m.id in taken_back)
    ]
    if not mine:
        return []
    last = mine[-1]
    if last.transfer_id is None:
        return [last]
    return await work.find(Movement, service_id=holder.service_id, transfer_id=last.transfer_id)


async def take_back(work: Work, entry: Sequence[Movement], by_contact_id: int | None) -> None:
    """Put a mistake right: a row against each row of an entry; first where it could fail."""
    for moved in sorted(entry, key=lambda m: -m.quantity):
        holder = Holder(moved.holder_kind, moved.holder_id, moved.service_id)
        line = await line_of(work, holder, moved.product, moved.batch, moved.expiry)
        await move(
            work,
            holder,
            line,
            moved.kind,
            quantity=-moved.quantity,
            by_contact_id=by_contact_id,
            reverses=moved.id,
            transfer_id=moved.transfer_id,
        )


async def _moved(work: Work, holder: Holder) -> list[Movement]:
    return await work.find(
        Movement,
        service_id=holder.service_id,
        holder_kind=holder.kind,
        holder_id=holder.id,
    )

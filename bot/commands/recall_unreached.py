"""recall show REF --unreached: kits nobody could be told of, and whose hands they went through."""

from __future__ import annotations

from bot.commands.output import when
from bot.commands.stock import holders_of
from db.models import Address, Contact, Holding, KitRequest, Recall, RecallNotice, Service, Supply
from db.work import Work
from handlers.services import recalls
from handlers.services.reversals import standing

HEADS = ("REF", "WHY", "CHANNEL", "KITS", "BATCH", "GIVEN", "BY", "AREA")
Row = tuple[object, ...]


async def rows(work: Work, recall: Recall, home: Service) -> list[Row]:
    """One row a kit, the ones with a name first. No number: a person is written to by TELL REF."""
    notices = await recalls.settle(work, recall)
    supplies = standing(await recalls.supplies_in(work, recall, home))
    names = {(who.kind, who.id): name for who, name in await holders_of(work, home)}
    by_id = {one.id: one for one in supplies}
    refs = await _refs(work, supplies)
    found: list[Row] = []
    for notice in notices:
        if notice.status == "not_reached":
            holding = await work.get(Holding, notice.holding_id)
            supply = by_id.get(holding.supply_id or 0) if holding else None
            why = ("not reached", await _channel(work, notice), notice.quantity, notice.batch)
            found.append(_row(supply, refs, names, why))
    noted = await recalls.holdings_in(work, recall, home)
    known = {holding.supply_id for holding in noted}
    for supply in supplies:
        if supply.id not in known:
            why = ("no name", "-", supply.quantity, supply.batch)
            found.append(_row(supply, refs, names, why))
    return found


async def _refs(work: Work, supplies: list[Supply]) -> dict[int, str]:
    asked = tuple({one.request_id for one in supplies if one.request_id})
    return {one.id: one.ref for one in await work.find(KitRequest, id=asked)}


async def _channel(work: Work, notice: RecallNotice) -> str:
    contact = await work.get(Contact, notice.contact_id)
    address = await work.get(Address, contact.address_id if contact else None)
    return address.channel if address else "-"


def _row(
    supply: Supply | None, refs: dict[int, str], names: dict[tuple[str, int], str], why: Row
) -> Row:
    if supply is None:  # told us of by themselves
        return ("-", *why, "-", "-", "-")
    by = names.get((supply.by_kind, supply.by_id), supply.by_kind)
    ref = refs.get(supply.request_id or 0, "-")
    return (ref, *why, when(supply.at), by, supply.district or "-")

"""UNDO of what somebody said of their own kits: the last entry of the last day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from db.models import Movement, Peer, Service
from handlers.engine.turn import Turn
from handlers.services.rules import rules_of
from handlers.services.stock_moves import last_entry, take_back
from handlers.services.supplies import Holder, NoStock, lines_of
from handlers.stock_giving import giver_name
from handlers.stock_lines import as_words

UNDO_WITHIN = timedelta(hours=24)


async def undo_entry(turn: Turn, holder: Holder, after: int) -> bool:
    """Take back the last entry, if it is younger than the row of this id."""
    entry = await last_entry(turn.work, holder, turn.id, turn.now - UNDO_WITHIN)
    if not entry or entry[0].id < after:
        return False
    try:
        await take_back(turn.work, entry, turn.id)
    except NoStock:
        turn.say("stock.cannot_undo")
        return True
    turn.journal("StockEntryReversed", holder=f"{holder.kind}:{holder.id}", entry=entry[0].id)
    rules = rules_of(await turn.work.need(Service, holder.service_id))
    lines = await lines_of(turn.work, holder)
    turn.say("stock.undone", lines=as_words(turn.locale, lines, turn.now, rules))
    await _tell_taker(turn, holder, entry)
    return True


async def _tell_taker(turn: Turn, giver: Holder, entry: Sequence[Movement]) -> None:
    """Whoever was told of kits from somebody is told that they did not come."""
    for moved in entry:
        if moved.holder_kind == "peer" and moved.holder_id != giver.id:
            peer = await turn.work.need(Peer, moved.holder_id)
            told = await turn.scene.person(peer.contact_id)
            told.say(
                "stock.took_back",
                kind="notice",
                name=await giver_name(turn, giver),
                quantity=moved.quantity,
                batch=moved.batch,
            )

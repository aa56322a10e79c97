"""STOCK GIVE: kits that go to another peer, or back to the team."""

from __future__ import annotations

from content import library
from db.models import Contact, Outlet, Peer, Service
from db.stock import StockLine
from handlers.engine.matching import first_word
from handlers.engine.turn import Turn
from handlers.services.stock_moves import transfer
from handlers.services.supplies import Holder, NoStock, lines_of, peer_holder, store_holder
from handlers.stock_bag import Bag, say_why_not, the_line
from handlers.stock_lines import in_short
from handlers.stock_reading import Entry


async def give(bag: Bag, entry: Entry) -> None:
    """Off one list and onto the other; whoever has them now is told."""
    if not entry.quantity or not entry.rest:
        bag.turn.say("stock.how_give")
        return
    line = await the_line(bag, entry, "GIVE")
    if line is None:
        return
    taker = await _taker(bag, " ".join(entry.rest))
    if taker is None:
        return
    holder, name, peer = taker
    try:
        await transfer(bag.turn.work, bag.holder, holder, line, entry.quantity, bag.turn.id)
    except NoStock as why:
        await say_why_not(bag, line, why)
        return
    told = peer is not None and await _hears(bag.turn, peer)
    await bag.noted("StockTransferred", "stock.given", line, entry.quantity, name=name, told=told)
    if peer:
        await _tell_taker(bag, peer, line, entry.quantity)


async def _taker(bag: Bag, name: str) -> tuple[Holder, str, Peer | None] | None:
    """Who is meant: the service's own store, or the one peer of that first name."""
    turn = bag.turn
    service = await turn.work.need(Service, bag.holder.service_id)
    if first_word(name, library.after_words(turn.tongue, "stock_give")):
        return store_holder(service), bag.rules.team or service.name, None
    named = [
        peer
        for peer in await turn.work.find(Peer, service_id=service.id)
        if name.casefold() in (peer.name.casefold(), *peer.name.casefold().split()[:1])
        and peer.status not in ("left", "new")
        and peer_holder(peer) != bag.holder
    ]
    if len(named) != 1:
        turn.say("stock.who", name=name, several=len(named) > 1)
        return None
    return peer_holder(named[0]), named[0].name, named[0]


async def _hears(turn: Turn, peer: Peer) -> bool:
    contact = await turn.work.need(Contact, peer.contact_id)
    return not (contact.stopped_at or contact.blocked_at)


async def _tell_taker(bag: Bag, peer: Peer, line: StockLine, quantity: int) -> None:
    """The other side hears what came, and how to put it right."""
    giver = await giver_name(bag.turn, bag.holder)
    turn = await bag.turn.scene.person(peer.contact_id)
    turn.say(
        "stock.got",
        kind="notice",
        name=giver,
        quantity=quantity,
        batch=line.batch,
        lines=in_short(await lines_of(turn.work, peer_holder(peer))),
    )


async def giver_name(turn: Turn, holder: Holder) -> str:
    """What the other side of a transfer calls a holder."""
    if holder.kind == "peer":
        return (await turn.work.need(Peer, holder.id)).name
    return (await turn.work.need(Outlet, holder.id)).name

"""STOCK GIVE: kits that go to another peer, or back to the team."""

from __future__ import annotations

from content import library
from content.library import Words
from db.models import Contact, Outlet, Peer, Service
from db.stock import StockLine
from handlers.engine.matching import first_word
from handlers.engine.turn import Scene, Turn
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
        giver = await giver_name(bag.turn, bag.holder)
        await tell_taker(bag.turn.scene, giver, peer, line, entry.quantity)


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


async def tell_taker(
    scene: Scene, giver: Words, peer: Peer, line: StockLine, quantity: int
) -> None:
    """The other side hears what came, and how to put it right."""
    turn = await scene.person(peer.contact_id)
    lines = await lines_of(turn.work, peer_holder(peer))
    dated = sum(one.batch == line.batch for one in lines) > 1 and line.expiry is not None
    turn.say(
        "stock.got",
        kind="notice",
        name=giver,
        quantity=quantity,
        batch=line.batch,
        expiry=f"{line.expiry:%m/%Y}" if dated and line.expiry else "",
        lines=in_short(lines),
    )


async def giver_name(turn: Turn, holder: Holder) -> str:
    """What the other side of a transfer calls a holder."""
    if holder.kind == "peer":
        return (await turn.work.need(Peer, holder.id)).name
    return (await turn.work.need(Outlet, holder.id)).name

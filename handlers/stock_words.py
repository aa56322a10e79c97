"""STOCK: what a peer or an outlet holds, seen and put right by text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

from content import library
from db.models import Peer, Service
from db.stock import StockLine, is_stale
from handlers.engine.matching import first_word
from handlers.engine.turn import Turn
from handlers.services.products import typed_products
from handlers.services.rules import rules_of
from handlers.services.stock_moves import (
    bring_back,
    confirm,
    count,
    take_out,
)
from handlers.services.supplies import (
    Holder,
    NoStock,
    peer_holder,
    receive,
)
from handlers.stock_bag import Bag, meant, say_promised, say_why_not, the_line
from handlers.stock_giving import give
from handlers.stock_lines import is_low
from handlers.stock_reading import MOST, Entry, read_entry

SAYS_THERE_ARE_SOME = ("add", "returned", "right")


Word = Callable[[Bag, Entry], Awaitable[None]]


async def stock(turn: Turn, peer: Peer, rest: str) -> None:
    """STOCK and what may follow, from a peer."""
    await of_holder(turn, peer_holder(peer), rest)


def says_there_are_some(turn: Turn, rest: str) -> bool:
    """Whether what follows STOCK means that kits are there: an outlet that said NONE has some."""
    found = first_word(rest, library.after_words(turn.tongue, "stock"))
    if found and found[0] == "count":
        return found[1].split()[:1] != ["0"]
    return not rest.strip() or bool(found and found[0] in SAYS_THERE_ARE_SOME)


async def of_holder(turn: Turn, holder: Holder, rest: str) -> None:
    """STOCK alone shows the list; STOCK ADD, COUNT … change it."""
    service = await turn.work.need(Service, holder.service_id)
    bag = Bag(turn, holder, rules_of(service))
    if not rest.strip():
        await _show(bag)
        return
    found = first_word(rest, library.after_words(turn.tongue, "stock"))
    if found is None:
        turn.say("stock.how")
        return
    name, text = found
    batches = {line.batch for line in await bag.known()}
    entry = read_entry(text, typed_products(turn.tongue, bag.rules), batches)
    await WORDS[name](bag, entry)


async def _show(bag: Bag) -> None:
    lines = await bag.lines()
    if not lines:
        bag.turn.say("stock.none")
        return
    bag.turn.say(
        "stock.list",
        lines=await bag.said(),
        low=is_low(lines, bag.turn.now, bag.rules),
        stale=is_stale(lines, bag.turn.now, bag.rules.stock_stale_days),
        batch=lines[0].batch,
    )


# --- kits that come in -------------------------------------------------------------------------


async def _add(bag: Bag, entry: Entry) -> None:
    box = await _box(bag, entry)
    if box is None or not entry.quantity or entry.quantity > MOST:
        bag.turn.say("stock.how_add")
        return
    await receive(bag.turn.work, bag.holder, *box, entry.quantity, by_contact_id=bag.turn.id)
    line = StockLine(bag.holder.kind, bag.holder.id, *box, 0, 0)
    bag.journal("StockReceived", line, entry.quantity)
    bag.turn.say(
        "stock.added",
        quantity=entry.quantity,
        product=bag.product(line.product),
        batch=line.batch,
        lines=await bag.said(),
    )


async def _returned(bag: Bag, entry: Entry) -> None:
    box = await _box(bag, entry)
    if box is None or not entry.quantity or entry.quantity > MOST:
        bag.turn.say("stock.how_returned")
        return
    await bring_back(bag.turn.work, bag.holder, *box, entry.quantity, bag.turn.id)
    line = StockLine(bag.holder.kind, bag.holder.id, *box, 0, 0)
    bag.journal("StockReturned", line, entry.quantity)
    bag.turn.say(
        "stock.returned",
        quantity=entry.quantity,
        product=bag.product(line.product),
        batch=line.batch,
        lines=await bag.said(),
    )


async def _box(bag: Bag, entry: Entry) -> tuple[str, str, date | None] | None:
    """Which box is meant: as typed in full, or a batch that is on the list already."""
    known = [n for n in meant(await bag.known(), entry, bag.rules) if entry.batch]
    if len(known) == 1:
        return known[0].product, known[0].batch, known[0].expiry
    if entry.product and entry.batch and entry.expiry:
        return entry.product, entry.batch, entry.expiry
    return None


# --- kits that are there, or not ---------------------------------------------------------------


async def _count(bag: Bag, entry: Entry) -> None:
    if entry.quantity is None or entry.quantity > MOST:
        bag.turn.say("stock.how_count")
        return
    line = await the_line(bag, entry, "COUNT", new=True)
    if line is None:
        return
    try:
        await count(bag.turn.work, bag.holder, line, entry.quantity, bag.turn.id)
    except NoStock:
        await say_promised(bag, line)
        return
    bag.journal("StockCounted", line, entry.quantity)
    bag.turn.say(
        "stock.counted",
        quantity=entry.quantity,
        product=bag.product(line.product),
        batch=line.batch,
        lines=await bag.said(),
    )


async def _lost(bag: Bag, entry: Entry) -> None:
    if not entry.quantity:
        bag.turn.say("stock.how_lost")
        return
    line = await the_line(bag, entry, "LOST")
    if line and await _taken_out(bag, line, "lost", entry.quantity):
        bag.journal("StockLost", line, entry.quantity)
        bag.turn.say(
            "stock.lost",
            quantity=entry.quantity,
            product=bag.product(line.product),
            batch=line.batch,
            lines=await bag.said(),
        )


async def _expired(bag: Bag, entry: Entry) -> None:
    """Without a number, all that is not promised."""
    line = await the_line(bag, entry, "EXPIRED")
    if line is None:
        return
    quantity = entry.quantity or line.quantity - line.reserved
    if not quantity:
        await say_promised(bag, line)
    elif await _taken_out(bag, line, "expired", quantity):
        bag.journal("StockExpired", line, quantity)
        bag.turn.say(
            "stock.expired",
            quantity=quantity,
            product=bag.product(line.product),
            batch=line.batch,
            lines=await bag.said(),
        )


async def _taken_out(bag: Bag, line: StockLine, kind: str, quantity: int) -> bool:
    try:
        await take_out(bag.turn.work, bag.holder, line, kind, quantity, bag.turn.id)
    except NoStock as why:
        await say_why_not(bag, line, why)
        return False
    return True


async def _right(bag: Bag, entry: Entry) -> None:
    if not await confirm(bag.turn.work, bag.holder, bag.turn.id):
        bag.turn.say("stock.none")
        return
    bag.turn.journal("StockConfirmed", holder=f"{bag.holder.kind}:{bag.holder.id}")
    bag.turn.say("stock.right", lines=await bag.said())


WORDS: dict[str, Word] = {
    "add": _add,
    "returned": _returned,
    "count": _count,
    "lost": _lost,
    "expired": _expired,
    "right": _right,
    "give": give,
}
"""``[after.stock]`` of words.toml → what the word does."""

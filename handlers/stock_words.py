"""STOCK: what a peer or an outlet holds, seen and put right by text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from content import library
from db.models import Peer, Service
from db.stock import StockLine, is_stale
from handlers.engine.matching import first_word
from handlers.engine.turn import Turn
from handlers.services.batches import as_known
from handlers.services.products import typed_products
from handlers.services.rules import rules_of
from handlers.services.stock_moves import confirm, count, take_out
from handlers.services.supplies import Holder, NoStock, peer_holder, receive
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
    entry = replace(entry, batch=await as_known(turn.work, service.id, entry.batch))
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
    if not await _came_in(bag, entry, "received", "StockReceived", "stock.added"):
        bag.turn.say("stock.how_add")


async def _returned(bag: Bag, entry: Entry) -> None:
    if not await _came_in(bag, entry, "returned", "StockReturned", "stock.returned"):
        bag.turn.say("stock.how_returned")


async def _came_in(bag: Bag, entry: Entry, kind: str, fact: str, text: str) -> bool:
    """Onto the list and read back; False if it is not clear how many, or of what."""
    line = await _line(bag, entry)
    n = entry.quantity
    if line is None or not n or n > MOST:
        return False
    await receive(bag.turn.work, bag.holder, *line.box, n, kind, by_contact_id=bag.turn.id)
    await bag.noted(fact, text, line, n)
    return True


async def _line(bag: Bag, entry: Entry) -> StockLine | None:
    """Which box is meant: as typed in full, or a batch that is on the list already."""
    known = [n for n in meant(await bag.known(), entry, bag.rules) if entry.batch]
    return known[0] if len(known) == 1 else await bag.as_typed(entry)


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
    await bag.noted("StockCounted", "stock.counted", line, entry.quantity)


async def _lost(bag: Bag, entry: Entry) -> None:
    if not entry.quantity:
        bag.turn.say("stock.how_lost")
        return
    line = await the_line(bag, entry, "LOST")
    if line and await _taken_out(bag, line, "lost", entry.quantity):
        await bag.noted("StockLost", "stock.lost", line, entry.quantity)


async def _expired(bag: Bag, entry: Entry) -> None:
    """Without a number, all that is not promised."""
    if entry.quantity == 0:
        bag.turn.say("stock.how")
        return
    line = await the_line(bag, entry, "EXPIRED")
    if line is None:
        return
    quantity = entry.quantity or line.quantity - line.reserved
    if not quantity:
        await say_promised(bag, line)
    elif await _taken_out(bag, line, "expired", quantity):
        await bag.noted("StockExpired", "stock.expired", line, quantity)


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

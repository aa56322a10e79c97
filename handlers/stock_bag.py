"""A holder's kits in somebody's own words: which line is meant, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from content.library import Words
from db.stock import StockLine
from handlers.engine.turn import Turn
from handlers.services.products import EITHER, fits, product_words
from handlers.services.rules import Rules
from handlers.services.stock_moves import promised_to
from handlers.services.supplies import Holder, NoStock, known_lines, line_of, lines_of
from handlers.stock_lines import as_words
from handlers.stock_reading import Entry


@dataclass(frozen=True)
class Bag:
    """A holder's kits, and who is writing about them."""

    turn: Turn
    holder: Holder
    rules: Rules

    async def lines(self) -> list[StockLine]:
        """What is in it now."""
        return await lines_of(self.turn.work, self.holder)

    async def known(self) -> list[StockLine]:
        """The same, and what once was in it."""
        return await known_lines(self.turn.work, self.holder)

    async def as_typed(self, entry: Entry) -> StockLine | None:
        """The line of a box that was typed in full; nothing may be in it yet."""
        if not (entry.product and entry.batch and entry.expiry):
            return None
        return await line_of(self.turn.work, self.holder, entry.product, entry.batch, entry.expiry)

    async def said(self) -> Words:
        """What is in it now, as words."""
        lines = await self.lines()
        return as_words(self.turn.locale, lines, self.turn.now, self.rules)

    async def noted(
        self, fact: str, text: str, line: StockLine, quantity: int, **values: Any
    ) -> None:
        """Record what the holder said of a line, and read back what they have now."""
        self.turn.journal(
            fact,
            holder=f"{self.holder.kind}:{self.holder.id}",
            product=line.product,
            batch=line.batch,
            quantity=quantity,
        )
        self.turn.say(
            text,
            quantity=quantity,
            product=product_words(self.turn.locale, line.product, self.rules),
            batch=line.batch,
            lines=await self.said(),
            **values,
        )


def meant(lines: list[StockLine], entry: Entry, rules: Rules) -> list[StockLine]:
    """The lines that what was typed fits."""
    return [
        line
        for line in lines
        if entry.batch in ("", line.batch)
        and fits(entry.product or EITHER, line.product, rules)
        and entry.expiry in (None, line.expiry)
    ]


async def the_line(bag: Bag, entry: Entry, word: str, *, new: bool = False) -> StockLine | None:
    """The one line that is meant; else say what is missing.

    ``new``: it may be a batch they have no more of, or a box that was never on the list.
    """
    found = meant(await bag.lines(), entry, bag.rules)
    if new and not found and entry.batch:
        found = meant(await bag.known(), entry, bag.rules)
    if len(found) == 1:
        return found[0]
    if found:
        bag.turn.say(
            "stock.which",
            word=word,
            n=1 if entry.quantity is None else entry.quantity,
            batch=found[0].batch,
            expiry=_telling_date(found),
            to=" ".join(entry.rest) if word == "GIVE" else "",
            lines=await bag.said(),
        )
    elif new and (line := await bag.as_typed(entry)):
        return line
    elif await bag.lines():
        bag.turn.say("stock.unknown", batch=entry.batch, lines=await bag.said())
    else:
        bag.turn.say("stock.none")
    return None


def _telling_date(lines: list[StockLine]) -> str:
    """The date that tells boxes of one batch apart; "" where the batch does."""
    same = len({line.batch for line in lines}) == 1
    return f"{lines[0].expiry:%m/%Y}" if same and lines[0].expiry else ""


async def say_why_not(bag: Bag, line: StockLine, why: NoStock) -> None:
    """Recalled, promised, or more than there is."""
    if why.reason == "frozen":
        bag.turn.say("stock.frozen", batch=line.batch)
    elif why.reason == "promised":
        await say_promised(bag, line)
    else:
        bag.turn.say("stock.too_many", left=line.quantity, batch=line.batch)


async def say_promised(bag: Bag, line: StockLine) -> None:
    """Whom it is kept for."""
    refs = [request.ref for request in await promised_to(bag.turn.work, bag.holder, line)]
    bag.turn.say(
        "stock.promised",
        promised=line.reserved,
        batch=line.batch,
        refs=", ".join(refs),
        peer=bag.holder.kind == "peer",
    )

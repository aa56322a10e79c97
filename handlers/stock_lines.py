"""How stock is said: batch by batch, with what its holder should know of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from content.library import Listed, Saying, Words, saying
from db.stock import StockLine
from handlers.services.products import product_words
from handlers.services.rules import Rules, uk_day


def as_words(locale: str, lines: Iterable[StockLine], now: datetime, rules: Rules) -> Words:
    """What a holder has, batch by batch."""
    parts = tuple(_line_words(locale, line, now, rules) for line in lines)
    return Listed(parts) if parts else saying("saying.stock_nothing")


def in_short(lines: Iterable[StockLine]) -> str:
    """ "3 x N2402, 1 x P2311": what stands on the box, and nothing that says what it is.

    For what nobody asked us to say. A batch of two dates is told apart by them.
    """
    lines = list(lines)
    times = Counter(line.batch for line in lines)
    return ", ".join(
        f"{n.quantity} x {n.batch}"
        + (f" {n.expiry:%m/%Y}" if times[n.batch] > 1 and n.expiry else "")
        for n in lines
    )


def _line_words(locale: str, line: StockLine, now: datetime, rules: Rules) -> Saying:
    marks = Listed(tuple(_marks(line, now, rules)))
    return saying(
        "saying.stock_line",
        quantity=line.quantity,
        product=product_words(locale, line.product, rules),
        batch=line.batch,
        expiry=f"{line.expiry:%m/%Y}" if line.expiry else "",
        marks=marks if marks.parts else "",
    )


def _marks(line: StockLine, now: datetime, rules: Rules) -> Iterable[Saying]:
    if line.frozen:
        yield saying("saying.stock_hold")
    if line.is_over(uk_day(now)):
        yield saying("saying.stock_over")
    elif is_soon_over(line, now, rules):
        yield saying("saying.stock_soon")
    if line.reserved:
        yield saying("saying.stock_promised", promised=line.reserved)
    days = (now - line.as_of).days if line.as_of else 0
    if days:
        yield saying("saying.stock_checked", days=days)


def is_soon_over(line: StockLine, now: datetime, rules: Rules) -> bool:
    """In date, but not for long."""
    if line.expiry is None or line.is_over(uk_day(now)):
        return False
    return line.expiry <= uk_day(now) + timedelta(days=rules.expiry_notice_days)


def is_low(lines: Iterable[StockLine], now: datetime, rules: Rules) -> bool:
    """Whether what can still be given out is little enough for a top-up."""
    free = sum(n.available for n in lines if not n.is_over(uk_day(now)))
    return free <= rules.low_stock

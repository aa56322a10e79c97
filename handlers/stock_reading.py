"""What somebody typed about kits: how many, which kind, which batch, the date on the box."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.engine.matching import plain

MOST = 200
_NUMBER = re.compile(r"(\d{1,3})x?")
_MONTH = re.compile(r"(\d{1,2})[/.-](\d{4}|\d{2})")
_BATCH = re.compile(r"(?=[A-Z-]*\d)[A-Z0-9][A-Z0-9-]{2,19}")
_FILLERS = frozenset(
    ("x", "kit", "kits", "box", "boxes", "batch", "lot", "of", "to", "exp", "expiry", "expires")
)
_BEFORE_A_BATCH = frozenset(("batch", "lot", "no", "no.", "nr", "number", "is", "its", "it's"))


@dataclass(frozen=True, slots=True)
class Entry:
    """What was found; ``rest`` are the words that were none of it (a name)."""

    quantity: int | None = None
    product: str = ""
    batch: str = ""
    expiry: date | None = None
    rest: tuple[str, ...] = ()


def read_entry(text: str, products: Mapping[str, str], batches: Collection[str] = ()) -> Entry:
    """ "2 nasal N2402 05/2027": in any order, and whatever is missing left out.

    ``products``: what may be typed → product id. ``batches``: those the holder has, however they
    look.
    """
    quantity: int | None = None
    product, batch = "", ""
    expiry: date | None = None
    rest = []
    for word in _joined(text, products):
        said, big = plain(word), word.upper().strip(".,;:()")
        if not batch and big in batches:
            batch = big
        elif quantity is None and _NUMBER.fullmatch(said):
            quantity = int(said.rstrip("x"))
        elif expiry is None and _MONTH.fullmatch(big) and read_month(big):
            expiry = read_month(big)
        elif not product and said in products:
            product = products[said]
        elif not batch and _BATCH.fullmatch(big):
            batch = big
        elif said and said not in _FILLERS:
            rest.append(word)
    return Entry(quantity, product, batch, expiry, tuple(rest))


def read_batch(text: str) -> str:
    """A batch number as somebody copies it from a box ("lot n 2402"), as it is kept: N2402."""
    words = (word for word in plain(text).split() if word not in _BEFORE_A_BATCH)
    return "".join(words).upper()[:20]


def _joined(text: str, products: Mapping[str, str]) -> list[str]:
    """The words of a text, a product of several words ("nose spray") as one."""
    words = text.replace(",", " ").split()
    found = []
    while words:
        many = next((n for n in (3, 2) if plain(" ".join(words[:n])) in products), 1)
        found.append(" ".join(words[:many]))
        words = words[many:]
    return found


def read_month(text: str) -> date | None:
    """The last day of a month as printed on a box ("05/2027", "5-27")."""
    found = re.search(r"(\d{1,2})\s*[/.-]\s*(\d{4}|\d{2})\b", text)
    if not found:
        return None
    month, year = int(found.group(1)), int(found.group(2))
    year += 2000 if year < 100 else 0
    if not 1 <= month <= 12 or not 2020 <= year <= 2060:
        return None
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return first_of_next - timedelta(days=1)

"""What somebody typed about kits: how many, which kind, which batch, the date on the box."""

from __future__ import annotations

import calendar
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.engine.matching import plain

MOST = 200
_NUMBER = re.compile(r"(\d{1,3})x?")
_MONTH = re.compile(r"(\d{1,2}[/.-]){1,2}(\d{4}|\d{2})|20\d\d[/.-]\d{1,2}|[A-Z]{3,9} ?(20)?\d\d")
_NAMES = tuple(name.casefold() for name in calendar.month_abbr)[1:]
_YEAR = r"(?P<year>20\d\d|\d\d)\b"
_MONTHS = (
    re.compile(r"\b(?P<year>20\d\d)[\s/.-]+(?P<month>\d{1,2})\b"),  # 2027-05, 2027-05-31
    re.compile(rf"\b\d{{1,2}}[\s/.-]+(?P<month>\d{{1,2}})[\s/.-]+{_YEAR}"),  # 31/05/2027
    re.compile(rf"\b(?P<month>{'|'.join(_NAMES)})[a-z]*[\s/.,'-]*{_YEAR}"),  # May 27, MAY2027
    re.compile(rf"\b(?P<month>\d{{1,2}})[\s/.-]+{_YEAR}"),  # 05/2027
)
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
    """The words of a text; a product of several words ("nose spray") and "nov 27" are one."""
    words = text.replace(",", " ").split()
    found = []
    while words:
        many = next((n for n in (3, 2) if plain(" ".join(words[:n])) in products), 1)
        if plain(words[0])[:3] in _NAMES and _MONTH.fullmatch(" ".join(words[:2]).upper()):
            many = 2
        found.append(" ".join(words[:many]))
        words = words[many:]
    return found


def read_month(text: str) -> date | None:
    """The last day of a month as printed on a box ("05/2027", "5-27", "nov 27", "30.11.2027")."""
    for shape in _MONTHS:
        if found := shape.search(text.casefold()):
            said = found["month"]
            month = int(said) if said.isdigit() else 1 + _NAMES.index(said[:3])
            year = int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
            if not 1 <= month <= 12 or not 2020 <= year <= 2060:
                return None
            return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return None

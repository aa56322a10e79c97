"""What an outlet's text says in its own words: a code, what was done with it, a batch off a box.

Only the free words of whoever stands at a counter are read here; the words we teach come first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from content import library
from handlers.engine.matching import first_word, plain
from handlers.services.codes import read_claim_code
from handlers.stock_reading import Entry, read_entry

LONGEST = 160
_SHAPE = re.compile(  # three and three, wherever they stand
    r"(?<![A-Z0-9])(?=([A-Z0-9]{3})(| {1,2}|[-./_\u2013\u2014])([A-Z0-9]{3})(?![A-Z0-9]))",
    re.IGNORECASE,
)
_NO_BATCH = re.compile(
    r"[A-Z]{1,2}\d{1,2}[A-Z]?|\d[A-Z]{2}"  # halves of a postcode
    r"|\d+(?:AM|PM|YO|YR|YRS|ST|ND|RD|TH|MG|ML|MCG|MIN|MINS|HRS?)|\d{9,}"
)
_DASHES = ("-", "\u2013", "\u2014")
_CALLED_BATCH = ("batch", "lot", "bn")
_EDGES = ".,;:!?()\"'"


@dataclass(frozen=True, slots=True)
class Code:
    """A claim code in a text, whose check fits ("" = none), and the words around it."""

    code: str
    rest: str


def find_code(text: str, *, bare: bool) -> Code:
    """The code in a text, however it is written.

    ``bare``: six letters alone count too; elsewhere an ordinary word may happen to pass the check,
    so a figure or a dash is asked for.
    """
    found = []
    for shape in _SHAPE.finditer(text):
        first, between, last = shape.groups()
        figure = any(c.isdigit() for c in first + last)
        sure = figure or between in _DASHES
        if (sure or (bare and not between)) and (code := read_claim_code(first + last)):
            end = shape.start() + len(first + between + last)
            words = f"{text[: shape.start()].rstrip(' #')} {text[end:].lstrip(_EDGES)}"
            found.append((not sure, Code(code, words.strip())))
    return min(found, key=lambda one: one[0])[1] if found else Code("", text.strip())


def has_code(text: str) -> bool:
    """Whether there is a code in what follows one of our words."""
    return find_code(text, bare=True).code != ""


def shaped_like_code(text: str) -> bool:
    """Whether what follows ISSUED was meant as a code: then its letters are to be checked."""
    if len(text.split()) == 1 and any(c.isalpha() for c in text):
        return True
    first = _SHAPE.match(text)
    if first and any(c.isdigit() for c in first[1] + first[3]):
        return True
    return any("-" in shape.groups() for shape in _SHAPE.finditer(text))


def read_box(text: str, products: Mapping[str, str], batches: Collection[str]) -> Entry:
    """The batch and date typed beside a code; an area, an age or "thanks" is no batch."""
    kept: list[str] = []
    for word in text.replace(",", " ").split():
        big = word.upper().strip(_EDGES)
        called = bool(kept) and plain(kept[-1]) in _CALLED_BATCH
        if called or big in batches or not _NO_BATCH.fullmatch(big):
            kept.append(big if called and big else word)
    return read_entry(" ".join(kept), products, batches)


def slip(text: str, words: Mapping[str, str]) -> tuple[str, str] | None:
    """ "isued h7kjtm": a word we teach with one slip in it, before a code or a number."""
    first, _, rest = text.strip().partition(" ")
    said = plain(first)
    if len(said) < 5 or not (find_code(rest, bare=True).code or rest[:1].isdigit()):
        return None
    for word, name in words.items():
        if len(word) >= 5 and OSA.distance(said, word, score_cutoff=1) <= 1:
            return name, rest.strip()
    return None


def says(locale: str, what: str, text: str) -> bool:
    """Whether a short text says this in passing: "issued", "refuse", "none", "some", "hours".

    Nothing is said where it is asked or denied.
    """
    return len(text) <= LONGEST and _has(locale, what, text) and not _doubtful(locale, what, text)


def _has(locale: str, what: str, text: str) -> bool:
    said = f" {_bare(text)} "
    return any(f" {_bare(phrase)} " in said for phrase in library.phrases(locale, "outlet", what))


def _doubtful(locale: str, what: str, text: str) -> bool:
    return "?" in text or (what in ("issued", "some") and _has(locale, "not", text))


def _bare(text: str) -> str:
    return re.sub(r"[^\w ]+", " ", plain(text).replace("'", "")).replace("  ", " ")


def without(locale: str, what: str, text: str) -> str:
    """A text without the words that say this: what is left of "cant serve, no pharmacist"."""
    for phrase in _longest_first(library.phrases(locale, "outlet", what)):
        found = re.search(rf"(?i)(?<!\w){re.escape(phrase)}(?!\w)", text.replace("\u2019", "'"))
        if found:
            text = f"{text[: found.start()]} {text[found.end() :]}"
            break
    return " ".join(text.split()).strip(_EDGES + " -")


def _longest_first(phrases: Iterable[str]) -> list[str]:
    return sorted(phrases, key=len, reverse=True)


def stock_entry(locale: str, text: str, products: Mapping[str, str]) -> bool:
    """ "got 10 nasal n2700 exp 5/28": what may follow STOCK, said without it and in full."""
    found = first_word(text, library.after_words(locale, "stock"))
    if found is None or found[0] not in ("add", "count", "lost", "expired", "returned"):
        return False
    entry = read_entry(found[1], products)
    return bool(entry.quantity and entry.batch and (entry.product or found[0] != "add"))


def number_first(locale: str, text: str) -> str:
    """ "one to a user" → "1 to a user"; "" where no number of kits comes first."""
    if re.match(r"\d{1,2}x?(?:\s|$)", text, re.IGNORECASE):
        return text
    found = first_word(text, library.after_words(locale, "issued"))
    return f"{found[0]} {found[1]}".strip() if found else ""

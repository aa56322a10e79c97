"""Postcodes as people type them: "dn 31 3 eq", "DN3I 3EQ", "im in b97 can i get a kit"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from db.reference.gazetteer import Gazetteer, Spot

SHAPES = ("A9", "A99", "AA9", "AA99", "A9A", "AA9A")
TO_LETTER = {"0": "O", "1": "I"}
TO_DIGIT = {"O": "0", "I": "1", "L": "1"}
INWARD = re.compile(r"[0-9OIL][ABD-HJLNP-UW-Z]{2}")
CUT_SHORT = re.compile(r"[0-9][ABD-HJLNP-UW-Z]?")  # "7" or "7D" of 7DL
EIRCODE = re.compile(r"(?:[AC-FHKNPRTV-Y][0-9]{2}|D6W)([0-9AC-FHKNPRTV-Y]{4})")
# Districts that are also ways to write mate, wait, before, late, me too.
TEXT_SPEAK = frozenset({"M8", "W8", "B4", "L8", "ME2"})
# Areas that are also words: "so 15 minutes" is not Southampton. Single letters count too.
WORD_AREAS = frozenset({"CO", "DA", "DE", "HA", "IM", "LA", "ME", "OX", "PA", "SO", "ST"})
LEADS = frozenset({"IN", "AT", "NEAR", "FROM", "POSTCODE", "IS", "ITS"})
# What follows a number that counts things, and so is no part of a postcode.
_COUNTED = """AM BOXES DAYS DOSES FRIENDS HOURS HRS KIT KITS LADS MATES MIN MINS MINUTES MILE
    MILES MORE OF PENS PEOPLE PM SPARE SPRAYS TIMES WEEKS X"""
COUNTED = frozenset(_COUNTED.split())


@dataclass(frozen=True, slots=True)
class Code:
    """A postcode or part of one. `sector` ("DN31 3") and `spot` only as far as they exist."""

    outcode: str
    sector: str | None = None
    spot: Spot | None = None


# Best first: rank, letters mended, position in the text.
_Ranked = tuple[int, int, int, Code]


def find_code(text: str, gazetteer: Gazetteer, *, strict: bool) -> Code | None:
    """The most exact postcode in the text that exists, or as much of it as does.

    `strict`, for free text: no mended letters, and nothing that could be ordinary words.
    """
    tokens = re.findall(r"[A-Z0-9]+", re.sub(r"['’`]", "", text.upper()))
    found: list[_Ranked] = []
    for start in range(len(tokens)):
        for size in range(1, min(4, len(tokens) - start) + 1):
            found += _codes(tokens, start, size, gazetteer, strict)
    best = min(found, key=lambda ranked: ranked[:3], default=None)
    return best[3] if best else None


def has_eircode(text: str) -> bool:
    """Whether the text holds an Irish postcode ("D02 X285")."""
    joined = re.sub(r"(?<=\b[A-Z][0-9][0-9W])[ -](?=[A-Z0-9]{4}\b)", "", text.upper())
    matches = (EIRCODE.fullmatch(token) for token in re.findall(r"[A-Z0-9]+", joined))
    # Letters only would be a word after a British district ("e14 near").
    return any(m and re.search(r"[0-9]", m[1]) and re.search(r"[A-Z]", m[1]) for m in matches)


def _codes(
    tokens: list[str], start: int, size: int, gazetteer: Gazetteer, strict: bool
) -> Iterator[_Ranked]:
    window = tokens[start : start + size]
    joined = "".join(window)
    if not any(c.isdigit() for c in joined):
        return
    for rank, slips, code in _full(joined, gazetteer):
        if not strict or (slips == 0 and code.sector and (code.spot or size <= 2)):
            yield rank, slips, start, code
    whole = size == len(tokens)
    lead = start > 0 and tokens[start - 1] in LEADS
    if _may_be_words(window) and (strict or not whole) and not (lead and size == 1):
        return
    following = tokens[start + size] if start + size < len(tokens) else ""
    if size <= 3 and following not in COUNTED and (code_ := _sector(window, gazetteer)):
        yield 3, 0, start, code_
    if size == 1 or (size == 2 and window[0].isalpha()):
        for outcode, slips in _outwards(joined, gazetteer):
            if not (strict and slips):
                yield 4 + (slips > 0), slips, start, Code(outcode)


def _may_be_words(window: list[str]) -> bool:
    """Whether what stands there could be ordinary words and numbers."""
    first = window[0]
    return first in TEXT_SPEAK or (first.isalpha() and (len(first) == 1 or first in WORD_AREAS))


def _full(joined: str, gazetteer: Gazetteer) -> Iterator[tuple[int, int, Code]]:
    """A whole postcode: (rank, mended letters, code), the code only as far as it exists."""
    outward, inward = joined[:-3], joined[-3:]
    if not 5 <= len(joined) <= 7 or not INWARD.fullmatch(inward):
        return
    inward_slips = int(not inward[0].isdigit())
    digit = TO_DIGIT.get(inward[0], inward[0])
    for outcode, slips in _outwards(outward, gazetteer):
        slips += inward_slips
        sector = f"{outcode} {digit}"
        if spot := gazetteer.postcode(sector + inward[1:]):
            yield int(slips > 0), slips, Code(outcode, sector, spot)
        elif gazetteer.sector(sector):
            yield 2, slips, Code(outcode, sector)
        elif not slips:
            yield 4, slips, Code(outcode)


def _sector(window: list[str], gazetteer: Gazetteer) -> Code | None:
    """ "DN37 7", "dn 37 7", "DN377", or a postcode that breaks off ("DN37 7D")."""
    outward, inward = "".join(window[:-1]), window[-1]
    if not outward:
        if any(True for _ in _outwards(inward, gazetteer)):  # W12 is a district, not W1 2
            return None
        outward, inward = inward[:-1], inward[-1]
    if not CUT_SHORT.fullmatch(inward):
        return None
    sector = f"{outward} {inward[0]}"
    if outward.isalpha() or not gazetteer.outcode(outward) or not gazetteer.sector(sector):
        return None
    return Code(outward, sector)


def _outwards(raw: str, gazetteer: Gazetteer) -> Iterator[tuple[str, int]]:
    """Live districts that the letters may mean, with how many of them had to be mended."""
    for shape in SHAPES:
        if len(shape) != len(raw):
            continue
        wanted = [(TO_LETTER if kind == "A" else TO_DIGIT, kind) for kind in shape]
        mended = "".join(
            char if char.isdigit() == (kind == "9") else table.get(char, " ")
            for char, (table, kind) in zip(raw, wanted, strict=True)
        )
        code = re.sub(r"^([A-Z]+)0(?=[0-9])", r"\1", mended)  # "DN01" means DN1
        if " " not in code and gazetteer.outcode(code):
            yield code, sum(a != b for a, b in zip(raw, mended, strict=True))

"""People who answer what they are asked, so that a story goes on whatever happens to the line."""

from __future__ import annotations

import random
import re

PLACES = ("dn31 3eq", "DN35", "dn33 2", "Laceby")
_ASKED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("OK to go on?", ("YES",)),
    ("18 or over", ("YES",)),
    ("Who is the kit for", ("1", "2")),
    ("Where are you?", PLACES),
    ("Two kinds of kit", ("1", "2", "3", "3")),
    ("How would you like to get it", ("1", "1", "1", "2")),
    ("You already have request", ("1",)),
    ("may we", ()),
    ("May we", ()),
    ("Reply YES or NO", ("YES",)),
    ("NEXT or SKIP", ("NEXT", "SKIP", "SKIP")),
    ("What first?", ("1",)),
    ("Did you get it?", ("YES",)),
    ("How old is", ("5",)),
    ("And are they", ("4",)),
)
_OFFER = re.compile(r"ACCEPT (\d+) or DECLINE")
_YOURS = re.compile(r"Thank you, (\w{4}) is yours")
REF = re.compile(r"Your request is (\w{4})")


def requester_says(text: str, chance: random.Random) -> str | None:
    """What somebody who wants a kit texts back, if anything."""
    says = next((says for asked, says in _ASKED if asked in text), ())
    return chance.choice(says) if says else None


def peer_says(text: str, chance: random.Random) -> str | None:
    """Most offers are accepted and most kits handed over; some are not, some are not answered."""
    if found := _OFFER.search(text):
        word = chance.choice(("ACCEPT", "ACCEPT", "ACCEPT", "DECLINE", ""))
        return f"{word} {found.group(1)}" if word else None
    if found := _YOURS.search(text):
        word = chance.choice(("ISSUED", "ISSUED", "ISSUED", "CANT", ""))
        return f"{word} {found.group(1)}" if word else None
    return None

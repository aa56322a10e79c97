"""What a message wants: its intent, what else it asks, and the facts it already gives.

Whole messages that are a word we teach ("STOP", "KIT", "YES") are looked up and nothing else is
tried. For the rest every phrase rule votes with its weight. An emergency comes before everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from content.phrasebook import fold, phrasebook
from handlers.engine.emergency import Verdict, judge
from handlers.engine.reading import Match, Reading, find, read

ENOUGH = 3  # the weight at which a second intent is worth mentioning
MOST = 240  # words: whatever a longer text wants besides, an answer cannot cover it
OUTCODE = re.compile(r"\b[a-z]{1,2}\s?[0-9][0-9a-z]?(?:\s*[0-9]\s*[a-z]{2})?\b", re.IGNORECASE)
PLACE = re.compile(
    r"[a-z]{2,}(?:by|thorpe|ham|ton|ford|bury|ley|field|worth|wick|port|mouth|pool|chester|cester|"
    r"minster|wich|ditch|stead|wood|bridge|burgh|borough|hall|combe|dale|gate|hampton|shire|well|"
    r"stow|stock|ster|caster|church|sea|hill|hurst|ness|head|over|den|don|low|ness|vern|sham)"
)
CODE = re.compile(r"\s*(?:a|accept)\s+[a-z]?\d{3,5}\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Understood:
    intent: str
    also: tuple[str, ...] = ()
    slots: dict[str, str] = field(default_factory=dict)
    emergency: bool = False
    why: tuple[str, ...] = ()


def looks_like_place(text: str) -> bool:
    """A guess by the ending of English place names; a gazetteer knows better."""
    return len(text.split()) <= 3 and any(PLACE.fullmatch(w) for w in fold(text).split())


def understand(text: str, is_place: Callable[[str], bool] = looks_like_place) -> Understood:
    reading = read(text)
    verdict = judge(reading)
    ranked = _ranked(text, reading, verdict, is_place)
    if verdict.is_emergency:
        also = tuple(i for i, _, _ in ranked if i not in ("emergency", "unclear"))
        return Understood("emergency", also, _slots(reading), True, verdict.why)
    if not ranked:
        return Understood("unclear", slots=_slots(reading))
    intent, _, why = ranked[0]
    also = tuple(i for i, w, _ in ranked[1:] if w >= ENOUGH and i != "unclear")
    return Understood(intent, also, _slots(reading), False, (why,))


def exactly(text: str) -> str:
    """The intent of a message that is nothing but a word we teach; "" for any other."""
    words = re.sub(r"[.,!\"()*]+", " ", fold(text)).replace("'", "").split()
    exact = phrasebook().exact
    return exact.get(" ".join(words)) or exact.get(" ".join(words).rstrip(" ?")) or ""


Vote = tuple[str, float, str]


def _ranked(
    text: str, reading: Reading, verdict: Verdict, is_place: Callable[[str], bool]
) -> list[Vote]:
    exact = exactly(text)
    if exact:
        return [(exact, 9.0, f"exact: {fold(text).strip()}")]
    best: dict[str, Vote] = {}
    for intent, weight, why in _votes(text, reading, verdict, is_place):
        if intent not in best or best[intent][1] < weight:
            best[intent] = (intent, weight, why)
    return sorted(best.values(), key=lambda vote: -vote[1])


def _votes(
    text: str, reading: Reading, verdict: Verdict, is_place: Callable[[str], bool]
) -> Iterable[Vote]:
    if len(reading.cells) <= MOST:
        for match in find(reading, "intent"):
            length = match.end - match.start
            why = f"{match.rule.id}: {reading.text(match.start, match.end)}"
            yield match.rule.intent, match.rule.weight + length / 100, why
    if CODE.fullmatch(text):
        yield "peer_accept", 9.0, "a request's code"
    postcode = OUTCODE.search(text)
    if postcode:
        alone = len(text) - len(postcode.group()) < 3
        yield "location", 5.0 if alone else 3.0, f"postcode: {postcode.group()}"
    elif is_place(text):
        yield "location", 1.5, "sounds like a place"
    for why in verdict.taken_back:
        if why.endswith("(general)"):
            yield "advice", 1.5, why


def _slots(reading: Reading) -> dict[str, str]:
    found: dict[str, Match] = {}
    for match in find(reading, "slot") if len(reading.cells) <= MOST else ():
        slot = match.rule.slot
        if slot not in found or match.end - match.start > found[slot].end - found[slot].start:
            found[slot] = match
    return {slot: match.rule.value for slot, match in sorted(found.items())}


def as_json(text: str) -> dict[str, object]:
    """For `kitline understand`."""
    found = understand(text)
    return {
        "text": text,
        "emergency": found.emergency,
        "intent": found.intent,
        "also": list(found.also),
        "slots": found.slots,
        "why": list(found.why),
    }

"""What a message wants: its intent, what else it asks, and the facts it already gives.

Whole messages that are a word we teach ("STOP", "KIT", "YES") are looked up and nothing else is
tried. For the rest every phrase rule votes with its weight, and the hunch with its own. An
emergency comes before everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from content.phrasebook import fold, phrasebook
from handlers.engine.emergency import Verdict, judge
from handlers.engine.hunch import sounds_like
from handlers.engine.reading import Reading, find, read

ENOUGH = 3  # the weight at which a second intent is worth mentioning
NOT_BESIDE = ("emergency", "unclear")
ASKS_FOR_A_KIT = ("request_kit", "replace_kit")
HUNCH = 5  # the weight of a hunch that is sure
FAINT = 0.7  # a hunch weaker than this says nothing
SURE = 2.5  # and alone, where no rule has an opinion, it has to be as strong as this
NEVER_BY_HUNCH = {"stop", "start", "delete_data", "yes", "no", "peer_accept", "peer_decline"}
MOST = 240  # words: whatever a longer text wants besides, an answer cannot cover it
OUTCODE = re.compile(r"\b[a-z]{1,2}\s?[0-9][0-9a-z]?(?:\s*[0-9]\s*[a-z]{2})?\b", re.IGNORECASE)
AGE = re.compile(r"(?:im|am)\s?[1-9][0-9]", re.IGNORECASE)  # "im 17" is no postcode
PLACE = re.compile(
    r"[a-z]{2,}(?:by|thorpe|ham|ton|ford|bury|ley|field|worth|wick|port|mouth|pool|chester|cester|"
    r"minster|wich|ditch|stead|wood|bridge|burgh|borough|hall|combe|dale|gate|hampton|shire|well|"
    r"stow|stock|ster|caster|church|sea|hill|hurst|ness|head|over|den|don|low|ness|vern|sham)"
)
ASKS = re.compile(
    r"(?:is|are|am|do|does|did|can|could|will|would|should|what\w*|who\w*|how\w*|when|where\w*|which)\b"
    r"|.*\?\s*$",
    re.DOTALL,
)  # whoever asks has said neither yes nor no: a consent is never taken from a question
CODE = re.compile(r"\s*(?:a|accept)\s+[a-z]?\d{3,5}\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Understood:
    intent: str
    also: tuple[str, ...] = ()
    slots: dict[str, str] = field(default_factory=dict)
    emergency: bool = False
    why: tuple[str, ...] = ()
    language: str = ""  # of the rule that decided


class Vote(NamedTuple):
    intent: str
    weight: float
    why: str
    language: str = ""
    slots: tuple[tuple[str, str], ...] = ()  # "danger: child" comes with the rule that saw it
    said: float = 0  # the weight without the hunch


def looks_like_place(text: str) -> bool:
    """A guess by the ending of English place names; a gazetteer knows better."""
    return len(text.split()) <= 3 and any(PLACE.fullmatch(w) for w in fold(text).split())


def understand(text: str, is_place: Callable[[str], bool] = looks_like_place) -> Understood:
    reading = read(text)
    verdict = judge(reading)
    ranked = _ranked(text, reading, verdict, is_place)
    slots = _slots(reading) | {slot: value for vote in ranked for slot, value in vote.slots}
    if "under_18" in slots and slots.get("danger") == "violence":
        slots["danger"] = "child"  # a child who is hurt
    if verdict.is_emergency:
        also = tuple(v.intent for v in ranked if v.said and v.intent not in NOT_BESIDE)
        return Understood("emergency", also, slots, True, verdict.why, verdict.language)
    if not ranked:
        return Understood("unclear", slots=slots)
    first, *others = _kit_before_age(ranked)
    also = tuple(v.intent for v in others if v.said >= ENOUGH and v.intent not in NOT_BESIDE)
    return Understood(first.intent, also, slots, False, (first.why,), first.language)


def _kit_before_age(ranked: list[Vote]) -> list[Vote]:
    """ "im 15 can i get a kit": answered about the kit, and the slot tells the age."""
    if ranked[0].why.startswith("en/under-18"):
        ranked.sort(key=lambda v: v.intent in ASKS_FOR_A_KIT and v.said >= ENOUGH, reverse=True)
    return ranked


def _exactly(text: str) -> Vote | None:
    """A message that is nothing but a word we teach."""
    words = " ".join(re.sub(r"[.,!\"()*]+", " ", fold(text)).replace("'", "").split())
    exact = phrasebook().exact
    found = exact.get(words) or exact.get(words.rstrip(" ?"))
    return Vote(found[0], 9.0, f"exact: {fold(text).strip()}", found[1]) if found else None


def _ranked(
    text: str, reading: Reading, verdict: Verdict, is_place: Callable[[str], bool]
) -> list[Vote]:
    asks = ASKS.match(fold(text).strip()) is not None
    never = ("yes", "no") if asks else ()
    exact = _exactly(text)
    if exact:
        return [] if exact.intent in never else [exact]
    best: dict[str, Vote] = {}
    for vote in _votes(text, reading, verdict, is_place):
        if vote.intent not in best or best[vote.intent].weight < vote.weight:
            best[vote.intent] = vote
    if reading.cells:
        _add_hunch(best, reading, asks=asks)
    return sorted((v for v in best.values() if v.intent not in never), key=lambda v: -v.weight)


def _add_hunch(best: dict[str, Vote], reading: Reading, *, asks: bool) -> None:
    """What it sounds like strengthens a vote, and stands alone where no rule has one.

    A question that a rule takes for one stays one: "how do i check my kit" asks for no kit.
    """
    said = any(vote.said >= ENOUGH for vote in best.values())
    for intent, share in sounds_like(reading).likely.items():
        weight = HUNCH * share
        unsaid = intent not in best
        if intent == "emergency" or weight < (SURE if unsaid else FAINT):
            continue
        if unsaid and (intent in NEVER_BY_HUNCH or (said and intent == "unclear")):
            continue
        if unsaid and asks and "advice" in best:
            continue
        vote = best.get(intent, Vote(intent, 0, f"sounds like {intent} ({share:.2f})"))
        best[intent] = vote._replace(weight=vote.weight + weight)


def _votes(
    text: str, reading: Reading, verdict: Verdict, is_place: Callable[[str], bool]
) -> Iterable[Vote]:
    if len(reading.cells) <= MOST:
        for match in find(reading, "intent"):
            rule = match.rule
            why = f"{rule.id}: {reading.text(match.start, match.end)}"
            weight = rule.weight + (match.end - match.start) / 100
            slots = ((rule.slot, rule.value),) if rule.slot else ()
            yield Vote(rule.intent, weight, why, rule.language, slots, weight)
    if CODE.fullmatch(text):
        yield Vote("peer_accept", 9.0, "a request's code")
    postcode = OUTCODE.search(text)
    if postcode and not AGE.match(postcode.group()):
        alone = len(text) - len(postcode.group()) < 3
        weight = 5.0 if alone else 3.0
        yield Vote("location", weight, f"postcode: {postcode.group()}", said=weight)
    elif is_place(text):
        yield Vote("location", 1.5, "sounds like a place")
    for why in verdict.taken_back:
        if why.endswith("(general)"):
            yield Vote("advice", 1.5, why)


def _slots(reading: Reading) -> dict[str, str]:
    """The facts given; of two that speak to the same one the heavier counts, then the longer."""
    best: dict[str, tuple[float, int, str]] = {}
    for match in find(reading, "slot") if len(reading.cells) <= MOST else ():
        rule = match.rule
        this = (rule.weight, match.end - match.start, rule.value)
        if rule.slot not in best or best[rule.slot][:2] < this[:2]:
            best[rule.slot] = this
    return {slot: value for slot, (_, _, value) in sorted(best.items())}


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

"""How much a message sounds like each intent, where no phrase rule has an opinion.

The words of a message (mended, as the rules read them), their classes, and pairs of them near each
other each speak for or against an intent. It is a second opinion: how far it is trusted is
said where it is asked (`emergency.py`, `understanding.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from content.hunch import Hunch, hunch
from content.phrasebook import phrasebook
from handlers.engine.reading import Cell, Reading

MOST = 120  # words: a long text is judged by its end
TELLING = 3  # features: enough to say why
CLASSES = (
    *("person", "child", "drug", "kit", "breathe", "wake", "blue", "lips", "pet", "thing"),
    *("treat", "took", "day", "month", "number", "wont", "services"),
)


@dataclass(frozen=True)
class Sounds:
    likely: dict[str, float]  # intent -> probability
    telling: tuple[str, ...]  # what spoke loudest for an emergency


@cache
def _class_of() -> dict[str, str]:
    english = phrasebook().words["en"]
    found: dict[str, str] = {}
    for name in CLASSES:
        for word in english[name]:
            found.setdefault(word, f"<{name}>")
    return found


def features(cells: tuple[Cell, ...]) -> set[str]:
    """Words, classes, and pairs of classes next to each other or with one word between."""
    classes = _class_of()
    words = ["#" if cell[0].isdigit() else cell[0] for cell in cells]
    row = ["^", *(classes.get(word, word) for word in words), "$"]
    pairs = {f"{a} {b}" for a, b in pairwise(row)}
    apart = {f"{a} .. {b}" for a, b in zip(row, row[2:], strict=False)}
    return {*words, *row, *pairs, *apart}


def sounds_like(reading: Reading) -> Sounds:
    return _sounds_like(reading.cells[-MOST:], hunch())


@lru_cache(maxsize=2)  # asked twice a message
def _sounds_like(cells: tuple[Cell, ...], model: Hunch) -> Sounds:
    found = features(cells)
    size = 1 / math.sqrt(len(found))
    scores = [0.0] * len(model.intents)
    urgent = model.intents.index("emergency")
    loud: list[tuple[float, str]] = []
    for feature in found:
        for place, weight in model.weights.get(feature, ()):
            scores[place] += weight
            if place == urgent and weight > 0:
                loud.append((-weight, feature))
    shares = [math.exp(score * size) for score in scores]
    whole = sum(shares)
    likely = {intent: share / whole for intent, share in zip(model.intents, shares, strict=True)}
    return Sounds(likely, tuple(feature for _, feature in sorted(loud)[:TELLING]))

"""Makes content/phrases/hunch.txt from the example phrases: python -m tools.train_hunch.

A linear model with a softmax, trained by AdaGrad in plain Python, the same file every time. A row
may allow several intents ("also accept"), or only say that it is nothing grave; then what the model
already believes of the allowed ones is made to add up to one. tests/data/fresh_final.csv is never
read: it is what the model is measured with.
"""

from __future__ import annotations

import csv
import hashlib
import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from content.hunch import SCALE, WEIGHTS
from handlers.engine.hunch import MOST, features
from handlers.engine.reading import read

DATA = Path(__file__).parents[1] / "tests" / "data"
SOURCES = (
    *("phrases_dev.csv", "phrases_more.csv", "phrases_everyday.csv"),
    *("fresh_dev.csv", "fresh_held.csv"),
)
ROUNDS = 12
STEP = 0.6
GRAVE = {"emergency", "crisis", "stop", "delete_data", "abuse", "spam"}  # an unnamed row is none
SHRINK = 0.0004
LEAST = 2  # a feature seen in one row only says nothing
FAINT = 1.0  # fainter weights are left out, which changes nothing that can be measured

Row = dict[str, str]
Example = tuple[tuple[int, ...], float, frozenset[int]]


def rows(names: Iterable[str] = SOURCES) -> list[Row]:
    found: list[Row] = []
    for name in names:
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            found += csv.DictReader(file)
    return found


def fingerprint(some: Sequence[Row]) -> str:
    told = "\n".join(f"{r['text']}|{r['intent']}|{r['emergency']}" for r in some)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def allowed(row: Row, intents: Sequence[str]) -> frozenset[int]:
    if row["emergency"] == "1":
        return frozenset((intents.index("emergency"),))
    _, _, also = (row.get("notes") or "").partition("also accept:")
    named = {row["intent"], *(name.strip() for name in also.split(";")[0].split(","))}
    right = frozenset(i for i, intent in enumerate(intents) if intent in named)
    return right or frozenset(i for i, intent in enumerate(intents) if intent not in GRAVE)


def train(some: Sequence[Row], intents: Sequence[str]) -> dict[str, list[float]]:
    seen = [features(read(row["text"]).cells[-MOST:]) for row in some]
    often = Counter(feature for found in seen for feature in found)
    names = sorted(feature for feature, n in often.items() if n >= LEAST)
    place = {name: i for i, name in enumerate(names)}
    examples: list[Example] = []
    for row, found in zip(some, seen, strict=True):
        known = tuple(sorted(place[f] for f in found if f in place))
        examples.append((known, 1 / math.sqrt(len(found)), allowed(row, intents)))
    weights = [[0.0] * len(intents) for _ in names]
    steps = [[1e-6] * len(intents) for _ in names]
    chance = random.Random(7)
    for _ in range(ROUNDS):
        chance.shuffle(examples)
        for example in examples:
            learn(example, weights, steps)
    return dict(zip(names, weights, strict=True))


def learn(example: Example, weights: list[list[float]], steps: list[list[float]]) -> None:
    known, size, right = example
    intents = range(len(weights[0]))
    scores = [0.0] * len(intents)
    for place in known:
        for i, weight in enumerate(weights[place]):
            scores[i] += weight
    shares = [math.exp(score * size) for score in scores]
    whole = sum(shares)
    good = sum(shares[i] for i in right)
    pull = [(shares[i] / good if i in right else 0.0) - shares[i] / whole for i in intents]
    moved = [(i, p * size) for i, p in enumerate(pull) if abs(p) > 0.01]
    for place in known:
        row, step = weights[place], steps[place]
        for i, p in moved:
            p -= SHRINK * row[i]
            step[i] += p * p
            row[i] += STEP * p / math.sqrt(step[i])


def told(weights: dict[str, list[float]]) -> Iterable[str]:
    """One line a feature. What it says of most intents alike says nothing, and is left out."""
    for feature, row in sorted(weights.items()):
        middle = median(row)
        told_apart = [(i, w - middle) for i, w in enumerate(row) if abs(w - middle) >= FAINT]
        pairs = [(i, round(w * SCALE)) for i, w in told_apart]
        if pairs:
            yield feature + "\t" + " ".join(f"{i} {w}" for i, w in pairs)


def made_from(some: Sequence[Row]) -> str:
    """The whole file."""
    intents = sorted({row["intent"] for row in rows(("phrases_dev.csv",))})
    lines = told(train(some, intents))
    return "\n".join([f"# {fingerprint(some)}", " ".join(intents), *lines]) + "\n"


def main() -> None:
    """Write it."""
    WEIGHTS.write_text(made_from(rows()), encoding="utf-8")


if __name__ == "__main__":
    main()

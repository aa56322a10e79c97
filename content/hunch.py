"""What words sound like: a small linear model beside the phrase rules.

`phrases/hunch.txt` holds one line a feature, made by `tools/train_hunch.py`: the feature, a tab,
and how strongly it speaks for or against each intent. Nothing is learnt while the service runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WEIGHTS = Path(__file__).parent / "phrases" / "hunch.txt"
SCALE = 10  # weights are kept as whole tenths


@dataclass(frozen=True, eq=False)
class Hunch:
    rows: str  # the fingerprint of the example rows it was made from
    intents: tuple[str, ...]
    weights: Mapping[str, tuple[tuple[int, float], ...]]  # feature -> (place of intent, weight)


def parse(text: str) -> Hunch:
    head, intents, *lines = text.splitlines()
    weights = {}
    for line in lines:
        feature, _, pairs = line.partition("\t")
        numbers = [int(n) for n in pairs.split()]
        weights[feature] = tuple(
            (place, weight / SCALE)
            for place, weight in zip(numbers[::2], numbers[1::2], strict=True)
        )
    return Hunch(head.removeprefix("# "), tuple(intents.split()), weights)


@cache
def hunch() -> Hunch:
    return parse(WEIGHTS.read_text(encoding="utf-8"))

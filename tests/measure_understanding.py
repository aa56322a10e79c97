"""Prints how well the phrase rules do on tests/data/phrases_dev.csv (`make understanding`).

A third of the phrases was held back while the rules were written; the two parts are told apart by
a hash of the text, so that they stay apart. Under 30 phrases there are counts, no percentages.
"""

from __future__ import annotations

import csv
import hashlib
import random
import statistics
import time
from collections.abc import Callable, Iterable
from operator import itemgetter
from pathlib import Path

from handlers.engine.emergency import emergency
from handlers.engine.understanding import understand

PHRASES = Path(__file__).parent / "data" / "phrases_dev.csv"
READ_BEFORE_THE_SPLIT = 29  # the first rows, seen before anything was held back
SEED = "kitline-1:"

Row = dict[str, str]


def rows() -> list[Row]:
    with PHRASES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_held_back(place: int, text: str) -> bool:
    digest = hashlib.sha256((SEED + text).encode()).hexdigest()
    return place >= READ_BEFORE_THE_SPLIT and int(digest, 16) % 3 == 0


def parts() -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {"written from": [], "held back": []}
    for place, row in enumerate(rows()):
        found["held back" if is_held_back(place, row["text"]) else "written from"].append(row)
    return found


def right_intents(row: Row) -> set[str]:
    _, _, also = row["notes"].partition("also accept:")
    return {row["intent"], *(name.strip() for name in also.split(";")[0].split(",") if name)}


def hard_kind(row: Row) -> str:
    kind = row["notes"].split(";")[0]
    return kind.removeprefix("hard negative: ") if kind.startswith("hard negative") else ""


def is_right(row: Row) -> bool:
    return understand(row["text"]).intent in right_intents(row)


def is_false_alarm(row: Row) -> bool:
    return emergency(row["text"]).is_emergency and "emergency" not in right_intents(row)


def k_of_n(good: int, of: int) -> str:
    return f"{good}/{of}" + (f" ({100 * good / of:.1f} %)" if of >= 30 else "")


def counted(some: Iterable[Row], passes: Callable[[Row], bool]) -> str:
    verdicts = [passes(row) for row in some]
    return k_of_n(sum(verdicts), len(verdicts)) if verdicts else "-"


def by(key: Callable[[Row], str], some: Iterable[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in some:
        groups.setdefault(key(row), []).append(row)
    return dict(sorted(groups.items()))


def with_typo(text: str, chance: random.Random) -> str:
    """One slip: a letter left out, put in, replaced, or swapped with the next."""
    i = chance.randrange(len(text))
    letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
    return chance.choice(
        (
            text[:i] + text[i + 1 :],
            text[:i] + letter + text[i:],
            text[:i] + letter + text[i + 1 :],
            text[:i] + text[i + 1 : i + 2] + text[i] + text[i + 2 :],
        )
    )


def survives_typos(some: Iterable[Row], times: int = 20) -> str:
    chance = random.Random(2026)
    texts = [r["text"] for r in some if r["emergency"] == "1" and emergency(r["text"]).is_emergency]
    slips = [with_typo(text, chance) for text in texts for _ in range(times)]
    return k_of_n(sum(emergency(slip).is_emergency for slip in slips), len(slips))


def line(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |")


def table(title: str, groups: dict[str, dict[str, str]]) -> None:
    names = list(groups)
    print(f"\n### {title}\n")
    line("", *names)
    line(*["---"] * (len(names) + 1))
    for key in sorted({key for group in groups.values() for key in group}):
        line(key, *(groups[name].get(key, "-") for name in names))


def overall(some: list[Row]) -> dict[str, str]:
    urgent = [r for r in some if r["emergency"] == "1"]
    hard = [r for r in some if r["emergency"] == "0" and hard_kind(r)]
    easy = [r for r in some if r["emergency"] == "0" and not hard_kind(r)]
    return {
        "1 emergencies recognised": counted(urgent, lambda r: emergency(r["text"]).is_emergency),
        "2 false alarms, hard negatives": counted(hard, is_false_alarm),
        "3 false alarms, all others": counted(easy, is_false_alarm),
        "4 intent right": counted(some, is_right),
        "5 emergency survives one typo": survives_typos(some),
    }


def timings(some: list[Row]) -> None:
    for name, function in (("emergency()", emergency), ("understand()", understand)):
        took = []
        for row in some:
            start = time.perf_counter()
            function(row["text"])
            took.append((time.perf_counter() - start) * 1e6)
        print(f"{name}: median {statistics.median(took):.0f} µs, slowest {max(took):.0f} µs")


def main() -> None:
    split = parts()
    urgent = {n: [r for r in p if r["emergency"] == "1"] for n, p in split.items()}
    hard = {n: [r for r in p if r["emergency"] == "0" and hard_kind(r)] for n, p in split.items()}
    table("Overall", {name: overall(part) for name, part in split.items()})
    table(
        "Emergencies recognised, by language",
        {
            n: {
                k: counted(g, lambda r: emergency(r["text"]).is_emergency)
                for k, g in by(lambda r: r["lang"], part).items()
            }
            for n, part in urgent.items()
        },
    )
    table(
        "False alarms, by kind of hard negative",
        {
            n: {k: counted(g, is_false_alarm) for k, g in by(hard_kind, part).items()}
            for n, part in hard.items()
        },
    )
    for title, key in (("language", itemgetter("lang")), ("intent", itemgetter("intent"))):
        table(
            f"Intent right, by {title}",
            {
                n: {k: counted(g, is_right) for k, g in by(key, part).items()}
                for n, part in split.items()
            },
        )
    print()
    timings(rows())


if __name__ == "__main__":
    main()

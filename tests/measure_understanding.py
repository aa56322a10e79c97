"""Prints how well messages are understood (`make understanding`), for docs/understanding.md.

Three sets of example phrases: those the rules were written from; a third of phrases_dev.csv that
was held back from rule-writing; and fresh_final.csv, written by somebody who had not seen the
rules and read by nobody who wrote them. For the first two the hunch is cross-validated: each fifth
is judged by a model made from the other four. Under 30 phrases there are counts, no percentages.
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

from content.hunch import hunch, parse
from handlers.engine import hunch as engine_hunch
from handlers.engine.emergency import emergency
from handlers.engine.understanding import Understood, understand
from tools.train_hunch import made_from

DATA = Path(__file__).parent / "data"
READ_BEFORE_THE_SPLIT = 29  # the first rows, seen before anything was held back
SEED = "kitline-1:"
FOLDS = 5
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

Row = dict[str, str]
Seen = dict[str, Understood]


def rows(name: str = "phrases_dev.csv") -> list[Row]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def share_of(text: str, parts: int) -> int:
    return int(hashlib.sha256((SEED + text).encode()).hexdigest(), 16) % parts


def is_held_back(place: int, text: str) -> bool:
    return place >= READ_BEFORE_THE_SPLIT and share_of(text, 3) == 0


def parts() -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {"written from": [], "held back": []}
    for place, row in enumerate(rows()):
        found["held back" if is_held_back(place, row["text"]) else "written from"].append(row)
    found["written from"] += [*rows("fresh_dev.csv"), *rows("fresh_held.csv")]
    found["unseen"] = rows("fresh_final.csv")
    return found


def cross_validated(some: list[Row]) -> Seen:
    """Each row as understood with a hunch that was made without its fifth."""
    more, seen = [*rows("phrases_more.csv"), *rows("phrases_everyday.csv")], {}
    texts = {row["text"] for row in some}
    more = [row for row in more if row["text"] not in texts]
    for fold in range(FOLDS):
        rest = [row for row in some if share_of(row["text"], FOLDS) != fold]
        model = parse(made_from([*rest, *more]))
        engine_hunch.hunch = lambda model=model: model
        mine = (row["text"] for row in some if share_of(row["text"], FOLDS) == fold)
        seen |= {text: understand(text) for text in mine}
    engine_hunch.hunch = hunch
    return seen


def right_intents(row: Row) -> set[str]:
    _, _, also = row["notes"].partition("also accept:")
    return {row["intent"], *(name.strip() for name in also.split(";")[0].split(",") if name)}


def hard_kind(row: Row) -> str:
    kind = row["notes"].split(";")[0]
    return kind.removeprefix("hard negative: ") if kind.startswith("hard negative") else ""


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
    """One slip of the finger: two letters swapped, one dropped, doubled, or its neighbour hit."""
    i = chance.randrange(len(text))
    keys = next((row for row in KEYS if text[i].lower() in row), "")
    place = keys.find(text[i].lower())
    beside = keys[place - 1 : place] + keys[place + 1 : place + 2] or text[i]
    return chance.choice(
        (
            text[:i] + text[i + 1 : i + 2] + text[i] + text[i + 2 :],
            text[:i] + text[i + 1 :],
            text[:i] + text[i] + text[i:],
            text[:i] + chance.choice(beside) + text[i + 1 :],
        )
    )


def survives_typos(some: Iterable[Row], times: int = 20) -> tuple[int, int]:
    """How many slips in emergencies that are recognised are still recognised, of how many."""
    chance = random.Random(2026)
    texts = [r["text"] for r in some if r["emergency"] == "1" and emergency(r["text"]).is_emergency]
    slips = [with_typo(text, chance) for text in texts for _ in range(times)]
    return sum(emergency(slip).is_emergency for slip in slips), len(slips)


def line(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |")


def table(title: str, groups: dict[str, dict[str, str]]) -> None:
    names = list(groups)
    print(f"\n### {title}\n")
    line("", *names)
    line(*["---"] * (len(names) + 1))
    for key in sorted({key for group in groups.values() for key in group}):
        line(key, *(groups[name].get(key, "-") for name in names))


def tables(split: dict[str, list[Row]], seen: Seen) -> None:
    def recognised(row: Row) -> bool:
        return seen[row["text"]].emergency

    def is_alarm(row: Row) -> bool:
        return recognised(row) and "emergency" not in right_intents(row)

    def is_right(row: Row) -> bool:
        return seen[row["text"]].intent in right_intents(row)

    urgent = {n: [r for r in p if r["emergency"] == "1"] for n, p in split.items()}
    other = {n: [r for r in p if r["emergency"] == "0"] for n, p in split.items()}
    hard = {n: [r for r in p if hard_kind(r)] for n, p in other.items()}
    easy = {n: [r for r in p if not hard_kind(r)] for n, p in other.items()}
    overall = {
        name: {
            "1 emergencies recognised": counted(urgent[name], recognised),
            "2 false alarms, hard negatives": counted(hard[name], is_alarm),
            "3 false alarms, all others": counted(easy[name], is_alarm),
            "4 intent right": counted(part, is_right),
            "5 emergency survives one typo": k_of_n(*survives_typos(part)),
        }
        for name, part in split.items()
    }
    table("Overall", overall)
    lang, intent = itemgetter("lang"), itemgetter("intent")
    for title, some, key, passes in (
        ("Emergencies recognised, by language", urgent, lang, recognised),
        ("False alarms, by kind of hard negative", hard, hard_kind, is_alarm),
        ("Intent right, by language", split, lang, is_right),
        ("Intent right, by intent", split, intent, is_right),
    ):
        cells = {
            n: {k: counted(group, passes) for k, group in by(key, part).items()}
            for n, part in some.items()
        }
        table(title, cells)


def timings(some: list[Row]) -> None:
    """Each message once, as it comes: CPU time of this thread, after a short warm-up."""
    for name, function in (("emergency()", emergency), ("understand()", understand)):
        for row in some[:20]:
            function(row["text"])
        took = []
        for row in some[20:]:
            start = time.thread_time_ns()
            function(row["text"])
            took.append((time.thread_time_ns() - start) / 1000)
        mean, p99 = statistics.mean(took), statistics.quantiles(took, n=100)[98]
        print(f"{name}: mean {mean:.0f} µs, p99 {p99:.0f} µs, slowest {max(took):.0f} µs")


def main() -> None:
    split = parts()
    seen = cross_validated(split["written from"] + split["held back"])
    seen |= {row["text"]: understand(row["text"]) for row in split["unseen"]}
    tables(split, seen)
    print()
    timings(rows())


if __name__ == "__main__":
    main()

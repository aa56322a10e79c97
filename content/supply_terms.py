"""What may be supplied, and by whom, since when, as which publication says: supply_terms.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from content.findings import Finding

NEEDED = {
    "route": ("id", "suppliers", "forms", "nations", "from", "source"),
    "age": ("id", "product", "years", "from", "source"),
}


@dataclass(frozen=True, slots=True)
class Route:
    """A way in law: these suppliers may give kits of these forms, in these nations."""

    id: str
    suppliers: frozenset[str]
    forms: frozenset[str]
    nations: frozenset[str]
    since: date
    until: date | None
    source: str

    def allows(self, supplier: str, form: str, nation: str, day: date) -> bool:
        """Whether it is a way for this supplier, this form and this nation on that day."""
        return (
            supplier in self.suppliers
            and form in self.forms
            and nation in self.nations
            and _holds(self.since, self.until, day)
        )


@dataclass(frozen=True, slots=True)
class AgeFloor:
    """The youngest person (years) the label of a product is for."""

    id: str
    product: str
    years: int
    since: date
    until: date | None
    source: str

    def holds_on(self, day: date) -> bool:
        """Whether the label said so on that day."""
        return _holds(self.since, self.until, day)


def _holds(since: date, until: date | None, day: date) -> bool:
    return since <= day and (until is None or day <= until)


@cache
def routes() -> tuple[Route, ...]:
    """Every way in law."""
    return tuple(
        Route(
            id=one["id"],
            suppliers=frozenset(one["suppliers"]),
            forms=frozenset(one["forms"]),
            nations=frozenset(one["nations"]),
            since=one["from"],
            until=one.get("until"),
            source=one["source"],
        )
        for one in _file()["route"]
    )


@cache
def age_floors() -> tuple[AgeFloor, ...]:
    """Every label's youngest age."""
    return tuple(
        AgeFloor(
            id=one["id"],
            product=one["product"],
            years=one["years"],
            since=one["from"],
            until=one.get("until"),
            source=one["source"],
        )
        for one in _file()["age"]
    )


def _file() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "supply_terms.toml").read_text("utf-8"))


def wrong_terms(file: Mapping[str, Any], sources: Collection[str]) -> Iterator[Finding]:
    """Entries that lack a part, a day or a known source, or end before they begin."""
    for kind, needed in NEEDED.items():
        for nth, entry in enumerate(file.get(kind, ()), 1):
            where = f"supply_terms.{entry.get('id') or f'{kind} {nth}'}"
            for name in needed:
                if not entry.get(name):
                    yield Finding("supply terms", where, f"{name} is missing")
            source = entry.get("source")
            if source and source not in sources:
                yield Finding("unknown source", where, f"{source} is not in sources.toml")
            days = [entry[name] for name in ("from", "until") if entry.get(name)]
            if not all(type(day) is date for day in days):
                yield Finding("supply terms", where, "a day is written like 2024-12-31")
            elif days != sorted(days):
                yield Finding("supply terms", where, "ends before it begins")

"""The help lines: who they are, their numbers, and how long a check of a number counts."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Line:
    """One help line. ``always``: its number is sent whenever it was checked last."""

    key: str
    name: str
    number: str
    who: str
    source: str
    hours: str = ""
    nation: str = ""
    checked_on: date | None = None
    recheck_days: int = 0
    always: bool = False

    def is_fresh(self, today: date, checked_here: date | None = None) -> bool:
        """Whether the number may be sent: its newest check is neither too old nor still to come."""
        checks = [day for day in (self.checked_on, checked_here) if day and day <= today]
        if self.always:
            return True
        return bool(checks) and today - max(checks) <= timedelta(days=self.recheck_days)


@cache
def lines() -> dict[str, Line]:
    """Every line, in the order in which they are offered."""
    raw = tomllib.loads((Path(__file__).parent / "lines.toml").read_text("utf-8"))
    return {key: Line(key, who=one.pop("for"), **one) for key, one in raw.items()}


@cache
def always() -> tuple[str, ...]:
    """The numbers that may stand in a text."""
    return tuple(line.number for line in lines().values() if line.always)

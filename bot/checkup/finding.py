"""A finding: how bad, what, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Only FAIL makes a line unfit to serve."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. ``do`` says what to do; a fault without one is half a finding."""

    level: Level
    what: str
    do: str = ""


def ok(what: str) -> Finding:
    """As it should be."""
    return Finding(Level.OK, what)


def warn(what: str, do: str) -> Finding:
    """It works, but somebody should look."""
    return Finding(Level.WARN, what, do)


def fail(what: str, do: str) -> Finding:
    """Not fit to serve."""
    return Finding(Level.FAIL, what, do)

"""The publications that texts cite, as sources.toml lists them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """A publication, and the day on which it was read."""

    id: str
    title: str
    publisher: str
    url: str
    retrieved: date
    trust: str


@cache
def sources() -> dict[str, Source]:
    """Every source by its id."""
    file = tomllib.loads((Path(__file__).parent / "sources.toml").read_text("utf-8"))
    return {name: Source(name, **entry) for name, entry in file.items()}


def source(name: str) -> Source | None:
    """A source by its id, if there is one."""
    return sources().get(name)

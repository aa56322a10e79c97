"""The languages people write to us in, as `languages.toml` lists them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from content.phrasebook import fold

FILE = Path(__file__).parent / "languages.toml"


@dataclass(frozen=True)
class Language:
    """A language: what it is called, and what it is known by (see the head of the list)."""

    code: str
    name: str
    full: bool
    calls: frozenset[str]
    sure: frozenset[str]
    likely: frozenset[str]
    script: re.Pattern[str] | None
    letters: frozenset[str]


@cache
def languages() -> dict[str, Language]:
    """Every language by its code, in the order in which they are listed to people."""
    return {
        code: _language(code, entry)
        for code, entry in tomllib.loads(FILE.read_text("utf-8")).items()
    }


def _language(code: str, entry: dict[str, Any]) -> Language:
    script = entry.get("script", "")
    return Language(
        code=code,
        name=entry["name"],
        full=entry.get("full", False),
        calls=frozenset(fold(words) for words in entry["calls"]),
        sure=_words(entry.get("sure", "")),
        likely=_words(entry.get("likely", "")),
        script=re.compile(f"[{script}]") if script else None,
        letters=frozenset(entry.get("letters", "")),
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(text).split())

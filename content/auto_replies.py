"""How machines answer texts by themselves."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from content.phrasebook import fold


@cache
def _phrases() -> tuple[str, ...]:
    raw = tomllib.loads((Path(__file__).parent / "auto_replies.toml").read_text("utf-8"))
    return tuple(bare(phrase) for phrase in raw["phrases"])


def bare(text: str) -> str:
    """A text as it is compared: letters and single spaces; times and counters do not tell."""
    return " ".join(re.sub(r"[^a-z ]+", " ", fold(text).replace("'", "")).split())


def is_auto_reply(text: str) -> bool:
    """Whether a text has the shape of one that no person wrote just now."""
    said = f" {bare(text)} "
    return any(f" {phrase} " in said for phrase in _phrases())

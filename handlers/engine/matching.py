"""From what a person typed or pressed to the option they meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from rapidfuzz.distance import OSA

_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_SPACES = re.compile(r"\s+")
_NUMBER = re.compile(r"\b(\d{1,2})\b")
_POLITE = re.compile(r"\b(please|pls|plz|thanks|thank you|ta|mate|x+)$")


def plain(text: str) -> str:
    """Casefolded, straight quotes, single spaces, no punctuation at the edges."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return _EDGES.sub("", _SPACES.sub(" ", folded))


def _stands_in(word: str, said: str) -> bool:
    """ "my brother" in "its for my brother"; words of two letters stand in too much."""
    return len(word) > 2 and not word.isdigit() and f" {word} " in f" {said} "


def match_option(
    text: str, options: Sequence[str], words: Mapping[str, Sequence[str]], *, careful: bool
) -> str | None:
    """The option meant by ``text``: its number, label or a word for it, or None.

    ``words`` gives for each option what may be typed. A digit inside a sentence counts only where
    a wrong guess is harmless (``careful`` false); a typo is forgiven in words of five letters up.
    """
    said = plain(text)
    said = plain(_POLITE.sub("", said)) or said
    if not said:
        return None
    if said.isdigit() and 1 <= int(said) <= len(options):
        return options[int(said) - 1]
    for name in options:
        if said in words[name] or said == name:
            return name
    if not careful:
        numbers = _NUMBER.findall(said)
        if len(numbers) == 1 and len(said.split()) <= 3 and 1 <= int(numbers[0]) <= len(options):
            return options[int(numbers[0]) - 1]
        inside = {name for name in options for word in words[name] if _stands_in(word, said)}
        if len(inside) == 1 and len(said.split()) <= 8:
            return inside.pop()
    close = {
        name
        for name in options
        for word in words[name]
        if len(word) >= 5 and OSA.distance(said, word, score_cutoff=1) <= 1
    }
    return close.pop() if len(close) == 1 else None

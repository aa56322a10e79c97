"""Which language a message is in: a guess from its letters and words, or "" when unsure.

The lists are data (`content/languages.toml`). Scots counts as English, and English is never named:
whoever writes it is already answered in it.
"""

from __future__ import annotations

import re

from content.languages import Language, languages
from content.library import DEFAULT
from content.phrasebook import fold

ENOUGH = 2
MOST = 400  # characters: the language shows by then
_WORD = re.compile(r"\b[^\W\d_]+\b")  # a postcode is in no language: "LA1 3AM" is not Romanian
_GURMUKHI = "pa"
_ARABIC = "ar"


def language_of(text: str) -> str:
    """The code of the language a message is in, as `languages.toml` has it; "" when unsure."""
    text = text[:MOST]
    by_script = _by_script(text)
    if by_script:
        return by_script
    words = set(_WORD.findall(fold(text)))
    scores = {code: _score(words, one) for code, one in languages().items()}
    english = scores.pop(DEFAULT)
    best = max(scores, key=lambda code: scores[code])
    score = scores.pop(best)
    certain = score >= ENOUGH and score > english and score > max(scores.values())
    return best if certain else ""


def _by_script(text: str) -> str:
    """A language with letters of its own; Urdu's are those that Arabic does not have."""
    for code, language in languages().items():
        if language.script and len(language.script.findall(text)) >= ENOUGH:
            own = (c for c, one in languages().items() if not one.letters.isdisjoint(text))
            return next(own, code)
    return ""


def _score(words: set[str], language: Language) -> int:
    return ENOUGH * len(words & language.sure) + len(words & language.likely)


def heard_in(text: str, by_rules: str) -> str:
    """The language of a message; ``by_rules`` is what the phrase rules it met are written in."""
    found = language_of(text)
    if found or by_rules in ("", "en", "sco"):
        return found
    return f"{by_rules}-Latn" if f"{by_rules}-Latn" in languages() else by_rules


def named(text: str) -> str:
    """The language a whole message asks for ("po polsku", "in English please"), or ""."""
    said = " ".join(_WORD.findall(fold(text)))
    return next((code for code, one in languages().items() if said in one.calls), "")

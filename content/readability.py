"""Roughly how old a reader must be: Flesch-Kincaid, for a warning and nothing more."""

from __future__ import annotations

import re

TARGET_AGE = 9
TOO_SHORT = 12  # words; below that the formula says nothing

# Long words that this line cannot do without; its readers know them. Counted as two syllables.
KNOWN = frozenset(
    (
        *("ambulance", "childline", "coordinator", "coordinators", "emergency", "injection"),
        *("naloxone", "overdose", "pharmacies", "pharmacy", "samaritans"),
    )
)

_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")
_SENTENCE = re.compile(r"[.!?:;]+(?:\s|$)|\n+")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?<![aeiouyl])e$|(?<=[^aeiouytd])ed$|(?<=[^aeiouyszxc])es$")


def syllables(word: str) -> int:
    """Groups of vowels, without the silent e at the end."""
    said = word.casefold()
    if said in KNOWN:
        return 2
    return max(1, len(_VOWELS.findall(_SILENT.sub("", said))))


def reading_age(text: str) -> float | None:
    """The age in years at which a text reads easily, or None for one too short to tell."""
    words = _WORD.findall(text)
    if len(words) < TOO_SHORT:
        return None
    sentences = max(1, sum(1 for part in _SENTENCE.split(text) if _WORD.search(part)))
    per_word = sum(syllables(word) for word in words) / len(words)
    grade = 0.39 * len(words) / sentences + 11.8 * per_word - 15.59
    return max(5.0, grade + 5)

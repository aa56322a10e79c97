"""From what a person typed or pressed to the option they meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache

from rapidfuzz.distance import OSA

# Vowels that Latin, Arabic and Gurmukhi write as marks belong to the word.
_MARKS = "\u0300-\u036f\u064b-\u065f\u0a01-\u0a03\u0a3c-\u0a51"
_LETTER = re.compile(rf"[^\W_]|[{_MARKS}]")
_WORDS = re.compile(rf"[\w'{_MARKS}-]+")
_SPACES = re.compile(r"\s+")
_NUMBER = re.compile(r"\b(\d{1,2})\b")
_COUNTED = re.compile(
    r"\b\d{1,2}\s*x?\s*(?:sprays?|doses?|kits?|packs?|days?|weeks?|months?|times)\b"
)
_ORDINAL = re.compile(r"(?:(?:yeah|yes|ok|the) )*(first|1st|second|2nd|third|3rd)(?: one)?")
_NTH = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3}
_DENIES = frozenset(("not", "dont", "don't", "never", "cant", "can't", "wont", "without"))
_POLITE = re.compile(r"\b(please|pls|plz|thanks|thank you|ta|mate|x+)$")


def plain(text: str) -> str:
    """Casefolded, straight quotes, single spaces, no punctuation at the edges."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    folded = _SPACES.sub(" ", folded)
    start, end = 0, len(folded)
    while start < end and not _LETTER.match(folded[start]):
        start += 1
    while start < end and not _LETTER.match(folded[end - 1]):
        end -= 1
    return folded[start:end]


def _most_inside(words: Sequence[str], said: str) -> str:
    """The longest word that stands in a sentence, or "".

    "my brother" in "its for my brother!!", but no "peer" in "not the peer". A word of two letters
    is too little to choose by, but it speaks against choosing another.
    """
    sentence = f" {bare(said)} "
    inside = (
        w for w in words if len(w) > 1 and not w.isdigit() and f" {_bare_word(w)} " in sentence
    )
    return max((w for w in inside if not _is_denied(w, sentence)), key=len, default="")


def _is_denied(word: str, sentence: str) -> bool:
    before = sentence[: sentence.index(f" {_bare_word(word)} ")].split()[-2:]
    return not _DENIES.isdisjoint(before)


def _named(options: Sequence[str], words: Mapping[str, Sequence[str]], said: str) -> str:
    """The one option named in a sentence; "alive in hospital" counts over "alive"."""
    inside = {name: _most_inside(words[name], said) for name in options}
    longest = max(options, key=lambda name: len(inside[name]), default="")
    others = [found for name, found in inside.items() if name != longest and found]
    word = inside.get(longest, "")
    if len(word) < 3 or any(found == word or f" {found} " not in f" {word} " for found in others):
        return ""
    return longest


def bare(text: str) -> str:
    """``plain`` without punctuation inside either: the words of "not breathing, wont wake"."""
    return plain(" ".join(_WORDS.findall(plain(text))))


@cache
def _bare_word(word: str) -> str:
    """The same of what may be typed; only these are kept in memory, never what people wrote."""
    return bare(word)


def whole_option(text: str, words: Mapping[str, Sequence[str]]) -> str:
    """The option one of whose words is the whole message, or ""."""
    said = plain(text)
    return next((name for name, some in words.items() if said in some), "")


def longest_inside(text: str, words: Mapping[str, Sequence[str]]) -> str:
    """The option whose longest phrase of several words stands in a sentence, or "".

    The longest wins: "not breathing" over "is breathing". A single word is too little.
    """
    said = f" {bare(text)} "
    inside = {
        name: max((len(w) for w in some if " " in w and f" {_bare_word(w)} " in said), default=0)
        for name, some in words.items()
    }
    best = max(inside.values(), default=0)
    named = [name for name, letters in inside.items() if letters == best]
    return named[0] if best and len(named) == 1 else ""


def match_option(
    text: str, options: Sequence[str], words: Mapping[str, Sequence[str]], *, careful: bool
) -> str | None:
    """The option meant by ``text``: its number, label or a word for it, or None.

    ``words`` gives for each option what may be typed. A digit inside a sentence counts only where
    a wrong guess is harmless (``careful`` false); a typo is forgiven in words of five letters up.
    """
    whole = plain(text)
    for name in options:
        if whole in words[name]:  # "my mate" is an answer, and "yes mate" a polite one
            return name
    said = plain(_POLITE.sub("", whole)) or whole
    if not said:
        return None
    if said.isdecimal() and 1 <= int(said) <= len(options):
        return options[int(said) - 1]
    if (nth := _ORDINAL.fullmatch(said)) and _NTH[nth.group(1)] <= len(options) > 1:
        return options[_NTH[nth.group(1)] - 1]
    for name in options:
        if said in words[name] or said == name:
            return name
    if not careful:
        numbers = _NUMBER.findall(said)
        if len(numbers) == 1 and len(said.split()) <= 3 and not _COUNTED.search(said):
            if 1 <= int(numbers[0]) <= len(options):
                return options[int(numbers[0]) - 1]
            by_figure = [name for name in options if numbers[0] in words[name]]  # "hes 29"
            if len(by_figure) == 1:
                return by_figure[0]
        if len(said.split()) <= 8 and (named := _named(options, words, said)):
            return named
    close = {  # a figure is no slip: "over 16" is not "over 18"
        name
        for name in options
        for word in words[name]
        if len(word) >= 5
        and _NUMBER.findall(said) == _NUMBER.findall(word)
        and OSA.distance(said, word, score_cutoff=1) <= 1
    }
    return close.pop() if len(close) == 1 else None


def first_word(text: str, words: Mapping[str, str]) -> tuple[str, str] | None:
    """The meaning of the word a text begins with, and the rest; the longest word wins."""
    said = plain(text)
    if said in words:
        return words[said], ""
    tokens = text.split()
    for n in (3, 2, 1):
        start = plain(" ".join(tokens[:n]))
        if len(tokens) > n and start in words:
            return words[start], " ".join(tokens[n:])
    return None

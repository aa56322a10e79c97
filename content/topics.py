"""The advice topics: which there are, in which groups, and the one that somebody's words mean."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rapidfuzz.distance import OSA

from content import library

MOST = 4  # more than that is no question any more
CLEARLY = 0.75  # the next best has at most so much of the best one's weight
Keys = tuple[tuple[tuple[str, ...], float], ...]
"""What finds a topic: phrases, word by word, and how much each counts."""

_TYPO_COUNTS = 0.7
_TITLE_COUNTS = 0.7
_WORD = re.compile(r"[^\W_]+(?:[.':-][^\W_]+)*")

_SAYS_NOTHING = frozenset(
    (
        *("a", "about", "advice", "all", "am", "an", "and", "any", "are", "be", "been", "but"),
        *("can", "card", "cards", "could", "did", "do", "does", "drug", "drugs", "for", "from"),
        *("get", "give", "had", "has", "have", "he", "help", "her", "him", "his", "how", "i"),
        *("if", "im", "in", "info", "is", "it", "its", "know", "me", "more", "my", "no", "not"),
        *("of", "off", "on", "or", "our", "page", "please", "pls", "said", "she", "so", "some"),
        *("something", "tell", "than", "that", "the", "their", "them", "there", "they", "this"),
        *("to", "up", "us", "use", "using", "want", "was", "we", "what", "whats", "when", "where"),
        *("which", "who", "why", "will", "with", "would", "you", "your"),
    )
)
"""Words of a title that find no topic by themselves."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: the words that find it, and the drawing shown with it ("" for none)."""

    name: str
    words: tuple[str, ...]
    picture: str


@cache
def _file() -> tuple[dict[str, tuple[str, ...]], dict[str, Topic]]:
    raw = tomllib.loads((Path(__file__).parent / "topics.toml").read_text("utf-8"))
    groups = {group["id"]: tuple(group["topics"]) for group in raw["group"]}
    topics = {
        name: Topic(name, tuple(topic["words"]), topic.get("picture", ""))
        for name, topic in raw["topic"].items()
    }
    return groups, topics


def groups() -> dict[str, tuple[str, ...]]:
    """The groups in order, each with its topics."""
    return _file()[0]


def topics() -> dict[str, Topic]:
    """Every topic by its name."""
    return _file()[1]


def title(locale: str, topic: str) -> str:
    """What a topic is called: a button's label, a page's heading."""
    return library.text(locale, f"advice/{topic}.title")


def find_topics(words: str, locale: str = library.DEFAULT) -> list[str]:
    """The topics that words mean, the likeliest first: one where it is clear, none where nothing.

    A longer phrase says more than a short one, and one typo a word (two in a long one) is forgiven.
    """
    said = _words(words)
    weights = {name: _weight(said, keys) for name, keys in _keys(locale).items()}
    best = max(weights.values())
    if not best:
        return []
    near = [name for name, weight in weights.items() if weight > CLEARLY * best]
    return sorted(near, key=lambda name: -weights[name])[:MOST]


@cache
def _keys(locale: str) -> dict[str, Keys]:
    """What finds each topic, word by word, and how much it counts."""
    found = {}
    for name, topic in topics().items():
        titles = {title(locale, name), title(library.DEFAULT, name)}
        keys: dict[tuple[str, ...], float] = {
            (word,): _TITLE_COUNTS
            for words in titles
            for word in _words(words)
            if word not in _SAYS_NOTHING
        }
        keys |= {tuple(_words(phrase)): 1.0 for phrase in topic.words}
        found[name] = tuple(keys.items())
    return found


def _weight(said: list[str], keys: Keys) -> float:
    """How much of what was said speaks for a topic, in letters."""
    counts = [0.0] * len(said)
    for key, worth in keys:
        for start in range(len(said) - len(key) + 1):
            part = slice(start, start + len(key))
            own = worth * _match(said[part], key)
            counts[part] = [max(own, other) for other in counts[part]]
    return sum(len(word) * count for word, count in zip(said, counts, strict=True))


def _match(said: list[str], key: tuple[str, ...]) -> float:
    """1 for the very words, less for words with a typo, 0 for others."""
    if tuple(said) == key:
        return 1.0
    return _TYPO_COUNTS if all(map(_alike, said, key)) else 0.0


def _alike(word: str, meant: str) -> bool:
    """The same but for a typo; a plural's s counts as one. "does" is no typo of "dose"."""
    if word == meant or word in _SAYS_NOTHING:
        return word == meant
    forgiven = 0 if len(meant) < 4 else 1 if len(meant) < 8 else 2
    return OSA.distance(word, meant, score_cutoff=forgiven) <= forgiven


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text[:200]).casefold().replace("\u2019", "'")
    return _WORD.findall(folded.replace("'", ""))

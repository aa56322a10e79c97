"""The advice topics: which there are, in which groups, and the one that somebody's words mean."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from rapidfuzz.distance import OSA

from content import library

MOST = 4  # more than that is no question any more
CLEARLY = 0.75  # the next best has at most so much of the best one's weight
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


@dataclass(frozen=True, slots=True)
class Key:
    """A phrase that finds a topic, and how much it counts."""

    topic: str
    words: tuple[str, ...]
    worth: float


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


def find_topics(words: str, locale: str = library.DEFAULT, *, exact: bool = False) -> list[str]:
    """The topics that words mean, the likeliest first: one where it is clear, none where nothing.

    All that was said counts, by its letters; one typo a word (two in a long one) is forgiven, if
    not ``exact``.
    """
    said = [word for word in _words(words) if not exact or word in _vocabulary(locale)]
    near = [_near(word, locale) for word in said]
    weights = {name: _weight(said, counts) for name, counts in _counts(near, locale).items()}
    best = max(weights.values(), default=0.0)
    likely = [name for name, weight in weights.items() if weight > CLEARLY * best]
    return sorted(likely, key=lambda name: (-weights[name], list(topics()).index(name)))[:MOST]


@cache
def _keys(locale: str) -> dict[str, list[Key]]:
    """Every phrase that finds a topic, by its first word."""
    found: dict[str, list[Key]] = {}
    for name, topic in topics().items():
        titles = {title(locale, name), title(library.DEFAULT, name)}
        keys: dict[tuple[str, ...], float] = {
            (word,): _TITLE_COUNTS
            for words in titles
            for word in _words(words)
            if word not in _says_nothing(locale)
        }
        said = (*topic.words, *library.topic_words(locale, name))
        keys |= {tuple(_words(phrase)): 1.0 for phrase in said}
        for words, worth in keys.items():
            found.setdefault(words[0], []).append(Key(name, words, worth))
    return found


@cache
def _says_nothing(locale: str) -> frozenset[str]:
    own = (word for said in library.topic_words(locale, "nothing") for word in _words(said))
    return _SAYS_NOTHING.union(own)


@cache
def _vocabulary(locale: str) -> frozenset[str]:
    return frozenset(word for keys in _keys(locale).values() for key in keys for word in key.words)


@lru_cache(maxsize=4096)
def _near(word: str, locale: str) -> dict[str, float]:
    """The words of our keys that a typed word may stand for: itself, or one a typo away.

    "does" is no typo of "dose".
    """
    found = {}
    typo = word not in _says_nothing(locale) and word not in _everyday()
    if typo:
        found = {meant: _TYPO_COUNTS for meant in _vocabulary(locale) if _alike(word, meant)}
    return found | ({word: 1.0} if word in _vocabulary(locale) else {})


@cache
def _everyday() -> frozenset[str]:
    """Common words are no typos: "skip" is not "skin", "pressed" not "depressed"."""
    with (Path(__file__).parent / "phrases" / "en_common.toml").open("rb") as file:
        return frozenset(tomllib.load(file)["common"].split())


def _alike(word: str, meant: str) -> bool:
    forgiven = 0 if len(meant) < 4 else 1 if len(meant) < 8 else 2
    if abs(len(word) - len(meant)) > forgiven:
        return False
    return OSA.distance(word, meant, score_cutoff=forgiven) <= forgiven


def _counts(near: list[dict[str, float]], locale: str) -> dict[str, list[float]]:
    """For each topic that anything speaks for: how much each of the words said does."""
    found: dict[str, list[float]] = {}
    for start, first in enumerate(near):
        for key in [key for meant in first for key in _keys(locale).get(meant, ())]:
            part = slice(start, start + len(key.words))
            if len(near[part]) < len(key.words):
                continue
            pairs = zip(near[part], key.words, strict=True)
            worth = key.worth * min(one.get(meant, 0.0) for one, meant in pairs)
            if worth:
                counts = found.setdefault(key.topic, [0.0] * len(near))
                counts[part] = [max(worth, other) for other in counts[part]]
    return found


def _weight(said: list[str], counts: list[float]) -> float:
    """How much speaks for a topic, in letters."""
    return sum(len(word) * count for word, count in zip(said, counts, strict=True))


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text[:200]).casefold().replace("\u2019", "'")
    return _WORD.findall(folded.replace("'", ""))

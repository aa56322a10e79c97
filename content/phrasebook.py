"""The phrase rules of `content/phrases/*.toml`, loaded and compiled.

A rule is a list of phrases a person may type. A phrase is a row of words:

    word        this word                      <class>     any word of a class in [words]
    a|b|<c>     one of these                   word?       may be missing
    ..          up to two other words here     ...         up to five other words here
    ^  $        the sentence starts, ends here

`word(s)` in a class stands for "word" and "words". Spelling, case, accents and apostrophes do not
matter: both sides go through `fold`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "phrases"
START, END = "^", "$"
GAPS = {"..": 2, "...": 5}

# Letters that look Latin but are not, or that do not decompose. No language of ours is written in
# Cyrillic or Greek, so their look-alikes can only be disguise or a keyboard slip.
LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u04bb\u0455\u0432\u043a\u043c\u043d\u0442"
    "\u03b1\u03b5\u03bf\u03c1\u03c4\u03c5\u03bd\u03b9\u03ba\u03b7\u0142\u00f8\u0111\u0131\u0251\u0261"
    "\u0649\u0629\u06cc\u06a9\u2019\u2018\u02bc\u00b4`\u2032",
    "aeopcxyijhsbkmhtaeoptuvikhlodiag\u064a\u0647\u064a\u0643''''''",
)
DROPPED = {"Mn", "Mc", "Me", "Cf", "Cc", "Cs", "Sk"}


def fold(text: str) -> str:
    """Lower case without accents, look-alikes or invisible characters; line ends are kept."""
    if text.isascii():
        return text.lower().replace("`", "'").replace("\0", "")
    plain = unicodedata.normalize("NFKD", text).casefold().translate(LOOKALIKES)
    return "".join(
        c for c in plain if c.isascii() or unicodedata.category(c) not in DROPPED
    ).replace("\0", "")


@dataclass(frozen=True, slots=True)
class Element:
    words: frozenset[str]
    gap: int
    optional: bool


@dataclass(frozen=True, slots=True)
class Phrase:
    elements: tuple[Element, ...]
    at_start: bool
    at_end: bool
    anchor: frozenset[str]  # the rarest needed words: what the phrase is looked up by
    needed: tuple[frozenset[str], ...]  # the other words it cannot do without
    is_word: bool  # nothing but the anchor
    reach: int  # the longest distance from the first word to the anchor


@dataclass(frozen=True)
class Rule:
    """What it means when one of the phrases was typed; `kind` says who reads the rule."""

    id: str
    kind: str
    language: str
    phrases: tuple[Phrase, ...]
    tense: str = "now"
    negative: bool = False
    mark: str = ""
    intent: str = ""
    weight: float = 2
    slot: str = ""
    value: str = ""


Index = Mapping[str, tuple[tuple[Rule, Phrase], ...]]


@dataclass(frozen=True)
class Phrasebook:
    indexes: Mapping[str, Index]  # kind of rule -> word -> the phrases that hang on it
    vocabulary: frozenset[str]  # every word of every rule
    known: frozenset[str]  # and the common words, which are never a misspelling of another
    english: frozenset[str]  # those of them that are English
    same: Mapping[tuple[str, ...], tuple[str, ...]]  # words that were heard or spelled apart
    exact: Mapping[str, tuple[str, str]]  # whole messages -> intent, language
    words: Mapping[str, Mapping[str, frozenset[str]]]  # language -> class -> words
    deletes: Mapping[str, Sequence[str]]  # a word with letters left out -> the words
    squeezed: Mapping[str, tuple[str, ...]]  # a word without doubled letters -> the words


def _plain(word: str) -> str:
    return fold(word).replace("'", "")


@cache
def _word(word: str) -> frozenset[str]:
    return frozenset((_plain(word),))


def _members(text: str) -> frozenset[str]:
    found: set[str] = set()
    for word in text.split():
        stem = _plain(word.removesuffix("(s)"))
        found.add(stem)
        if word.endswith("(s)"):
            found.add(stem + "s")
    return frozenset(found)


def _words_of(item: str, classes: Mapping[str, frozenset[str]]) -> frozenset[str]:
    if "|" not in item:
        return classes[item[1:-1]] if item.startswith("<") else _word(item)
    found: set[str] = set()
    for part in item.split("|"):
        found |= classes[part[1:-1]] if part.startswith("<") else _word(part)
    return frozenset(found)


def compile_phrase(text: str, classes: Mapping[str, frozenset[str]]) -> Phrase:
    """One phrase as elements; the rarest needed word is the anchor it is looked up by."""
    items = text.split()
    at_start, at_end = items[0] == START, items[-1] == END
    elements: list[Element] = []
    gap = 0
    for item in items[at_start : len(items) - at_end]:
        if item in GAPS:
            gap = GAPS[item]
            continue
        optional = item.endswith("?")
        elements.append(Element(_words_of(item.removesuffix("?"), classes), gap, optional))
        gap = 0
    anchor = _anchor(elements)
    return Phrase(
        tuple(elements),
        at_start,
        at_end,
        anchor=elements[anchor].words,
        needed=tuple(e.words for i, e in enumerate(elements) if i != anchor and not e.optional),
        is_word=len(elements) == 1 and not (at_start or at_end),
        reach=sum(e.gap for e in elements[1 : anchor + 1]) + anchor,
    )


def _anchor(elements: list[Element]) -> int:
    needed = [i for i, e in enumerate(elements) if not e.optional]
    return min(needed, key=lambda i: len(elements[i].words))


def _index(rules: Iterable[Rule]) -> Index:
    index: dict[str, list[tuple[Rule, Phrase]]] = defaultdict(list)
    for rule in rules:
        for phrase in rule.phrases:
            for word in phrase.anchor:
                index[word].append((rule, phrase))
    return {word: tuple(found) for word, found in index.items()}


def shorter(word: str) -> set[str]:
    """The word, and the word with any one letter left out: two near misses share one of these."""
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


def slips_allowed(word: str) -> int:
    """How many slips of the finger a word of this length may hold and still be itself."""
    return 0 if len(word) < 3 else 1 if len(word) < 7 else 2


_RUNS = re.compile(r"(.)\1+")


def squeeze(word: str) -> str:
    return _RUNS.sub(r"\1", word)


def _english_first(path: Path) -> tuple[bool, str]:
    """A message that is a word of two languages ("overdose") is read as the English one."""
    return not path.stem.startswith("en"), path.stem


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return path.stem.split("_")[0], data


def _rules(
    language: str, data: Mapping[str, Any], classes: Mapping[str, frozenset[str]]
) -> list[Rule]:
    rules = []
    for kind in ("sign", "mark", "idiom", "intent", "slot"):
        for entry in data.get(kind, []):
            say = tuple(compile_phrase(text, classes) for text in entry["say"])
            fields = {k: v for k, v in entry.items() if k not in ("id", "say", "kind")}
            name = entry.get("id") or entry.get("kind") or entry.get("intent") or entry["value"]
            fields = {"mark": entry["kind"], **fields} if kind == "mark" else fields
            rules.append(Rule(f"{language}/{name}", kind, language, say, **fields))
    return rules


@cache
def phrasebook() -> Phrasebook:
    rules: list[Rule] = []
    words: dict[str, dict[str, frozenset[str]]] = {}
    same: dict[tuple[str, ...], tuple[str, ...]] = {}
    exact: dict[str, tuple[str, str]] = {}
    common: dict[str, set[str]] = defaultdict(set)
    files = [_read(path) for path in sorted(FOLDER.glob("*.toml"), key=_english_first)]
    for language, data in files:
        classes = {name: _members(text) for name, text in data.get("words", {}).items()}
        words.setdefault(language, {}).update(classes)
    for language, data in files:
        rules += _rules(language, data, words[language])
        common[language] |= _members(data.get("common", ""))
        for apart, together in data.get("same", {}).items():
            same[tuple(_plain(apart).split())] = tuple(_plain(together).split())
        for intent, messages in data.get("exact", {}).items():
            for message in messages:
                exact.setdefault(" ".join(_plain(message).split()), (intent, language))
    return _build(rules, words, same, exact, common)


def _words_in(rules: Iterable[Rule]) -> set[str]:
    return {w for r in rules for p in r.phrases for e in p.elements for w in e.words}


def _build(
    rules: list[Rule],
    words: Mapping[str, Mapping[str, frozenset[str]]],
    same: Mapping[tuple[str, ...], tuple[str, ...]],
    exact: Mapping[str, tuple[str, str]],
    common: Mapping[str, set[str]],
) -> Phrasebook:
    vocabulary = _words_in(rules)
    vocabulary |= {w for classes in words.values() for members in classes.values() for w in members}
    vocabulary |= {w for together in same.values() for w in together}
    kinds = {r.kind for r in rules}
    deletes: dict[str, list[str]] = defaultdict(list)
    squeezed: dict[str, list[str]] = defaultdict(list)
    for word in sorted(vocabulary):
        squeezed[squeeze(word)].append(word)
        if slips_allowed(word):
            for short in shorter(word):
                deletes[short].append(word)
    return Phrasebook(
        indexes={kind: _index(r for r in rules if r.kind == kind) for kind in sorted(kinds)},
        vocabulary=frozenset(vocabulary),
        known=frozenset(vocabulary.union(*common.values())),
        english=frozenset(_words_in(r for r in rules if r.language == "en") | common["en"]),
        same=same,
        exact=exact,
        words=words,
        deletes=deletes,
        squeezed={short: tuple(alike) for short, alike in squeezed.items()},
    )

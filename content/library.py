"""The texts: what people read, and the words they type for an option.

One file per flow and locale, ``locales/<locale>/<flow>.txt``: a TOML head closed by ``+++``
(sources, who must sign it off), then one ``{% block <step> %}`` a text in the order people meet
them. A block named ``<step>__<channel>`` replaces the text on that channel. Values are strict: an
undefined name is an error, never a gap in a dose instruction.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from content.phrasebook import fold

LOCALES = Path(__file__).parent / "locales"
DEFAULT = "en"
CLINICAL_LEAD, COORDINATOR = "clinical lead", "coordinator"

_BLOCK = re.compile(r"\{% block (\w+) %\}\n?(.*?)\n?\{% endblock %\}", re.DOTALL)
_environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)


class MissingText(LookupError):
    """No text of that name in any locale we may fall back to."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a file's facts come from, who must sign it off, what its texts may cost.

    Who *has* signed it off is not written here: see signing.py. A translation takes everything but
    its ``segments`` from the English file.
    """

    sources: tuple[str, ...] = ()
    safety: bool = False
    review: str = ""
    segments: dict[str, int] = field(default_factory=dict)

    @property
    def signer(self) -> str:
        """The role whose signature these texts need."""
        return self.review or (CLINICAL_LEAD if self.safety else COORDINATOR)


@dataclass(frozen=True, slots=True)
class OptionWords:
    """How an option is labelled, and what may be typed for it."""

    label: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextFile:
    """One flow's texts in one locale."""

    head: Head
    blocks: dict[str, str]


@dataclass(frozen=True, slots=True)
class Saying:
    """A few words that go into a text ("about 2 miles away"), in whichever language that is in."""

    name: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        raise TypeError(f"{self.name} is words only in a language: library.said(locale, …)")


@dataclass(frozen=True, slots=True)
class Listed:
    """Several of them in a row."""

    parts: tuple[Words, ...]
    between: str = ", "
    end: str = ""

    def __str__(self) -> str:
        raise TypeError("a list is words only in a language: library.said(locale, …)")


Words = str | Saying | Listed
"""What fills a gap in a text: words as they are, or what every language has its own for."""


def locales() -> tuple[str, ...]:
    """The locales there are."""
    return tuple(sorted(path.name for path in LOCALES.iterdir() if path.is_dir()))


@cache
def flows(locale: str) -> tuple[str, ...]:
    """The name of every text file of a locale ("cards/signs")."""
    folder = LOCALES / locale
    paths = sorted(folder.rglob("*.txt"))
    return tuple(path.relative_to(folder).with_suffix("").as_posix() for path in paths)


@cache
def text_file(locale: str, flow: str) -> TextFile | None:
    """The texts of a flow, or None; ``flow`` may hold a folder ("cards/signs")."""
    path = LOCALES / locale / f"{flow}.txt"
    if not path.is_file():
        return None
    head, found, body = path.read_text("utf-8").partition("\n+++\n")
    if not found:
        raise MissingText(f"{locale}/{flow}.txt has no head closed by +++")
    return TextFile(_head(locale, flow, tomllib.loads(head)), dict(_BLOCK.findall(body)))


def _head(locale: str, flow: str, meta: dict[str, Any]) -> Head:
    if locale == DEFAULT:
        return Head(**{**meta, "sources": tuple(meta.get("sources", ()))})
    original = text_file(DEFAULT, flow)
    return replace(original.head if original else Head(), segments=meta.get("segments", {}))


@cache
def _template(locale: str, name: str, channel: str) -> str | Template:
    flow, _, step = name.rpartition(".")
    for try_locale in dict.fromkeys((locale, DEFAULT)):
        found = text_file(try_locale, flow)
        if found is None:
            continue
        for block in (f"{step}__{channel}", step):
            if block in found.blocks:
                source = found.blocks[block]
                return _environment.from_string(source) if "{" in source else source
    raise MissingText(f"{name} ({locale})")


def text(locale: str, name: str, channel: str = "", /, **values: Any) -> str:
    """The text ``<flow>.<step>`` in a locale for a channel, with its values filled in."""
    template = _template(locale, name, channel)
    if isinstance(template, str):
        return template
    return template.render({key: said(locale, value, channel) for key, value in values.items()})


def saying(name: str, /, **values: Any) -> Saying:
    """Words for a gap in a text: ``saying.<block>`` and what fills their own gaps."""
    return Saying(name, values)


def said(locale: str, value: Any, channel: str = "") -> Any:
    """A value as it stands in a text of that language."""
    if isinstance(value, Saying):
        return text(locale, value.name, channel, **value.values)
    if isinstance(value, Listed):
        parts = (said(locale, part, channel) for part in value.parts)
        return value.between.join(parts) + value.end
    return value


def has_text(locale: str, name: str) -> bool:
    """Whether this very locale has the text."""
    flow, _, step = name.rpartition(".")
    found = text_file(locale, flow)
    return found is not None and step in found.blocks


@cache
def _words_file(locale: str) -> dict[str, Any]:
    path = LOCALES / locale / "words.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


@cache
def option(locale: str, question: str, name: str) -> OptionWords:
    """Label and words of one option of ``<flow>.<step>``; English words always work too."""
    label, words = "", []
    for try_locale in dict.fromkeys((locale, DEFAULT)):
        file = _words_file(try_locale)
        own = file.get("options", {}).get(question, {}).get(name)
        shared = file.get("shared", {}).get(name)
        found = own or shared
        if found:
            label = label or found["label"]
            words += found.get("words", [])
            words.append(found["label"])
    if not label:
        raise MissingText(f"option {name} of {question} ({locale})")
    return OptionWords(label, tuple(dict.fromkeys(w.casefold() for w in words)))


def labels_of(locale: str, question: str) -> dict[str, str]:
    """The labels of the options that belong to ``<flow>.<step>`` alone."""
    own = _words_file(DEFAULT).get("options", {}).get(question, {})
    return {name: option(locale, question, name).label for name in own}


@cache
def global_words(locale: str) -> dict[str, str]:
    """Every word that works anywhere → its name ("stop texting" → "stop")."""
    found: dict[str, str] = {}
    for try_locale in dict.fromkeys((DEFAULT, locale)):
        for name, words in _words_file(try_locale).get("global", {}).items():
            found.update({word.casefold(): name for word in words})
    return found


@cache
def stop_words() -> frozenset[str]:
    """STOP in every language, without accents: it is heard whatever a person's own is."""
    return frozenset(
        fold(word)
        for locale in locales()
        for word in _words_file(locale).get("global", {}).get("stop", [])
    )


@cache
def role_words(locale: str, role: str) -> dict[str, str]:
    """Words only a role uses (peer, outlet, staff) → their name."""
    found: dict[str, str] = {}
    for try_locale in dict.fromkeys((DEFAULT, locale)):
        for name, words in _words_file(try_locale).get("role", {}).get(role, {}).items():
            found.update({word.casefold(): name for word in words})
    return found


@cache
def after_words(locale: str, word: str) -> dict[str, str]:
    """Words that may follow another ("STOCK ADD"), and mean nothing by themselves → their name."""
    found: dict[str, str] = {}
    for try_locale in dict.fromkeys((DEFAULT, locale)):
        for name, words in _words_file(try_locale).get("after", {}).get(word, {}).items():
            found.update({one.casefold(): name for one in words})
    return found


@cache
def topic_words(locale: str, topic: str) -> tuple[str, ...]:
    """What people type in this language for an advice topic; "nothing": words that find none."""
    return tuple(_words_file(locale).get("topics", {}).get(topic, ()))


@cache
def phrases(locale: str, flow: str, name: str) -> tuple[str, ...]:
    """Phrases that ask a side question of a flow ("will the police come")."""
    found: list[str] = []
    for try_locale in dict.fromkeys((locale, DEFAULT)):
        found += _words_file(try_locale).get("asides", {}).get(flow, {}).get(name, [])
    return tuple(found)


def label(locale: str, group: str, name: str) -> str:
    """A short word for a value ("recipient", "self" → "the person who asked")."""
    for try_locale in dict.fromkeys((locale, DEFAULT)):
        found = _words_file(try_locale).get("labels", {}).get(group, {}).get(name)
        if found:
            return str(found)
    raise MissingText(f"label {group}.{name} ({locale})")

"""Checks of a translation against the English: same values, numbers and words to type; complete.

Functions of values, like the other checks. Nobody here can read the language, but a machine can
see that a dose, a phone number or the word to reply got lost on the way.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import groupby
from typing import Any

from content.checks import cited, names, texts
from content.findings import Finding
from content.samples import Shelf, needs

COMPLETE = ("cy", "pl")
"""Languages that every text is to be had in."""
VITAL = (
    "overdose.card",
    "crisis.*",
    "consent.stopped",
    "consent.start_hint",
    "language.ask_call_back",
)
"""What every other language must have: the card, the crisis, STOP, and the offer of a call back."""
NO_NEED = ("en", "sco")
"""English does for Scots where Scots has no words of its own."""

_LOGIC = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)
_FIGURE = re.compile(r"\d+(?:[.,]\d+)?")
_LONG_NUMBER = re.compile(r"\d{3,}(?: \d{2,})*")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+")
NOTHING_TO_TYPE = frozenset(("sms", "ok", "du", "call", "wait"))
"""Written in capitals, and nothing to type ("OK. I will not text", "WAIT with them")."""

Meanings = Mapping[str, frozenset[tuple[str, str]]]
"""What people may type, without capitals → in which conversation it is taken for what."""


def heads(raw: Mapping[str, str]) -> Iterator[Finding]:
    """Heads that say more than a translation's may: the rest comes from the English file."""
    for flow, text in raw.items():
        head, found, _ = text.partition("\n+++\n")
        if found and (more := tomllib.loads(head).keys() - {"segments"}):
            what = f"{', '.join(sorted(more))}: a translation takes that from the English head"
            yield Finding("head", flow, what)


def not_in_default(shelf: Shelf, default: Shelf) -> Iterator[Finding]:
    """Texts of another locale that English does not have."""
    known = set(names(default))
    for name in names(shelf):
        if name not in known:
            yield Finding("dead text", name, "the default locale has no such text")


def other_values(shelf: Shelf, default: Shelf) -> Iterator[Finding]:
    """Texts that are filled in otherwise than the English ones."""
    for name, ours, english in _pairs(shelf, default):
        for gap in sorted(needs(ours) - needs(english)):
            yield Finding("undefined value", name, gap)
        for gap in sorted(needs(english) - needs(ours)):
            yield Finding("value left out", name, f"English says {{{{ {gap} }}}} here")


def other_figures(shelf: Shelf, default: Shelf) -> Iterator[Finding]:
    """Doses, minutes and phone numbers that are not those of the English text.

    A warning only where no number to ring is lost and no safety text is meant: "2 weeks" may well
    be "a fortnight" there.
    """
    for name, ours, english in _pairs(shelf, default):
        lost = _numbers(english) - _numbers(ours)
        if lost:
            yield Finding("number left out", name, ", ".join(sorted(lost)))
        have, want = _figures(ours), _figures(english)
        if have != want and not lost:
            said = f"{_listed(have - want)} where English has {_listed(want - have)}"
            safety = shelf[name.rpartition(".")[0]].head.safety
            yield Finding("other figures", name, said, warning=not safety)


def other_citations(shelf: Shelf, default: Shelf) -> Iterator[Finding]:
    """Statements of a page that lost their source, or name another."""
    for name, ours, english in _pairs(shelf, default):
        if odd := cited(ours) ^ cited(english):
            yield Finding("other sources", name, ", ".join(sorted(odd)))


def other_words(shelf: Shelf, default: Shelf, en: Meanings, own: Meanings) -> Iterator[Finding]:
    """Words to type that the translation left out, or that nothing would understand."""
    for name, ours, english in _pairs(shelf, default):
        flow = name.rpartition(".")[0]
        said, wanted = _capitals(ours), _capitals(english)
        understood = set[str]().union(*(_meant(own, word, flow) for word in said))
        for word in sorted(wanted - said):
            meant = _meant(en, word, flow)
            if meant and not meant & understood:
                yield Finding("word left out", name, f"English says {word}")
        known = own.keys() | NOTHING_TO_TYPE
        odd = {w for w in said - wanted if w.casefold() not in known}
        if sum(bool(odd & run) for run in _shouts(ours)) > len(wanted - said):
            what = f"{', '.join(sorted(odd))}: nothing understands it"
            yield Finding("word to type", name, what, warning=True)


def _meant(words: Meanings, word: str, flow: str) -> set[str]:
    """What a word is taken for in a conversation."""
    plain = word.casefold()
    if plain in NOTHING_TO_TYPE:
        return set()
    return {meant for where, meant in words.get(plain, ()) if where in ("", flow)}


def meanings(*files: Mapping[str, Any]) -> dict[str, frozenset[tuple[str, str]]]:
    """Everything that words files let people type: the conversation ("" for any), the meaning."""
    found: dict[str, set[tuple[str, str]]] = {}

    def add(words: Iterable[str], flow: str, meant: str) -> None:
        for word in words:
            found.setdefault(word.casefold(), set()).add((flow, meant))

    for file in files:
        everywhere = [file.get("global", {}), *file.get("role", {}).values()]
        for names_ in everywhere:
            for name, words in names_.items():
                add(words, "", name)
        questions = {"": file.get("shared", {}), **file.get("options", {})}
        for question, options in questions.items():
            for name, option in options.items():
                words = [*option.get("words", ()), option.get("label", name)]
                add(words, question.rpartition(".")[0], name)
    return {word: frozenset(meant) for word, meant in found.items()}


def wanted(locale: str, default: Shelf) -> list[str]:
    """The texts that a locale should have."""
    if locale in NO_NEED:
        return []
    patterns = ("*",) if locale in COMPLETE else VITAL
    return [n for n in names(default) if any(fnmatchcase(n, pattern) for pattern in patterns)]


def missing_in(locale: str, shelf: Shelf, default: Shelf) -> list[str]:
    """The texts that a locale should have and has not."""
    there = set(names(shelf))
    return [name for name in wanted(locale, default) if name not in there]


def incomplete(locale: str, shelf: Shelf, default: Shelf) -> Iterator[Finding]:
    """A warning that counts what is still to be translated; it is sent in English meanwhile."""
    if missing := missing_in(locale, shelf, default):
        flows = dict.fromkeys(name.rpartition(".")[0] for name in missing)
        what = f"{len(missing)} of {len(wanted(locale, default))} texts: {', '.join(flows)}"
        yield Finding("not translated", locale, what, warning=True)


def unlabelled(locale: str, labels: Iterable[str], english: Iterable[str]) -> Iterator[Finding]:
    """A warning that counts buttons and short words that a complete language still lacks."""
    missing = sorted(set(english) - set(labels)) if locale in COMPLETE else []
    if missing:
        what = f"{len(missing)} labels: {', '.join(missing[:10])}"
        yield Finding("not translated", locale, what, warning=True)


def _pairs(shelf: Shelf, default: Shelf) -> Iterator[tuple[str, str, str]]:
    """Each text with the English one of the same name and variant, or the plain English one."""
    known = dict(texts(default))
    for name, ours in texts(shelf):
        english = known.get(name, known.get(name.partition("__")[0]))
        if english is not None:
            yield name, ours, english


def _numbers(source: str) -> set[str]:
    return set(_LONG_NUMBER.findall(_digits(_LOGIC.sub(" ", source))))


def _figures(source: str) -> set[str]:
    return {n.replace(",", ".") for n in _FIGURE.findall(_digits(_LOGIC.sub(" ", source)))}


def _digits(text: str) -> str:
    """Every script's digits as ours."""
    return "".join(str(int(c)) if c.isdecimal() else c for c in text)


def _shouts(source: str) -> list[set[str]]:
    """Words in capitals; those beside each other are one shout ("CALL 999 NOW" is two)."""
    words = _WORD.findall(_LOGIC.sub(" ", source))
    runs = groupby(words, key=lambda word: word.isupper() and len(word) > 1)
    return [set(run) for loud, run in runs if loud]


def _capitals(source: str) -> set[str]:
    return set[str]().union(*_shouts(source))


def _listed(figures: set[str]) -> str:
    return ", ".join(sorted(figures)) or "nothing"

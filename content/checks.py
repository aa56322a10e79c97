"""Static checks of the texts. Functions of values: they read no file and run no conversation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from jinja2 import Environment, TemplateSyntaxError

from content.findings import Finding
from content.readability import TARGET_AGE, reading_age
from content.samples import Shelf, longest, needs
from content.segments import not_gsm7, segment_count
from content.uses import Use

BUDGET = 2
FIXED = {"overdose.card": 1}
"""Budgets that no head may raise: the whole emergency card rides in one segment."""
GSM_LOCALES = ("en", "sco")
READS_WELL = TARGET_AGE + 1.5  # "about nine"

Draw = Callable[[str, tuple[str, ...]], list[str]]
"""How SMS draws a text with its numbered options."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Words not to use; ``allowed`` are the official names they may stand in."""

    words: tuple[str, ...]
    instead: str
    reason: str
    allowed: tuple[str, ...] = ()


def rules_from(file: Mapping[str, Any]) -> list[Rule]:
    """The rules of do_not_use.toml."""
    return [
        Rule(tuple(r["words"]), r["instead"], r["reason"], tuple(r.get("except", ())))
        for r in file["rule"]
    ]


def names(shelf: Shelf) -> list[str]:
    """Every text, without its variants for a channel."""
    return [
        f"{flow}.{block}"
        for flow, file in shelf.items()
        for block in file.blocks
        if "__" not in block
    ]


def texts(shelf: Shelf) -> Iterator[tuple[str, str]]:
    """Every text and variant as written."""
    for flow, file in shelf.items():
        for block, source in file.blocks.items():
            yield f"{flow}.{block}", source


# --- used and there ----------------------------------------------------------------------------


def missing(shelf: Shelf, uses: Iterable[Use]) -> Iterator[Finding]:
    """Texts that the program says and nobody has written."""
    known = names(shelf)
    for use in uses:
        if not _matching(known, use.name):
            yield Finding("missing text", use.name, f"said at {use.where}")


def undefined(shelf: Shelf, uses: Iterable[Use]) -> Iterator[Finding]:
    """Texts with a gap that the program does not fill."""
    known = names(shelf)
    for use in uses:
        if use.values is None:
            continue
        for name in _matching(known, use.name):
            flow, _, step = name.rpartition(".")
            for block, source in shelf[flow].blocks.items():
                if block.partition("__")[0] == step and (gaps := needs(source) - use.values):
                    gap = ", ".join(sorted(gaps))
                    yield Finding("undefined value", f"{flow}.{block}", f"{gap} at {use.where}")


def unused(shelf: Shelf, uses: Iterable[Use]) -> Iterator[Finding]:
    """Dead texts: nothing says them."""
    patterns = {use.name for use in uses}
    for name in names(shelf):
        if not any(fnmatchcase(name, pattern) for pattern in patterns):
            yield Finding("dead text", name, "nothing says it")


def not_in_default(shelf: Shelf, default: Shelf) -> Iterator[Finding]:
    """Texts of another locale that the default locale does not have, or fills differently."""
    known = dict(texts(default))
    for name, source in texts(shelf):
        if name not in known:
            yield Finding("dead text", name, "the default locale has no such text")
        elif gaps := needs(source) - needs(known[name]):
            yield Finding("undefined value", name, ", ".join(sorted(gaps)))


def _matching(known: Iterable[str], pattern: str) -> list[str]:
    return [name for name in known if fnmatchcase(name, pattern)]


# --- how they are written ----------------------------------------------------------------------

_BLOCKS = re.compile(r"{%\s*block\s+(\S+)\s*%}")
_environment = Environment(autoescape=False)


def broken(flow: str, raw: str) -> Iterator[Finding]:
    """A file that cannot be read as meant: no head, a block twice, Jinja that does not parse."""
    head, found, body = raw.partition("\n+++\n")
    if not found:
        yield Finding("no head", flow, "the file must begin with a TOML head closed by +++")
        body = head
    for block, times in Counter(_BLOCKS.findall(body)).items():
        if times > 1:
            yield Finding("broken text", f"{flow}.{block}", "the block is there twice")
    outside = re.sub(r"{%\s*block.*?{%\s*endblock\s*%}", "", body, flags=re.DOTALL).strip()
    if outside:
        yield Finding("broken text", flow, f"words outside a block: {outside[:40]!r}")
    try:
        _environment.parse(re.sub(r"{%\s*(?:end)?block.*?%}", "", body))
    except TemplateSyntaxError as wrong:
        yield Finding("broken text", flow, str(wrong))


_HELP_LINE = re.compile(r"\b(?:116 ?123|0800[ \d]{4,}|0808[ \d]{4,}|03\d\d[ \d]{4,})")


def unsourced(shelf: Shelf, known: Iterable[str]) -> Iterator[Finding]:
    """Safety texts and help lines without a source; sources that sources.toml does not have."""
    sources = set(known)
    for name, words in texts(shelf):
        if _HELP_LINE.search(words) and not shelf[name.rpartition(".")[0]].head.sources:
            yield Finding("no source", name, "a help line's number must come from somewhere")
    for flow, file in shelf.items():
        if file.head.safety and not file.head.sources:
            yield Finding("no source", flow, "a safety text must name its sources")
        for name in file.head.sources:
            if name not in sources:
                yield Finding("unknown source", flow, f"{name} is not in sources.toml")


def ill_worded(pieces: Iterable[tuple[str, str]], rules: Iterable[Rule]) -> Iterator[Finding]:
    """Words on the do-not-use list; ``pieces`` are names and what is read."""
    rules = list(rules)
    for name, words in pieces:
        for rule in rules:
            said = words
            for allowed in rule.allowed:
                said = re.sub(re.escape(allowed), "", said, flags=re.IGNORECASE)
            for word in rule.words:
                if re.search(rf"(?<![\w'-]){re.escape(word)}(?![\w'-])", said, re.IGNORECASE):
                    yield Finding("do-not-use word", name, f'"{word}"; say {rule.instead}')


def outside_alphabet(pieces: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """Texts that one character turns from 160 places a segment into 70."""
    for name, words in pieces:
        if odd := not_gsm7(words):
            yield Finding("not GSM-7", name, " ".join(f"{c} (U+{ord(c):04X})" for c in odd))


# --- what they cost ----------------------------------------------------------------------------


def budget_of(shelf: Shelf, name: str) -> int:
    """How many segments a text may take."""
    flow, _, step = name.rpartition(".")
    return FIXED.get(name, shelf[flow].head.segments.get(step, BUDGET))


def segments_of(
    shelf: Shelf, name: str, options: tuple[str, ...], given: Mapping[str, Any], draw: Draw
) -> int:
    """What a text costs at worst, as drawn for SMS."""
    return sum(segment_count(part) for part in draw(longest(shelf, name, given), options))


def over_budget(
    shelf: Shelf, options: Mapping[str, tuple[str, ...]], given: Mapping[str, Any], draw: Draw
) -> Iterator[Finding]:
    """Texts that cost more segments than their head allows; ``options`` are numbered lines."""
    for name in names(shelf):
        try:
            count = segments_of(shelf, name, options.get(name, ()), given, draw)
        except KeyError as unknown:
            yield Finding("no sample value", name, f"add {unknown} to samples.toml")
            continue
        if count > budget_of(shelf, name):
            what = f"{count} segments, {budget_of(shelf, name)} allowed"
            yield Finding("over its segments", name, what)
    for flow, file in shelf.items():
        for step in file.head.segments.keys() - file.blocks.keys():
            yield Finding("over its segments", f"{flow}.{step}", "a budget for a text not there")


# --- warnings ----------------------------------------------------------------------------------


def hard_to_read(shelf: Shelf, given: Mapping[str, Any]) -> Iterator[Finding]:
    """A warning for texts that ask more than a nine-year-old's reading; values are not judged."""
    ours = {key: "this" if isinstance(v, str) else v for key, v in given["values"].items()}
    for own in given.get("texts", {}).values():
        ours |= {key: "this" for key in own if key not in ours}
    for name in names(shelf):
        try:
            age = reading_age(longest(shelf, name, {"values": ours}))
        except KeyError:  # no sample value, which is reported elsewhere
            continue
        if age and age > READS_WELL:
            yield Finding("reading age", name, f"about {age:.0f} years", warning=True)


def unreviewed(shelf: Shelf, today: date) -> Iterator[Finding]:
    """A warning for texts nobody signed off, or not lately."""
    never = [
        flow for flow, file in shelf.items() if not (file.head.reviewed and file.head.reviewer)
    ]
    if never:
        what = f"{len(never)} of {len(shelf)} files have no reviewer and date"
        yield Finding("not signed off", "texts", what, warning=True)
    for flow, file in shelf.items():
        due = str(file.head.review_by)
        if due and date.fromisoformat(due) < today:
            yield Finding("review is due", flow, f"since {due}", warning=True)

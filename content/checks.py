"""Static checks of the texts. Functions of values: they read no file and run no conversation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import ceil
from typing import Any

from jinja2 import Environment, TemplateSyntaxError

from content.findings import Finding
from content.library import TextFile
from content.readability import TARGET_AGE, reading_age
from content.samples import Shelf, longest, needs
from content.segments import not_gsm7, segment_count
from content.uses import Use

BUDGET = 2
FIXED = {"overdose.card": 1}
"""Budgets that no head may raise: the whole emergency card rides in one segment."""
GSM_LOCALES = ("en", "sco")
WIDER = 2.5
"""How much more a segment of GSM holds than one of UCS-2 (160 places against 70), rounded up."""
PAGES = ("title", "page")
"""Blocks for the web alone: no SMS ever carries them."""
OFF_SMS = ("telegram", "web")
"""Variants that no SMS carries."""
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


def is_sent(block: str) -> bool:
    """Whether an SMS may carry a block ("advice/signs.short", "menu.main__telegram")."""
    step, _, variant = block.rpartition(".")[2].partition("__")
    return step not in PAGES and variant not in OFF_SMS


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


def unsourced(shelf: Shelf, known: Iterable[str], always: Iterable[str]) -> Iterator[Finding]:
    """Safety texts and help lines without a source; sources that sources.toml does not have.

    ``always`` are the numbers that may stand in a text; 999 and 111 need no source.
    """
    sources = set(known)
    lines = [number for number in always if len(number) > 3]
    for name, words in texts(shelf):
        if any(n in words for n in lines) and not shelf[name.rpartition(".")[0]].head.sources:
            yield Finding("no source", name, "a help line's number must come from somewhere")
    for flow, file in shelf.items():
        if file.head.safety and not file.head.sources:
            yield Finding("no source", flow, "a safety text must name its sources")
        for name in file.head.sources:
            if name not in sources:
                yield Finding("unknown source", flow, f"{name} is not in sources.toml")


def cited(words: str) -> set[str]:
    """The sources that a page names behind its statements: "[phs-2023]"."""
    return set(_CITATION.findall(_LOGIC.sub("", words)))


def miscited(shelf: Shelf) -> Iterator[Finding]:
    """Pages that cite a source their head does not name, so that nobody was told of it."""
    for name, words in texts(shelf):
        for source in sorted(cited(words) - set(shelf[name.rpartition(".")[0]].head.sources)):
            yield Finding("unknown source", name, f"{source} is not in the file's head")


_PHONE = re.compile(
    r"(?<![\w.])(?:\+44|0)\d(?:[\s-]?\d){6,}|(?<![\w.])\d{5,6}(?!\w)|\b\d{3} \d{3}\b"
)


def stray_numbers(pieces: Iterable[tuple[str, str]], always: Iterable[str]) -> Iterator[Finding]:
    """Phone numbers written into a text: only those of ``always`` are sure to stay right."""
    allowed = {re.sub(r"\D", "", number) for number in always}
    for name, words in pieces:
        for number in _PHONE.findall(words):
            if re.sub(r"\D", "", number) not in allowed:
                what = f"{number} does not belong into a text: lines.toml, and {{{{ lines }}}}"
                yield Finding("phone number", name, what)


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
        if is_sent(name) and (odd := not_gsm7(words)):
            yield Finding("not GSM-7", name, " ".join(f"{c} (U+{ord(c):04X})" for c in odd))


# --- what they cost ----------------------------------------------------------------------------


def budget_of(locale: str, shelf: Shelf, name: str, default: Shelf) -> int:
    """How many segments a text may take; where letters cost more, so much more than in English."""
    flow, _, step = name.rpartition(".")
    own = shelf[flow].head.segments
    if locale in GSM_LOCALES:
        return FIXED.get(name, own.get(step, BUDGET))
    english = default[flow].head.segments.get(step, BUDGET) if flow in default else BUDGET
    return own.get(step, ceil(WIDER * english))


def segments_of(
    shelf: Shelf, name: str, options: tuple[str, ...], given: Mapping[str, Any], draw: Draw
) -> int:
    """What a text costs at worst, as drawn for SMS."""
    return sum(segment_count(part) for part in draw(longest(shelf, name, given), options))


def over_budget(
    locale: str,
    shelf: Shelf,
    default: Shelf,
    options: Mapping[str, tuple[str, ...]],
    given: Mapping[str, Any],
    draw: Draw,
) -> Iterator[Finding]:
    """Texts that cost more segments than they may; ``options`` are numbered lines.

    What a text is made of comes from ``default`` where the locale has no words of its own.
    """
    whole = filled_up(shelf, default)
    for name in filter(is_sent, names(shelf)):
        try:
            count = segments_of(whole, name, options.get(name, ()), given, draw)
        except KeyError as unknown:
            yield Finding("no sample value", name, f"add {unknown} to samples.toml")
            continue
        allowed = budget_of(locale, shelf, name, default)
        if count > allowed:
            yield Finding("over its segments", name, f"{count} segments, {allowed} allowed")
    for flow, file in shelf.items():
        for step in file.head.segments.keys() - file.blocks.keys():
            yield Finding("over its segments", f"{flow}.{step}", "a budget for a text not there")


def filled_up(shelf: Shelf, default: Shelf) -> Shelf:
    """The texts as people get them: the default's where the locale has none."""
    whole = dict(default)
    for flow, file in shelf.items():
        blocks = {**default[flow].blocks, **file.blocks} if flow in default else file.blocks
        whole[flow] = TextFile(file.head, blocks)
    return whole


# --- warnings ----------------------------------------------------------------------------------


def age_of(shelf: Shelf, name: str, given: Mapping[str, Any]) -> float | None:
    """About how old a reader of a text must be, or None for one too short to tell."""
    return reading_age(_CITATION.sub("", longest(shelf, name, given)))


_LOGIC = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)
_CITATION = re.compile(r"\[([a-z0-9-]+)\](?!\()")  # a page's sources, which nobody reads aloud


def hard_to_read(shelf: Shelf, given: Mapping[str, Any]) -> Iterator[Finding]:
    """A warning for texts that ask more than a nine-year-old's reading; values are not judged."""
    ours = {key: v if isinstance(v, int) else "this" for key, v in given["values"].items()}
    for own in given.get("texts", {}).values():
        ours |= {key: "this" for key in own if key not in ours}
    for name in names(shelf):
        try:
            age = age_of(shelf, name, {"values": ours})
        except KeyError:  # no sample value, which is reported elsewhere
            continue
        if age and age > READS_WELL:
            yield Finding("reading age", name, f"about {age:.0f} years", warning=True)

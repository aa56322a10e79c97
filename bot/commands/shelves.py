"""The content as the checks and the review read it: files, texts, what a text costs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.channels.sms import draw_sms
from content import checks as text_checks
from content import library
from content.samples import Shelf, samples
from db.models import Button, OutboundMessage
from handlers.contents import FLOWS
from handlers.engine import checks as flow_checks

HERE = Path(__file__).resolve().parents[2]
CONTENT = HERE / "content"


def draw(text: str, options: tuple[str, ...]) -> list[str]:
    """A text with numbered options, as SMS draws it."""
    buttons = tuple(Button(label, "") for label in options)
    return draw_sms(OutboundMessage(text=text, buttons=buttons, style="numbers"))


def toml(name: str) -> dict[str, Any]:
    """One of content's own lists."""
    return tomllib.loads((CONTENT / name).read_text("utf-8"))


def words_file(locale: str) -> dict[str, Any]:
    """What people may type, and the labels they read; a locale may do with the English."""
    path = library.LOCALES / locale / "words.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


def raw_texts(locale: str) -> dict[str, str]:
    """Every text file of a locale, unread."""
    folder = library.LOCALES / locale
    return {name: (folder / f"{name}.txt").read_text("utf-8") for name in library.flows(locale)}


def shelf(locale: str) -> Shelf:
    """Every text of a locale that can be read."""
    found = {}
    for name, raw in raw_texts(locale).items():
        file = library.text_file(locale, name) if "\n+++\n" in raw else None
        if file:
            found[name] = file
    return found


def numbered_options(locale: str) -> dict[str, tuple[str, ...]]:
    """The labels that SMS lists under a question."""
    words = flow_checks.words_of(FLOWS, library.option, locale)
    return flow_checks.numbered(FLOWS, words, samples())


def costs(locale: str, names: Iterable[str]) -> dict[str, int]:
    """What each of these texts costs at worst, in segments; pages of the web cost nothing."""
    options = numbered_options(locale)
    whole = text_checks.filled_up(shelf(locale), shelf(library.DEFAULT))
    found = {}
    for name in filter(text_checks.is_sent, names):
        with suppress(KeyError):  # no sample value, which is for `kitline check` to say
            mine = options.get(name, ())
            found[name] = text_checks.segments_of(whole, name, mine, samples(), draw)
    return found


def ages(locale: str, names: Iterable[str]) -> dict[str, float | None]:
    """The reading ages; the formula knows English alone."""
    own = shelf(locale) if locale == library.DEFAULT else {}
    found = {}
    for name in names if own else ():
        with suppress(KeyError):
            found[name] = text_checks.age_of(own, name, samples())
    return found

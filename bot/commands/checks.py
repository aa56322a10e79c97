"""check, texts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import typer

from bot.channels.sms import draw_sms
from bot.clock import SystemClock
from bot.commands.shared import UserError, failing
from content import checks as text_checks
from content import library, review
from content.findings import Finding
from content.samples import Shelf, samples
from content.uses import Hint, Use, hints_in, label_groups_in, mentions_in, strings_in, uses_in
from db.models import Button, OutboundMessage
from handlers.contents import FLOWS
from handlers.engine import checks as flow_checks
from handlers.engine.drawing import drawing

app = typer.Typer(help="Flows and texts")

HERE = Path(__file__).resolve().parents[2]
CONTENT = HERE / "content"
DRAWING = HERE / "docs" / "flows.md"
SPEAKING = ("handlers", "bot")  # the packages that say texts


def draw(text: str, options: tuple[str, ...]) -> list[str]:
    """A text with numbered options, as SMS draws it."""
    buttons = tuple(Button(label, "") for label in options)
    return draw_sms(OutboundMessage(text=text, buttons=buttons, style="numbers"))


def sources() -> dict[str, str]:
    """The program's own source, by the file's name from the top."""
    files = (path for package in SPEAKING for path in (HERE / package).rglob("*.py"))
    return {path.relative_to(HERE).as_posix(): path.read_text("utf-8") for path in sorted(files)}


def toml(name: str) -> dict[str, Any]:
    """One of content's own lists."""
    return tomllib.loads((CONTENT / name).read_text("utf-8"))


def raw_texts(locale: str) -> dict[str, str]:
    """Every text file of a locale, unread."""
    folder = library.LOCALES / locale
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.txt"))
    }


def shelf(locale: str) -> Shelf:
    """Every text of a locale that can be read."""
    found = {}
    for name, raw in raw_texts(locale).items():
        file = library.text_file(locale, name) if "\n+++\n" in raw else None
        if file:
            found[name] = file
    return found


def all_uses(texts: Shelf) -> list[Use]:
    """Everything the program says: calls, steps, hints, and names handed on to be said."""
    uses: list[Use] = flow_checks.step_uses(FLOWS)
    hints: list[Hint] = []
    for path, source in sources().items():
        module = path.removesuffix(".py").replace("/", ".")
        uses += uses_in(source, path)
        hints += hints_in(source, path, module)
        if path.startswith("handlers/"):
            uses += mentions_in(source, path, texts)
    return uses + flow_checks.hint_uses(FLOWS, hints, text_checks.names(texts))


def flow_findings() -> list[Finding]:
    """Everything wrong with the flows."""
    locale = library.DEFAULT
    words = flow_checks.words_of(FLOWS, library.option, locale)
    may_hide = toml("may_hide.toml")
    code = sources().values()
    strings = set().union(*(strings_in(source) for source in code))
    groups = set().union(*(label_groups_in(source) for source in code))
    file = toml(f"locales/{locale}/words.toml")
    return [
        *flow_checks.twice(FLOWS),
        *flow_checks.undeclared(FLOWS),
        *flow_checks.nowhere(FLOWS),
        *flow_checks.unreachable(FLOWS),
        *flow_checks.unlabelled(FLOWS, words),
        *flow_checks.shared_words(FLOWS, words),
        *flow_checks.hidden_words(FLOWS, words, library.global_words(locale), may_hide),
        *flow_checks.dead_words(FLOWS, file, strings, groups),
        *flow_checks.fat_buttons(FLOWS),
        *stale_drawing(DRAWING, drawing(FLOWS)),
    ]


def stale_drawing(path: Path, fresh: str) -> Iterable[Finding]:
    """The drawing in docs/ against the flows; an installed copy has no docs."""
    if path.parent.is_dir() and (not path.exists() or path.read_text("utf-8") != fresh):
        yield Finding("stale drawing", "docs/flows.md", "run `kitline check --write-docs`")


def text_findings(today: date) -> list[Finding]:
    """Everything wrong with the texts, in every locale."""
    found: list[Finding] = []
    default = shelf(library.DEFAULT)
    uses = all_uses(default)
    found += [*text_checks.missing(default, uses), *text_checks.undefined(default, uses)]
    found += text_checks.unused(default, uses)
    for locale in library.locales():
        own = default if locale == library.DEFAULT else shelf(locale)
        found += [
            f for name, raw in raw_texts(locale).items() for f in text_checks.broken(name, raw)
        ]
        if own is not default:
            found += text_checks.not_in_default(own, default)
        found += _of_locale(locale, own, today)
    return found


def _of_locale(locale: str, own: Shelf, today: date) -> Iterable[Finding]:
    rules = text_checks.rules_from(toml("do_not_use.toml"))
    labels = dict(_labels(toml(f"locales/{locale}/words.toml")))
    pieces = [*text_checks.texts(own), *labels.items()]
    words = flow_checks.words_of(FLOWS, library.option, locale)
    options = flow_checks.numbered(FLOWS, words, samples())
    yield from text_checks.unsourced(own, toml("sources.toml"))
    yield from text_checks.ill_worded(pieces, rules)
    if locale in text_checks.GSM_LOCALES:
        yield from text_checks.outside_alphabet(pieces)
    yield from text_checks.over_budget(own, options, samples(), draw)
    if locale == library.DEFAULT:
        yield from text_checks.hard_to_read(own, samples())
    yield from text_checks.unreviewed(own, today)


def _labels(file: dict[str, Any], path: str = "words") -> Iterable[tuple[str, str]]:
    """What of words.toml is read, not typed: the labels."""
    for name, value in file.items():
        here = f"{path}.{name}"
        if isinstance(value, dict):
            yield from _labels(value, here)
        elif isinstance(value, str) and (name == "label" or ".labels." in here):
            yield here, value


@app.command()
@failing
def check(
    what: str = typer.Argument("", help="flows or texts; both when left out."),
    write_docs: bool = typer.Option(False, "--write-docs", help="Draw the flows anew."),
) -> None:
    """Validate and draw every flow, validate every text. Warnings do not fail it."""
    if what not in ("", "flows", "texts"):
        typer.echo(f"kitline: check flows or check texts, not {what!r}", err=True)
        raise typer.Exit(2)
    if write_docs and not DRAWING.parent.is_dir():
        raise UserError("there is no docs folder here: run it in a clone of the repository")
    if write_docs:
        DRAWING.write_text(drawing(FLOWS), "utf-8")
    found = [] if what == "texts" else flow_findings()
    if what != "flows":
        found += text_findings(SystemClock().now().date())
    for finding in sorted(found, key=lambda f: (not f.warning, f.kind, f.where)):
        typer.echo(f"{'warning' if finding.warning else 'wrong'}  {finding}")
    wrong = [finding for finding in found if not finding.warning]
    typer.echo(f"{len(wrong)} wrong, {len(found) - len(wrong)} warnings")
    if wrong:
        raise typer.Exit(1)


@app.command()
@failing
def texts(
    flow: str = typer.Option("", help="One conversation's texts only."),
    locale: str = typer.Option(library.DEFAULT, help="The language."),
) -> None:
    """Every text with its segments, sources and sign-off: a document for a clinical lead."""
    if locale not in library.locales():
        raise UserError(f"no locale {locale}; there are: {', '.join(library.locales())}")
    own = shelf(locale)
    chosen = {name: file for name, file in own.items() if not flow or name.startswith(flow)}
    if not chosen:
        raise UserError(f"no texts called {flow}; there are: {', '.join(own)}")
    words = flow_checks.words_of(FLOWS, library.option, locale)
    options = flow_checks.numbered(FLOWS, words, samples())
    costs = {
        name: text_checks.segments_of(own, name, options.get(name, ()), samples(), draw)
        for name in text_checks.names(chosen)
    }
    typer.echo(review.document(locale, chosen, costs, options, toml("sources.toml")))

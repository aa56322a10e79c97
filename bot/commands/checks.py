"""check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from bot.commands import hazards
from bot.commands.shared import UserError, failing
from bot.commands.shelves import HERE, draw, numbered_options, raw_texts, shelf, toml, words_file
from content import checks as text_checks
from content import library, lines, translations
from content.findings import Finding
from content.samples import Shelf, samples
from content.supply_terms import wrong_terms
from content.uses import Hint, Use, hints_in, label_groups_in, mentions_in, strings_in, uses_in
from handlers.contents import FLOWS
from handlers.engine import checks as flow_checks
from handlers.engine.drawing import drawing

app = typer.Typer(help="Flows and texts")

DRAWING = HERE / "docs" / "flows.md"
SPEAKING = ("handlers", "bot")  # the packages that say texts


def sources() -> dict[str, str]:
    """The program's own source, by the file's name from the top."""
    files = (path for package in SPEAKING for path in (HERE / package).rglob("*.py"))
    return {path.relative_to(HERE).as_posix(): path.read_text("utf-8") for path in sorted(files)}


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
    file = words_file(locale)
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
        *(stale for path, fresh in pages().items() for stale in stale_page(path, fresh)),
    ]


def pages() -> dict[Path, str]:
    """The pages in docs/ that are made from something else, as they should be."""
    kept = HERE / hazards.FOLDER / "hazards.toml"
    made = {DRAWING: drawing(FLOWS)}
    if kept.exists():  # an installed copy has no docs
        made[kept.with_suffix(".md")] = hazards.document(hazards.read(kept))
    return made


def stale_page(path: Path, fresh: str) -> Iterable[Finding]:
    """A page in docs/ against what it is made from; an installed copy has no docs."""
    if path.parent.is_dir() and (not path.exists() or path.read_text("utf-8") != fresh):
        yield Finding("stale page", f"docs/{path.name}", "run `kitline check --write-docs`")


def text_findings() -> list[Finding]:
    """Everything wrong with the texts, in every locale."""
    found: list[Finding] = []
    default = shelf(library.DEFAULT)
    uses = all_uses(default)
    found += [*text_checks.missing(default, uses), *text_checks.undefined(default, uses)]
    found += text_checks.unused(default, uses)
    found += text_checks.hard_to_read(default, samples())
    found += wrong_terms(toml("supply_terms.toml"), toml("sources.toml"))
    for locale in library.locales():
        own = default if locale == library.DEFAULT else shelf(locale)
        raw = raw_texts(locale)
        mine = [f for name, text in raw.items() for f in text_checks.broken(name, text)]
        mine += [*_of_locale(locale, own, default)]
        if own is not default:
            mine += _translated(locale, own, default, raw)
        found += mine if own is default else [_in(locale, one) for one in mine]
    return found


def _in(locale: str, one: Finding) -> Finding:
    """A finding that says in which language it is."""
    return one if one.where == locale else replace(one, where=f"{locale}: {one.where}")


def _of_locale(locale: str, own: Shelf, default: Shelf) -> Iterable[Finding]:
    labels = dict(labels_in(words_file(locale)))
    pieces = [*text_checks.texts(own), *labels.items()]
    yield from text_checks.unsourced(own, toml("sources.toml"), lines.always())
    yield from text_checks.miscited(own)
    yield from text_checks.stray_numbers(pieces, lines.always())
    if locale in text_checks.GSM_LOCALES:
        yield from text_checks.ill_worded(pieces, text_checks.rules_from(toml("do_not_use.toml")))
        yield from text_checks.outside_alphabet(pieces)
    options = numbered_options(locale)
    yield from text_checks.over_budget(locale, own, default, options, samples(), draw)


def _translated(
    locale: str, own: Shelf, default: Shelf, raw: Mapping[str, str]
) -> Iterable[Finding]:
    english = words_file(library.DEFAULT)
    typed = translations.meanings(english)
    theirs = translations.meanings(english, words_file(locale))
    yield from translations.heads(raw)
    yield from translations.not_in_default(own, default)
    yield from translations.other_values(own, default)
    yield from translations.other_figures(own, default)
    yield from translations.other_citations(own, default)
    yield from translations.other_words(own, default, typed, theirs)
    yield from translations.incomplete(locale, own, default)
    labels = [dict(labels_in(words_file(one))) for one in (locale, library.DEFAULT)]
    yield from translations.unlabelled(locale, *labels)


def labels_in(file: dict[str, Any], path: str = "words") -> Iterable[tuple[str, str]]:
    """What of words.toml is read, not typed: the labels."""
    for name, value in file.items():
        here = f"{path}.{name}"
        if isinstance(value, dict):
            yield from labels_in(value, here)
        elif isinstance(value, str) and (name == "label" or ".labels." in here):
            yield here, value


@app.command()
@failing
def check(
    what: str = typer.Argument("", help="flows or texts; both when left out."),
    write_docs: bool = typer.Option(
        False, "--write-docs", help="Make docs/flows.md and the hazard log anew."
    ),
) -> None:
    """Validate and draw every flow, validate every text. Warnings do not fail it."""
    if what not in ("", "flows", "texts"):
        typer.echo(f"kitline: check flows or check texts, not {what!r}", err=True)
        raise typer.Exit(2)
    if write_docs and not DRAWING.parent.is_dir():
        raise UserError("there is no docs folder here: run it in a clone of the repository")
    if write_docs:
        for path, fresh in pages().items():
            path.write_text(fresh, "utf-8")
    found = [] if what == "texts" else flow_findings()
    if what != "flows":
        found += text_findings()
    for finding in sorted(found, key=lambda f: (not f.warning, f.kind, f.where)):
        typer.echo(f"{'warning' if finding.warning else 'wrong'}  {finding}")
    wrong = [finding for finding in found if not finding.warning]
    typer.echo(f"{len(wrong)} wrong, {len(found) - len(wrong)} warnings")
    if wrong:
        raise typer.Exit(1)

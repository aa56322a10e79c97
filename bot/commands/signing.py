"""texts, sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import typer

from bot.bootstrap import App
from bot.clock import SystemClock
from bot.commands import shelves
from bot.commands.output import plural
from bot.commands.session import change, look, service_named
from bot.commands.shared import UserError, failing
from bot.config import ConfigError, load
from content import checks as text_checks
from content import library, review, signing
from content.library import TextFile
from content.samples import Shelf
from content.signing import Item
from db.database import DatabaseError, Unreachable
from db.models import SignOff
from db.work import Work
from handlers.services import sign_offs
from handlers.services.sign_offs import Standing

app = typer.Typer()

Newest = dict[tuple[str, str], SignOff]
A_YEAR = timedelta(days=365)
UNKNOWN = "Signatures are unknown: no database"


@app.command()
@failing
def texts(
    flow: str = typer.Option("", help="One conversation's texts only."),
    locale: str = typer.Option(library.DEFAULT, help="The language."),
    service: str = typer.Option("", help="Count what was signed for this service alone, too."),
    unsigned: bool = typer.Option(
        False, "--unsigned", help="Only what nobody has signed off as it is now."
    ),
    safety: bool = typer.Option(
        False, "--safety", help="Only safety texts, and drawings of clinical steps."
    ),
) -> None:
    """Every text with its segments, sources and sign-off: a document for a clinical lead."""
    _known_locale(locale)
    own = shelves.shelf(locale)
    chosen = {name: file for name, file in own.items() if file.head.safety or not safety}
    chosen = {name: file for name, file in chosen.items() if not flow or name.startswith(flow)}
    drawn = flow in ("", "pictures")
    if not chosen and not drawn:
        kind = "safety texts" if safety else "texts"
        raise UserError(f"no {kind} called {flow}; there are: {', '.join(own)}")
    signatures = _signatures(locale, service)
    items = _items(locale, chosen, drawn, safety)
    summary = _summary(items, signatures)
    if unsigned:
        items = _open(items, signatures)
        chosen = _only(chosen, {item.name for item in items})
        summary += " Only the others follow."
    names = text_checks.names(chosen)
    facts = review.Facts(
        shelves.costs(locale, names),
        shelves.numbered_options(locale),
        shelves.ages(locale, names),
        {item.name: _said(item, signatures) for item in items},
    )
    page = review.document(
        locale,
        chosen,
        {} if locale == library.DEFAULT else shelves.shelf(library.DEFAULT),
        facts,
        shelves.toml("sources.toml"),
        summary,
        [_drawing(item, signatures) for item in items if item.is_picture],
    )
    typer.echo(page)


def _items(locale: str, chosen: Shelf, drawn: bool, safety: bool) -> list[Item]:
    """What stands in the document: the texts of these files, and the drawings if wanted."""
    names = text_checks.names(chosen)
    every = signing.items(locale)
    drawings = [item for item in every if item.is_picture and drawn]
    if safety:
        drawings = [item for item in drawings if item.signer == library.CLINICAL_LEAD]
    return [*(item for item in every if item.name in names), *drawings]


def _open(items: list[Item], signatures: Newest | None) -> list[Item]:
    if signatures is None:
        raise UserError("--unsigned needs the database, which knows what is signed; there is none")
    today = SystemClock().now().date()
    return [item for item in items if not _is_signed(item, signatures, today)]


def _only(shelf: Shelf, names: set[str]) -> dict[str, TextFile]:
    """The texts of these names, with what they look like on other channels."""
    found = {}
    for flow, file in shelf.items():
        blocks = {b: s for b, s in file.blocks.items() if f"{flow}.{b.partition('__')[0]}" in names}
        if blocks:
            found[flow] = replace(file, blocks=blocks)
    return found


def _drawing(item: Item, signatures: Newest | None) -> str:
    about = signing.pictures()[item.name]
    return review.drawing(item, _drawn_in(item), about, _said(item, signatures))


@app.command()
@failing
def sign(
    what: str = typer.Argument(help="A flow (overdose), a text (overdose.card) or a drawing."),
    reviewer: str = typer.Option(..., help="The name of the person who has read them."),
    role: str = typer.Option(..., help='"clinical lead" or "coordinator".'),
    locale: str = typer.Option(library.DEFAULT, help="The language."),
    service: str = typer.Option("", help="For one service only; for every one if left out."),
    review_by: str = typer.Option("", help="To be read again by: 2027-11-30. A year if left out."),
    yes: bool = typer.Option(False, "--yes", help="Sign. Without it: show what would be signed."),
) -> None:
    """Record that somebody has read and approved texts, word for word as they are now."""
    reviewer = " ".join(reviewer.split())
    _known_locale(locale)
    items = signing.chosen(locale, what)
    if not items:
        raise UserError(f"no text, flow or drawing called {what} in {locale}: kitline texts")
    if not reviewer:
        raise typer.BadParameter("whose signature is it? Give the person's name")
    if role not in signing.ROLES:
        raise typer.BadParameter(f"--role is one of: {', '.join(signing.ROLES)}")
    beyond = [item.name for item in items if not signing.may_sign(role, item)]
    if beyond:
        raise UserError(f"{', '.join(beyond)}: needs a {library.CLINICAL_LEAD}; nothing is signed")

    async def act(app: App, work: Work) -> list[str]:
        home = await service_named(work, service) if service else None
        home_id = home.id if home else None
        until = _until(review_by, work.now.date())
        known = await sign_offs.newest(work, locale, home_id)
        open_ = [item for item in items if not _is_signed(item, known, work.now.date())]
        lines = [_step(item, known) for item in items]
        if not open_:
            return [*lines, "All of it is signed already, unchanged. Nothing to do."]
        who = f"{reviewer} ({role}), to be read again by {until}"
        if not yes:
            shown = [line for item in open_ for line in _words(item)]
            do = f"kitline texts --flow {items[0].name.rpartition('.')[0] or 'pictures'}"
            end = f"Nothing is signed yet. Read them with their sources ({do}), then add --yes."
            return [*lines, *shown, f"Would be signed: {plural(len(open_), 'text')} by {who}.", end]
        for item in open_:
            values = (item.locale, item.name, item.fingerprint, reviewer, role, until, home_id)
            work.save(SignOff(work.new_id(), work.now, *values))
        return [*lines, f"Signed: {plural(len(open_), 'text')} by {who}."]

    for line in change(act) if yes else look(act):
        typer.echo(line)


def _known_locale(locale: str) -> None:
    if locale not in library.locales():
        raise UserError(f"no locale {locale}; there are: {', '.join(library.locales())}")


def _until(text: str, today: date) -> date:
    try:
        until = date.fromisoformat(text) if text else today + A_YEAR
    except ValueError:
        raise typer.BadParameter("--review-by is a date like 2027-11-30") from None
    if until <= today:
        raise typer.BadParameter("--review-by must lie ahead")
    return until


def _is_signed(item: Item, known: Newest, today: date) -> bool:
    one = known.get((item.locale, item.name))
    return sign_offs.standing(item, one, today) is Standing.SIGNED


def _step(item: Item, known: Newest) -> str:
    """What becomes of an item, the old signature beside the new."""
    old = known.get((item.locale, item.name))
    if old is None:
        return f"{item.name}: new, {item.fingerprint[:8]}"
    was = f"{old.reviewer} ({old.role}) signed {old.fingerprint[:8]} on {old.at:%Y-%m-%d}"
    if old.fingerprint == item.fingerprint:
        return f"{item.name}: {was}, unchanged since; valid till {old.review_by}"
    return f"{item.name}: {was}; changed since, now {item.fingerprint[:8]}"


def _words(item: Item) -> list[str]:
    """The words that would be signed."""
    if item.is_picture:
        return ["", f"{item.name}: look at {_drawn_in(item)}"]
    flow, _, step = item.name.rpartition(".")
    file = library.text_file(item.locale, flow)
    blocks = file.blocks if file else {}
    mine = {b: words for b, words in blocks.items() if b.partition("__")[0] == step}
    return [line for block, words in mine.items() for line in ("", f"{flow}.{block}:", words)]


def _drawn_in(item: Item) -> str:
    return f"content/pictures/{signing.picture_path(item.name).name}"


def _signatures(locale: str, service: str) -> Newest | None:
    """Who has signed what, or None where no database can be asked."""

    async def act(app: App, work: Work) -> Newest:
        home = await service_named(work, service) if service else None
        return await sign_offs.newest(work, locale, home.id if home else None)

    try:
        load()
        return look(act)
    except (ConfigError, UserError, DatabaseError, *Unreachable):
        if service:
            raise
        return None


def _said(item: Item, signatures: Newest | None) -> str:
    if signatures is None:
        return UNKNOWN
    one = signatures.get((item.locale, item.name))
    standing = sign_offs.standing(item, one, SystemClock().now().date())
    if one is None:
        return "Not signed off"
    by = f"by {one.reviewer} ({one.role}) on {one.at:%Y-%m-%d}"
    if standing is Standing.CHANGED:
        return f"Changed since it was signed {by}"
    again = "was to be read again" if standing is Standing.REVIEW_DUE else "to be read again"
    return f"Signed off {by}, {again} by {one.review_by}"


def _summary(items: list[Item], signatures: Mapping[tuple[str, str], SignOff] | None) -> str:
    if signatures is None:
        return f"{UNKNOWN}."
    today = SystemClock().now().date()
    good = sum(_is_signed(item, dict(signatures), today) for item in items)
    return f"{good} of {len(items)} texts and drawings are signed off as they are now."

"""local-help add · set · list · import."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import typer

from bot.bootstrap import App
from bot.channels.numbers import normalised
from bot.commands.csv_files import Outcome, Row, import_rows, read_lines, with_heads
from bot.commands.output import table
from bot.commands.people import called
from bot.commands.reading import read_day, read_times
from bot.commands.session import change, look, service_named
from bot.commands.shared import UserError, failing, plainly
from content import library
from db.models import LocalHelp, Service, Staff
from db.work import Work
from handlers.services.local_help import KINDS, directory, phone_of

app = typer.Typer(
    help="Your own people and places to talk to: nurse, clinic, link workers.",
    no_args_is_help=True,
)

MUST = ("name", "kind")
MAY = ("hours", "phone", "confirmed", "place", "staff")
STATUSES = ("active", "away", "left")

_service = typer.Option("", "--service", help="Which service.")
_kind = typer.Option("", help=f"One of: {', '.join(KINDS)}.")
_hours = typer.Option("", help='When they are there, like "Mo-Fr 09:00-17:00".')
_phone = typer.Option("", help="A number people may ring; left out where there is none.")
_confirmed = typer.Option("", help="The day somebody checked that number (today if not said).")
_place = typer.Option("", help="Where people can find them, in a few words.")
_staff = typer.Option("", help="Who of the staff answers for them; else the coordinator on call.")


@dataclass(frozen=True, slots=True)
class Given:
    """What was given of one entry; "" where nothing was."""

    name: str
    kind: str = ""
    hours: str = ""
    phone: str = ""
    confirmed: str = ""
    place: str = ""
    staff: str = ""
    status: str = ""


@app.command("add")
@failing
def add(
    name: str = typer.Argument(help="The name as people will read it."),
    kind: str = _kind,
    hours: str = _hours,
    phone: str = _phone,
    confirmed: str = _confirmed,
    place: str = _place,
    staff: str = _staff,
    service: str = _service,
) -> None:
    """Add somebody people can be put in touch with."""
    given = Given(name, kind, hours, phone, confirmed, place, staff)
    _enter(service, given, is_new=True)
    typer.echo(f"{name} is added.")


@app.command("set")
@failing
def set_(
    name: str = typer.Argument(help="Who, or which place."),
    kind: str = _kind,
    hours: str = _hours,
    phone: str = _phone,
    confirmed: str = _confirmed,
    place: str = _place,
    staff: str = _staff,
    status: str = typer.Option("", help=f"One of: {', '.join(STATUSES)}."),
    service: str = _service,
) -> None:
    """Change an entry; what is not given stays as it is."""
    given = Given(name, kind, hours, phone, confirmed, place, staff, status)
    _enter(service, given, is_new=False)
    typer.echo(f"{name} is changed.")


def _enter(service: str, given: Given, *, is_new: bool) -> None:
    name = given.name

    async def act(app: App, work: Work) -> None:
        home = await service_named(work, service)
        known = await _known(work, home, name)
        if known and is_new:
            raise UserError(f"{name} is there already. Change it: kitline local-help set {name!r}")
        if known is None and not is_new:
            raise UserError(f"{home.slug} has no entry called {name}")
        with plainly():
            await take(work, home, given)

    change(act)


@app.command("import")
@failing
def import_(
    file: Path = typer.Argument(exists=True, dir_okay=False, help="A CSV file; see docs."),
    service: str = _service,
    skip_bad: bool = typer.Option(False, help="Import the good lines and leave the bad ones."),
) -> None:
    """Import entries from CSV: name, kind, and what else is known."""
    rows = with_heads(read_lines(file), MUST, MAY, file.name)

    async def one(app: App, work: Work, row: Row, outcome: Outcome) -> str:
        home = await service_named(work, service)
        may = {name: row.get(name) for name in MAY}
        return await take(work, home, Given(row.need("name"), row.need("kind"), **may))

    import_rows(rows, one, noun="entries", skip_bad=skip_bad)


async def take(work: Work, home: Service, given: Given) -> str:
    """Add or change one entry: "added", "changed" or "as they were"."""
    old = await _known(work, home, given.name)
    if len(given.name) > 40 or len(given.place) > 60:
        raise ValueError("the name is longer than 40 letters or the place longer than 60")
    if old is None and not given.kind:
        raise ValueError(f"which kind is {given.name}? One of: {', '.join(KINDS)}")
    base = old or LocalHelp(
        id=work.new_id(),
        service_id=home.id,
        kind=given.kind,
        name=given.name,
        created_at=work.now,
    )
    new = replace(
        base,
        kind=_one_of(KINDS, given.kind, "kind") or base.kind,
        hours=read_times(given.hours) or base.hours,
        place=given.place or base.place,
        phone=_read_phone(given.phone) or base.phone,
        confirmed_on=_confirmed_on(given, work.now.date()) or base.confirmed_on,
        staff_id=await _staff_id(work, home, given.staff) or base.staff_id,
        status=_one_of(STATUSES, given.status, "status") or base.status,
    )
    if new == old:
        return "as they were"
    work.save(new)
    return "changed" if old else "added"


def _one_of(known: tuple[str, ...], given: str, what: str) -> str:
    if given and given not in known:
        raise ValueError(f"{given} is not a {what}: {', '.join(known)}")
    return given


def _read_phone(text: str) -> str:
    if text and normalised(text) is None:
        raise ValueError(f"{text} is not a phone number")
    return text


def _confirmed_on(given: Given, today: date) -> date | None:
    """A number counts as checked on the day given, or the day it was entered."""
    if not given.confirmed:
        return today if given.phone else None
    day = read_day(given.confirmed)
    if day > today:
        raise ValueError(f"{day} has not come yet: give the day on which the number was checked")
    return day


async def _staff_id(work: Work, home: Service, name: str) -> int | None:
    if not name:
        return None
    one = called(await work.find(Staff, service_id=home.id, status="active"), name)
    if one is None:
        raise ValueError(f"nobody on the staff of {home.slug} is called {name}")
    return one.id


async def _known(work: Work, home: Service, name: str) -> LocalHelp | None:
    """The same name is the same entry."""
    return called(await work.find(LocalHelp, service_id=home.id), name)


@app.command("list")
@failing
def list_(service: str = _service) -> None:
    """Who can be asked for, whether they are there now, who answers."""

    async def act(app: App, work: Work) -> list[tuple[object, ...]]:
        home = await service_named(work, service)
        rows: list[tuple[object, ...]] = []
        for there in await directory(work, home, work.now):
            one = there.help
            owner = await work.get(Staff, one.staff_id)
            old = " (not checked lately: not sent)" if not phone_of(one, work.now.date()) else ""
            rows.append(
                (
                    one.name,
                    one.kind,
                    library.said("en", there.words),
                    one.hours or "-",
                    f"{one.phone}{old}" if one.phone else "-",
                    owner.name if owner else "on call",
                )
            )
        return rows

    heads = ("NAME", "KIND", "NOW", "HOURS", "PHONE", "ANSWERED BY")
    table(heads, look(act), "Nobody yet. Add somebody: kitline local-help add --help")

"""peers add · import · list. What is kept of peers besides is in peer_records.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import typer

from bot.bootstrap import App
from bot.commands.csv_files import Outcome, Row, import_rows, read_lines, with_heads
from bot.commands.kits import add_first_kits, kits_words
from bot.commands.output import table
from bot.commands.people import addresses_of, can_be_written_to, contact_for
from bot.commands.reading import (
    Kits,
    in_a_year,
    read_address,
    read_day,
    read_kits,
    read_miles,
    read_place,
    read_times,
    read_whole,
)
from bot.commands.session import change, look, service_named
from bot.commands.shared import UserError, failing, plainly
from db.models import Contact, Peer, Service
from db.work import Work
from handlers.services.dispatch import on_duty
from handlers.services.geo import KM_PER_MILE, miles
from handlers.services.roles import peer_of
from handlers.services.rules import is_night, rules_of, uk_day
from handlers.services.standing import run_out
from handlers.services.supplies import peer_holder

app = typer.Typer(help="Volunteers who carry kits.", no_args_is_help=True)

MUST = ("name", "phone", "place")
MAY = ("radius_miles", "trained_until", "checked_until", "rota", "limit", "products")
DEFAULT_MILES = 3.0
_service = typer.Option("", "--service", help="Which service.")


@dataclass(frozen=True)
class Given:
    """A peer as somebody wrote them down; "" = not said."""

    name: str
    address: str
    place: str
    radius: str = ""
    trained: str = ""
    rota: str = ""
    limit: str = ""
    kits: str = ""
    checked: str = ""


@app.command("add")
@failing
def add(
    name: str = typer.Argument(help="The first name or alias that requesters will read."),
    phone: str = typer.Option(help="Their mobile, or tg:<chat id>."),
    place: str = typer.Option(help="A postcode, part of one, or a town: never a home address."),
    service: str = _service,
    radius_miles: str = typer.Option("", help="How far they go (3 miles if not said)."),
    trained_until: str = typer.Option("", help="2027-05-31 or 05/2027 (a year from now if not)."),
    checked_until: str = typer.Option("", help="The last day their check holds, if you ask one."),
    rota: str = typer.Option("", help='When they are on, like "Mo-Fr 18:00-22:00".'),
    limit: str = typer.Option("", help="How many requests at a time (2 if not said)."),
    products: str = typer.Option("", help='Kits they start with: "3 nasal N2402 06/2027".'),
) -> None:
    """Add a peer, or change what is known of one; found again by their phone."""
    given = Given(
        name, phone, place, radius_miles, trained_until, rota, limit, products, checked_until
    )

    async def act(app: App, work: Work) -> tuple[str, list[str]]:
        outcome = Outcome()
        home = await service_named(work, service)
        with plainly():
            return await take(app, work, home, given, outcome), outcome.notes

    done, notes = change(act)
    for note in notes:
        typer.echo(f"note: {note}")
    typer.echo(f"{name}: {done}.")


@app.command("import")
@failing
def import_(
    file: Path = typer.Argument(exists=True, dir_okay=False, help="A CSV file; see docs."),
    service: str = _service,
    skip_bad: bool = typer.Option(False, help="Import the good lines and leave the bad ones."),
) -> None:
    """Import peers from CSV: name, phone, place, and what else is known."""
    rows = with_heads(read_lines(file), MUST, MAY, file.name)

    async def one(app: App, work: Work, row: Row, outcome: Outcome) -> str:
        home = await service_named(work, service)
        given = Given(
            row.need("name"),
            row.need("phone"),
            row.need("place"),
            row.get("radius_miles"),
            row.get("trained_until"),
            row.get("rota"),
            row.get("limit"),
            row.get("products"),
            row.get("checked_until"),
        )
        return await take(app, work, home, given, outcome)

    import_rows(rows, one, noun="peers", skip_bad=skip_bad)


async def take(app: App, work: Work, home: Service, given: Given, outcome: Outcome) -> str:
    """Add or change one peer: "added", "changed" or "as they were"."""
    channel, address = read_address(given.address)
    place = read_place(given.place, app.engine.world.gazetteer, home)
    kits: list[Kits] = read_kits(given.kits, home)
    if outcome.seen.setdefault(address, given.name) != given.name:
        raise ValueError(f"the phone of {given.name} is that of {outcome.seen[address]} above")
    contact, _ = await contact_for(work, app, home, channel, address)
    if silent := can_be_written_to(contact):
        outcome.notes.append(f"{given.name} hears nothing from us: {silent}.")
    old = await peer_of(work, contact.id)
    if len(given.name) > 40:
        raise ValueError("the name is longer than 40 letters")
    base = old or Peer(
        id=work.new_id(),
        service_id=home.id,
        contact_id=contact.id,
        name=given.name,
        created_at=work.now,
        radius_km=DEFAULT_MILES * KM_PER_MILE,
        trained_until=in_a_year(work.now.date()),
    )
    peer = replace(
        _changed(base, given),
        name=given.name,
        place=place.label,
        lat=round(place.lat, 3),
        lon=round(place.lon, 3),
    )
    if peer != old:
        peer = work.save(peer)
    got = await add_first_kits(work, peer_holder(peer), kits)
    if over := run_out(peer, uk_day(work.now)):
        outcome.notes.append(f"{given.name} is not asked for kits: {over} is over or not entered.")
    if old is None:
        return "added"
    return "changed" if peer != old or got else "as they were"


def _changed(peer: Peer, given: Given) -> Peer:
    if given.radius:
        peer = replace(peer, radius_km=round(read_miles(given.radius) * KM_PER_MILE, 3))
    if given.trained:
        peer = replace(peer, trained_until=read_day(given.trained))
    if given.checked:
        peer = replace(peer, checked_until=read_day(given.checked))
    if given.rota:
        peer = replace(peer, rota=read_times(given.rota))
    if given.limit:
        peer = replace(peer, open_limit=read_whole(given.limit, 1, 20, "limit"))
    return peer


@app.command("list")
@failing
def list_(service: str = _service) -> None:
    """Who is on, how far they go, what they carry."""

    async def act(app: App, work: Work) -> list[tuple[object, ...]]:
        home = await service_named(work, service)
        night = is_night(work.now, rules_of(home))
        rows: list[tuple[object, ...]] = []
        for peer in await work.find(Peer, service_id=home.id):
            if peer.status == "left":
                continue
            contact = await work.need(Contact, peer.contact_id)
            rows.append(
                (
                    peer.name,
                    await addresses_of(work, peer.contact_id),
                    peer.place,
                    f"{miles(peer.radius_km):.1f}",
                    _duty(peer, contact, on_duty(peer, work.now, night, home.nation)),
                    last_day(peer.trained_until, work.now.date()),
                    last_day(peer.checked_until, work.now.date(), "-"),
                    await kits_words(work, peer_holder(peer)),
                )
            )
        return rows

    heads = ("NAME", "ADDRESS", "PLACE", "MILES", "DUTY", "TRAINED UNTIL", "CHECKED UNTIL", "KITS")
    table(heads, look(act), "No peer yet. Add one: kitline peers add --help")


def _duty(peer: Peer, contact: Contact, is_on: bool) -> str:
    silent = can_be_written_to(contact)
    if silent or peer.status != "active":
        return silent or peer.status
    return "on" if is_on else "off"


def last_day(until: date | None, today: date, none: str = "never") -> str:
    """The last day something holds; OVER once it is past."""
    if until is None:
        return none
    return f"{until} OVER" if until < today else str(until)


async def peer_named(work: Work, home: Service, name: str) -> Peer:
    """The one peer of that name, or whose name begins so."""
    peers = [p for p in await work.find(Peer, service_id=home.id) if p.status != "left"]
    wanted = name.casefold()
    named = [p for p in peers if p.name.casefold() == wanted]
    named = named or [p for p in peers if p.name.casefold().startswith(wanted)]
    if len(named) == 1:
        return named[0]
    known = ", ".join(sorted(p.name for p in peers)) or "nobody"
    many = "several peers are" if named else "no peer is"
    raise UserError(f"{many} called {name}. Peers of {home.slug}: {known}")

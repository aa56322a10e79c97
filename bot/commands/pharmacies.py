"""pharmacies import · list."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import typer

from bot.bootstrap import App
from bot.commands.csv_files import Outcome, Row, import_rows, read_lines
from bot.commands.kits import add_first_kits, kits_words
from bot.commands.output import table
from bot.commands.people import contact_for
from bot.commands.pharmacy_lists import read_list
from bot.commands.reading import read_hours, read_kits, read_mobile
from bot.commands.session import look, service_named
from bot.commands.shared import failing
from content import library
from db.models import Contact, Outlet, Service
from db.reference.gazetteer import Spot
from db.work import Work
from handlers.services.hours import are_old, opening_of
from handlers.services.hours_by_day import DAYS, hours_of_week
from handlers.services.rules import uk_day
from handlers.services.supplies import outlet_holder

app = typer.Typer(help="Pharmacies and other outlets.", no_args_is_help=True)

KINDS = ("pharmacy", "hostel", "service", "other")
_service = typer.Option("", "--service", help="Which service.")


@app.command("import")
@failing
def import_(
    file: Path = typer.Argument(exists=True, dir_okay=False, help="A CSV file; see docs."),
    service: str = _service,
    skip_bad: bool = typer.Option(False, help="Import the good lines and leave the bad ones."),
    active: bool = typer.Option(False, help="Those of a national list take part at once."),
) -> None:
    """Import outlets: our own columns, the NHSBSA Consolidated List, or ODS edispensary.

    A national list only says who is there: its pharmacies are "listed" until they join.
    """
    given = read_list(read_lines(file), file.name)
    status = "listed" if given.national and not active else "active"

    async def one(app: App, work: Work, row: Row, outcome: Outcome) -> str:
        home = await service_named(work, service)
        if given.national and _district(row) not in home.districts:
            outcome.left_out["outside the area"] += 1
            return ""
        return await take(app, work, home, row, outcome, status)

    import_rows(given.rows, one, noun="pharmacies", skip_bad=skip_bad)
    for why, n in given.left_out.items():
        typer.echo(f"note: {n} lines left out: {why}.")


def _district(row: Row) -> str:
    return re.sub(r"\s", "", row.get("postcode")).upper()[:-3]


async def take(app: App, work: Work, home: Service, row: Row, outcome: Outcome, status: str) -> str:
    """Add or change one outlet: "added", "changed" or "as they were".

    ``status``: of one that is new, or that is taken in now.
    """
    spot = app.engine.world.gazetteer.postcode(row.need("postcode"))
    if spot is None:
        raise ValueError(f"{row.get('postcode')} is no postcode in use that we know")
    kits = read_kits(row.get("products"), home)
    name, address = row.need("name"), row.need("address")
    if len(name) > 120 or len(address) > 300:
        raise ValueError("the name is longer than 120 letters or the address longer than 300")
    kind = row.get("kind").lower() or "pharmacy"
    if kind not in KINDS:
        raise ValueError(f"{kind} is not a kind of outlet: {', '.join(KINDS)}")
    code = row.get("ods_code").upper()
    if len(code) > 12:
        raise ValueError(f"{code} is no ODS code")
    if code and (line := outcome.seen.setdefault(code, f"line {row.line}")) != f"line {row.line}":
        raise ValueError(f"the ODS code {code} stands in {line} already: one outlet, one line")
    old = await _known(work, home, code, name, spot)
    base = old or Outlet(
        id=work.new_id(),
        service_id=home.id,
        name=name,
        kind=kind,
        address=address,
        district=spot.outcode,
        lat=spot.lat,
        lon=spot.lon,
        created_at=work.now,
        status=status,
    )
    outlet = replace(
        base,
        name=name if base.status == "listed" else base.name,  # who has joined keeps it
        kind=kind if row.get("kind") else base.kind,
        address=address,
        district=spot.outcode,
        lat=spot.lat,
        lon=spot.lon,
        phone=_phone(row) or base.phone,
        ods_code=code or base.ods_code,
        status="active" if status == "active" and base.status == "listed" else base.status,
    )
    outlet = _with_hours(outlet, row, work.now)
    if outlet != old:
        outlet = work.save(outlet)
    joined = await _join_phones(app, work, home, outlet, row.get("texts_from"))
    got = bool(kits) and await add_first_kits(work, outlet_holder(outlet), kits)
    if spot.outcode not in home.districts:
        outcome.notes.append(f"{name} ({spot.outcode}) lies outside the districts of {home.slug}.")
    if old is None:
        return "added"
    return "changed" if outlet != old or got or joined else "as they were"


def _with_hours(outlet: Outlet, row: Row, now: datetime) -> Outlet:
    """Hours as the list says; only a national list says them by the day, and it confirms nothing:
    what somebody confirmed lately stands against it."""
    days = {day: row.get(day) for day in DAYS if day in row.cells}
    hours = read_hours(hours_of_week(days) if days else row.get("hours"))
    if not hours or (days and not are_old(outlet, now)):
        return outlet
    if hours != outlet.hours:
        outlet = replace(outlet, hours=hours, hours_confirmed_on=None)
    if not days and outlet.hours_confirmed_on is None:
        outlet = replace(outlet, hours_confirmed_on=uk_day(now))
    return outlet


def _phone(row: Row) -> str:
    phone = row.get("phone")
    if len(phone) > 40:
        raise ValueError("the phone is longer than 40 figures")
    return phone


async def _known(work: Work, home: Service, code: str, name: str, spot: Spot) -> Outlet | None:
    """The same ODS code, or the same name at the same postcode, is the same outlet."""
    if ("all outlets", home.id) not in work.memo:  # read once: a national list is long
        work.memo["all outlets", home.id] = len(await work.find(Outlet, service_id=home.id))
    coded = await work.find(Outlet, ods_code=code, service_id=home.id) if code else []
    if coded:
        return coded[0]
    for outlet in await work.find(Outlet, lat=spot.lat, service_id=home.id):
        other_code = code and outlet.ods_code
        if outlet.lon == spot.lon and outlet.name.casefold() == name.casefold() and not other_code:
            return outlet
    return None


async def _join_phones(app: App, work: Work, home: Service, outlet: Outlet, texts: str) -> bool:
    """The mobiles that speak for an outlet (ISSUED, NONE, STOCK)."""
    joined = False
    for number in filter(None, re.split(r"[;,]", texts)):
        contact, _ = await contact_for(work, app, home, "sms", read_mobile(number))
        if contact.outlet_id == outlet.id:
            continue
        if contact.outlet_id is not None:
            raise ValueError(f"{number.strip()} speaks for another outlet already")
        work.save(replace(contact, outlet_id=outlet.id))
        joined = True
    return joined


@app.command("list")
@failing
def list_(service: str = _service) -> None:
    """Outlets, whether they take part, when they are open, what they have."""

    async def act(app: App, work: Work) -> list[tuple[object, ...]]:
        home = await service_named(work, service)
        rows: list[tuple[object, ...]] = []
        outlets = await work.find(Outlet, service_id=home.id)
        await work.preload(Contact, "outlet_id", [outlet.id for outlet in outlets])
        for outlet in outlets:
            phones = await work.find(Contact, outlet_id=outlet.id)
            none_left = " (said: none left)" if outlet.none_left_at else ""
            rows.append(
                (
                    outlet.name,
                    outlet.district,
                    outlet.status,
                    library.said("en", opening_of(outlet, work.now, home.nation).words),
                    outlet.hours or "-",
                    len(phones),
                    await kits_words(work, outlet_holder(outlet)) + none_left,
                )
            )
        return rows

    heads = ("NAME", "DISTRICT", "STATUS", "NOW", "HOURS", "PHONES", "KITS")
    table(heads, look(act), "No outlet yet. Import some: kitline pharmacies import --help")

"""services add · list · set."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import date, time
from statistics import fmean
from typing import Any

import typer

from bot.bootstrap import App
from bot.commands.output import table
from bot.commands.people import line_of
from bot.commands.reading import read_line, read_line_check, read_place
from bot.commands.service_products import PACK_OPTION, PRODUCT_OPTION, RULES, with_products
from bot.commands.service_products import said as products_said
from bot.commands.session import change, look, service_named
from bot.commands.shared import UserError, failing
from content import library
from content.languages import languages
from db.models import Address, Contact, Peer, Service
from db.reference.gazetteer import Gazetteer
from db.work import Work
from handlers.services import help_lines
from handlers.services.contacts import all_services
from handlers.services.rules import Rules

app = typer.Typer(help="Local projects: areas, numbers, rules.", no_args_is_help=True)

NATIONS = ("England", "Scotland", "Wales", "Northern Ireland")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_BOT = re.compile(r"\d{3,20}")
_MOST = {
    "wave_size": 20,
    "waves": 20,
    "asks_per_day": 50,
    "asks_per_week": 200,
    "claim_hours": 24 * 60,
    "confirm_hours": 24 * 30,
    "coverage_hours": 72,
}

_TRANSLATED = tuple(code for code in languages() if code != library.DEFAULT)

_name = typer.Option("", help="What it is called.")
_districts = typer.Option("", help='Its postcode districts: "DN31 DN32 DN33".')
_nation = typer.Option("", help="England, Scotland, Wales or Northern Ireland.")
_number = typer.Option("", help="Its own SMS number; without one, TWILIO_FROM.")
_bot = typer.Option("", "--telegram-bot", help="The id of its own bot (the token's first half).")
_rule = typer.Option([], "--rule", help='A rule, such as offer_minutes=15 or team="Kit Line".')
_checked = typer.Option(
    [], "--line-checked", help="A help line you rang yourself, and when: frank=2026-11-20."
)
_place = typer.Option([], "--public-place", help='Where to meet: "the pier entrance @ DN35 8SF".')


@app.command("add")
@failing
def add(
    slug: str = typer.Argument(help="A short name for commands, like grimsby."),
    name: str = _name,
    districts: str = _districts,
    nation: str = _nation,
    number: str = _number,
    telegram_bot: str = _bot,
    rule: list[str] = _rule,
    public_place: list[str] = _place,
    product: list[str] = PRODUCT_OPTION,
    pack: str = PACK_OPTION,
) -> None:
    """Add a service."""
    if not _SLUG.fullmatch(slug):
        raise typer.BadParameter(f"{slug}: small letters, figures and hyphens", param_hint="SLUG")
    if not districts:
        raise typer.BadParameter("which postcode districts does it cover?", param_hint="districts")

    async def act(app: App, work: Work) -> None:
        if await work.find(Service, slug=slug):
            raise UserError(f"{slug} is there already. Change it: kitline services set {slug}")
        service = Service(
            id=work.new_id(),
            slug=slug,
            name=name or slug.replace("-", " ").title(),
            nation="England",
            districts=(),
            lat=0.0,
            lon=0.0,
            created_at=work.now,
        )
        given = _given(app, service, "", districts, nation, number, telegram_bot, rule)
        service = _with_places(app, replace(service, **given), public_place)
        service = await with_products(work, service, product, pack, clear=False)
        await _refuse_overlap(work, service)
        work.save(service)

    change(act)
    typer.echo(f"{slug} is added. Next: kitline staff add, peers import, pharmacies import.")


@app.command("set")
@failing
def set_(
    slug: str = typer.Argument(help="Which service."),
    name: str = _name,
    districts: str = _districts,
    nation: str = _nation,
    number: str = _number,
    telegram_bot: str = _bot,
    rule: list[str] = _rule,
    public_place: list[str] = _place,
    line_checked: list[str] = _checked,
    product: list[str] = PRODUCT_OPTION,
    pack: str = PACK_OPTION,
    clear_public_places: bool = typer.Option(False, help="Forget the public places so far."),
    clear_products: bool = typer.Option(False, help="Forget its own products so far."),
) -> None:
    """Change a service: name, area, numbers, rules, public places, products, pack."""

    async def act(app: App, work: Work) -> list[str]:
        old = await service_named(work, slug)
        given = _given(app, old, name, districts, nation, number, telegram_bot, rule)
        new = replace(old, **given)
        if clear_public_places:
            new = replace(new, rules={**new.rules, "public_places": []})
        new = _with_checks(_with_places(app, new, public_place), line_checked, work.now.date())
        new = await with_products(work, new, product, pack, clear=clear_products)
        if new == old:
            raise typer.BadParameter("nothing to change was given")
        await _refuse_overlap(work, new)
        work.save(new)
        return [
            note
            for channel in ("sms", "telegram")
            if (note := await _move_people(app, work, old, new, channel))
        ]

    for note in change(act):
        typer.echo(f"note: {note}")
    typer.echo(f"{slug} is changed. A running service goes by it from the next message on.")


@app.command("list")
@failing
def list_() -> None:
    """Every service, with the rules that differ from the defaults."""

    async def act(app: App, work: Work) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for service in await all_services(work):
            peers = await work.find(Peer, service_id=service.id)
            rules = ", ".join(_said(k, v) for k, v in sorted(service.rules.items()))
            rows.append(
                (
                    service.slug,
                    service.name,
                    line_of(app, service, "sms") or "-",
                    " ".join(service.districts),
                    sum(p.status == "active" for p in peers),
                    rules or "defaults",
                )
            )
        return rows

    heads = ("SERVICE", "NAME", "NUMBER", "DISTRICTS", "PEERS", "RULES")
    table(heads, look(act), "No service yet. Add one: kitline services add --help")


def _said(name: str, value: Any) -> str:
    if name == help_lines.RULE:
        return f"{name}={','.join(value)}"
    if name in RULES:
        return products_said(name, value)
    return f"public_places={len(value)}" if name == "public_places" else f"{name}={value}"


def _given(
    app: App,
    old: Service,
    name: str,
    districts: str,
    nation: str,
    number: str,
    telegram_bot: str,
    rule: list[str],
) -> dict[str, Any]:
    """The fields that were given, checked."""
    gazetteer: Gazetteer = app.engine.world.gazetteer
    found: dict[str, Any] = {}
    try:
        if name:
            found["name"] = name
        if districts:
            found.update(_area(districts, gazetteer))
        if nation:
            found["nation"] = _one_of(nation, NATIONS)
        if number:
            found["sms_line"] = read_line(number)
        if telegram_bot:
            if not _BOT.fullmatch(telegram_bot):
                raise ValueError("--telegram-bot is the bot's id, the figures before the colon")
            found["telegram_line"] = telegram_bot
        if rule:
            found["rules"] = {**old.rules, **dict(_rule_of(text) for text in rule)}
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    return found


def _area(text: str, gazetteer: Gazetteer) -> dict[str, Any]:
    """Districts, and what follows from them: the middle and the nation."""
    codes = list(dict.fromkeys(re.findall(r"[A-Z0-9]+", text.upper())))
    found = []
    for code in codes:
        outcode = gazetteer.outcode(code)
        if outcode is None or outcode.outcode != code:
            raise ValueError(f"{code} is not a postcode district")
        found.append(outcode)
    return {
        "districts": tuple(codes),
        "lat": round(fmean(o.lat for o in found), 4),
        "lon": round(fmean(o.lon for o in found), 4),
        "nation": found[0].country if found[0].country in NATIONS else "England",
    }


def _one_of(text: str, known: tuple[str, ...]) -> str:
    for one in known:
        if one.casefold() == text.casefold():
            return one
    raise ValueError(f"{text} is not one of {', '.join(known)}")


def _rule_of(text: str) -> tuple[str, Any]:
    """ "offer_minutes=15" as a rule of the right kind; the defaults say which kind."""
    name, equals, value = (part.strip() for part in text.partition("="))
    kinds = {f.name: f.default for f in fields(Rules) if f.name not in ("public_places", *RULES)}
    if not equals or name not in kinds:
        raise ValueError(f"{name} is not a rule. Rules: {', '.join(kinds)}")
    default = kinds[name]
    if isinstance(default, int):
        most = _MOST.get(name, 24 * 60)
        if not value.isdigit() or not 1 <= int(value) <= most:
            raise ValueError(f"{name} must be a whole number from 1 to {most}")
        return name, int(value)
    if isinstance(default, float):
        try:
            return name, _positive(float(value))
        except ValueError:
            raise ValueError(f"{name} must be a number above 0") from None
    if name in ("night_from", "night_to"):
        try:
            return name, f"{time.fromisoformat(value.zfill(5)):%H:%M}"
        except ValueError:
            raise ValueError(f"{name} must be a time like 22:00") from None
    if name == "draft_languages":
        return name, " ".join(_one_of(code, _TRANSLATED) for code in value.split())
    if name == "privacy_url" and not value.startswith(("https://", "http://")):
        raise ValueError("privacy_url must be a full address")
    return name, value


def _positive(number: float) -> float:
    if not 0 < number < 1000:
        raise ValueError("out of range")
    return number


def _with_places(app: App, service: Service, given: list[str]) -> Service:
    """The service with more public places: "NAME @ POSTCODE" or "NAME @ LAT,LON"."""
    if not given:
        return service
    places = {p["name"]: p for p in service.rules.get("public_places", ())}
    for text in given:
        name, _, where = (part.strip() for part in text.rpartition("@"))
        if not name or not where:
            raise typer.BadParameter(f'{text}: write it as "the pier entrance @ DN35 8SF"')
        try:
            lat, lon = _point(where, app, service)
        except ValueError as wrong:
            raise typer.BadParameter(str(wrong)) from None
        places[name] = {"name": name, "lat": lat, "lon": lon}
    return replace(service, rules={**service.rules, "public_places": list(places.values())})


def _with_checks(service: Service, given: list[str], today: date) -> Service:
    """The service with what it knows of help lines: that it rang them, and when."""
    if not given:
        return service
    try:
        new = dict(read_line_check(text, today) for text in given)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    checked = {**service.rules.get(help_lines.RULE, {}), **new}
    return replace(service, rules={**service.rules, help_lines.RULE: checked})


def _point(where: str, app: App, service: Service) -> tuple[float, float]:
    if found := re.fullmatch(r"(-?\d+\.\d+)\s*,\s*(-?\d+\.\d+)", where):
        return round(float(found[1]), 4), round(float(found[2]), 4)
    place = read_place(where, app.engine.world.gazetteer, service)
    return round(place.lat, 4), round(place.lon, 4)


async def _refuse_overlap(work: Work, service: Service) -> None:
    for other in await all_services(work):
        both = sorted(set(other.districts) & set(service.districts))
        if other.id != service.id and both:
            raise UserError(
                f"{', '.join(both)} belongs to {other.slug} already: nothing was changed"
            )


async def _move_people(app: App, work: Work, old: Service, new: Service, channel: str) -> str:
    """A new number: the people staff entered are found there, as if they had written to it."""
    before, after = line_of(app, old, channel), line_of(app, new, channel)
    if before == after:
        return ""
    moved = stayed = 0
    taken = {a.address_hash for a in await work.find(Address, channel=channel, line=after)}
    for address in await work.find(Address, channel=channel, line=before):
        contact = await work.get(Contact, address.contact_id)
        if contact is None or contact.service_id != new.id:
            continue
        if address.address_hash in taken:
            stayed += 1
            continue
        work.save(replace(address, line=after))
        moved += 1
    note = f"{moved} people moved to the new {channel} line." if moved else ""
    if stayed:
        note += f" {stayed} had written to it before and are known twice: ask them to text LINK."
    return note.strip()

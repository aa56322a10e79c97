"""near: who would be asked about a kit at a place, and why others would not."""

from __future__ import annotations

from datetime import datetime

import typer

from bot.bootstrap import App
from bot.commands.output import table, when
from bot.commands.reading import read_moment, read_place
from bot.commands.session import look, service_named
from bot.commands.shared import failing
from content import library
from db.models import Service
from db.work import Work
from handlers.consent import service_for
from handlers.services.contacts import all_services
from handlers.services.dispatch import Need, Ranked, candidates_for, rank
from handlers.services.geo import distance_words, miles
from handlers.services.outlets import NearOutlet, ranked_outlets
from handlers.services.places import PlaceFound
from handlers.services.products import EITHER, FORMS
from handlers.services.rules import Rules, is_night, rules_of
from handlers.services.supply_terms import RECIPIENTS, Wanted

app = typer.Typer()

WHY_NOT = {
    "paused": "has paused",
    "is_requester": "is who asks",
    "unreachable": "cannot be reached (STOP, or blocked)",
    "not_trained": "training is over, or was never noted",
    "off_duty": "off duty",
    "already_asked": "was asked already",
    "no_stock": "no such kit free and in date",
    "too_far": "farther than they go",
    "at_limit": "has as many requests as they take",
    "not_checked": "checks are over",
    "resting": "is having a rest",
    "asked_enough": "was asked as often as they may be in a day or a week",
    "no_legal_route": "no way in law to supply this kind here (supply_terms.toml)",
    "does_not_serve": "does not serve this kind of recipient",
    "outlet_age": "its own terms want an older person",
    "product_age": "the label is for older people",
    "doubted": "turned people away too often (kitline pharmacies trust)",
}
FAIR = {
    "asked_least_lately": "as near as the nearest, and asked least lately",
    "fresher_stock": "as near as the nearest, whose stock was not told for long",
}


@app.command("near")
@failing
def near(
    place: str = typer.Argument(help="A postcode, part of one, or a town."),
    service: str = typer.Option("", "--service", help="Which service; else whose area it is."),
    at: str = typer.Option("", help='When: "2026-11-23 19:00", or "19:00" today.'),
    product: str = typer.Option("either", help="nasal, injectable, a product's id or either."),
    quantity: int = typer.Option(1, min=1, max=50, help="How many kits."),
    recipient: str = typer.Option("", help="Who for: self, friend_family or professional."),
) -> None:
    """Who would be asked about a kit, in which order, and why others would not."""
    if recipient not in ("", *RECIPIENTS):
        raise typer.BadParameter(f"--recipient is one of {', '.join(RECIPIENTS)}")

    async def act(app: App, work: Work) -> None:
        if at:
            work.now = _moment(at, work)
        home, found = await _where(app, work, place, service)
        rules = rules_of(home)
        known = (EITHER, *FORMS, *(own.id for own in rules.products))
        if product not in known:
            raise typer.BadParameter(f"--product is one of {', '.join(dict.fromkeys(known))}")
        where = (found.lat, found.lon)
        need = Need(product, quantity, *where, 0, home.nation, Wanted(recipient))
        _say_head(home, found, work, rules)
        await _say_peers(work, home, need, rules, found)
        await _say_outlets(work, home, need, rules, found)

    look(act)


def _moment(at: str, work: Work) -> datetime:
    try:
        return read_moment(at, work.now)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None


async def _where(app: App, work: Work, place: str, service: str) -> tuple[Service, PlaceFound]:
    services = await all_services(work)
    home = await service_named(work, service) if service or len(services) == 1 else None
    try:
        found = read_place(place, app.engine.world.gazetteer, home)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    return home or service_for(found.district, services) or await service_named(work, ""), found


def _say_head(home: Service, found: PlaceFound, work: Work, rules: Rules) -> None:
    night = " (night: only peers who said ON, or whose rota names the hour)"
    typer.echo(f"{found.label} for {home.name}, {when(work.now)}")
    typer.echo(f"exact to about {miles(found.error_km):.1f} miles ({found.precision})")
    if is_night(work.now, rules):
        typer.echo(f"night from {rules.night_from} to {rules.night_to}{night}")
    if found.district not in home.districts:
        typer.echo(f"note: {found.district} is outside this service's districts.")


async def _say_peers(
    work: Work, home: Service, need: Need, rules: Rules, found: PlaceFound
) -> None:
    ranked = rank(await candidates_for(work, home.id, None), need, work.now, rules)
    able = [r for r in ranked if not r.why_not]
    rows: list[tuple[object, ...]] = []
    for n, one in enumerate(able, 1):
        wave = (n - 1) // rules.wave_size + 1
        asked = f"wave {wave}" if wave <= rules.waves else "not reached: too many before"
        asked += f" ({FAIR[one.fair]})" if one.fair else ""
        rows.append((n, *_peer(one, found), asked))
    left = [r for r in ranked if r.why_not and r.candidate.peer.status != "left"]
    rows += [("-", *_peer(one, found), WHY_NOT.get(one.why_not, one.why_not)) for one in left]
    typer.echo("")
    heads = ("#", "PEER", "MILES", "SAID AS", "KITS", "ASKED / WHY NOT")
    table(heads, rows, "This service has no peer.")


def _peer(one: Ranked, found: PlaceFound) -> tuple[object, ...]:
    kits = ", ".join(f"{n} {product}" for product, n in one.candidate.available.items())
    said = library.said("en", distance_words(one.distance_km, found.error_km))
    return one.candidate.peer.name, f"{miles(one.distance_km):.1f}", said, kits or "none"


async def _say_outlets(
    work: Work, home: Service, need: Need, rules: Rules, found: PlaceFound
) -> None:
    rows: list[tuple[object, ...]] = []
    for n, one in enumerate(await ranked_outlets(work, home.id, need, rules, home.nation), 1):
        kits = ", ".join(f"{k} {product}" for product, k in one.available.items())
        said = library.said("en", one.opening.words)
        if one.doubt:
            said += "; after the others: refused lately, or its stock not told for long"
        words = said if not one.why_not else _why_not(one, rules)
        number: object = "-" if one.why_not else n
        rows.append((number, one.outlet.name, f"{miles(one.distance_km):.1f}", kits or "-", words))
    typer.echo("")
    heads = ("#", "OUTLET", "MILES", "KITS", "OPEN / WHY NOT")
    table(heads, rows, "This service has no outlet.")


def _why_not(one: NearOutlet, rules: Rules) -> str:
    if one.why_not == "none_left" and one.outlet.none_left_at:
        return f"said on {when(one.outlet.none_left_at)} that none is left"
    if one.why_not == "too_far":
        return f"farther than {rules.outlet_miles:g} miles"
    return WHY_NOT.get(one.why_not, one.why_not)

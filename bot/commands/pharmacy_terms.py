"""pharmacies terms: what an outlet itself says of whom it serves, since when, as what says so."""

from __future__ import annotations

from dataclasses import replace

import typer

from bot.bootstrap import App
from bot.commands.pharmacy_counter import outlet_named
from bot.commands.reading import read_day
from bot.commands.session import change, service_named
from bot.commands.shared import UserError, failing, plainly
from db.models import Outlet
from db.work import Work
from handlers.services.rules import uk_day
from handlers.services.supply_terms import RECIPIENTS

app = typer.Typer()


@app.command()
@failing
def terms(
    name: str = typer.Argument(help="The outlet's name, or how it begins."),
    service: str = typer.Option("", "--service", help="Which service."),
    min_age: int = typer.Option(-1, min=-1, max=99, help="The youngest it serves; 0 = any age."),
    serves: list[str] = typer.Option([], help="self, friend_family, professional; or all."),
    source: str = typer.Option("", help='What says so: "agreement of 1 May 2026", a scheme.'),
    since: str = typer.Option("", "--from", help="The day they begin; else today."),
) -> None:
    """Show or set an outlet's own terms: nobody they leave out is sent there, from that day on."""

    async def act(app: App, work: Work) -> str:
        outlet = await outlet_named(work, await service_named(work, service), name)
        if min_age < 0 and not serves:
            return said(outlet)
        if not source:
            raise UserError("--source is needed: which agreement or scheme says so?")
        if len(source) > 200:
            raise UserError("--source is longer than 200 letters")
        own = tuple(one for one in serves if one != "all")
        if wrong := [one for one in own if one not in RECIPIENTS]:
            raise UserError(f"{wrong[0]} is none of {', '.join(RECIPIENTS)}, all")
        with plainly():
            begins = read_day(since) if since else uk_day(work.now)
        if outlet.terms_source and begins > uk_day(work.now):
            raise UserError(
                f"{outlet.name} has terms, and would have none until {begins}: "
                "set the new ones on that day"
            )
        outlet = replace(
            outlet,
            min_age=outlet.min_age if min_age < 0 else min_age,
            serves=own if serves else outlet.serves,
            terms_source=source,
            terms_from=begins,
        )
        return said(work.save(outlet))

    typer.echo(change(act))


def said(outlet: Outlet) -> str:
    """An outlet's terms in one line."""
    age = f"{outlet.min_age} and over" if outlet.min_age else "any age"
    who = ", ".join(outlet.serves) or "everybody"
    if not outlet.terms_source:
        return f"{outlet.name}: {age}, {who}; no terms of its own are noted"
    begun = outlet.terms_from.isoformat() if outlet.terms_from else "always"
    return f"{outlet.name}: {age}, {who}; from {begun}, as {outlet.terms_source} says"

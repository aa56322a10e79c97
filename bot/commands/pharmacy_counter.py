"""pharmacies link · phones · join · trust · export: an outlet's page, phones and standing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import typer

from bot.bootstrap import App
from bot.commands.people import addresses_of, contact_for
from bot.commands.reading import read_address, read_day
from bot.commands.session import change, look, service_named
from bot.commands.shared import UserError, failing, plainly
from db.models import Contact, Outlet, Service
from db.work import Work
from handlers import refusals
from handlers.engine.turn import Scene
from handlers.services.counter_links import token_of, with_key
from handlers.services.outlet_log import as_csv, logged
from handlers.services.rules import uk_day

app = typer.Typer()

_service = typer.Option("", "--service", help="Which service.")
_name = typer.Argument(help="The outlet's name, or how it begins.")


async def outlet_named(work: Work, home: Service, name: str) -> Outlet:
    """The outlet of this name, or the only one whose name begins so."""
    wanted = name.strip().casefold()
    outlets = await work.find(Outlet, service_id=home.id)
    found = [one for one in outlets if one.name.casefold() == wanted]
    found = found or [one for one in outlets if one.name.casefold().startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(one.name for one in found[:10])
        raise UserError(f"{name} may be several: {names}. Write more of the name.")
    raise UserError(f"no outlet is called {name}. See: kitline pharmacies list")


@app.command()
@failing
def link(
    name: str = _name,
    service: str = _service,
    new: bool = typer.Option(False, "--new", help="A new link; the old one ends."),
) -> None:
    """Print the link of an outlet's counter page. Whoever has it speaks for the outlet."""

    async def act(app: App, work: Work) -> str:
        outlet = await outlet_named(work, await service_named(work, service), name)
        outlet = with_key(work, outlet, new=new)
        return f"{app.settings.url}/c/{token_of(work, outlet)}"

    address = change(act)
    typer.echo(address)
    typer.echo(f"A sheet to print: {address}/sheet")


@app.command()
@failing
def phones(
    name: str = _name,
    service: str = _service,
    add: list[str] = typer.Option([], help="A mobile, or tg:<chat id>; several times."),
    remove: list[str] = typer.Option([], help="One that no longer speaks for it."),
) -> None:
    """The phones that may text for an outlet (ISSUED, NONE, STOCK): list, add, remove."""

    async def act(app: App, work: Work) -> list[str]:
        home = await service_named(work, service)
        outlet = await outlet_named(work, home, name)
        for typed in add:
            await _join(app, work, home, outlet, typed)
        for typed in remove:
            await _leave(app, work, home, outlet, typed)
        found = await work.find(Contact, outlet_id=outlet.id)
        return [await addresses_of(work, contact.id) for contact in found]

    known = change(act) if add or remove else look(act)
    for address in known:
        typer.echo(address)
    if not known:
        typer.echo("No phone yet. Add one: --add 07700900021")


async def _join(app: App, work: Work, home: Service, outlet: Outlet, typed: str) -> None:
    contact = await _contact(app, work, home, typed)
    if contact.outlet_id not in (None, outlet.id):
        raise UserError(f"{typed} speaks for another outlet: remove it there first")
    work.save(replace(contact, outlet_id=outlet.id))


async def _leave(app: App, work: Work, home: Service, outlet: Outlet, typed: str) -> None:
    contact = await _contact(app, work, home, typed)
    if contact.outlet_id != outlet.id:
        raise UserError(f"{typed} does not speak for {outlet.name}")
    work.save(replace(contact, outlet_id=None))


async def _contact(app: App, work: Work, home: Service, typed: str) -> Contact:
    with plainly():
        channel, address = read_address(typed)
        return (await contact_for(work, app, home, channel, address))[0]


@app.command()
@failing
def join(name: str = _name, service: str = _service) -> None:
    """A listed outlet takes part from now on: people are sent there once it has stock."""

    async def act(app: App, work: Work) -> str:
        outlet = await outlet_named(work, await service_named(work, service), name)
        work.save(replace(outlet, status="active"))
        return outlet.name

    typer.echo(f"{change(act)} takes part.")


@app.command()
@failing
def trust(name: str = _name, service: str = _service) -> None:
    """People are sent again to an outlet that had turned some away: you have spoken with it."""

    async def act(app: App, work: Work) -> str:
        outlet = await outlet_named(work, await service_named(work, service), name)
        if outlet.status not in ("active", "doubted"):
            raise UserError(f"{outlet.name} has not joined: kitline pharmacies join")
        await refusals.trust(Scene(work, app.engine.world), outlet)
        return outlet.name

    typer.echo(f"People are sent to {change(act)} again.")


@app.command()
@failing
def export(
    since: str = typer.Option("", "--from", help="First day; else the first of this month."),
    until: str = typer.Option("", "--to", help="Last day; else today."),
    name: str = typer.Option("", "--outlet", help="One outlet alone."),
    service: str = _service,
    file: Path | None = typer.Option(None, help="Where to write it; else it is printed."),
) -> None:
    """What outlets gave out, as CSV for claims and returns; nobody's name or number is in it."""

    async def act(app: App, work: Work) -> str:
        home = await service_named(work, service)
        today = uk_day(work.now)
        with plainly():
            first = read_day(since) if since else today.replace(day=1)
            last = read_day(until) if until else today
        outlets = await work.find(Outlet, service_id=home.id)
        chosen = [await outlet_named(work, home, name)] if name else outlets
        return as_csv(await logged(work, chosen, first, last))

    text = look(act)
    if file:
        file.write_text(text, "utf-8", newline="")
    else:
        typer.echo(text, nl=False)

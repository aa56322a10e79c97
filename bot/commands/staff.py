"""staff add · set · list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import typer

from bot.bootstrap import App
from bot.commands.output import table
from bot.commands.people import addresses_of, can_be_written_to, contact_for
from bot.commands.reading import read_address, read_times
from bot.commands.session import change, look, service_named
from bot.commands.shared import UserError, failing
from db.models import Contact, Service, Staff
from db.work import Work
from handlers.services.oncall_rota import is_on_duty
from handlers.services.pins import hash_pin

app = typer.Typer(help="Coordinators and other paid people.", no_args_is_help=True)

ROLES = ("coordinator", "safeguarding", "clinical_lead", "commissioner")
_service = typer.Option("", "--service", help="Which service.")
_phone = typer.Option("", help="Their mobile, or tg:<chat id>: flags go there.")
_order = typer.Option(-1, help="Place on the on-call list, 1 first; 0 = not on call.")
_hours = typer.Option(None, help='When they are on call ("Mo-Fr 09:00-17:00"); "" = always.')
_pin = typer.Option("", help="4 to 8 figures they put behind TAKE, ASSIGN and DONE.")


@app.command("add")
@failing
def add(
    name: str = typer.Argument(help="As requesters and colleagues will read it."),
    role: str = typer.Option("coordinator", help=f"One of: {', '.join(ROLES)}."),
    phone: str = _phone,
    service: str = _service,
    order: int = _order,
    hours: str | None = _hours,
    pin: str = _pin,
) -> None:
    """Add a member of staff."""

    async def act(app: App, work: Work) -> tuple[str, str]:
        home = await service_named(work, service)
        if await _found(work, home, name):
            raise UserError(f"{name} is there already. Change it: kitline staff set {name}")
        one = Staff(id=work.new_id(), service_id=home.id, name=name, role=role, created_at=work.now)
        one = replace(one, **await _given(app, work, home, role, phone, order, hours, pin, ""))
        if one.call_order and one.contact_id is None:
            raise UserError(f"{name} cannot be on call without --phone")
        work.save(one)
        return one.hours, await _warning(work, one)

    _say(f"{name} is added", *change(act))


@app.command("set")
@failing
def set_(
    name: str = typer.Argument(help="Who."),
    role: str = typer.Option("", help=f"One of: {', '.join(ROLES)}."),
    phone: str = _phone,
    service: str = _service,
    order: int = _order,
    hours: str | None = _hours,
    pin: str = _pin,
    status: str = typer.Option("", help="active, or left."),
) -> None:
    """Change a member of staff."""

    async def act(app: App, work: Work) -> tuple[str, str]:
        home = await service_named(work, service)
        old = await _found(work, home, name)
        if old is None:
            raise UserError(f"nobody on the staff of {home.slug} is called {name}")
        given = await _given(app, work, home, role, phone, order, hours, pin, status)
        if not given:
            raise typer.BadParameter("nothing to change was given")
        new = replace(old, **given)
        if new.call_order and new.contact_id is None:
            raise UserError(f"{name} cannot be on call without --phone")
        work.save(new)
        return new.hours, await _warning(work, new)

    _say(f"{name} is changed", *change(act))


def _say(done: str, hours: str, warning: str) -> None:
    typer.echo(f"{done}: {hours}." if hours else f"{done}.")
    if warning:
        typer.echo(f"note: {warning}")


async def _warning(work: Work, one: Staff) -> str:
    contact = await work.get(Contact, one.contact_id)
    silent = can_be_written_to(contact) if contact else ""
    return f"{one.name} hears nothing from us: {silent}." if silent else ""


async def _found(work: Work, home: Service, name: str) -> Staff | None:
    for one in await work.find(Staff, service_id=home.id):
        if one.name.casefold() == name.casefold():
            return one
    return None


async def _given(
    app: App,
    work: Work,
    home: Service,
    role: str,
    phone: str,
    order: int,
    hours: str | None,
    pin: str,
    status: str,
) -> dict[str, Any]:
    """The fields that were given, checked."""
    found: dict[str, Any] = {}
    try:
        if role:
            if role not in ROLES:
                raise ValueError(f"{role} is not a role: {', '.join(ROLES)}")
            found["role"] = role
        if order >= 0:
            found["call_order"] = order
        if hours is not None:
            found["hours"] = read_times(hours)
        if pin:
            found["pin_hash"] = hash_pin(pin)
        if status:
            if status not in ("active", "left"):
                raise ValueError(f"{status} is not a status: active, left")
            found["status"] = status
        if phone:
            contact, _ = await contact_for(work, app, home, *read_address(phone))
            found["contact_id"] = contact.id
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    return found


@app.command("list")
@failing
def list_(service: str = _service) -> None:
    """Staff in the order they are called."""

    async def act(app: App, work: Work) -> list[tuple[object, ...]]:
        home = await service_named(work, service)
        found = await work.find(Staff, service_id=home.id, status="active")
        found.sort(key=lambda s: (s.call_order == 0, s.call_order))
        return [
            (
                one.call_order or "-",
                one.name,
                one.role,
                await addresses_of(work, one.contact_id),
                one.hours or "always",
                _now(one, is_on_duty(one, work.now, home.nation)),
                "yes" if one.pin_hash else "no",
            )
            for one in found
        ]

    heads = ("ORDER", "NAME", "ROLE", "ADDRESS", "HOURS", "NOW", "PIN")
    table(heads, look(act), "No staff yet. Add some: kitline staff add --help")


def _now(one: Staff, is_on: bool) -> str:
    if not one.call_order:
        return "not on call"
    return "on call" if is_on else "off"

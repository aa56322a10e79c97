"""stock add · list."""

from __future__ import annotations

import re

import typer

from bot.bootstrap import App
from bot.commands.output import table
from bot.commands.peers import peer_named
from bot.commands.reading import read_day, read_product
from bot.commands.session import change, look, service_named
from bot.commands.shared import UserError, failing
from db.models import Outlet, Peer, Service
from db.work import Work
from handlers.services.supplies import Holder, lines_of, outlet_holder, peer_holder, receive

app = typer.Typer(help="Kits and who has them.", no_args_is_help=True)

_BATCH = re.compile(r"[A-Z0-9][A-Z0-9/-]{1,19}")
_service = typer.Option("", "--service", help="Which service.")


@app.command("add")
@failing
def add(
    product: str = typer.Argument(help="nasal or injectable."),
    batch: str = typer.Argument(help="The batch on the box."),
    expiry: str = typer.Argument(help="The expiry on the box: 06/2027."),
    quantity: int = typer.Argument(min=1, max=5000, help="How many kits."),
    peer: str = typer.Option("", help="A peer who carries them."),
    outlet: str = typer.Option("", help="A pharmacy or other outlet that has them."),
    store: bool = typer.Option(False, help="The service's own store."),
    service: str = _service,
) -> None:
    """Kits come in: to a peer, an outlet, or the service's store."""
    if bool(peer) + bool(outlet) + store != 1:
        raise typer.BadParameter("say who gets them: one of --peer, --outlet, --store")
    if not _BATCH.fullmatch(batch.upper()):
        raise typer.BadParameter(f"{batch} is not a batch number")
    try:
        kind, until = read_product(product), read_day(expiry)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None

    async def act(app: App, work: Work) -> tuple[str, bool]:
        home = await service_named(work, service)
        holder, name = await _holder(work, home, peer, outlet)
        await receive(work, holder, kind, batch.upper(), until, quantity)
        have = sum(line.quantity for line in await lines_of(work, holder) if line.product == kind)
        return f"{name} has {have} {kind} kits now.", until < work.now.date()

    said, over = change(act)
    typer.echo(said)
    if over:
        typer.echo(f"note: batch {batch.upper()} is out of date, so it is offered to nobody.")


async def _holder(work: Work, home: Service, peer: str, outlet: str) -> tuple[Holder, str]:
    if peer:
        one = await peer_named(work, home, peer)
        return peer_holder(one), one.name
    if outlet:
        shop = await outlet_named(work, home, outlet)
        return outlet_holder(shop), shop.name
    return Holder("service", home.id, home.id), f"The store of {home.name}"


async def outlet_named(work: Work, home: Service, name: str) -> Outlet:
    """The one outlet of that name, or whose name holds it."""
    shops = await work.find(Outlet, service_id=home.id)
    wanted = name.casefold()
    named = [s for s in shops if s.name.casefold() == wanted]
    named = named or [s for s in shops if wanted in s.name.casefold()]
    if len(named) == 1:
        return named[0]
    known = ", ".join(s.name for s in named or shops[:20]) or "none"
    many = "several outlets are" if named else "no outlet is"
    raise UserError(f"{many} called {name}: {known}")


@app.command("list")
@failing
def list_(service: str = _service) -> None:
    """Every batch and who has it, the one that runs out first at the top."""

    async def act(app: App, work: Work) -> list[tuple[object, ...]]:
        home = await service_named(work, service)
        today = work.now.date()
        rows = []
        for holder, name in await holders_of(work, home):
            for line in await lines_of(work, holder):
                over = " OVER" if line.expiry and line.expiry < today else ""
                until = f"{line.expiry or 'not known'}{over}"
                rows.append((until, line.product, line.batch, line.quantity, line.reserved, name))
        return sorted(rows, key=str)

    heads = ("EXPIRES", "PRODUCT", "BATCH", "KITS", "PROMISED", "HOLDER")
    table(heads, look(act), "No stock yet. Add some: kitline stock add --help")


async def holders_of(work: Work, home: Service) -> list[tuple[Holder, str]]:
    """Everybody who may hold stock of a service."""
    peers = await work.find(Peer, service_id=home.id)
    outlets = await work.find(Outlet, service_id=home.id)
    return [
        (Holder("service", home.id, home.id), "store"),
        *((peer_holder(p), p.name or "a peer who left") for p in peers),
        *((outlet_holder(o), o.name) for o in outlets),
    ]

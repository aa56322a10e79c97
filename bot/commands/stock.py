"""stock add · count · move · list."""

from __future__ import annotations

import shlex

import typer

from bot.bootstrap import App
from bot.commands.output import table
from bot.commands.peers import peer_named
from bot.commands.reading import read_box, read_day
from bot.commands.session import change, look, service_named
from bot.commands.shared import UserError, failing
from db.models import Outlet, Peer, Service
from db.stock import StockLine
from db.work import Work
from handlers.engine.turn import Scene
from handlers.flags import team_name
from handlers.services.rules import rules_of, uk_day
from handlers.services.stock_moves import count, promised_to, transfer
from handlers.services.supplies import (
    Holder,
    NoStock,
    line_of,
    lines_of,
    outlet_holder,
    peer_holder,
    receive,
    store_holder,
)
from handlers.stock_giving import tell_taker
from handlers.stock_lines import is_low, is_soon_over

app = typer.Typer(help="Kits and who has them.", no_args_is_help=True)

STORE = "store"
MOST_OF_A_PEER = 50
"""More than that in one bag is more likely a slip of the finger."""
_service = typer.Option("", "--service", help="Which service.")
_peer = typer.Option("", help="A peer who carries them.")
_outlet = typer.Option("", help="A pharmacy or other outlet that has them.")
_store = typer.Option(False, help="The service's own store.")
_product = typer.Argument(help="nasal, injectable or a product of the service.")
_batch = typer.Argument(help="The batch on the box.")
_expiry = typer.Option("", help="Its date, where they have the batch with two dates: 06/2027.")


@app.command("add")
@failing
def add(
    product: str = _product,
    batch: str = _batch,
    expiry: str = typer.Argument(help="The expiry on the box: 06/2027."),
    quantity: int = typer.Argument(min=1, max=5000, help="How many kits."),
    peer: str = _peer,
    outlet: str = _outlet,
    store: bool = _store,
    service: str = _service,
    yes: bool = typer.Option(False, "--yes", help=f"Yes, a peer has more than {MOST_OF_A_PEER}."),
) -> None:
    """Kits come in: to a peer, an outlet, or the service's store."""
    _one_holder(peer, outlet, store)

    async def act(app: App, work: Work) -> str:
        home = await service_named(work, service)
        try:
            box = read_box(product, batch, expiry, home)
        except ValueError as wrong:
            raise typer.BadParameter(str(wrong)) from None
        holder, name = await _holder(work, home, peer, outlet)
        before = await line_of(work, holder, *box)
        await receive(work, holder, *box, quantity)
        kind, code, until = box
        today = uk_day(work.now)
        mine = [line for line in await lines_of(work, holder) if line.product == kind]
        have, over = (sum(n.quantity for n in mine if n.is_over(today) is o) for o in (False, True))
        if peer and not yes and have + over > MOST_OF_A_PEER:
            raise UserError(
                f"{name} would have {have + over} {kind} kits: more than a peer carries. "
                "Nothing was changed. If it is so, add --yes"
            )
        much = f": {have} in date, {over} out of date" if over else ""
        back = [f"kitline stock count {code} {before.quantity} {option_of(holder, name)}"]
        back += [f"--expiry {until}"] * (sum(n.batch == code for n in mine) > 1)
        back += [f"--service {home.slug}"] * bool(service)
        said = [f"{name} has {have + over} {kind} kits now{much}.", f"A slip? {' '.join(back)}"]
        if until < today:
            said.append(f"note: batch {code} is out of date, so it is offered to nobody.")
        return "\n".join(said)

    typer.echo(change(act))


@app.command("count")
@failing
def count_(
    batch: str = _batch,
    quantity: int = typer.Argument(min=0, max=5000, help="How many are really there."),
    peer: str = _peer,
    outlet: str = _outlet,
    store: bool = _store,
    expiry: str = _expiry,
    service: str = _service,
) -> None:
    """A count sets the truth for a batch somebody has on their list."""
    _one_holder(peer, outlet, store)

    async def act(app: App, work: Work) -> str:
        home = await service_named(work, service)
        holder, name = await _holder(work, home, peer, outlet)
        line = await _line(work, holder, name, batch, expiry)
        try:
            moved = await count(work, holder, line, quantity)
        except NoStock:
            raise UserError(await _promised(work, holder, line)) from None
        return f"{name} has {quantity} of {line.batch} now ({moved.quantity:+d})."

    typer.echo(change(act))


@app.command("move")
@failing
def move_(
    giver: str = typer.Argument(metavar="FROM", help="A peer, an outlet, or store."),
    taker: str = typer.Argument(metavar="TO", help="A peer, an outlet, or store."),
    quantity: int = typer.Argument(min=1, max=5000, help="How many kits."),
    batch: str = _batch,
    expiry: str = _expiry,
    service: str = _service,
) -> None:
    """Kits go from one holder to another."""

    async def act(app: App, work: Work) -> str:
        home = await service_named(work, service)
        (here, its), (there, their) = [await _named(work, home, n) for n in (giver, taker)]
        if here == there:
            raise UserError("that is one and the same holder")
        line = await _line(work, here, its, batch, expiry)
        try:
            await transfer(work, here, there, line, quantity)
        except NoStock as why:
            if why.reason == "promised":
                raise UserError(await _promised(work, here, line)) from None
            if why.reason == "frozen":
                raise UserError(f"{line.batch} is recalled: it goes to the store only") from None
            raise UserError(f"{its} has {line.quantity} of {line.batch}") from None
        now = await line_of(work, there, *line.box)
        taker_peer = await work.get(Peer, there.id) if there.kind == "peer" else None
        if taker_peer and taker_peer.status != "left":
            scene = Scene(work, app.engine.world)
            by = team_name(home) if here.kind == "service" else its
            await tell_taker(scene, by, taker_peer, now, quantity)
            scene.close()
        return f"{their} has {now.quantity} of {line.batch} now."

    typer.echo(change(act))


@app.command("list")
@failing
def list_(service: str = _service) -> None:
    """Every batch and who has it, the one that runs out first at the top.

    OVER: out of date. SOON: soon will be. FROZEN: an open recall names it, so nobody may give it
    out. LOW: the holder has few left to give.
    """

    async def act(app: App, work: Work) -> list[tuple[object, ...]]:
        home = await service_named(work, service)
        today, rules = uk_day(work.now), rules_of(home)
        rows = []
        for holder, name in await holders_of(work, home):
            lines = await lines_of(work, holder)
            low = "LOW " if is_low(lines, work.now, rules) and name != STORE else ""
            for line in lines:
                marks = " OVER" if line.is_over(today) else ""
                marks += " SOON" * is_soon_over(line, work.now, rules)
                marks += " FROZEN" * line.frozen
                days = (work.now - line.as_of).days if line.as_of else None
                checked = f"{days} days ago" if days else "never" if days is None else "today"
                rows.append(
                    (
                        f"{line.expiry or 'not known'}{marks}",
                        *(line.product, line.batch, line.quantity, line.reserved),
                        *(checked, low + name),
                    )
                )
        return sorted(rows, key=str)

    heads = ("EXPIRES", "PRODUCT", "BATCH", "KITS", "PROMISED", "CHECKED", "HOLDER")
    table(heads, look(act), "No stock yet. Add some: kitline stock add --help")


# --- who and what is meant ---------------------------------------------------------------------


def _one_holder(peer: str, outlet: str, store: bool) -> None:
    if bool(peer) + bool(outlet) + store != 1:
        raise typer.BadParameter("say who has them: one of --peer, --outlet, --store")


def option_of(holder: Holder, name: str) -> str:
    """How a holder is named on the command line."""
    if holder.kind == "store":
        return "--store"
    return f"--{holder.kind} {shlex.quote(name)}"


async def _holder(work: Work, home: Service, peer: str, outlet: str) -> tuple[Holder, str]:
    if peer:
        one = await peer_named(work, home, peer)
        return peer_holder(one), one.name
    if outlet:
        shop = await outlet_named(work, home, outlet)
        return outlet_holder(shop), shop.name
    return store_holder(home), f"The store of {home.name}"


async def _named(work: Work, home: Service, name: str) -> tuple[Holder, str]:
    """A holder by name: the store, the peer called just so, or an outlet."""
    if name.casefold() == STORE:
        return await _holder(work, home, "", "")
    same = [p for p in await work.find(Peer, service_id=home.id) if _is_called(p, name)]
    if any(p.status != "left" for p in same):
        return await _holder(work, home, name, "")
    if len(same) == 1:  # who has left may still have kits to bring back
        return peer_holder(same[0]), same[0].name
    return await _holder(work, home, "", name)


def _is_called(peer: Peer, name: str) -> bool:
    return peer.name.casefold() == name.casefold()


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


async def _line(work: Work, holder: Holder, name: str, batch: str, expiry: str) -> StockLine:
    try:
        until = read_day(expiry) if expiry else None
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    lines = await lines_of(work, holder)
    found = [n for n in lines if n.batch == batch.upper() and until in (None, n.expiry)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(line.batch for line in lines) or "nothing"
    if found:
        raise UserError(f"{name} has {batch.upper()} with more than one date: add --expiry")
    raise UserError(f"{name} has no {batch.upper()} on the list. There is: {known}")


async def _promised(work: Work, holder: Holder, line: StockLine) -> str:
    refs = ", ".join(request.ref for request in await promised_to(work, holder, line))
    return f"{line.reserved} of {line.batch} is promised for {refs}: free it first"


async def holders_of(work: Work, home: Service) -> list[tuple[Holder, str]]:
    """Everybody who may hold stock of a service."""
    peers = await work.find(Peer, service_id=home.id)
    outlets = await work.find(Outlet, service_id=home.id)
    return [
        (store_holder(home), STORE),
        *((peer_holder(p), p.name or "a peer who left") for p in peers),
        *((outlet_holder(o), o.name) for o in outlets),
    ]

"""requests list · show · assign."""

from __future__ import annotations

import typer

from bot.bootstrap import App
from bot.commands.output import table, when
from bot.commands.peers import peer_named
from bot.commands.session import change, look, services_named
from bot.commands.shared import UserError, failing
from content import library
from db.models import OPEN_STATUSES, Fact, KitRequest, Offer, Peer, RequestStatus, Service
from db.work import Work
from handlers import ladder, news
from handlers.engine.turn import Scene
from handlers.services.geo import miles

app = typer.Typer(help="Kit requests.", no_args_is_help=True)
_service = typer.Option("", "--service", help="Which service.")
CLOSED_SHOWN = 50


@app.command("list")
@failing
def list_(
    service: str = _service,
    all_: bool = typer.Option(False, "--all", help="Also those that are closed."),
) -> None:
    """Open requests, the oldest first."""

    async def act(app: App, work: Work) -> list[tuple[object, ...]]:
        scene = Scene(work, app.engine.world)
        rows = []
        for home in await services_named(work, service):
            found = await work.find(KitRequest, service_id=home.id, closed_at=None)
            if all_:
                found = (await work.find(KitRequest, service_id=home.id))[-CLOSED_SHOWN:]
            rows += [await _line(scene, home, request) for request in found]
        return rows

    heads = ("REF", "SERVICE", "ASKED", "DISTRICT", "KITS", "STATUS", "WHO HAS IT", "NEXT")
    table(heads, look(act), "No open request.")


async def _line(scene: Scene, home: Service, request: KitRequest) -> tuple[object, ...]:
    return (
        request.ref,
        home.slug,
        when(request.asked_at),
        request.district,
        f"{request.quantity} {request.product}",
        request.status,
        library.said("en", await news.owner_words(scene, request)),
        when(request.next_timer_at),
    )


@app.command("show")
@failing
def show(ref: str = typer.Argument(help="The request's reference.")) -> None:
    """One request: where it stands, who was asked, what happened. No name, no number."""

    async def act(app: App, work: Work) -> list[str]:
        request = await _found(work, ref)
        home = await work.need(Service, request.service_id)
        scene = Scene(work, app.engine.world)
        lines = [
            f"{request.ref}  {home.name}",
            f"status    {request.status}: {library.label('en', 'status', request.status)}",
            f"wants     {request.quantity} {request.product}, {request.recipient}, "
            f"{request.reason}, {request.district}",
            f"who       {library.said('en', await news.owner_words(scene, request))}",
            f"asked     {when(request.asked_at)}",
            f"next      {when(request.next_timer_at)}",
            f"closed    {when(request.closed_at)}",
        ]
        for offer in await work.find(Offer, request_id=request.id):
            peer = await work.need(Peer, offer.peer_id)
            name = peer.name or "a peer who left"
            away = f"{miles(offer.distance_km):.1f} miles"
            lines.append(f"offer     {when(offer.sent_at)}  {name}, {away}: {offer.status}")
        for fact in await work.find(Fact, request_id=request.id):
            lines.append(f"journal   {when(fact.at)}  {fact.fact}")
        return lines

    for line in look(act):
        typer.echo(line)


@app.command("assign")
@failing
def assign(
    ref: str = typer.Argument(help="The request's reference."),
    peer: str = typer.Argument(help="The peer's name."),
    yes: bool = typer.Option(False, "--yes", help="Even if another peer is on it already."),
) -> None:
    """Ask one peer by name; they still say yes or no themselves."""

    async def act(app: App, work: Work) -> str:
        request = await _found(work, ref)
        if request.status not in OPEN_STATUSES:
            raise UserError(f"{request.ref} is closed: {request.status}")
        home = await work.need(Service, request.service_id)
        one = await peer_named(work, home, peer)
        if request.status == RequestStatus.ACCEPTED and not yes:
            raise UserError(f"{request.ref} has a peer on the way. To take it away give --yes")
        if one.contact_id == request.contact_id:
            raise UserError(f"{one.name} is who asked for it")
        scene = Scene(work, app.engine.world)
        await ladder.let_go_of_route(scene, request)
        request = await work.need(KitRequest, request.id)
        until = await ladder.ask_peer_by_name(scene, request, one)
        scene.journal(
            "CoordinatorAssigned",
            service_id=home.id,
            request_id=request.id,
            peer=one.id,
            by="command line",
        )
        scene.close()
        return f"{one.name} is asked about {request.ref} and has till {when(until)}."

    typer.echo(change(act))


async def _found(work: Work, ref: str) -> KitRequest:
    found = await work.find(KitRequest, ref=ref.strip().upper())
    if not found:
        raise UserError(f"there is no request {ref}. See: kitline requests list")
    return found[0]

"""peers invite · set · notes · expenses: what a coordinator keeps of peers."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from datetime import date

import typer

from bot.bootstrap import App
from bot.commands.output import plural, table
from bot.commands.peers import app, last_day, peer_named
from bot.commands.people import addresses_of, called, can_be_written_to, line_of
from bot.commands.reading import read_day
from bot.commands.session import change, look, service_named
from bot.commands.shared import UserError, failing, plainly
from db.models import Contact, Invitation, Peer, PeerNote, Service
from db.work import Work
from handlers import lapses, stand_down
from handlers.engine.turn import Scene
from handlers.flags import team_name
from handlers.joining import INVITED_FOR
from handlers.peer_notes import pounds
from handlers.services.codes import new_claim_code, show_claim_code
from handlers.services.rules import LONDON, uk_day, uk_month
from handlers.services.standing import last_days, run_out
from handlers.services.supplies import lines_of, peer_holder
from handlers.stock_lines import in_short

__all__ = ["app"]

KINDS = ("supervision", "hotspot")
STATES = ("active", "paused", "left")
_service = typer.Option("", "--service", help="Which service.")


@app.command("invite")
@failing
def invite(
    name: str = typer.Argument(help="Who: a name for the code, or a peer who is there already."),
    service: str = _service,
    trained_until: str = typer.Option("", help="The last day of their training, if they had it."),
    checked_until: str = typer.Option("", help="The last day their check holds, if you ask one."),
) -> None:
    """Make a code with which somebody becomes a peer from their own phone. Nothing is sent.

    For a peer who is there already it says what to tell them.
    """

    async def act(app: App, work: Work) -> str:
        home = await service_named(work, service)
        peers = await work.find(Peer, service_id=home.id)
        if peer := called((p for p in peers if p.status != "left"), name):
            return await _hello(app, work, home, peer)
        if len(name) > 40:
            raise UserError("the name is longer than 40 letters")
        with plainly():
            trained = read_day(trained_until) if trained_until else None
            checked = read_day(checked_until) if checked_until else None
        code = new_claim_code()
        while await work.find(Invitation, code=code):
            code = new_claim_code()
        made = work.save(
            Invitation(
                id=work.new_id(),
                service_id=home.id,
                code=code,
                name=name,
                created_at=work.now,
                expires_at=work.now + INVITED_FOR,
                trained_until=trained,
                checked_until=checked,
            )
        )
        return _how_to_join(app, home, made)

    typer.echo(change(act))


def _how_to_join(app: App, home: Service, made: Invitation) -> str:
    code = show_claim_code(made.code)
    where = line_of(app, home, "sms") or "our number"
    last = made.expires_at.astimezone(LONDON)
    lines = [
        f"Hello {made.name}, this is {team_name(home)}. We would like you as a peer.",
        f"From your own phone, text JOIN {code} to {where}.",
    ]
    if app.settings.has_telegram:
        lines.append(f"Or on Telegram, open our bot and send JOIN {code}.")
    lines.append(f"The code works once, until {last:%d %B}. It asks a few questions first.")
    if made.trained_until is None:
        lines.append("(No training entered: they wait until you set --trained-until for them.)")
    return "\n".join(lines)


async def _hello(app: App, work: Work, home: Service, peer: Peer) -> str:
    contact = await work.need(Contact, peer.contact_id)
    if silent := can_be_written_to(contact):
        raise UserError(f"{peer.name} hears nothing from us: {silent}")
    to, how = line_of(app, home, "sms"), "text"
    if (await addresses_of(work, peer.contact_id)).startswith("tg:"):
        to, how = "our Telegram bot (press START there first)", "write"
    return "\n".join(
        (
            f"Hello {peer.name}, this is {team_name(home)}. You are on our list of peers.",
            f"To go on duty {how} ON to {to or 'our number'}. OFF ends it.",
            "STOCK shows the kits you carry. SUPPORT gets you a person. STOP ends all texts.",
        )
    )


@app.command("set")
@failing
def set_(
    name: str = typer.Argument(help="Which peer."),
    service: str = _service,
    trained_until: str = typer.Option("", help="The last day their training holds."),
    checked_until: str = typer.Option("", help='The last day their check holds; "none" = none.'),
    status: str = typer.Option("", help=f"One of: {', '.join(STATES)}."),
    new_name: str = typer.Option("", "--name", help="What requesters read from now on."),
    yes: bool = typer.Option(False, "--yes", help="Yes, a day that is over already."),
) -> None:
    """Renew a peer's training or check, and tell them; change their name or status."""

    async def act(app: App, work: Work) -> str:
        home = await service_named(work, service)
        before = peer = await peer_named(work, home, name)
        if not (trained_until or checked_until or status or new_name):
            raise typer.BadParameter("nothing to change was given")
        if status and status not in STATES:
            raise UserError(f"{status} is no status of a peer: {', '.join(STATES)}")
        if new_name:
            peer = replace(peer, name=await _free_name(work, peer, new_name))
        with plainly():
            if trained_until:
                peer = replace(peer, trained_until=read_day(trained_until))
            if checked_until:
                day = None if checked_until == "none" else read_day(checked_until)
                peer = replace(peer, checked_until=day)
        if not yes:
            _refuse_past(before, peer, uk_day(work.now))
        peer = work.save(replace(peer, status=status or peer.status))
        scene = Scene(work, app.engine.world)
        if trained_until or checked_until:
            peer = await lapses.renewed(scene, before, peer)
        if status and status != "active":
            await stand_down.from_requests(await scene.person(peer.contact_id), peer)
        kits = in_short(await lines_of(work, peer_holder(peer)))
        if status == "left" and before.status != "left":
            await stand_down.say_goodbye(scene, peer, kits)
        scene.close()
        done = _standing_words(peer, uk_day(work.now))
        return (
            f"{done}\n{await _still_held(work, home, peer)}" if status == "left" and kits else done
        )

    typer.echo(change(act))


async def _free_name(work: Work, peer: Peer, name: str) -> str:
    """A name nobody else here has; what they are called in a text is short."""
    name = " ".join(name.split())
    if not name or len(name) > 40:
        raise UserError("a name has 1 to 40 letters")
    others = await work.find(Peer, service_id=peer.service_id)
    if called((p for p in others if p.status != "left" and p.id != peer.id), name):
        raise UserError(f"somebody else is called {name}")
    return name


async def _still_held(work: Work, home: Service, peer: Peer) -> str:
    """The kits of whoever has left, and the commands that move them once they are back."""
    lines = await lines_of(work, peer_holder(peer))
    moves = [
        f'  kitline stock move "{peer.name}" store {line.quantity} {line.batch}'
        + (f" --expiry {line.expiry}" if line.expiry else "")
        + f" --service {home.slug}"
        for line in lines
    ]
    return "\n".join((f"{peer.name} still has kits. Once they are back:", *moves))


def _refuse_past(before: Peer, peer: Peer, today: date) -> None:
    """A day that is over is more often a slip than meant."""
    known = last_days(before)
    for what, until in last_days(peer).items():
        if until < today and until != known.get(what):
            raise UserError(
                f"{until} is over already, so {peer.name} would be asked for nothing. "
                f"Nothing was changed. If their {what} did end then, add --yes"
            )


def _standing_words(peer: Peer, today: date) -> str:
    days = {"trained": peer.trained_until, "checked": peer.checked_until}
    words = [f"{what} until {last_day(day, today, '-')}" for what, day in days.items() if day]
    said = ", ".join([peer.status, *(words or ["no training entered"])])
    over = run_out(peer, today)
    return f"{peer.name} is changed: {said}." + (
        f" Not asked while {over} is over." if over else ""
    )


@app.command("notes")
@failing
def notes(
    name: str = typer.Argument("", help="Which peer; all of them if not given."),
    service: str = _service,
    done: bool = typer.Option(False, "--done", help="Talked about: not listed any more."),
) -> None:
    """What peers noted for supervision, and places they named for outreach."""

    async def act(app: App, work: Work) -> list[tuple[object, ...]]:
        home = await service_named(work, service)
        one = await peer_named(work, home, name) if name else None
        found = await work.find(PeerNote, service_id=home.id, kind=KINDS, status="open")
        rows: list[tuple[object, ...]] = []
        for note in found:
            if one and note.peer_id != one.id:
                continue
            peer = await work.need(Peer, note.peer_id)
            day = uk_day(note.at).isoformat()
            rows.append((day, peer.name or "-", note.kind, note.district or "-", note.note or "-"))
            if done:
                work.save(replace(note, status="done"))
        return rows

    if done and not name:
        raise typer.BadParameter("say whose notes are done")
    rows = change(act) if done else look(act)
    table(("DAY", "PEER", "KIND", "DISTRICT", "NOTE"), rows, "No open note.")
    if done:
        typer.echo(f"{plural(len(rows), 'note')} done.")


@app.command("expenses")
@failing
def expenses(
    service: str = _service,
    month: str = typer.Option("", help="Like 2026-11; this month if not given."),
) -> None:
    """The peers' expenses of a month, as CSV. This line pays nothing."""

    async def act(app: App, work: Work) -> list[tuple[str, str, str, str]]:
        home = await service_named(work, service)
        wanted = _month(month) if month else uk_month(work.now)
        rows = []
        for note in await work.find(PeerNote, service_id=home.id, kind="expense", status="open"):
            if uk_month(note.at) == wanted:
                peer = await work.need(Peer, note.peer_id)
                day = uk_day(note.at).isoformat()
                rows.append((day, peer.name or "", pounds(note.pence), _cell(note.note)))
        return rows

    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("day", "peer", "pounds", "what"))
    out.writerows(look(act))


def _cell(words: str | None) -> str:
    """What somebody wrote, so that a spreadsheet does not take it for a formula."""
    return f"'{words}" if words and words[0] in "=+-@" else words or ""


def _month(text: str) -> str:
    try:
        return f"{date.fromisoformat(f'{text}-01'):%Y-%m}"
    except ValueError:
        raise UserError(f"{text} is not a month: write 2026-11") from None

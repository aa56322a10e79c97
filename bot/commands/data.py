"""contacts export · contacts erase · purge."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

import typer

from bot.bootstrap import App
from bot.commands.reading import read_address
from bot.commands.session import change, look
from bot.commands.shared import UserError, failing
from db.erasure import erase_contact
from db.models import (
    Address,
    Consent,
    Contact,
    Conversation,
    Fact,
    Flag,
    Holding,
    InboxRow,
    KitRequest,
    Offer,
    OutboxRow,
    Peer,
    PeerNote,
    RecallNotice,
    RelayMessage,
    Staff,
    Supply,
    Training,
)
from db.work import Work
from handlers.consent import let_go
from handlers.engine.turn import Scene
from handlers.purging import forget
from handlers.services.rules import uk_day

app = typer.Typer(help="Data rights: what is held of a person.", no_args_is_help=True)
single = typer.Typer()

_ABOUT: dict[str, tuple[type[Any], str]] = {
    "conversation": (Conversation, "id"),
    "consents": (Consent, "contact_id"),
    "requests": (KitRequest, "contact_id"),
    "kits_held": (Holding, "contact_id"),
    "recalls": (RecallNotice, "contact_id"),
    "as_peer": (Peer, "contact_id"),
    "as_staff": (Staff, "contact_id"),
    "messages_from_us": (OutboxRow, "contact_id"),
    "passed_on": (RelayMessage, "from_contact_id"),
    "flags": (Flag, "contact_id"),
    "journal": (Fact, "contact_id"),
}
_OURS = {
    "pin_hash",
    "address_hash",
    "lane",
    "version",
    "owner",
    "lease_until",
    "dedupe",
    "window_n",
}


@app.command("export")
@failing
def export(address: str = typer.Argument(help="A phone number, or tg:<chat id>.")) -> None:
    """Everything held of a person, as JSON."""

    async def act(app: App, work: Work) -> list[dict[str, Any]]:
        return [await _held(work, contact) for contact in await _contacts(work, address)]

    typer.echo(json.dumps(look(act), ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


async def _held(work: Work, contact: Contact) -> dict[str, Any]:
    addresses = await work.find(Address, contact_id=contact.id)
    held: dict[str, Any] = {
        "contact": _shown([contact])[0],
        "addresses": _shown(addresses),
    }
    for name, (model, column) in _ABOUT.items():
        held[name] = _shown(await work.find(model, **{column: contact.id}))
    peers = tuple(peer.id for peer in await work.find(Peer, contact_id=contact.id))
    held["offers"] = _shown(await work.find(Offer, peer_id=peers))
    held["notes"] = _shown(await work.find(PeerNote, peer_id=peers))
    held["gave_out"] = _shown(await work.find(Supply, by_kind="peer", by_id=peers))
    held["trained"] = _shown(await work.find(Training, by_kind="peer", by_id=peers))
    lanes = tuple(a.address_hash for a in addresses)
    held["messages_to_us"] = _shown(await work.find(InboxRow, lane=lanes)) if lanes else []
    return held


def _shown(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Rows without what only serves the machine."""
    return [{k: v for k, v in asdict(row).items() if k not in _OURS} for row in rows]


async def _contacts(work: Work, address: str) -> list[Contact]:
    """The contacts at an address, on any of our lines, under any key."""
    whole = ""
    try:
        channel, plain = read_address(address)
    except ValueError as wrong:
        whole = f": {wrong}"
        channel, plain = "sms", address.strip()  # whatever has written to us may be asked for
    found: dict[int, Contact] = {}
    for said_by in dict.fromkeys((channel, "terminal")):
        for blind in work.db.keyring.blinds(f"{said_by}:{plain}"):
            for one in await work.find(Address, address_hash=blind):
                found[one.contact_id] = await work.need(Contact, one.contact_id)
    if not found:
        raise UserError(f"nothing is held of {address}{whole}")
    return list(found.values())


@app.command("erase")
@failing
def erase(
    address: str = typer.Argument(help="A phone number, or tg:<chat id>."),
    yes: bool = typer.Option(False, "--yes", help="Do not ask again."),
) -> None:
    """Erase a person at once. The supply log keeps its rows, which hold no person."""

    async def held(app: App, work: Work) -> list[str]:
        return [await _in_short(work, one) for one in await _contacts(work, address)]

    if not yes:
        for line in look(held):
            typer.echo(line)
        typer.confirm(f"Erase everything held of {address}? It cannot be undone.", abort=True)

    async def act(app: App, work: Work) -> int:
        contacts = await _contacts(work, address)
        for contact in contacts:
            scene = Scene(work, app.engine.world)
            await let_go(await scene.person(contact.id))
            scene.close()
            await work.flush()
            await erase_contact(work, await work.need(Contact, contact.id))
            work.cancel_timer(f"erase:{contact.id}")
            scene.journal("ContactErased", service_id=contact.service_id, by="command line")
        return len(contacts)

    change(act)
    typer.echo("Erased. Backups made before today still hold it: see docs/commands.md.")


async def _in_short(work: Work, contact: Contact) -> str:
    """Who this is to us, and what ends or goes with them."""
    peers = await work.find(Peer, contact_id=contact.id)
    staff = await work.find(Staff, contact_id=contact.id)
    roles = [f"peer {one.name}" for one in peers] + [f"staff {one.name}" for one in staff]
    open_now = await work.find(KitRequest, contact_id=contact.id, closed_at=None)
    flags = [f for f in await work.find(Flag, contact_id=contact.id) if f.status != "done"]
    kits = await work.find(Holding, contact_id=contact.id)
    notes = await work.find(PeerNote, peer_id=tuple(one.id for one in peers)) if peers else []
    what = [
        f"{', '.join(roles) or 'no peer, no staff'}",
        f"first seen {uk_day(contact.created_at)}",
        f"open requests that end: {', '.join(one.ref for one in open_now) or 'none'}",
        f"open flags: {', '.join(one.ref for one in flags) or 'none'}",
        f"kits noted: {len(kits)}",
        f"notes: {len(notes)}",
    ]
    return "; ".join(what)


@single.command("purge")
@failing
def purge() -> None:
    """Apply the retention rules now; the service does it by itself every night."""

    async def act(app: App, work: Work) -> dict[str, int]:
        counts = await forget(work)
        if any(counts.values()):
            Scene(work, app.engine.world).journal("Purged", **counts)
        return counts

    done = [f"{n} {name.replace('_', ' ')}" for name, n in change(act).items() if n]
    typer.echo(f"Forgotten: {', '.join(done)}." if done else "Nothing is due to be forgotten.")

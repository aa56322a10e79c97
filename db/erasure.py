"""Erasing a person: what names them goes at once, what only counts stays."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import delete, select, update

from db.models import Address, Contact, Conversation, OutboxStatus
from db.tables import (
    holdings,
    inbox,
    outbox,
    peer_notes,
    peers,
    recall_notices,
    relay_messages,
)
from db.work import Work


async def erase_contact(work: Work, contact: Contact) -> None:
    """Forget addresses, names, texts and answers of a contact.

    Somebody who said STOP stays findable by the bare hash of their address, so that the STOP holds.
    """
    keep_hash = contact.stopped_at is not None
    for address in await work.find(Address, contact_id=contact.id):
        await work.tx.execute(
            update(inbox).where(inbox.c.lane == address.address_hash).values(body=None)
        )
        blind = address.address_hash if keep_hash else f"gone:{address.id}"
        work.save(replace(address, address="", address_hash=blind))
    mine = outbox.c.contact_id == contact.id
    await work.tx.execute(update(outbox).where(mine).values(body=None))
    unsent = update(outbox).where(mine, outbox.c.done_at.is_(None))  # nobody is left to hear it
    await work.tx.execute(
        unsent.values(status=OutboxStatus.FAILED, error="erased", done_at=work.now)
    )
    await work.tx.execute(
        update(relay_messages)
        .where(relay_messages.c.from_contact_id == contact.id)
        .values(body=None)
    )
    await forget_kits(work, contact.id)
    theirs = select(peers.c.id).where(peers.c.contact_id == contact.id)
    await work.tx.execute(
        update(peer_notes)
        .where(peer_notes.c.peer_id.in_(theirs))
        .values(note=None, version=peer_notes.c.version + 1)
    )
    await work.tx.execute(
        update(peers)
        .where(peers.c.contact_id == contact.id)
        .values(name=None, place=None, lat=0, lon=0, status="left", version=peers.c.version + 1)
    )
    talk = await work.get(Conversation, contact.id)
    if talk:
        work.save(replace(talk, flow="", step="", memory={}))
    if keep_hash:
        work.save(replace(contact, alias="", address_id=None))
    else:
        work.save(replace(contact, alias="", erased_at=work.now))


async def forget_kits(work: Work, contact_id: int) -> None:
    """Forget which kits somebody has; a recall counts them on, as somebody who was known once."""
    await work.tx.execute(
        update(recall_notices)
        .where(recall_notices.c.contact_id == contact_id)
        .values(contact_id=None, holding_id=None, version=recall_notices.c.version + 1)
    )
    await work.tx.execute(delete(holdings).where(holdings.c.contact_id == contact_id))

"""The retention rules: what is forgotten by itself, and when. Counts and the supply log stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists, func, null, or_, select, update

from db.database import Tx
from db.tables import (
    contacts,
    conversations,
    holdings,
    inbox,
    invitations,
    outbox,
    peer_notes,
    peers,
    relay_messages,
    requests,
    staff,
)

RELAY_KEPT = timedelta(hours=48)  # after the request closes
TEXTS_KEPT = timedelta(days=30)  # after the message was handled or sent
ROWS_KEPT = timedelta(days=90)  # long after any provider repeats a delivery
PEOPLE_KEPT = timedelta(days=365)  # after their last message
KIT_KEPT = timedelta(days=92)  # after the date on a kit somebody noted with us
WORDS_OF_PEERS = ("supervision", "hotspot", "expense")  # kept a year
AT_ONCE = 200  # people forgotten in one night's transaction; the next night goes on


async def purge(tx: Tx, now: datetime) -> dict[str, int]:
    """Forget what is due; returns how many of each. Doing it twice changes nothing."""
    closed = select(requests.c.id).where(requests.c.closed_at < now - RELAY_KEPT)
    relayed = delete(relay_messages).where(relay_messages.c.request_id.in_(closed))
    counts = {"relay_texts": (await tx.execute(relayed)).rowcount}
    for name, table in (("inbox", inbox), ("outbox", outbox)):
        old = and_(table.c.done_at < now - TEXTS_KEPT, table.c.body.is_not(None))
        texts = update(table).where(old).values(body=null())
        counts[f"{name}_texts"] = (await tx.execute(texts)).rowcount
        rows = delete(table).where(table.c.done_at < now - ROWS_KEPT)
        counts[f"{name}_rows"] = (await tx.execute(rows)).rowcount
    late = and_(invitations.c.used_at.is_(None), invitations.c.expires_at < now - TEXTS_KEPT)
    counts["invitations"] = (await tx.execute(delete(invitations).where(late))).rowcount
    old_notes = and_(
        peer_notes.c.kind.in_(WORDS_OF_PEERS),
        peer_notes.c.at < now - PEOPLE_KEPT,
        peer_notes.c.note.is_not(None),
    )
    forget = update(peer_notes).where(old_notes)
    forget = forget.values(note=null(), version=peer_notes.c.version + 1)
    counts["peer_notes"] = (await tx.execute(forget)).rowcount
    return counts


async def people_due(tx: Tx, now: datetime) -> list[int]:
    """Contacts whose time is over: a year after their last message, or three months after the date
    of a kit they noted with us, whichever is later.

    Who is on the service's own list stays, and so does whoever has something open.
    """
    last = func.coalesce(conversations.c.last_in_at, contacts.c.created_at)
    last_kit = (now - KIT_KEPT).date()
    needed = or_(
        exists().where(peers.c.contact_id == contacts.c.id, peers.c.status != "left"),
        exists().where(staff.c.contact_id == contacts.c.id),
        exists().where(requests.c.contact_id == contacts.c.id, requests.c.closed_at.is_(None)),
        exists().where(
            holdings.c.contact_id == contacts.c.id,
            holdings.c.status == "held",
            holdings.c.expiry >= last_kit,
        ),
    )
    found = await tx.execute(
        select(contacts.c.id)
        .outerjoin(conversations, conversations.c.id == contacts.c.id)
        .where(
            contacts.c.erased_at.is_(None),
            contacts.c.address_id.is_not(None),
            contacts.c.outlet_id.is_(None),
            last < now - PEOPLE_KEPT,
            ~needed,
        )
        .order_by(contacts.c.id)
        .limit(AT_ONCE)
    )
    return list(found.scalars())

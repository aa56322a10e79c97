"""The inbox and the outbox: what was said to us and what we say, as jobs that survive a crash.

The inbox is worked inside the transaction that does the turn: a row is locked, handled and marked
done by one commit, so a crash simply leaves it for the next worker. A send talks to the outside
world, so the outbox is claimed by lease: a crash leaves the row until the lease ends, then it is
sent again (at least once, harmless when repeated).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from db.database import Database, Tx
from db.keys import Sealed
from db.models import InboxRow, OutboxRow, OutboxStatus
from db.rows import codec
from db.tables import addresses, inbox, outbox

log = logging.getLogger(__name__)


def _unless_known(make: Any) -> Any:
    return (
        make(inbox)
        .on_conflict_do_nothing(index_elements=["channel", "external_id"])
        .returning(inbox.c.id)
    )


_STORE_SQLITE, _STORE_POSTGRES = _unless_known(sqlite.insert), _unless_known(postgresql.insert)


async def store_inbound(db: Database, tx: Tx, rows: Sequence[InboxRow]) -> set[int]:
    """Store what came in; returns the ids that are new (the others are repeats)."""
    values = [codec(InboxRow).to_row(row, db.keyring) for row in rows]
    statement = _STORE_SQLITE if db.is_sqlite else _STORE_POSTGRES
    return set((await tx.execute(statement, values)).scalars())


def _oldest_of_each_lane() -> Any:
    earlier = inbox.alias()
    blocked = exists().where(
        earlier.c.lane == inbox.c.lane, earlier.c.id < inbox.c.id, earlier.c.done_at.is_(None)
    )
    return (
        select(inbox)
        .where(inbox.c.done_at.is_(None), inbox.c.due_at <= bindparam("now"), ~blocked)
        .order_by(inbox.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=inbox)
    )


_OLDEST_OF_EACH_LANE = _oldest_of_each_lane()


async def take_inbound(db: Database, tx: Tx, now: datetime, limit: int) -> list[InboxRow]:
    """Lock the oldest unhandled message of each contact, oldest first, at most ``limit``.

    One that none of our keys opens is laid aside: it must not hold up the others.
    """
    taken, sealed = [], []
    for row in await tx.execute(_OLDEST_OF_EACH_LANE, {"now": now, "most": limit}):
        try:
            taken.append(codec(InboxRow).read(row, db.keyring))
        except Sealed:
            sealed.append(row.id)
    if sealed:
        log.error("messages that no key opens were laid aside", extra={"messages": len(sealed)})
        await finish_inbound(tx, sealed, now)
    return taken


async def take_inbound_row(db: Database, tx: Tx, inbox_id: int) -> InboxRow | None:
    """Lock one unhandled message, if it is still there to be handled."""
    statement = (
        select(inbox)
        .where(inbox.c.id == inbox_id, inbox.c.done_at.is_(None))
        .with_for_update(skip_locked=True, of=inbox)
    )
    row = (await tx.execute(statement)).mappings().first()
    return codec(InboxRow).from_row(row, db.keyring) if row else None


_FINISH_INBOUND = (
    update(inbox).where(inbox.c.id == bindparam("b_id")).values(done_at=bindparam("b_now"))
)


async def finish_inbound(tx: Tx, ids: Sequence[int], now: datetime) -> None:
    """Mark messages handled."""
    if ids:
        await tx.execute(_FINISH_INBOUND, [{"b_id": one, "b_now": now} for one in ids])


async def put_off_inbound(tx: Tx, inbox_id: int, due: datetime, error: str) -> None:
    """Try a message again later."""
    await tx.execute(
        update(inbox)
        .where(inbox.c.id == inbox_id)
        .values(due_at=due, tries=inbox.c.tries + 1, error=error[:400])
    )


async def repeated_answer(db: Database, tx: Tx, channel: str, external_id: str) -> list[OutboxRow]:
    """What we answered to a message that is being delivered again."""
    statement = (
        select(outbox)
        .join(inbox, inbox.c.id == outbox.c.inbox_id)
        .where(inbox.c.channel == channel, inbox.c.external_id == external_id)
        .order_by(outbox.c.id)
    )
    rows = (await tx.execute(statement)).mappings()
    return [codec(OutboxRow).from_row(row, db.keyring) for row in rows]


def _next_of_each_lane() -> Any:
    earlier, now = outbox.alias(), bindparam("now", type_=outbox.c.due_at.type)
    blocked = exists().where(
        earlier.c.lane == outbox.c.lane,
        earlier.c.done_at.is_(None),
        earlier.c.due_at <= now,
        or_(
            earlier.c.priority < outbox.c.priority,
            and_(earlier.c.priority == outbox.c.priority, earlier.c.id < outbox.c.id),
        ),
    )
    free = or_(outbox.c.lease_until.is_(None), outbox.c.lease_until < now)
    return (
        select(outbox.c.id)
        .where(outbox.c.done_at.is_(None), outbox.c.due_at <= now, free, ~blocked)
        .order_by(outbox.c.priority, outbox.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=outbox)
    )


_NEXT_OF_EACH_LANE = _next_of_each_lane()
_LEASE = (
    update(outbox)
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        status=OutboxStatus.SENDING,
        owner=bindparam("b_owner"),
        lease_until=bindparam("b_until"),
        tries=outbox.c.tries + 1,
    )
    .returning(outbox)
)


async def claim_outbound(
    db: Database, tx: Tx, now: datetime, *, owner: str, limit: int, lease: timedelta
) -> list[OutboxRow]:
    """Lease the next message of each address: emergencies first, then in order."""
    found = await tx.execute(_NEXT_OF_EACH_LANE, {"now": now, "most": limit})
    ids = list(found.scalars())
    if not ids:
        return []
    rows = await tx.execute(_LEASE, {"ids": ids, "b_owner": owner, "b_until": now + lease})
    claimed = [codec(OutboxRow).read(row, db.keyring) for row in rows]
    return sorted(claimed, key=lambda row: (row.priority, row.id))


async def free_outbound(tx: Tx) -> None:
    """Take back every lease at once: whoever held one is gone."""
    held = and_(outbox.c.done_at.is_(None), outbox.c.lease_until.is_not(None))
    await tx.execute(update(outbox).where(held).values(lease_until=None))


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one send. ``retry_at`` set = try again then; ``error`` without = given up."""

    id: int
    at: datetime
    provider_id: str = ""
    error: str = ""
    retry_at: datetime | None = None


async def finish_outbound(tx: Tx, results: Sequence[Sent], owner: str) -> None:
    """Record sends, one statement for each kind of outcome; a lost lease changes nothing."""
    mine = and_(
        outbox.c.id == bindparam("b_id"), outbox.c.owner == owner, outbox.c.done_at.is_(None)
    )
    sent = [r for r in results if not r.error]
    if sent:
        await tx.execute(
            update(outbox)
            .where(mine)
            .values(
                status=OutboxStatus.SENT,
                provider_id=bindparam("b_provider"),
                sent_at=bindparam("b_at"),
                done_at=bindparam("b_at"),
                lease_until=None,
                error="",
            ),
            [{"b_id": r.id, "b_provider": r.provider_id, "b_at": r.at} for r in sent],
        )
    again = [r for r in results if r.error and r.retry_at]
    if again:
        await tx.execute(
            update(outbox)
            .where(mine)
            .values(
                status=OutboxStatus.QUEUED,
                due_at=bindparam("b_due"),
                error=bindparam("b_error"),
                lease_until=None,
            ),
            [{"b_id": r.id, "b_due": r.retry_at, "b_error": r.error[:400]} for r in again],
        )
    dead = [r for r in results if r.error and not r.retry_at]
    if dead:
        await tx.execute(
            update(outbox)
            .where(mine)
            .values(
                status=OutboxStatus.FAILED,
                done_at=bindparam("b_at"),
                error=bindparam("b_error"),
                lease_until=None,
            ),
            [{"b_id": r.id, "b_at": r.at, "b_error": r.error[:400]} for r in dead],
        )


_RANK = {OutboxStatus.SENT: 1, OutboxStatus.DELIVERED: 2, OutboxStatus.FAILED: 3}


async def report_outbound(
    db: Database,
    tx: Tx,
    provider_id: str,
    status: OutboxStatus,
    error: str,
    now: datetime,
    outbox_id: int | None = None,
) -> OutboxRow | None:
    """Move a sent message on by a delivery report; a late lower status changes nothing.

    ``outbox_id`` names a message that rode in a webhook's answer: its provider id was not known.
    """
    below = [s for s, rank in _RANK.items() if rank < _RANK[status]]
    below += [OutboxStatus.QUEUED, OutboxStatus.SENDING]
    rows = await tx.execute(
        update(outbox)
        .where(
            outbox.c.id == outbox_id if outbox_id else outbox.c.provider_id == provider_id,
            outbox.c.status.in_(below),
        )
        .values(
            status=status,
            error=error[:400],
            provider_id=provider_id,
            # a report may be here before our own note that it was sent: then it is the note
            sent_at=func.coalesce(outbox.c.sent_at, literal(now, outbox.c.sent_at.type)),
            done_at=func.coalesce(outbox.c.done_at, literal(now, outbox.c.done_at.type)),
            lease_until=None,
        )
        .returning(outbox)
    )
    row = rows.mappings().first()
    return codec(OutboxRow).from_row(row, db.keyring) if row else None


async def addresses_failed(tx: Tx, code: str, since: datetime) -> list[int]:
    """The addresses to which messages were given up for this reason since then."""
    rows = await tx.execute(
        select(outbox.c.address_id)
        .where(outbox.c.status == OutboxStatus.FAILED, outbox.c.error == code)
        .where(outbox.c.done_at >= since)
        .distinct()
    )
    return list(rows.scalars())


async def arrived(tx: Tx, dedupe: str) -> bool | None:
    """Whether a message reached the phone; None where nothing ever told us so of this phone.

    Not every network says what became of a text: its silence then means nothing.
    """
    sent = select(outbox.c.address_id, outbox.c.status).where(outbox.c.dedupe == dedupe)
    row = (await tx.execute(sent)).first()
    if row is None:
        return None
    if row.status == OutboxStatus.DELIVERED:
        return True
    told = outbox.c.address_id == row.address_id, outbox.c.status == OutboxStatus.DELIVERED
    return False if (await tx.execute(select(outbox.c.id).where(*told).limit(1))).first() else None


async def counts(tx: Tx, now: datetime) -> dict[str, Any]:
    """How much waits: for health, metrics and ``doctor``."""
    waiting_in = await tx.execute(
        select(func.count(), func.min(inbox.c.received_at)).where(inbox.c.done_at.is_(None))
    )
    waiting_out = await tx.execute(
        select(func.count(), func.min(outbox.c.due_at)).where(outbox.c.done_at.is_(None))
    )
    (inbound, oldest_in), (outbound, oldest_out) = waiting_in.one(), waiting_out.one()
    return {
        "inbox": inbound,
        "inbox_oldest_s": (now - oldest_in).total_seconds() if oldest_in else 0.0,
        "outbox": outbound,
        "outbox_oldest_s": (now - oldest_out).total_seconds() if oldest_out else 0.0,
    }


async def texts_to(
    db: Database, tx: Tx, address_ids: Sequence[int]
) -> tuple[list[OutboxRow], list[InboxRow]]:
    """Everything said to and by these addresses, for the simulator's phones."""
    out = await tx.execute(
        select(outbox).where(outbox.c.address_id.in_(address_ids)).order_by(outbox.c.id)
    )
    lanes = select(addresses.c.address_hash).where(addresses.c.id.in_(address_ids))
    came = await tx.execute(select(inbox).where(inbox.c.lane.in_(lanes)).order_by(inbox.c.id))
    return (
        [codec(OutboxRow).from_row(row, db.keyring) for row in out.mappings()],
        [codec(InboxRow).from_row(row, db.keyring) for row in came.mappings()],
    )


async def known_external_ids(tx: Tx, channel: str, ids: Sequence[str]) -> set[str]:
    """Which of these the inbox already has."""
    found: set[str] = set()
    for start in range(0, len(ids), 500):
        chunk = ids[start : start + 500]
        rows = await tx.execute(
            select(inbox.c.external_id).where(
                inbox.c.channel == channel, inbox.c.external_id.in_(chunk)
            )
        )
        found.update(rows.scalars())
    return found


async def last_received(tx: Tx, channel: str) -> datetime | None:
    """When the inbox last got anything from a channel."""
    found: datetime | None = (
        await tx.execute(select(func.max(inbox.c.received_at)).where(inbox.c.channel == channel))
    ).scalar()
    return found


_SENT_EVEN_SO = ("emergency", "stop")


async def drop_queued(tx: Tx, contact_id: int, now: datetime) -> None:
    """After STOP nothing that still waits goes out, but an answer to an emergency."""
    await tx.execute(
        update(outbox)
        .where(
            outbox.c.contact_id == contact_id,
            outbox.c.done_at.is_(None),
            outbox.c.kind.not_in(_SENT_EVEN_SO),
        )
        .values(status=OutboxStatus.FAILED, error="stopped", done_at=now)
    )

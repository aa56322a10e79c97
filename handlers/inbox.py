"""receive(): the one door for every channel's messages, and for due timers.

A batch of turns shares one transaction: what the turns need is read with one query a table, what
they change is written with one statement a table (see db/work.py). A turn that fails is taken back
and tried again alone, later; when it keeps failing it is laid aside, the person is told, and a
coordinator is flagged.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from db import messages, timers
from db.database import Conflict, Database, Tx
from db.ids import Ids
from db.models import (
    Address,
    Consent,
    Contact,
    Conversation,
    InboundMessage,
    InboxRow,
    KitRequest,
    OutboxRow,
    OutboxStatus,
    Peer,
    Service,
    Staff,
    Timer,
)
from db.work import Work
from handlers import routing
from handlers.engine.turn import Scene, World
from handlers.flags import raise_flag
from handlers.services.contacts import contact_at

TRIES = 4
RACES = 5
BATCH = 64
TimerHandler = Callable[[Scene, Timer], Awaitable[None]]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Engine:
    """What handling a message takes."""

    db: Database
    world: World
    ids: Ids
    timers: dict[str, TimerHandler]


@dataclass(frozen=True)
class Handled:
    """A message that was handled, and what it made us say to its sender.

    ``queued``: it, or another of its batch, left something in the outbox to send.
    """

    inbox_id: int
    replies: tuple[OutboxRow, ...]
    queued: bool = False


def back_off(tries: int) -> timedelta:
    """1 s, 4 s, 16 s …"""
    return timedelta(seconds=min(4**tries, 3600))


# --- messages ----------------------------------------------------------------------------------


async def work_inbox(
    engine: Engine, now: datetime, *, rides: dict[int, str] | None = None, limit: int = BATCH
) -> list[Handled]:
    """Handle what has come in, oldest first; returns what was handled.

    ``rides``: inbox id → the webhook that waits for the replies to it.
    """
    try:
        async with engine.db.transaction() as tx:
            rows = await messages.take_inbound(engine.db, tx, now, limit)
            if not rows:
                return []
            handled, failed = await _turns(engine, tx, rows, now, rides or {})
    except Conflict:  # somebody was quicker with one of them: each by itself
        return [done for row in rows for done in await _alone(engine, row, now, rides or {})]
    for row, why in failed:
        await _try_later(engine, row, why, now)
    return handled


async def _alone(
    engine: Engine, row: InboxRow, now: datetime, rides: dict[int, str]
) -> list[Handled]:
    """One message in a transaction of its own, a few times over if races are lost."""
    lost: Exception = Conflict()
    for _ in range(RACES):
        try:
            async with engine.db.transaction() as tx:
                still = await messages.take_inbound_row(engine.db, tx, row.id)
                if still is None:
                    return []
                handled, failed = await _turns(engine, tx, [still], now, rides)
        except Conflict as why:
            lost = why
            continue
        for one, reason in failed:
            await _try_later(engine, one, reason, now)
        return handled
    await _try_later(engine, row, lost, now)
    return []


async def _turns(
    engine: Engine, tx: Tx, rows: Sequence[InboxRow], now: datetime, rides: dict[int, str]
) -> tuple[list[Handled], list[tuple[InboxRow, Exception]]]:
    work = Work(engine.db, tx, engine.ids, now)
    inbound = [_message(row) for row in rows]
    await _preload(work, inbound)
    done: list[int] = []
    failed: list[tuple[InboxRow, Exception]] = []
    for row, message in zip(rows, inbound, strict=True):
        mark = work.mark()
        scene = Scene(
            work,
            engine.world,
            inbox_id=row.id,
            rides_as=rides.get(row.id, ""),
            answered=row.answered,
        )
        try:
            await receive(scene, message)
            scene.close()
            done.append(row.id)
        except Conflict:
            raise
        except Exception as why:
            work.undo(mark)
            failed.append((row, why))
    replies: dict[int, list[OutboxRow]] = {}
    said = work.added(OutboxRow)
    queued = any(out.status == OutboxStatus.QUEUED for out in said)
    for out in said:
        if out.inbox_id is not None:
            replies.setdefault(out.inbox_id, []).append(out)
    await work.flush()
    await messages.finish_inbound(tx, done, now)
    return [Handled(i, tuple(replies.get(i, ())), queued) for i in done], failed


def _message(row: InboxRow) -> InboundMessage:
    body = dict(row.body)
    if body.get("sent_at"):
        body["sent_at"] = datetime.fromisoformat(body["sent_at"])
    return InboundMessage(**{"line": "", **body})  # what is empty is not stored


async def _preload(work: Work, inbound: Sequence[InboundMessage]) -> None:
    """One query a table for what nearly every turn needs."""
    blinds = [
        blind for m in inbound for blind in work.db.keyring.blinds(f"{m.channel}:{m.address}")
    ]
    await work.preload(Address, "address_hash", blinds)
    ids = sorted({a.contact_id for b in blinds for a in await work.find(Address, address_hash=b)})
    await work.find(Service)
    if ids:
        await work.preload(Contact, "id", ids)
        people = [contact for one in ids if (contact := await work.get(Contact, one))]
        work.together("service_id", [p.service_id for p in people if p.service_id])
        await work.preload(Conversation, "id", ids)
        await work.preload(Peer, "contact_id", ids)
        await work.preload(Staff, "contact_id", ids)
        await work.preload(KitRequest, "contact_id", ids)
        await work.preload(Consent, "contact_id", ids)


async def receive(scene: Scene, message: InboundMessage) -> None:
    """One message: whose it is, then which conversation it belongs to."""
    contact = await contact_at(scene.work, message)
    turn = await scene.person(contact.id)
    await routing.route(turn, message)


async def _try_later(engine: Engine, row: InboxRow, why: Exception, now: datetime) -> None:
    log.error("turn failed", extra={"inbox_id": row.id, "error": type(why).__name__}, exc_info=why)
    async with engine.db.transaction() as tx:
        if row.tries + 1 < TRIES:
            error = type(why).__name__
            await messages.put_off_inbound(tx, row.id, now + back_off(row.tries), error)
            return
        await messages.finish_inbound(tx, [row.id], now)
    try:
        await _own_up(engine, row, type(why).__name__, now)
    except Exception:
        log.exception("nobody could be told of a message laid aside", extra={"inbox_id": row.id})


async def _own_up(engine: Engine, row: InboxRow, error: str, now: datetime) -> None:
    """Tell the person, and a coordinator, that their message could not be dealt with."""
    async with engine.db.transaction() as tx:
        work = Work(engine.db, tx, engine.ids, now)
        scene = Scene(work, engine.world)
        contact = await contact_at(work, _message(row))
        turn = await scene.person(contact.id)
        turn.say("common.trouble")
        turn.journal("MessageLaidAside", inbox=row.id, error=error)
        if turn.service:
            await raise_flag(scene, turn.service, "dead_message", contact_id=contact.id)
        scene.close()
        await work.flush()


# --- timers ------------------------------------------------------------------------------------


async def work_timers(engine: Engine, now: datetime, limit: int = BATCH) -> int:
    """Fire what is due, the longest due first; returns how many fired."""
    failed: list[tuple[Timer, Exception]] = []
    try:
        async with engine.db.transaction() as tx:
            due = await timers.take_due(engine.db, tx, now, limit)
            if not due:
                return 0
            work = Work(engine.db, tx, engine.ids, now)
            for timer in due:
                mark = work.mark()
                scene = Scene(work, engine.world)
                try:
                    work.cancel_timer(timer.key)
                    await engine.timers[timer.kind](scene, timer)
                    scene.close()
                except Conflict:
                    raise
                except Exception as why:
                    work.undo(mark)
                    failed.append((timer, why))
            await work.flush()
            for timer, error in failed:
                log.error(
                    "timer failed",
                    extra={"kind": timer.kind, "error": type(error).__name__},
                    exc_info=error,
                )
                await timers.put_off(
                    tx, timer.key, now + back_off(timer.tries), type(error).__name__
                )
    except Conflict:  # somebody was quicker with one of them: each by itself
        if limit == 1:
            await _put_off_first(engine, now)
            return 1
        fired = 0
        while fired < limit and await work_timers(engine, now, 1):
            fired += 1
        return fired
    return len(due)


async def _put_off_first(engine: Engine, now: datetime) -> None:
    """A timer that loses every race must not hold up the others."""
    async with engine.db.transaction() as tx:
        for timer in await timers.take_due(engine.db, tx, now, 1):
            await timers.put_off(tx, timer.key, now + back_off(timer.tries), "Conflict")

"""What a run must have left in the database: a fast run that lost something is no run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from db import timers
from db.database import Database
from db.ids import Ids
from db.keys import Keyring
from db.models import InboxRow, KitRequest, Offer, OutboxRow, Peer
from db.work import Work
from tests.bench.load import BrokenError


async def check(path: Path, secret: str, *, messages: int, requests: int) -> None:
    """Every message handled, every finished conversation a request with an owner and a timer."""
    db = Database.open(f"sqlite:///{path}", Keyring([secret]))
    try:
        async with db.read() as tx:
            work = Work(db, tx, Ids(), datetime.now(UTC))
            inbox = await work.find(InboxRow)
            _equal("messages stored", len(inbox), messages)
            _equal("messages handled", sum(r.done_at is not None for r in inbox), messages)
            placed = await work.find(KitRequest)
            _equal("requests", len(placed), requests)
            _equal("offered", sum(r.status == "offered" for r in placed), requests)
            due = {timer.key for timer in await timers.all_timers(work)}
            timed = sum(f"request:{r.id}" in due for r in placed)
            _equal("requests with a timer", timed, requests)
            peers = {p.id for p in await work.find(Peer)}
            asked = {o.request_id for o in await work.find(Offer) if o.peer_id in peers}
            _equal("requests with a peer asked", len(asked), requests)
            out = await work.find(OutboxRow)
            unsent = sum(row.status not in ("sent", "delivered") for row in out)
            _equal("texts not recorded as sent", unsent, 0)
    finally:
        await db.close()


def _equal(what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise BrokenError(f"{what}: {found}, and not {wanted}")

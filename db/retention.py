"""The retention rules: what is forgotten by itself, and when. Counts and the supply log stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, null, select, update

from db.database import Tx
from db.tables import inbox, outbox, relay_messages, requests

RELAY_KEPT = timedelta(hours=48)  # after the request closes
TEXTS_KEPT = timedelta(days=30)  # after the message was handled or sent
ROWS_KEPT = timedelta(days=90)  # long after any provider repeats a delivery


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
    return counts

"""What became of messages of one kind, contact by contact and time by time; their texts stay
sealed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from db.database import Tx
from db.tables import outbox


async def deliveries(
    tx: Tx, service_id: int, kind: str, since: datetime
) -> dict[tuple[int, datetime], tuple[str, str]]:
    """Contact and when it was made → status and channel of a message of this kind since then."""
    rows = await tx.execute(
        select(outbox.c.contact_id, outbox.c.created_at, outbox.c.status, outbox.c.channel)
        .where(
            outbox.c.service_id == service_id, outbox.c.kind == kind, outbox.c.created_at >= since
        )
        .order_by(outbox.c.id)
    )
    return {(contact, at): (status, channel) for contact, at, status, channel in rows}

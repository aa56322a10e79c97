"""What became of messages of one kind, contact by contact; their texts stay sealed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from db.database import Tx
from db.tables import outbox


async def deliveries(
    tx: Tx, service_id: int, kind: str, since: datetime
) -> dict[int, tuple[str, str]]:
    """Contact → status and channel of the last message of this kind made since then."""
    rows = await tx.execute(
        select(outbox.c.contact_id, outbox.c.status, outbox.c.channel)
        .where(
            outbox.c.service_id == service_id, outbox.c.kind == kind, outbox.c.created_at >= since
        )
        .order_by(outbox.c.id)
    )
    return {contact: (status, channel) for contact, status, channel in rows}

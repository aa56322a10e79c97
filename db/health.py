"""Questions that only `doctor` asks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, text

from db.database import Database, Tx
from db.models import Address, OutboxStatus
from db.rows import codec
from db.tables import addresses, outbox


async def soundness(db: Database, tx: Tx) -> str:
    """ "ok", or what is damaged; PostgreSQL looks after that itself."""
    if not db.is_sqlite:
        return "ok"
    return str((await tx.execute(text("pragma quick_check(1)"))).scalar())


async def open_newest(db: Database, tx: Tx) -> None:
    """Open the newest and the oldest sealed address; raises Sealed if no key fits."""
    for order in (addresses.c.id.desc(), addresses.c.id):
        row = (await tx.execute(select(addresses).order_by(order).limit(1))).mappings().first()
        if row:
            codec(Address).from_row(row, db.keyring)


async def failed_with(tx: Tx, code: str, since: datetime) -> int:
    """How many messages were given up for this reason since then."""
    query = select(func.count()).where(
        outbox.c.status == OutboxStatus.FAILED, outbox.c.created_at >= since, outbox.c.error == code
    )
    return int((await tx.execute(query)).scalar() or 0)


async def failed_lately(tx: Tx, since: datetime) -> list[tuple[str, int]]:
    """Why messages were given up since then, the commonest first."""
    n = func.count()
    rows = await tx.execute(
        select(outbox.c.error, n)
        .where(outbox.c.status == OutboxStatus.FAILED, outbox.c.created_at >= since)
        .where(outbox.c.error != "erased")
        .group_by(outbox.c.error)
        .order_by(n.desc())
        .limit(5)
    )
    return [(str(code) or "unknown", int(count)) for code, count in rows.all()]

"""Timers: things that must happen later, as rows that survive a restart.

A timer is locked, fired and taken away in one transaction; a crash leaves it to fire again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select, update

from db.database import Database, Tx
from db.models import Timer
from db.rows import codec
from db.tables import timers
from db.work import Work


async def take_due(db: Database, tx: Tx, now: datetime, limit: int) -> list[Timer]:
    """Lock the timers that are due, the longest due first."""
    statement = (
        select(timers)
        .where(timers.c.due_at <= now)
        .order_by(timers.c.due_at, timers.c.key)
        .limit(limit)
        .with_for_update(skip_locked=True, of=timers)
    )
    rows = (await tx.execute(statement)).mappings()
    return [codec(Timer).from_row(row, db.keyring) for row in rows]


async def remove(tx: Tx, keys: list[str]) -> None:
    """Take fired timers away."""
    if keys:
        await tx.execute(delete(timers).where(timers.c.key.in_(keys)))


async def put_off(tx: Tx, key: str, due: datetime, error: str) -> None:
    """Fire a timer again later, because it failed."""
    await tx.execute(
        update(timers)
        .where(timers.c.key == key)
        .values(due_at=due, tries=timers.c.tries + 1, error=error[:400])
    )


async def next_due(tx: Tx) -> datetime | None:
    """When the next timer is due."""
    found: datetime | None = (await tx.execute(select(func.min(timers.c.due_at)))).scalar()
    return found


async def all_timers(work: Work) -> list[Timer]:
    """Every timer, the next due first."""
    rows = (await work.tx.execute(select(timers).order_by(timers.c.due_at))).mappings()
    return [codec(Timer).from_row(row, work.db.keyring) for row in rows]

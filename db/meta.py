"""Small facts about this database: how far the demo's clock was moved, when we last caught up, when
Twilio last acted on a word itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from db.database import Database
from db.tables import meta


async def get(db: Database, key: str) -> str | None:
    """A fact, or None."""
    async with db.read() as tx:
        found: str | None = (
            await tx.execute(select(meta.c.value).where(meta.c.key == key))
        ).scalar()
    return found


async def put(db: Database, key: str, value: str) -> None:
    """Set a fact."""
    async with db.transaction() as tx:
        await tx.execute(delete(meta).where(meta.c.key == key))
        await tx.execute(insert(meta).values(key=key, value=value))


async def demo_offset(db: Database) -> timedelta:
    """How far the demo's clock is ahead."""
    return timedelta(seconds=float(await get(db, "demo_offset") or 0.0))


async def set_demo_offset(db: Database, offset: timedelta) -> None:
    """Keep it over a restart."""
    await put(db, "demo_offset", str(offset.total_seconds()))


async def opt_out_seen(db: Database) -> datetime | None:
    """When Twilio last acted on STOP, START or HELP by itself, as far as it has told us."""
    found = await get(db, "twilio_opt_out")
    return datetime.fromisoformat(found) if found else None


async def note_opt_out(db: Database, at: datetime) -> None:
    """Twilio has just acted on a word itself."""
    await put(db, "twilio_opt_out", at.isoformat())

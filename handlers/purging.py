"""Once a day, in the small hours: what the retention rules say is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from db.erasure import erase_contact
from db.models import Contact, Timer
from db.retention import people_due, purge
from db.work import Work
from handlers.engine.turn import Scene
from handlers.services.rules import LONDON

KEY = "purge"
AT_HOUR = 3


def next_purge(now: datetime) -> datetime:
    """The next 03:00 in London."""
    due = now.astimezone(LONDON).replace(hour=AT_HOUR, minute=0, second=0, microsecond=0)
    if due.astimezone(now.tzinfo) <= now:
        due += timedelta(days=1)
    return due.astimezone(now.tzinfo)


async def forget(work: Work) -> dict[str, int]:
    """Forget texts and people whose time is over; returns how many of each."""
    counts = await purge(work.tx, work.now)
    people = await people_due(work.tx, work.now)
    for contact_id in people:
        await erase_contact(work, await work.need(Contact, contact_id))
    return {**counts, "people": len(people)}


async def purge_due(scene: Scene, timer: Timer) -> None:
    """Apply the retention rules, and be there again tomorrow."""
    counts = await forget(scene.work)
    if any(counts.values()):
        scene.journal("Purged", **counts)
    scene.set_timer(KEY, "purge", next_purge(scene.now))


async def seed(work: Work) -> None:
    """See to it that the daily purge is set; an earlier one is kept."""
    if await work.get(Timer, KEY) is None:
        work.set_timer(Timer(KEY, "purge", next_purge(work.now)))

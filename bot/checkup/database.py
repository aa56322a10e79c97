"""The database: there, of our revision, sound, opened by our key; and what waits in it."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

from bot.bootstrap import App
from bot.checkup.finding import Finding, fail, ok, warn
from bot.config import Settings
from db import health, messages, schema, timers
from db.database import DatabaseError, Unreachable, async_url
from db.keys import Sealed
from db.models import KitRequest
from db.work import Work

LATE = timedelta(minutes=5)
LITTLE_SPACE = 500_000_000


async def reach(settings: Settings) -> tuple[bool, list[Finding]]:
    """Whether the database can be worked with, and what is wrong with it."""
    url = async_url(settings.database_url)
    file = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
    if file and not file.exists():
        return False, [fail(f"there is no database at {file}", "kitline migrate")]
    try:
        revision = await schema.current(settings.database_url)
        schema.refuse_newer(revision)
    except DatabaseError as newer:
        return False, [fail(str(newer), "Install the newer program again.")]
    except Unreachable as why:
        do = "Check DATABASE_URL, and that the server runs."
        return False, [fail(f"the database does not answer ({type(why).__name__})", do)]
    if revision != schema.newest():
        was = revision or "empty"
        return False, [fail(f"the database is at {was}, not {schema.newest()}", "kitline migrate")]
    return True, [ok(f"database revision {revision}"), *_sqlite(file)]


def _sqlite(file: Path | None) -> list[Finding]:
    if file is None:
        return []
    found = [ok(f"SQLite {sqlite3.sqlite_version}")]  # too old a one is refused at the start
    free = shutil.disk_usage(file.resolve().parent).free
    if free < LITTLE_SPACE:
        found.append(warn(f"only {free // 1_000_000} MB free on its disk", "Make room."))
    return found


async def sound(app: App) -> list[Finding]:
    """Written to, read with our key, undamaged."""
    try:
        async with app.db.transaction() as tx:
            verdict = await health.soundness(app.db, tx)
            await health.open_newest(app.db, tx)
    except Sealed:
        do = "Set the SECRET_KEY it was made with; list both while changing keys."
        return [fail("SECRET_KEY does not open what the database holds", do)]
    except Unreachable as why:
        return [fail(f"the database cannot be written to ({type(why).__name__})", "Check rights.")]
    if verdict != "ok":
        return [fail(f"the database is damaged: {verdict}", "kitline restore FILE")]
    return [ok("database writable and undamaged")]


async def waiting(app: App, work: Work) -> list[Finding]:
    """Messages and timers that somebody should have worked by now; requests that nobody has."""
    found = []
    counts = await messages.counts(work.tx, work.now)
    do = "Is `kitline serve` (or `work`) running? Its log says why."
    for name, said in (("inbox", "came in"), ("outbox", "are to go out")):
        oldest = timedelta(seconds=counts[f"{name}_oldest_s"])
        if counts[name] and oldest > LATE:
            minutes = int(oldest.total_seconds() // 60)
            what = f"{counts[name]} messages that {said} wait, the oldest {minutes} minutes"
            found.append(fail(what, do))
    late = [t for t in await timers.all_timers(work) if t.due_at < work.now - LATE]
    if late:
        kinds = ", ".join(sorted({t.kind for t in late}))
        found.append(fail(f"{len(late)} timers are overdue ({kinds})", do))
    found += await _unowned(work)
    failed = await health.failed_lately(work.tx, work.now - timedelta(days=1))
    if failed:
        codes = ", ".join(f"{code} x{n}" for code, n in failed)
        found.append(warn(f"messages failed in the last day: {codes}", "Look the codes up."))
    if spooled := len(app.spool.waiting()):
        do = "They are taken in at the next start."
        found.append(warn(f"{spooled} emergencies wait in the spool", do))
    return found or [ok("nothing waits that should not")]


async def _unowned(work: Work) -> list[Finding]:
    """Rule 2: every open request has an owner and a next timer."""
    keys = {t.key for t in await timers.all_timers(work)}
    lost = [
        request.ref
        for request in await work.find(KitRequest, closed_at=None)
        if not request.owner_kind or f"request:{request.id}" not in keys
    ]
    if not lost:
        return []
    do = "kitline requests assign REF PEER; and report it: this is a fault of the program."
    return [fail(f"requests without an owner or a timer: {', '.join(lost)}", do)]

"""backup · restore · new-key."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import typer

from bot.bootstrap import App, build
from bot.clock import SystemClock
from bot.commands.shared import UserError, failing, load_settings
from bot.config import Settings
from db import backup as backups
from db import schema
from db.database import Unreachable, async_url
from db.erasure import erase_contact
from db.keys import new_secret
from db.models import Contact
from db.work import Work
from handlers.consent import let_go
from handlers.engine.turn import Scene

app = typer.Typer()

KEEP_THE_KEY = "It is worth nothing without SECRET_KEY: keep that somewhere else."


@app.command("new-key")
@failing
def new_key() -> None:
    """Print a fresh SECRET_KEY."""
    typer.echo(new_secret())


@app.command("backup")
@failing
def backup(file: Path = typer.Argument(help="A file that is not there yet.")) -> None:
    """Copy the SQLite database to a file, while the service runs."""
    database = _file(load_settings(), "pg_dump -Fc -f FILE")
    if not database.exists():
        raise UserError(f"there is no database at {database}: check DATABASE_URL")
    size = backups.save(database, file)
    typer.echo(f"{file} holds the whole database, {size / 1_000_000:.1f} MB, checked.")
    typer.echo(KEEP_THE_KEY)


def _file(settings: Settings, instead: str) -> Path:
    url = async_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        raise UserError(f"this is for SQLite. PostgreSQL has its own tool: {instead}")
    if not url.database or url.database == ":memory:":
        raise UserError("DATABASE_URL names no file")
    return Path(url.database)


@app.command("restore")
@failing
def restore(
    file: Path = typer.Argument(exists=True, dir_okay=False, help="What `backup` made."),
    yes: bool = typer.Option(False, "--yes", help="Replace the database that is there."),
) -> None:
    """Check a backup and put it in the database's place; the old one is kept beside it."""
    settings = load_settings()
    database = _file(settings, "pg_restore --clean -d DATABASE FILE")
    if database.exists() and file.resolve() == database.resolve():
        raise UserError("that file is the database itself")
    backups.check(file)
    backups.check_key(file, settings.keyring())
    if database.exists() and not yes:
        raise UserError(f"{database.name} is there already. To replace it give --yes; it is kept.")
    for line in _put_back(settings, file, database):
        typer.echo(line)


def _put_back(settings: Settings, file: Path, database: Path) -> list[str]:
    if not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        part = backups.prepare(file, database)
        asyncio.run(schema.migrate(f"sqlite:///{part}"))
        os.replace(part, database)
        return [f"{database.name} is restored from {file.name}."]
    with backups.nobody_else(database):
        pass  # refuse before anything is written
    part = backups.prepare(file, database)
    try:
        lines = asyncio.run(_bring_up_to_date(settings, database, part))
        with backups.nobody_else(part):
            pass  # all of it is in one file now
        with backups.nobody_else(database):
            aside = backups.put_aside(database, SystemClock().now())
            os.replace(part, database)
    finally:
        for ending in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{part}{ending}").unlink()
    said = f"{database.name} is restored from {file.name}. The old one is kept as {aside.name}"
    return [f"{said}: what was logged since the backup is only there.", *lines]


async def _bring_up_to_date(settings: Settings, database: Path, part: Path) -> list[str]:
    """Whoever was erased or said STOP since stays so; what was sent is not sent again."""
    await schema.migrate(f"sqlite:///{part}")
    gone = backups.who_is_gone(database, settings.keyring())
    if gone is None:
        return ["note: the old database cannot be read: a STOP or an erasure since is lost."]
    lines = []
    if await _revision(database) == schema.newest():
        backups.carry_over(database, part)
    else:
        lines.append("note: the old database has another revision: texts may be sent again.")
    if n := await _apply(settings, part, gone):
        lines.append(f"note: {n} people who stopped or were erased since the backup stay so.")
    return lines


async def _revision(database: Path) -> str:
    try:
        return await schema.current(f"sqlite:///{database}")
    except Unreachable:
        return ""


async def _apply(settings: Settings, part: Path, gone: backups.Gone) -> int:
    app = build(settings.model_copy(update={"database_url": f"sqlite:///{part}"}))
    changed = 0
    try:
        async with app.db.transaction() as tx:
            work = Work(app.db, tx, app.engine.ids, app.clock.now())
            for who in sorted(gone.stopped.keys() | gone.erased):
                contact = await work.get(Contact, who)
                if contact is not None and await _apply_one(work, app, contact, gone):
                    changed += 1
            await work.flush()
    finally:
        await app.db.close()
    return changed


async def _apply_one(work: Work, app: App, contact: Contact, gone: backups.Gone) -> bool:
    stops = contact.id in gone.stopped and contact.stopped_at is None
    erases = contact.id in gone.erased and contact.erased_at is None
    if not stops and not erases:
        return False
    scene = Scene(work, app.engine.world)
    turn = await scene.person(contact.id)
    if stops:
        turn.change(stopped_at=gone.stopped[contact.id])
    await let_go(turn)
    scene.close()
    await work.flush()
    if erases:
        await erase_contact(work, await work.need(Contact, contact.id))
        await work.flush()
    return True

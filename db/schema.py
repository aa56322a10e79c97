"""Creating and upgrading the schema with Alembic; refusing one newer than the program.

SQLite is migrated on an engine of its own with foreign keys off: a batch migration drops the old
table, which with foreign keys on would delete every child row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from db.database import DatabaseError, async_url
from db.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision this program knows as the newest."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return head or ""


def known() -> set[str]:
    """Every revision this program knows."""
    return {r.revision for r in ScriptDirectory.from_config(_config()).walk_revisions()}


async def migrate(url: str) -> tuple[str, str]:
    """Bring the database to the newest schema; returns the revisions before and after."""
    engine = create_async_engine(async_url(url))
    try:
        async with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                await connection.exec_driver_sql("pragma foreign_keys=off")
            else:  # two processes may start at once
                await connection.execute(text("select pg_advisory_xact_lock(5548463)"))
            before = await connection.run_sync(_current)
            refuse_newer(before)
            await connection.run_sync(_upgrade)
            if engine.dialect.name == "sqlite":
                broken = (await connection.exec_driver_sql("pragma foreign_key_check")).all()
                if broken:
                    raise DatabaseError("the upgrade broke references between rows; nothing done")
        return before, newest()
    finally:
        await engine.dispose()


async def current(url: str) -> str:
    """The revision a database is at; "" for an empty one."""
    engine = create_async_engine(async_url(url))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_current)
    finally:
        await engine.dispose()


async def differences(url: str) -> list[Any]:
    """What a migrated database and the tables in code disagree about."""
    engine = create_async_engine(async_url(url))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_compare)
    finally:
        await engine.dispose()


def _current(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


def _compare(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def refuse_newer(revision: str) -> None:
    """Raise for a revision this program does not know."""
    if revision and revision not in known():
        raise DatabaseError(
            f"the database is newer ({revision}) than this program ({newest()}): upgrade Kitline"
        )


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


def write_revision(connection: Connection, message: str, revision: str) -> None:
    """Write a migration for what changed in the tables (see CONTRIBUTING)."""
    command.revision(_config(connection), message=message, rev_id=revision, autogenerate=True)

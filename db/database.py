"""Opening the database; the only place where SQLite and PostgreSQL are told apart.

On SQLite write transactions have a way of their own (see sqlite.py); reads go by the async driver.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asyncpg import PostgresError  # type: ignore[import-untyped]
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from db import sqlite
from db.keys import Keyring

Tx = AsyncConnection | sqlite.InlineTx
SQLITE_LEAST = (3, 35, 0)  # RETURNING


class DatabaseError(RuntimeError):
    """The database cannot be used; the message says what to do."""


class Conflict(RuntimeError):
    """Somebody else changed a row first. Run the turn again."""


Unreachable = (DBAPIError, PostgresError, OSError)  # what a command line shows as one line
_RETRY = ("40001", "40P01", "23505", "55P03")  # serialization, deadlock, unique, lock


def async_url(url: str) -> URL:
    """The address a hosting platform hands out, with the async driver named."""
    made = make_url(url)
    family = made.drivername.split("+")[0]
    if family in ("postgres", "postgresql"):
        return made.set(drivername="postgresql+asyncpg")
    if family == "sqlite":
        return made.set(drivername="sqlite+aiosqlite")
    raise DatabaseError("DATABASE_URL must start with sqlite:/// or postgresql://")


def _engine(url: URL, **more: Any) -> AsyncEngine:
    """An engine whose errors never show what was being stored."""
    return create_async_engine(url, hide_parameters=True, **more)


class Database:
    """One database, SQLite or PostgreSQL. A transaction owns its connection."""

    def __init__(self, engine: AsyncEngine, keyring: Keyring) -> None:
        self.engine = engine
        self.keyring = keyring
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._writer = sqlite.Writer(engine.url) if self.is_sqlite else None

    @classmethod
    def open(cls, url: str, keyring: Keyring) -> Database:
        """Make the engine; nothing is connected yet."""
        made = async_url(url)
        if made.get_backend_name() != "sqlite":
            return cls(_engine(made, pool_size=10, pool_pre_ping=True), keyring)
        if sqlite3.sqlite_version_info < SQLITE_LEAST:
            raise DatabaseError(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 is the least.")
        engine = _engine(made, connect_args={"timeout": sqlite.WAIT_SECONDS})
        sqlite.set_up(engine.sync_engine)
        return cls(engine, keyring)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A write transaction: commits at the end, or nothing of it happened.

        Losing a race to another process raises Conflict.
        """
        try:
            async with self._writer.transaction() if self._writer else self.engine.begin() as tx:
                yield tx
        except IntegrityError as why:
            raise Conflict(type(why).__name__) from why
        except DBAPIError as why:
            if getattr(why.orig, "sqlstate", "") in _RETRY:
                raise Conflict("lock") from why
            raise

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A connection for reading; takes no write lock."""
        async with self.engine.connect() as tx:
            await tx.execution_options(read_only=True)
            yield tx

    async def close(self) -> None:
        """Let go of every connection."""
        if self._writer:
            await self._writer.close()
        await self.engine.dispose()

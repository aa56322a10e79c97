"""SQLite's write transactions: statements on the event loop, begin and commit off it.

Handing each statement to a driver's thread and back costs more than the statement itself (a
transaction of three took 14 hand-overs). A statement of ours reads and writes pages in memory and
takes some 30 microseconds, so it runs where it is. What may wait, for the disk or for another
process's lock, is BEGIN IMMEDIATE and COMMIT: these two run in one thread of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable, create_engine, event
from sqlalchemy.engine import URL

T = TypeVar("T")
WAIT_SECONDS = 30  # for another process's write
PRAGMAS = (
    "journal_mode=wal",
    "synchronous=full",
    "foreign_keys=on",
    f"busy_timeout={WAIT_SECONDS * 1000}",
)


class InlineTx:
    """The write transaction that is open; looks like SQLAlchemy's AsyncConnection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(
        self, statement: Executable, parameters: Any = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement."""
        return self._connection.execute(statement, parameters)


class Writer:
    """The one connection that writes. Waiting writers queue for it, first come first served:
    SQLite's own busy handler has no queue, and under load somebody starves."""

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(
            url.set(drivername="sqlite"),
            connect_args={"timeout": WAIT_SECONDS, "check_same_thread": False},
        )
        set_up(self._engine)
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "sqlite-commit")
        self._connection: Connection | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[InlineTx]:
        """Commits at the end, or nothing of it happened."""
        async with self._turn:
            try:
                yield InlineTx(await self._off_loop(self._begin))
                await self._off_loop(self._commit)
            except BaseException:
                await self._off_loop(self._roll_back)
                raise

    def _begin(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        self._connection.begin()
        return self._connection

    def _commit(self) -> None:
        if self._connection:
            self._connection.commit()

    def _roll_back(self) -> None:
        if self._connection and self._connection.in_transaction():
            self._connection.rollback()

    async def _off_loop(self, job: Callable[[], T]) -> T:
        # Whoever waits may be cancelled, the job goes on: the next one queues behind it.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, job))

    async def close(self) -> None:
        """Let go of the connection."""
        await self._off_loop(self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None
        self._engine.dispose()


def set_up(engine: Engine) -> None:
    """Every connection durable and with foreign keys; writes lock at once.

    Python's own default opens no transaction for a SELECT and lost 261 of 320 updates in a trial; a
    deferred BEGIN fails at once when two writers meet.
    """

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # Python must not begin transactions by itself
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute("pragma " + pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        reads = connection.get_execution_options().get("read_only")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

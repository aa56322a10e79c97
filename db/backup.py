"""Backups of the SQLite database: taken while it runs, checked before they are put back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from db import schema
from db.database import DatabaseError
from db.keys import Keyring, Sealed
from db.tables import consents

MUST_HAVE = {"alembic_version", "services", "contacts", "addresses", "requests", "journal"}
SEALED_AS = "addresses.address"
_STOPPED = "select id, stopped_at from contacts where stopped_at is not null"
_ERASED = "select id from contacts where erased_at is not null"
_STOPPED_ADDRESSES = (
    "select a.contact_id, a.address from addresses a join contacts c on c.id = a.contact_id "
    "where c.stopped_at is not null"
)


def save(database: Path, target: Path) -> int:
    """Copy a running database to ``target`` in one piece; returns its size in bytes."""
    if target.exists():
        raise DatabaseError(f"{target.name} exists already: give another name")
    part = target.with_name(f"{target.name}.part")
    try:
        _copy(database, part, live=True)
        check(part)
        os.replace(part, target)
    except (OSError, sqlite3.Error) as why:
        raise DatabaseError(f"the backup failed: {why}") from None
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def _copy(source: Path, target: Path, *, live: bool) -> None:
    """SQLite's own online copy: what is written meanwhile is in it or not, never half."""
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    with _opened(source, live=live) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("pragma journal_mode=delete")  # one file, to be carried about
    with target.open("rb") as written:
        os.fsync(written.fileno())


@contextmanager
def _opened(path: Path, *, live: bool = False) -> Iterator[sqlite3.Connection]:
    """A file at rest is only read, and nothing is left beside it; a live one as others open it."""
    if live:
        connection = sqlite3.connect(path, timeout=30)
    else:
        at_rest = "&immutable=1" if not Path(f"{path}-wal").exists() else ""
        uri = f"{path.resolve().as_uri()}?mode=ro{at_rest}"
        connection = sqlite3.connect(uri, uri=True, timeout=30)
    with closing(connection):
        yield connection


def check(file: Path) -> str:
    """The revision of a sound Kitline database; DatabaseError says what is wrong with another."""
    try:
        with _opened(file) as connection:
            verdict = connection.execute("pragma integrity_check(1)").fetchone()[0]
            if verdict != "ok":
                raise DatabaseError(f"{file.name} is damaged: {verdict}")
            if connection.execute("pragma foreign_key_check").fetchone():
                raise DatabaseError(f"{file.name} is damaged: rows refer to rows that are gone")
            names = {n for (n,) in connection.execute("select name from sqlite_master")}
            if not MUST_HAVE.issubset(names):
                raise DatabaseError(f"{file.name} is not a Kitline database")
            found = connection.execute("select version_num from alembic_version").fetchone()
    except sqlite3.Error as why:
        raise DatabaseError(f"{file.name} is not a sound SQLite database: {why}") from None
    revision = str(found[0]) if found else ""
    schema.refuse_newer(revision)
    return revision


def check_key(file: Path, keyring: Keyring) -> None:
    """Refuse a backup that this SECRET_KEY does not open."""
    with _opened(file) as connection:
        row = connection.execute(
            "select address from addresses where address is not null order by id desc limit 1"
        ).fetchone()
    if row:
        try:
            keyring.open(row[0], SEALED_AS)
        except Sealed:
            raise DatabaseError(
                f"{file.name} was made under another SECRET_KEY: add that one, after a comma"
            ) from None


@dataclass(frozen=True)
class Gone:
    """Who was erased, and who stopped when, in the database that is being replaced."""

    erased: frozenset[int]
    stopped: dict[int, datetime]


def who_is_gone(database: Path, keyring: Keyring) -> Gone | None:
    """Read before it is replaced; None if it can no longer be read."""
    try:
        with _opened(database, live=True) as connection:
            stopped = dict(connection.execute(_STOPPED).fetchall())
            erased = {who for (who,) in connection.execute(_ERASED)}
            addresses = connection.execute(_STOPPED_ADDRESSES).fetchall()
            # Who said STOP and was erased keeps a bare hash: their addresses are empty.
            named = {who for who, sealed in addresses if sealed and keyring.open(sealed, SEALED_AS)}
            erased |= {who for who, _ in addresses} - named
    except (sqlite3.Error, Sealed):
        return None
    times = {who: datetime.fromisoformat(at).replace(tzinfo=UTC) for who, at in stopped.items()}
    return Gone(frozenset(erased), times)


@contextmanager
def nobody_else(database: Path) -> Iterator[None]:
    """Hold a database that no server has open; DatabaseError if one has."""
    connection = sqlite3.connect(database, timeout=1, isolation_level=None)
    try:
        # In WAL mode every open connection shares a lock on the file, even an idle one.
        connection.execute("pragma locking_mode=exclusive")
        connection.execute("begin exclusive")
        connection.execute("rollback")
        connection.execute("pragma journal_mode=delete")  # the whole of it in one file
        connection.execute("begin exclusive")
    except sqlite3.OperationalError as why:
        connection.close()
        if "locked" in str(why):
            raise DatabaseError("a server has the database open: stop it first") from None
        raise DatabaseError(f"the database cannot be opened: {why}") from None
    except sqlite3.DatabaseError:
        pass  # damaged: all the more reason to replace it
    try:
        yield
    finally:
        connection.close()


def carry_over(database: Path, restored: Path) -> None:
    """What the replaced database knows better: consents given or taken back since, texts sent.

    Both must be of the same revision. Without it a restored outbox would send old texts again.
    """
    columns = ", ".join(column.name for column in consents.c)
    with _opened(restored, live=True) as connection:
        connection.execute("attach ? as old", (str(database),))
        connection.execute(
            f"insert or ignore into main.consents ({columns}) select {columns} from old.consents"
            " where contact_id in (select id from main.contacts)"
        )
        connection.execute(
            "update main.outbox set status = o.status, done_at = o.done_at, sent_at = o.sent_at,"
            " provider_id = o.provider_id, error = o.error, lease_until = null from old.outbox o"
            " where o.id = main.outbox.id and o.done_at is not null and main.outbox.done_at is null"
        )
        connection.commit()


def put_aside(database: Path, now: datetime) -> Path:
    """Move a database and what belongs to it out of the way; returns its new name."""
    aside = database.with_name(f"{database.name}.before-restore-{now:%Y%m%dT%H%M%S}")
    if aside.exists():
        raise DatabaseError(f"{aside.name} is there already: try again in a second")
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(f"{database}{ending}", f"{aside}{ending}")
    return aside


def prepare(file: Path, database: Path) -> Path:
    """A copy of the backup beside the database, to be brought up to date before it takes over."""
    part = database.with_name(f"{database.name}.restoring")
    for ending in ("-wal", "-shm"):
        Path(f"{part}{ending}").unlink(missing_ok=True)
    try:
        _copy(file, part, live=False)
    except (OSError, sqlite3.Error) as why:
        raise DatabaseError(f"the backup cannot be copied: {why}") from None
    return part

"""The schema: empty to newest on both databases, never backwards, and no row is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, func, insert, inspect, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot import sample
from db import schema
from db.database import Database, DatabaseError, async_url
from db.ids import Ids
from db.keys import Keyring
from db.rows import TABLE_OF
from db.tables import metadata
from tests.conftest import Postgres
from tests.handlers.made import NOON

FIRST = "0001"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = postgres.create("")
    yield postgres.url(name)
    postgres.drop(name)


async def _on(url: str, work: Any) -> Any:
    engine = create_async_engine(async_url(url))
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


async def test_empty_to_newest_is_what_the_code_says(empty_url: str) -> None:
    assert await schema.current(empty_url) == ""
    assert await schema.migrate(empty_url) == ("", schema.newest())
    assert await schema.current(empty_url) == schema.newest()
    assert await schema.differences(empty_url) == []
    assert await schema.migrate(empty_url) == (schema.newest(), schema.newest())


async def test_a_newer_database_is_refused_and_left_alone(empty_url: str) -> None:
    await schema.migrate(empty_url)
    await _on(empty_url, lambda c: c.execute(text("update alembic_version set version_num='9999'")))
    with pytest.raises(DatabaseError, match="newer"):
        await schema.migrate(empty_url)
    assert await schema.current(empty_url) == "9999"


async def test_an_upgrade_of_a_filled_database_loses_no_row(
    empty_url: str, sample_rows: dict[str, list[dict[str, Any]]]
) -> None:
    await _on(empty_url, _to_first)
    await _on(empty_url, lambda connection: _copy(connection, sample_rows))
    before = await _on(empty_url, _rows)
    assert sum(before.values()) > 40
    await schema.migrate(empty_url)
    after = await _on(empty_url, _rows)
    assert {name: after[name] for name in before} == before
    assert await schema.differences(empty_url) == []


def _to_first(connection: Connection) -> None:
    command.upgrade(schema._config(connection), FIRST)


@pytest.fixture
async def sample_rows(
    tmp_path: Path, sqlite_template: Path, secret_key: str
) -> dict[str, list[dict[str, Any]]]:
    """The sample's rows, by table, as they are at the newest schema."""
    (tmp_path / "newest.db").write_bytes(sqlite_template.read_bytes())
    db = Database.open(f"sqlite:///{tmp_path / 'newest.db'}", Keyring([secret_key]))
    await sample.load(db, Ids(), NOON)
    rows = {}
    async with db.read() as tx:
        for table in TABLE_OF.values():
            found = (await tx.execute(select(table))).mappings()
            rows[table.name] = [dict(row) for row in found]
    await db.close()
    return rows


def _copy(connection: Connection, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Rows into the tables and columns that are there already."""
    there = set(inspect(connection).get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in there or not rows.get(table.name):
            continue
        columns = {column["name"] for column in inspect(connection).get_columns(table.name)}
        values = [{k: v for k, v in row.items() if k in columns} for row in rows[table.name]]
        connection.execute(insert(table), values)


def _rows(connection: Connection) -> dict[str, int]:
    there = set(inspect(connection).get_table_names()) - {"alembic_version"}
    return {
        name: connection.execute(
            select(func.count()).select_from(metadata.tables[name])
        ).scalar_one()
        for name in there
    }


def test_migrations_are_numbered_and_in_line() -> None:
    numbers = sorted(schema.known())
    assert numbers == [f"{n:04d}" for n in range(1, len(numbers) + 1)]
    assert schema.newest() == numbers[-1]
    files = sorted(p.name for p in (schema.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert [name[:4] for name in files] == numbers

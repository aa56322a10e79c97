"""Statements that are asked again and again, each put together once.

SQLAlchemy keeps what it compiled by the statement's shape; building the same statement anew and
finding its shape costs as much as running it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

ONE, ANY, NULL = "one", "any", "null"
Shape = tuple[tuple[str, str], ...]  # column → how it is asked for


def shape_of(equals: dict[str, Any]) -> Shape:
    """How columns are asked for: by one value, by any of several (a tuple), or as empty."""
    return tuple(
        (name, ANY if isinstance(value, tuple) else NULL if value is None else ONE)
        for name, value in equals.items()
    )


@cache
def select_where(table: Table, shape: Shape) -> Any:
    """Every column of the rows that fit; the values are parameters named like the columns."""
    statement = select(table)
    for name, how in shape:
        column = table.c[name]
        if how == ANY:
            statement = statement.where(column.in_(bindparam(name, expanding=True)))
        elif how == NULL:
            statement = statement.where(column.is_(None))
        else:
            statement = statement.where(column == bindparam(name))
    return statement


@cache
def sqlite_upsert(table: Table, key: str) -> Any:
    """Insert or change. Inside BEGIN IMMEDIATE nobody else can have changed them."""
    statement = sqlite.insert(table)
    changes = {c.name: statement.excluded[c.name] for c in table.c if c.name != key}
    return statement.on_conflict_do_update(index_elements=[key], set_=changes)


@cache
def postgres_upsert(table: Table, key: str) -> Any:
    """Insert or change."""
    statement = postgresql.insert(table)
    changes = {c.name: statement.excluded[c.name] for c in table.c if c.name != key}
    return statement.on_conflict_do_update(index_elements=[key], set_=changes)


@cache
def postgres_upsert_versioned(table: Table) -> Any:
    """Insert, or change if the row is still the version we read; returns what was written."""
    statement = postgresql.insert(table)
    changes = {c.name: statement.excluded[c.name] for c in table.c if c.name != "id"}
    return statement.on_conflict_do_update(
        index_elements=["id"],
        set_=changes,
        where=table.c.version == statement.excluded.version - 1,
    ).returning(table.c.id)

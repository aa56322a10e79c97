"""Statements that are asked again and again, each put together once.

SQLAlchemy keeps what it compiled by the statement's shape; building the same statement anew and
finding its shape costs as much as running it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

ONE, ANY, NULL = "one", "any", "null"
Shape = tuple[tuple[str, str], ...]  # column → how it is asked for


def select_where(table: Table, equals: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Every column of the rows that fit, and the parameters; a tuple means any of its values."""
    given = {name: _alone(value) for name, value in equals.items()}
    shape = tuple((name, _how(value)) for name, value in given.items())
    return _select(table, shape), {n: v for n, v in given.items() if v is not None}


def _alone(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _how(value: Any) -> str:
    return ANY if isinstance(value, tuple) else NULL if value is None else ONE


@cache
def _select(table: Table, shape: Shape) -> Any:
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


class OfServices:
    """A statement about one service, or about several at once.

    SQLAlchemy writes a list of values anew each time, so that one service has a form of its own.
    """

    def __init__(self, statement: Any, column: Any) -> None:
        self._one = statement.where(column == bindparam("services"))
        self._several = statement.where(column.in_(bindparam("services", expanding=True)))

    def of(self, services: Sequence[int], **more: Any) -> tuple[Any, dict[str, Any]]:
        """The statement for these, and its parameters."""
        if len(services) == 1:
            return self._one, {"services": services[0], **more}
        return self._several, {"services": services, **more}


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

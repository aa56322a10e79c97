"""A unit of work: what one batch of turns reads and writes.

Rows are read once and kept by id; changes wait in memory and are written by ``flush``, one
statement a table, so that many turns share their statements and their commit. A turn that fails is
taken back with ``undo`` and leaves the others whole. Changed rows are written by compare-and-set on
``version``; losing a race raises ``Conflict``, and the caller runs the turns again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Table, delete, insert
from sqlalchemy.dialects import postgresql, sqlite

from db import statements
from db.database import Conflict, Database, Tx
from db.ids import Ids
from db.models import Timer
from db.rows import TABLE_OF, codec

T = TypeVar("T")
Equals = frozenset[tuple[str, Any]]


class Work:
    """One transaction's reads and writes. ``now`` is the time of the batch."""

    def __init__(self, db: Database, tx: Tx, ids: Ids, now: datetime) -> None:
        self.db = db
        self.tx = tx
        self.now = now
        self._ids = ids
        self._known: dict[type[Any], dict[Any, Any]] = defaultdict(dict)
        self._stored_version: dict[tuple[type[Any], Any], int] = {}
        self._changed: dict[type[Any], dict[Any, None]] = defaultdict(dict)
        self._loaded: dict[type[Any], set[Equals]] = defaultdict(set)
        self._index: dict[tuple[type[Any], str], dict[Any, dict[Any, None]]] = {}
        self._timers: dict[str, Timer | None] = {}
        self._undo: list[tuple[Any, ...]] = []
        self._fresh: set[int] = set()
        self._together: dict[str, tuple[Any, ...]] = {}
        self._editions: dict[type[Any], int] = defaultdict(int)
        self.memo: dict[Any, Any] = {}

    # --- reading -------------------------------------------------------------------------------

    def new_id(self) -> int:
        """A fresh id: no stored row has it, or refers to it."""
        made = self._ids.new(self.now)
        self._fresh.add(made)
        return made

    async def get(self, model: type[T], key: Any) -> T | None:
        """The row with this key, or None."""
        if key is None:
            return None
        known = self._known[model]
        if key not in known and key not in self._fresh:
            await self._load(model, {codec(model).key: key})
        return known.get(key)

    async def need(self, model: type[T], key: Any) -> T:
        """The row with this key; its absence is a fault of ours."""
        found = await self.get(model, key)
        if found is None:
            raise LookupError(f"no {model.__name__} {key}")
        return found

    async def find(self, model: type[T], **equals: Any) -> list[T]:
        """Every row whose columns equal these values, oldest first; a tuple means any of them."""
        if not self._covered(model, equals):
            await self._load_together(model, equals)
        rows = [e for e in self._candidates(model, equals) if _matches(e, equals)]
        rows.sort(key=lambda e: cast(Any, e).id)
        return rows

    def together(self, field: str, values: Iterable[Any]) -> None:
        """What a ``find`` asks about one of these values is read for all of them at once."""
        self._together[field] = tuple(dict.fromkeys(values))

    def beside(self, field: str, value: Any) -> tuple[Any, ...]:
        """The values to be read together with this one, itself included."""
        several = self._together.get(field, ())
        return several if value in several else (value,)

    async def _load_together(self, model: type[Any], equals: dict[str, Any]) -> None:
        loaded = self._loaded[model]
        if any(isinstance(value, tuple) for value in equals.values()):
            await self._load(model, equals)
            return
        for field, value in equals.items():
            several = self.beside(field, value)
            if len(several) > 1:
                await self._load(model, {**equals, field: several})
                loaded.update(frozenset({**equals, field: one}.items()) for one in several)
                return
        await self._load(model, equals)
        loaded.add(frozenset(equals.items()))

    async def preload(self, model: type[Any], field: str, values: Iterable[Any]) -> None:
        """Read at once what ``find(model, field=value)`` would ask one by one."""
        known = self._known[model] if field == codec(model).key else {}
        missing = [
            value
            for value in dict.fromkeys(values)
            if value not in known and not self._covered(model, {field: value})
        ]
        if missing:
            await self._load(model, {field: tuple(missing)})
            self._loaded[model].update(frozenset({(field, v)}) for v in missing)

    async def _load(self, model: type[Any], equals: dict[str, Any]) -> None:
        row_codec = codec(model)
        known = self._known[model]
        for row in await self.tx.execute(*statements.select_where(row_codec.table, equals)):
            key = row[row_codec.key_at]
            if key not in known:
                known[key] = entity = row_codec.read(row, self.db.keyring)
                if row_codec.versioned:
                    self._stored_version[model, key] = cast(Any, entity).version
                self._reindex(model, key, None, entity)

    def _covered(self, model: type[Any], equals: dict[str, Any]) -> bool:
        loaded = self._loaded[model]
        if frozenset() in loaded:
            return True
        for item in equals.items():
            if item[1] in self._fresh or frozenset((item,)) in loaded:
                return True
        return len(equals) > 1 and frozenset(equals.items()) in loaded

    def _candidates(self, model: type[T], equals: dict[str, Any]) -> list[T]:
        known = self._known[model]
        name = next((k for k, v in equals.items() if not isinstance(v, tuple)), None)
        if name is None:
            return list(known.values())
        index = self._index.get((model, name))
        if index is None:
            index = self._index[model, name] = defaultdict(dict)
            for key, entity in known.items():
                index[getattr(entity, name)][key] = None
        return [known[key] for key in index.get(equals[name], ())]

    def _reindex(self, model: type[Any], key: Any, old: Any, new: Any) -> None:
        for (indexed, name), index in self._index.items():
            if indexed is not model:
                continue
            if old is not None:
                index[getattr(old, name)].pop(key, None)
            if new is not None:
                index[getattr(new, name)][key] = None

    # --- writing -------------------------------------------------------------------------------

    def save(self, entity: T) -> T:
        """Store a new or changed row; returns it with the version it will have."""
        model = type(entity)
        row_codec = codec(model)
        key = getattr(entity, row_codec.key)
        if row_codec.versioned:
            version = self._stored_version.get((model, key), 0) + 1
            if cast(Any, entity).version != version:
                entity = replace(cast(Any, entity), version=version)
        old = self._known[model].get(key)
        self._undo.append((model, key, old, key in self._changed[model]))
        self._known[model][key] = entity
        self._changed[model][key] = None
        self._editions[model] += 1
        self._reindex(model, key, old, entity)
        return entity

    def set_timer(self, timer: Timer) -> None:
        """Set or move the timer of this key."""
        self._put_timer(timer.key, timer)

    def cancel_timer(self, key: str) -> None:
        """Take a timer away; nothing happens if there is none."""
        self._put_timer(key, None)

    def _put_timer(self, key: str, timer: Timer | None) -> None:
        self._undo.append((None, key, self._timers.get(key), key in self._timers))
        self._timers[key] = timer

    def edition(self, *models: type[Any]) -> tuple[int, ...]:
        """Changes whenever a row of these kinds is saved or taken back."""
        return tuple(self._editions[model] for model in models)

    def added(self, model: type[T]) -> list[T]:
        """The rows of this kind that were saved in this batch."""
        return [self._known[model][key] for key in self._changed[model]]

    def mark(self) -> int:
        """Where ``undo`` can return to."""
        return len(self._undo)

    def undo(self, mark: int) -> None:
        """Take back everything saved since ``mark``."""
        while len(self._undo) > mark:
            model, key, old, was_there = self._undo.pop()
            if model is None:
                if was_there:
                    self._timers[key] = old
                else:
                    self._timers.pop(key, None)
                continue
            self._editions[model] += 1
            self._reindex(model, key, self._known[model][key], old)
            if old is None:
                del self._known[model][key]
            else:
                self._known[model][key] = old
            if not was_there:
                del self._changed[model][key]

    async def flush(self) -> None:
        """Write all changes, one statement a table."""
        for model in TABLE_OF:
            keys = self._changed.get(model)
            if not keys:
                continue
            row_codec = codec(model)
            known = self._known[model]
            rows = [row_codec.to_row(known[key], self.db.keyring) for key in sorted(keys)]
            if row_codec.versioned:
                await self._upsert(row_codec.table, rows)
            else:
                await self._insert(row_codec.table, rows)
            for key in keys:
                if row_codec.versioned:
                    self._stored_version[model, key] = known[key].version
        await self._flush_timers()
        self._changed.clear()
        self._undo.clear()
        self._timers.clear()
        self.memo.clear()

    async def _insert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if "dedupe" not in table.c:
            await self.tx.execute(insert(table), rows)
            return
        make = sqlite.insert if self.db.is_sqlite else postgresql.insert
        await self.tx.execute(make(table).on_conflict_do_nothing(index_elements=["dedupe"]), rows)

    async def _upsert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if self.db.is_sqlite:
            await self.tx.execute(statements.sqlite_upsert(table, "id"), rows)
            return
        written = await self.tx.execute(statements.postgres_upsert_versioned(table), rows)
        if len(written.all()) != len(rows):
            raise Conflict(table.name)

    async def _flush_timers(self) -> None:
        table = TABLE_OF[Timer]
        gone = sorted(key for key, timer in self._timers.items() if timer is None)
        if gone:
            await self.tx.execute(delete(table).where(table.c.key.in_(gone)))
        row_codec = codec(Timer)
        rows = [
            row_codec.to_row(timer, self.db.keyring)
            for _, timer in sorted(self._timers.items())
            if timer is not None
        ]
        if rows:
            make = statements.sqlite_upsert if self.db.is_sqlite else statements.postgres_upsert
            await self.tx.execute(make(table, "key"), rows)


def _matches(entity: Any, equals: dict[str, Any]) -> bool:
    for name, value in equals.items():
        have = getattr(entity, name)
        if isinstance(value, tuple):
            if have not in value:
                return False
        elif have != value:
            return False
    return True

"""A unit of work: what it reads once, writes once, takes back, and loses to somebody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from db import messages, timers
from db.database import Conflict, Database
from db.ids import Ids
from db.keys import Keyring
from db.messages import Sent
from db.models import Contact, Fact, InboxRow, OutboxRow, OutboxStatus, Timer
from db.work import Work
from tests.handlers.made import NOON

SECOND = timedelta(seconds=1)


class Store:
    """A database of this test's own."""

    def __init__(self, db: Database) -> None:
        self.db, self.ids = db, Ids()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Work]:
        async with self.db.transaction() as tx:
            work = Work(self.db, tx, self.ids, NOON)
            yield work
            await work.flush()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Work]:
        async with self.db.read() as tx:
            yield Work(self.db, tx, self.ids, NOON)

    async def contact(self, **values: Any) -> Contact:
        async with self.writing() as work:
            return work.save(Contact(work.new_id(), NOON, **values))

    async def contact_now(self, contact_id: int) -> Contact:
        async with self.reading() as work:
            return await work.need(Contact, contact_id)


@pytest.fixture
async def store(database_url: str, secret_key: str) -> AsyncIterator[Store]:
    db = Database.open(database_url, Keyring([secret_key]))
    yield Store(db)
    await db.close()


async def test_what_is_saved_is_there_at_once_and_after(store: Store) -> None:
    async with store.writing() as work:
        made = work.save(Contact(work.new_id(), NOON, locale="Amy"))
        assert await work.get(Contact, made.id) == made
        assert await work.find(Contact, locale="Amy", quiet=False) == [made]
        changed = work.save(replace(made, locale="Ann"))
        assert await work.find(Contact, locale="Amy") == []
        assert await work.find(Contact, locale=("Amy", "Ann")) == [changed]
    assert await store.contact_now(made.id) == changed
    assert changed.version == 1  # one write, however often it was saved


async def test_versions_rise_with_each_unit(store: Store) -> None:
    made = await store.contact(locale="Amy")
    for n in (2, 3):
        async with store.writing() as work:
            now = work.save(replace(await work.need(Contact, made.id), locale=f"A{n}"))
        assert (now.version, await store.contact_now(made.id)) == (n, now)


async def test_undo_takes_back_what_came_after_the_mark(store: Store) -> None:
    made = await store.contact(locale="Amy")
    async with store.writing() as work:
        first = work.save(replace(await work.need(Contact, made.id), locale="kept"))
        work.set_timer(Timer("kept", "nudge", NOON))
        mark = work.mark()
        lost = work.save(Contact(work.new_id(), NOON))
        work.save(replace(first, locale="lost"))
        work.set_timer(Timer("lost", "nudge", NOON))
        work.cancel_timer("kept")
        work.undo(mark)
        assert await work.get(Contact, made.id) == first
        assert await work.find(Contact, locale="lost") == []
        assert work.added(Contact) == [first]
    assert (await store.contact_now(made.id)).locale == "kept"
    async with store.reading() as work:
        assert await work.get(Contact, lost.id) is None
        assert [timer.key for timer in await timers.all_timers(work)] == ["kept"]


async def test_an_error_leaves_nothing_behind(store: Store) -> None:
    made = await store.contact(locale="Amy")
    with pytest.raises(RuntimeError, match="half way"):
        await _fail_half_way(store, made)
    assert (await store.contact_now(made.id)).locale == "Amy"


async def _fail_half_way(store: Store, made: Contact) -> None:
    async with store.writing() as work:
        work.save(replace(await work.need(Contact, made.id), locale="lost"))
        await work.flush()
        raise RuntimeError("half way")


@pytest.mark.postgres
async def test_who_comes_second_loses_and_runs_again(postgres_url: str, secret_key: str) -> None:
    """On SQLite writers queue, so that only PostgreSQL can lose a race."""
    store = Store(Database.open(postgres_url, Keyring([secret_key])))
    made = await store.contact(locale="Amy")
    with pytest.raises(Conflict):
        await _both_change(store, made)
    assert (await store.contact_now(made.id)).locale == "first"
    await store.db.close()


async def _both_change(store: Store, made: Contact) -> None:
    async with store.writing() as late:
        seen = await late.need(Contact, made.id)
        async with store.writing() as early:
            early.save(replace(await early.need(Contact, made.id), locale="first"))
        late.save(replace(seen, locale="second"))


async def test_many_rows_take_one_statement_a_table(store: Store) -> None:
    if not store.db.is_sqlite:
        return
    statements: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    async with store.db.transaction() as tx:
        work = Work(store.db, tx, store.ids, NOON)
        connection = tx._connection  # type: ignore[union-attr]
        event.listen(connection, "before_cursor_execute", note)
        for n in range(50):
            contact = work.save(Contact(work.new_id(), NOON, locale=f"A{n}"))
            work.save(Fact(work.new_id(), NOON, "Stopped", contact_id=contact.id))
            work.set_timer(Timer(f"nudge:{n}", "nudge", NOON))
        await work.flush()
        event.remove(connection, "before_cursor_execute", note)
    assert len(statements) == 3


async def test_a_timer_set_again_moves_and_fires_in_order(store: Store) -> None:
    async with store.writing() as work:
        for key, seconds in (("b", 2), ("a", 1), ("c", 9), ("b", 0)):
            work.set_timer(Timer(key, "nudge", NOON + seconds * SECOND, {"n": seconds}))
    async with store.db.transaction() as tx:
        due = await timers.take_due(store.db, tx, NOON + 5 * SECOND, 10)
        assert [(timer.key, timer.payload["n"]) for timer in due] == [("b", 0), ("a", 1)]
        assert await timers.next_due(tx) == NOON


# --- the job tables ----------------------------------------------------------------------------


def inbound(store: Store, external_id: str, lane: str = "amy") -> InboxRow:
    return InboxRow(store.ids.new(NOON), "sms", external_id, lane, {"text": "KIT"}, NOON, NOON)


async def test_a_delivery_is_stored_once_and_one_of_a_lane_is_taken(store: Store) -> None:
    rows = [inbound(store, "m1"), inbound(store, "m2"), inbound(store, "m3", "bob")]
    async with store.db.transaction() as tx:
        assert await messages.store_inbound(store.db, tx, rows) == {row.id for row in rows}
    async with store.db.transaction() as tx:
        again = [inbound(store, "m1"), inbound(store, "m4", "bob")]
        assert await messages.store_inbound(store.db, tx, again) == {again[1].id}
    for expected in (["m1", "m3"], ["m2", "m4"], []):
        async with store.db.transaction() as tx:
            taken = await messages.take_inbound(store.db, tx, NOON, 10)
            assert [row.external_id for row in taken] == expected
            await messages.finish_inbound(tx, [row.id for row in taken], NOON)


async def test_a_message_put_off_holds_back_its_lane_alone(store: Store) -> None:
    rows = [inbound(store, "m1"), inbound(store, "m2"), inbound(store, "m3", "bob")]
    async with store.db.transaction() as tx:
        await messages.store_inbound(store.db, tx, rows)
        await messages.put_off_inbound(tx, rows[0].id, NOON + SECOND, "ValueError")
        taken = await messages.take_inbound(store.db, tx, NOON, 10)
        assert [row.external_id for row in taken] == ["m3"]
        taken = await messages.take_inbound(store.db, tx, NOON + SECOND, 10)
        assert [(row.external_id, row.tries) for row in taken] == [("m1", 1), ("m3", 0)]


async def outbound(store: Store, count: int = 1, **values: Any) -> list[OutboxRow]:
    """Messages to one person, in order."""
    from handlers.services.contacts import new_contact

    async with store.writing() as work:
        contact = await new_contact(work, "sms", "", f"+4477009001{work.new_id() % 90 + 10}")
        given: dict[str, Any] = {"kind": "reply", "priority": 1, "status": "queued", **values}
        return [
            work.save(
                OutboxRow(
                    id=work.new_id(),
                    contact_id=contact.id,
                    address_id=contact.address_id or 0,
                    lane=str(contact.address_id),
                    channel="sms",
                    body={"text": f"{n}"},
                    created_at=NOON,
                    due_at=NOON,
                    **given,
                )
            )
            for n in range(count)
        ]


async def claim(store: Store, owner: str = "w1", now: Any = NOON) -> list[OutboxRow]:
    async with store.db.transaction() as tx:
        return await messages.claim_outbound(
            store.db, tx, now, owner=owner, limit=10, lease=10 * SECOND
        )


async def test_sends_are_claimed_one_a_person_emergencies_first(store: Store) -> None:
    plain = await outbound(store, 2)
    (urgent,) = await outbound(store, 1, priority=0)
    assert [row.id for row in await claim(store)] == [urgent.id, plain[0].id]
    assert await claim(store, "w2") == []
    async with store.db.transaction() as tx:
        done = [Sent(plain[0].id, NOON, provider_id="SM1"), Sent(urgent.id, NOON, error="21211")]
        await messages.finish_outbound(tx, done, "w1")
    assert [row.id for row in await claim(store)] == [plain[1].id]
    async with store.reading() as work:
        assert (await work.need(OutboxRow, plain[0].id)).status == "sent"
        assert (await work.need(OutboxRow, urgent.id)).status == "failed"


async def test_a_lost_lease_is_claimed_again_and_the_loser_changes_nothing(store: Store) -> None:
    (row,) = await outbound(store)
    await claim(store)
    later = NOON + 11 * SECOND
    assert [(r.id, r.owner, r.tries) for r in await claim(store, "w2", later)] == [
        (row.id, "w2", 2)
    ]
    async with store.db.transaction() as tx:
        await messages.finish_outbound(tx, [Sent(row.id, later, error="x")], "w1")
    async with store.reading() as work:
        assert (await work.need(OutboxRow, row.id)).status == "sending"


async def test_a_retry_waits_its_time(store: Store) -> None:
    (row,) = await outbound(store)
    await claim(store)
    async with store.db.transaction() as tx:
        again = Sent(row.id, NOON, error="500", retry_at=NOON + 5 * SECOND)
        await messages.finish_outbound(tx, [again], "w1")
    assert await claim(store, now=NOON + 4 * SECOND) == []
    assert [r.tries for r in await claim(store, now=NOON + 5 * SECOND)] == [2]


async def test_reports_only_ever_move_on(store: Store) -> None:
    (row,) = await outbound(store)
    for status, expected in (
        (OutboxStatus.DELIVERED, "delivered"),
        (OutboxStatus.SENT, "delivered"),
        (OutboxStatus.FAILED, "failed"),
        (OutboxStatus.DELIVERED, "failed"),
    ):
        async with store.db.transaction() as tx:
            await messages.report_outbound(store.db, tx, "SM1", status, "", NOON, row.id)
        async with store.reading() as work:
            now = await work.need(OutboxRow, row.id)
        assert (now.status, now.done_at, now.sent_at) == (expected, NOON, NOON)


async def test_the_same_bulk_message_is_stored_once(store: Store) -> None:
    await outbound(store, dedupe="offer:7")
    await outbound(store, dedupe="offer:7")
    async with store.reading() as work:
        assert len(await work.find(OutboxRow)) == 1

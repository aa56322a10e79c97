"""Backups put back, people erased, texts forgotten, postcodes renewed."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.bootstrap import App, build
from bot.config import load
from db.models import (
    Consent,
    Contact,
    Fact,
    InboxRow,
    KitRequest,
    OutboxRow,
    Peer,
    PeerNote,
    RelayMessage,
    Service,
    Supply,
    Timer,
)
from db.retention import RELAY_KEPT, ROWS_KEPT, TEXTS_KEPT
from db.work import Work
from handlers.purging import KEY, next_purge
from handlers.services import requests
from handlers.services.contacts import give_consent, new_contact
from tests.bot.cli import Cli

AMY = "+447700900001"
NOW = datetime.now(UTC)


def _asks(cli: Cli, number: str = AMY) -> int:
    """Somebody with an open request, a text each way and a consent; returns who."""

    async def act(app: App, work: Work) -> int:
        (home,) = await work.find(Service, slug="grimsby")
        amy = await new_contact(work, "sms", home.sms_line, number, home.id)
        work.save(replace(amy, alias="Amy"))
        give_consent(work, amy, "service", True, "consent.ok")
        values = {"place": "Laceby (DN37)", "district": "DN37", "lat": 53.5, "lon": -0.1}
        request = await requests.place(work, service_id=home.id, contact_id=amy.id, **values)
        requests.hold(work, request, request.status, ("coordinator", 0), work.now)
        work.save(_said(work, amy.id, amy.address_id or 0, "your kit is on its way"))
        return amy.id

    return cli.change(act)


def _said(work: Work, who: int, address: int, text: str, **more: object) -> OutboxRow:
    values = {"status": "queued", "due_at": work.now, "created_at": work.now, **more}
    body = {"text": text}
    return OutboxRow(
        id=work.new_id(),
        contact_id=who,
        address_id=address,
        lane=str(address),
        channel="sms",
        kind="notice",
        priority=2,
        body=body,
        **values,  # type: ignore[arg-type]
    )


# --- backup and restore ------------------------------------------------------------------------


def test_a_backup_is_taken_while_the_service_runs_and_put_back(sampled: Cli) -> None:
    who = _asks(sampled)
    file = sampled.folder / "kept.db"

    async def running() -> None:
        app = build(load())
        async with app.db.transaction() as tx:  # half way through a write
            work = Work(app.db, tx, app.engine.ids, app.clock.now())
            work.save(replace(await work.need(Contact, who), alias="Half"))
            await work.flush()
            await asyncio.to_thread(sampled, "backup", file)
            said = await asyncio.to_thread(sampled.fails, "restore", file, "--yes")
            assert "a server has the database open" in said
        said = await asyncio.to_thread(sampled.fails, "restore", file, "--yes")
        assert "a server has the database open" in said  # idle, and still open
        await app.close()

    asyncio.run(running())
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    assert sampled.rows(Contact, id=who)[0].alias == "Half"
    assert "give --yes" in sampled.fails("restore", file)
    said = sampled("restore", file, "--yes").out
    assert "The old one is kept as kitline.db.before-restore-" in said
    assert sampled.rows(Contact, id=who)[0].alias == "Amy"
    assert len(list(sampled.folder.glob("kitline.db.before-restore-*"))) == 1
    assert not list(sampled.folder.glob("*.restoring*"))
    assert "exists already" in sampled.fails("backup", file)


def test_who_stopped_or_was_erased_since_the_backup_stays_so(sampled: Cli) -> None:
    amy, ben, cat = (_asks(sampled, f"+44770090000{n}") for n in (1, 2, 3))
    file = sampled.folder / "kept.db"
    sampled("backup", file)

    async def later(app: App, work: Work) -> None:
        ben_now = await work.need(Contact, ben)
        work.save(replace(ben_now, stopped_at=work.now))
        give_consent(work, await work.need(Contact, cat), "alerts", False, "word.stop_alerts")
        (sent,) = await work.find(OutboxRow, contact_id=cat)
        from db.messages import Sent, finish_outbound

        await finish_outbound(work.tx, [Sent(sent.id, work.now, "SM1")], "")

    sampled.change(later)
    sampled("contacts", "erase", AMY, "--yes")
    said = sampled("restore", file, "--yes").out
    assert "2 people who stopped or were erased" in said
    (amy_now,), (ben_now,) = sampled.rows(Contact, id=amy), sampled.rows(Contact, id=ben)
    assert amy_now.erased_at
    assert amy_now.alias == ""
    assert ben_now.stopped_at
    assert [r.status for r in sampled.rows(KitRequest, contact_id=ben)] == ["cancelled"]
    assert [r.status for r in sampled.rows(KitRequest, contact_id=cat)] == ["open"]
    assert {c.purpose for c in sampled.rows(Consent, contact_id=cat)} == {"service", "alerts"}
    assert [o.status for o in sampled.rows(OutboxRow, contact_id=cat)] == ["sent"]


def test_a_damaged_database_can_be_replaced(sampled: Cli) -> None:
    file = sampled.folder / "kept.db"
    sampled("backup", file)
    sampled.database.write_bytes(b"\0" * 4096)
    assert "cannot be read" in sampled("restore", file, "--yes").out
    assert len(sampled.rows(Service)) == 2


def test_a_backup_is_put_where_there_is_none(sampled: Cli) -> None:
    file = sampled.folder / "kept.db"
    sampled("backup", file)
    sampled.database.unlink()
    sampled("restore", file)
    assert len(sampled.rows(Service)) == 2


@pytest.mark.parametrize("wrong", ["text", "other", "newer", "cut", "key"])
def test_what_is_no_sound_backup_is_refused(
    sampled: Cli, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = sampled.folder / "kept.db"
    sampled("backup", file)
    before = len(sampled.rows(Peer))
    said = {
        "text": "not a sound SQLite database",
        "other": "not a Kitline database",
        "newer": "is newer",
        "cut": "damaged",
        "key": "another SECRET_KEY",
    }[wrong]
    if wrong == "text":
        file.write_text("hello " * 1000)
    elif wrong == "other":
        file.unlink()
        _sql(file, "create table t (x)")
    elif wrong == "newer":
        _sql(file, "update alembic_version set version_num = '9999'")
    elif wrong == "cut":
        os.truncate(file, file.stat().st_size // 2)
        said = ""
    else:
        key = os.environ["SECRET_KEY"]
        monkeypatch.setenv("SECRET_KEY", sampled("new-key").out.strip())
    assert said in sampled.fails("restore", file, "--yes")
    if wrong == "key":
        monkeypatch.setenv("SECRET_KEY", key)
    assert len(sampled.rows(Peer)) == before


def _sql(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_postgresql_has_its_own_tools(kitline: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user@127.0.0.1:1/kitline")
    assert "pg_dump" in kitline.fails("backup", "kept.db")
    assert "does not answer" in kitline.fails("peers", "list")


# --- data rights -------------------------------------------------------------------------------


def test_everything_held_of_a_person_is_exported(sampled: Cli) -> None:
    _asks(sampled)
    (held,) = json.loads(sampled("contacts", "export", "07700 900001").out)
    assert held["contact"]["alias"] == "Amy"
    assert held["addresses"][0]["address"] == AMY
    assert held["requests"][0]["place"] == "Laceby (DN37)"
    assert held["messages_from_us"][0]["body"]["text"] == "your kit is on its way"
    assert held["consents"][0]["purpose"] == "service"
    assert "address_hash" not in held["addresses"][0]

    async def noted(app: App, work: Work) -> None:
        (sam,) = await work.find(Peer, contact_id=contact_id)
        note = PeerNote(work.new_id(), sam.service_id, sam.id, "expense", work.now, "bus fare")
        work.save(note)

    (contact_id,) = {p.contact_id for p in sampled.rows(Peer) if p.name == "Sam"}
    sampled.change(noted)
    (sam,) = json.loads(sampled("contacts", "export", "+447700900011").out)
    assert sam["as_peer"][0]["name"] == "Sam"
    assert [one["note"] for one in sam["notes"]] == ["bus fare"]
    assert "nothing is held" in sampled.fails("contacts", "export", "07700900999")


def test_a_person_is_erased_and_what_they_had_open_ends(sampled: Cli) -> None:
    who = _asks(sampled)
    asked = sampled("contacts", "erase", AMY, code=1, stdin="n\n")
    assert "open requests that end: " in asked.out
    (request,) = sampled.rows(KitRequest)
    assert request.ref in asked.out
    assert "stopped" in asked.err
    sampled("contacts", "erase", AMY, "--yes")
    (amy,) = sampled.rows(Contact, id=who)
    assert amy.erased_at
    assert [r.status for r in sampled.rows(KitRequest)] == ["cancelled"]
    assert [o.body for o in sampled.rows(OutboxRow, contact_id=who)] == [{}]
    assert "nothing is held" in sampled.fails("contacts", "export", AMY)
    assert "ContactErased" in {f.fact for f in sampled.rows(Fact)}


def test_a_figure_short_is_nobody_and_nothing_is_asked(sampled: Cli) -> None:
    said = sampled.fails("contacts", "erase", AMY[:-1])
    assert "nothing is held of" in said
    assert "not a" in said


def test_a_peer_is_erased_and_their_supplies_stay(sampled: Cli) -> None:
    sampled("contacts", "erase", "tg:900014", "--yes")
    (ash,) = [p for p in sampled.rows(Peer) if p.status == "left"]
    assert (ash.name, ash.place) == ("", "")
    assert "Ash" not in sampled("peers", "list", "--service", "grimsby").out
    assert sampled.rows(Supply) == []
    sampled("stock", "list", "--service", "grimsby")


# --- retention ---------------------------------------------------------------------------------


def _old_texts(cli: Cli) -> None:
    """A handled text and a sent one just inside and just past each limit, and two relays."""
    who = _asks(cli)

    async def act(app: App, work: Work) -> None:
        (home,) = await work.find(Service, slug="grimsby")
        for kept in (TEXTS_KEPT, ROWS_KEPT):
            for past in (timedelta(hours=-1), timedelta(hours=1)):
                at = work.now - kept - past
                amy = await work.need(Contact, who)
                done = {"status": "sent", "done_at": at}
                work.save(_said(work, who, amy.address_id or 0, "old", **done))
                work.save(
                    InboxRow(
                        work.new_id(), "sms", f"{at}", "lane", {"text": "x"}, at, at, done_at=at
                    )
                )
        for past in (timedelta(hours=-1), timedelta(hours=1)):
            values = {"closed_at": work.now - RELAY_KEPT - past}
            request = await requests.place(work, service_id=home.id, contact_id=who, **values)
            work.save(RelayMessage(work.new_id(), request.id, who, "see you there", work.now))

    cli.change(act)


def test_texts_are_forgotten_when_their_time_is_over(sampled: Cli) -> None:
    _old_texts(sampled)
    assert "Forgotten: 1 relay texts" in sampled("purge").out
    assert len(sampled.rows(RelayMessage)) == 1
    for model in (OutboxRow, InboxRow):
        done = [row for row in sampled.rows(model) if row.done_at]
        assert [bool(row.body) for row in done] == [True, False, False]
    assert len([o for o in sampled.rows(OutboxRow) if not o.done_at]) == 1
    assert "Nothing is due" in sampled("purge").out


def test_the_service_forgets_by_itself_every_night(sampled: Cli) -> None:
    _old_texts(sampled)

    async def a_night() -> None:
        app = build(load())
        await app.prepare()
        await app.prepare()  # a second start changes nothing
        await app.move_clock(timedelta(days=1))
        await app.close()

    asyncio.run(a_night())
    assert len([f for f in sampled.rows(Fact) if f.fact == "Purged"]) == 1

    async def timer(app: App, work: Work) -> Timer | None:
        return await work.get(Timer, KEY)

    found = sampled.look(timer)
    assert found
    assert found.due_at > NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-01-10T02:59", "2026-01-10T03:00"),
        ("2026-01-10T03:00", "2026-01-11T03:00"),
        ("2026-07-10T12:00", "2026-07-11T02:00"),  # 03:00 by the clocks in summer
    ],
)
def test_the_purge_is_in_the_small_hours(now: str, due: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert next_purge(at) == datetime.fromisoformat(due).replace(tzinfo=UTC)


# --- postcodes ---------------------------------------------------------------------------------

CODE_POINT = '"DN311AA",10,527000,409000,"E92000001"\n"DN311AB",10,527010,409010,"E92000001"\n'


def test_postcodes_are_imported_beside_the_database(kitline: Cli) -> None:
    file = kitline.csv("dn.csv", CODE_POINT)
    said = kitline("postcodes", "import", file).out
    assert "2 postcodes" in said
    made = kitline.folder / "postcodes.bin"
    assert made.read_bytes().startswith(b"KLPOST")
    was = made.read_bytes()
    bad = kitline.csv("bad.csv", CODE_POINT + "nonsense,10,1,1\n")
    assert "line 3" in kitline("postcodes", "import", bad, code=1).err
    assert made.read_bytes() == was
    kitline("postcodes", "import", bad, "--skip-bad")
    assert not list(kitline.folder.glob("*.new"))
    other = kitline.csv("other.csv", "a,b\n1,2\n")
    assert "no Code-Point Open" in kitline("postcodes", "import", other, code=1).err

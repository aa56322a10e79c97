"""The database is away: emergencies are answered all the same, and nothing is lost for good."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import bootstrap, sample
from bot.catch_up import catch_up_sms
from bot.web import webhooks
from db.models import Address, Contact, InboundMessage, InboxRow, OutboxRow
from db.reference.gazetteer import Gazetteer
from tests.conftest import Postgres
from tests.harness import START, Kitline, kitline
from tests.standins import telegram_updates as updates
from tests.web.calls import AMY, replies, telegram_posts, text_form, twilio_posts

CRY = "hes not breathing help"


class Outage(ABC):
    """A database that can be taken away and given back."""

    def __init__(self, url: str) -> None:
        self.url = url

    @abstractmethod
    async def down(self) -> None: ...

    @abstractmethod
    async def up(self) -> None: ...


class BrokenFile(Outage):
    """SQLite's file is no database."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.path, self.template = folder / "kitline.db", template
        super().__init__(f"sqlite:///{self.path}")

    async def down(self) -> None:
        self.path.write_bytes(b"no database at all " * 1000)

    async def up(self) -> None:
        shutil.copy(self.template, self.path)


class StoppedServer(Outage):
    """PostgreSQL is gone: its socket is, and so is every connection."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self.postgres, self.name = postgres, postgres.create(postgres.template)
        self.sockets = folder / "sockets"
        direct = postgres.url(self.name)
        self.real = direct.partition("host=")[2]
        super().__init__(direct.replace(self.real, str(self.sockets)))

    async def down(self) -> None:
        self.sockets.unlink(missing_ok=True)
        self.postgres.server.psql(
            f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{self.name}';"
        )

    async def up(self) -> None:
        self.sockets.symlink_to(self.real)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def outage(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "sqlite":
        return BrokenFile(tmp_path, request.getfixturevalue("sqlite_template"))
    return StoppedServer(tmp_path, request.getfixturevalue("postgres"))


@pytest.fixture
async def line_without_database(
    outage: Outage, secret_key: str, gazetteer: Gazetteer, tmp_path: Path
) -> AsyncIterator[Kitline]:
    async with kitline(outage.url, secret_key, gazetteer, "sms", load_sample=False) as line:
        line.app.spool.folder = tmp_path / "spool"
        await outage.down()
        yield line


async def back(line: Kitline, outage: Outage) -> None:
    await outage.up()
    await sample.load(line.app.db, line.app.engine.ids, line.clock.now(), channel="sms")


async def test_an_emergency_is_answered_kept_and_recorded_once(
    line_without_database: Kitline, outage: Outage
) -> None:
    line = line_without_database
    form = text_form(CRY)
    for _ in range(2):  # delivered twice, answered twice the same
        answer = await twilio_posts(line, form, work=False)
        assert replies(answer)[0].startswith("CALL 999")
    kept = list(line.app.spool.folder.iterdir())
    assert len(kept) == 2
    assert all(AMY.encode() not in p.read_bytes() and b"breath" not in p.read_bytes() for p in kept)
    assert line.app.catch_up.due.is_set()
    assert not await line.app.catch_up.once()
    assert line.app.catch_up.due.is_set()  # tried again later

    await back(line, outage)
    assert await line.app.catch_up.once()
    assert list(line.app.spool.folder.iterdir()) == []
    await line.settle()
    (row,) = await line.read(InboxRow)
    assert (row.answered, row.done_at is not None, row.error) == (True, True, "")
    (address,) = [a for a in await line.read(Address) if a.address == AMY]
    said = await line.read(OutboxRow, contact_id=address.contact_id)
    cards = [row for row in said if row.body["text"].startswith("CALL 999")]
    assert [row.status for row in cards] == ["sent"]  # recorded, not sent again
    assert line.twilio
    assert not any(text.startswith("CALL 999") for text in line.twilio.texts_to(AMY))


async def test_any_other_message_is_asked_for_again(
    line_without_database: Kitline, outage: Outage
) -> None:
    line = line_without_database
    form = text_form("KIT")
    assert (await twilio_posts(line, form, work=False)).status_code == 503
    assert not line.app.spool.folder.exists()
    async with line.client() as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/metrics")).status_code == 503
        front = await client.get("/")
        assert "Call 999" in front.text
    await back(line, outage)
    assert "OK to go on" in replies(await twilio_posts(line, form))[-1]


async def test_a_stopped_server_comes_back(
    postgres: Postgres, secret_key: str, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    """In the middle of a story, with connections open."""
    outage = StoppedServer(tmp_path, postgres)
    await outage.up()
    async with kitline(outage.url, secret_key, gazetteer, "sms") as line:
        line.app.spool.folder = tmp_path / "spool"
        assert replies(await twilio_posts(line, text_form("KIT")))
        await outage.down()
        assert replies(await twilio_posts(line, text_form(CRY), work=False))[0].startswith("CALL")
        yes = text_form("YES")
        assert (await twilio_posts(line, yes, work=False)).status_code == 503
        await outage.up()
        assert await line.app.catch_up.once()
        await line.settle()
        assert all(row.done_at and not row.error for row in await line.read(InboxRow))
        assert line.twilio
        assert "Is naloxone there?" in line.twilio.texts_to(AMY)[-1]
        assert (await twilio_posts(line, yes)).status_code == 200


async def test_telegram_is_answered_too(
    outage: Outage, secret_key: str, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    async with kitline(outage.url, secret_key, gazetteer, "telegram", load_sample=False) as line:
        line.app.spool.folder = tmp_path / "spool"
        await outage.down()
        cry = {"update_id": 5, **updates.text(4242, CRY)}
        answer = await telegram_posts(line, cry)
        assert answer.json()["text"].startswith("CALL 999")
        sos = {"update_id": 7, **updates.text(4242, "SOS")}  # a peer's? Nobody can tell now
        assert (await telegram_posts(line, sos)).json()["text"].startswith("CALL 999")
        other = {"update_id": 6, **updates.text(4242, "KIT")}
        assert (await telegram_posts(line, other)).status_code == 503
        await outage.up()
        assert await line.app.catch_up.once()
        assert len(await line.read(InboxRow)) == 2


async def test_a_database_that_hangs_does_not_hold_up_an_emergency(
    sms: Kitline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(webhooks, "EMERGENCY_STORE_SECONDS", 0.1)
    path = sms.app.settings.database_url.removeprefix("sqlite:///")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    try:
        answer = await twilio_posts(sms, text_form(CRY), work=False)
    finally:
        other.execute("rollback")
        other.close()
    assert replies(answer)[0].startswith("CALL 999")
    assert sms.app.spool.waiting()
    await asyncio.sleep(0.2)  # what hung may still go through: it is the same message
    assert await sms.app.catch_up.once()
    await sms.settle()
    assert len(await sms.read(InboxRow)) == 1


async def test_a_start_without_a_database_answers_emergencies(
    line_without_database: Kitline, outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "DATABASE_AGAIN_SECONDS", 0.05)
    line = line_without_database
    await line.app.begin()
    assert replies(await twilio_posts(line, text_form(CRY), work=False))[0].startswith("CALL 999")
    await outage.up()
    async with asyncio.timeout(20), line.client() as client:
        while line.app.spool.waiting():  # noqa: ASYNC110 (nobody tells us)
            await asyncio.sleep(0.05)
        assert (await client.get("/readyz")).status_code == 200
    assert len(await line.read(InboxRow)) == 1


async def test_a_spooled_file_that_cannot_be_read_holds_up_nothing(sms: Kitline) -> None:
    spool = sms.app.spool
    spool.keep(InboundMessage("sms", "m1", "", AMY, "text", CRY), sms.clock.now())
    (spool.folder / "00000000T000000-broken.msg").write_bytes(b"broken")
    assert await sms.app.catch_up.once()
    assert [path.suffix for path in spool.folder.iterdir()] == [".unreadable"]
    assert len(await sms.read(InboxRow)) == 1


# --- catching up from Twilio's list ------------------------------------------------------------


async def test_what_twilio_has_and_we_do_not_is_fetched_once(sms: Kitline) -> None:
    twilio = sms.twilio
    assert twilio
    to = sample.LINES["grimsby"]
    assert await catch_up(sms) == 0  # a first start has nothing to miss
    await sms.say(AMY, "KIT")
    sms.clock.move_to(START + timedelta(hours=5))
    for minutes, text in ((30, "YES"), (60, "yes"), (90, CRY)):
        twilio.receive(AMY, to, text, at=START + timedelta(minutes=minutes))
    twilio.receive(AMY, "+447700900999", "not ours", at=START + timedelta(minutes=70))
    twilio.receive("+447700900102", to, "too old", at=START - timedelta(days=4))
    assert await catch_up(sms) == 3
    assert await catch_up(sms) == 0
    await sms.settle()
    rows = await sms.read(InboxRow)
    assert [row.body["text"] for row in rows] == ["KIT", "YES", "yes", CRY]
    assert all(row.done_at and not row.error for row in rows)
    assert any(text.startswith("CALL 999") for text in twilio.texts_to(AMY))
    assert len([c for c in await sms.read(Contact) if c.adult]) == 1


async def test_a_message_that_came_first_hides_no_gap(sms: Kitline) -> None:
    """Somebody wrote before the list was read: what came in while we were away still counts."""
    assert sms.twilio
    await catch_up(sms)
    sms.clock.move_to(START + timedelta(hours=5))
    sms.twilio.receive(AMY, sample.LINES["grimsby"], "KIT", at=START + timedelta(hours=1))
    await sms.say("+447700900102", "KIT")
    assert await catch_up(sms) == 1


async def test_a_list_that_cannot_be_read_is_asked_for_again(sms: Kitline) -> None:
    assert sms.app.sms
    await catch_up(sms)
    sms.clock.move_to(START + timedelta(hours=5))
    assert sms.twilio
    sms.twilio.receive(AMY, sample.LINES["grimsby"], "KIT", at=START + timedelta(hours=1))
    requests = sms.app.sms.client.http_client
    base = requests.base_url
    requests.base_url = "http://127.0.0.1:9"
    assert not await sms.app.catch_up.once()
    requests.base_url = base
    assert await sms.app.catch_up.once()
    assert len(await sms.read(InboxRow)) == 1


async def catch_up(line: Kitline) -> int:
    assert line.app.sms
    return await catch_up_sms(line.app.db, line.app.sms, line.app.intake, line.clock.now())

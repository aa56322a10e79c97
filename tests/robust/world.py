"""A line of its own to play with: the real engine on a SQLite file, and phones that may fail."""

from __future__ import annotations

import asyncio
import atexit
import logging
import random
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bot import sample
from bot.bootstrap import App, build
from bot.channels.base import Receipt, SendError
from bot.config import Settings
from db import schema
from db.models import Address, InboundMessage, OutboundMessage, Recall, Service
from db.reference.gazetteer import Gazetteer
from db.work import Work
from handlers import recalls
from handlers.engine.turn import Scene
from tests.conftest import SECRET, FixedCodes
from tests.harness import PUBLIC, START, FakeClock, seed_rounds

LINE = sample.LINES["grimsby"]
SECOND = timedelta(seconds=1)
REQUESTERS = tuple(f"+447700900{n}" for n in (101, 102, 103))


class KilledError(BaseException):
    """The process is gone: nothing that comes after is done."""


@dataclass
class Phones:
    """Everybody's phone. ``refuse`` is the next send's failure; ``dies`` ends it after sending."""

    name: str = "sms"
    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refuse: SendError | None = None
    dies: bool = False

    def draw(self, message: OutboundMessage) -> list[str]:
        return [message.text]

    async def send(
        self, address: str, message: OutboundMessage, *, line: str, reference: str = ""
    ) -> Receipt:
        if self.refuse:
            refused, self.refuse = self.refuse, None
            raise refused
        self.texts[address].append(message.text)
        if self.dies:
            self.dies = False
            raise KilledError
        return Receipt("SM1", 1)

    async def close(self) -> None:
        pass


@dataclass(frozen=True)
class OpenNow:
    """What waits for somebody: their number and the code or reference they would type."""

    offers: tuple[tuple[str, str], ...] = ()
    meetings: tuple[tuple[str, str], ...] = ()
    claims: tuple[tuple[str, str], ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    requests: tuple[tuple[str, str], ...] = ()
    supplies: tuple[tuple[str, str], ...] = ()


_OPEN = {
    "offers": """select contact_id, code from offers o join peers p on p.id = peer_id
        where o.status = 'sent' order by o.id""",
    "meetings": """select p.contact_id, ref from requests r join peers p on p.id = peer_id
        where r.status = 'accepted' order by r.id""",
    "claims": """select c.id, code from claims join contacts c using (outlet_id)
        where status = 'open' order by claims.id""",
    "codes": """select c.id, code from claims join contacts c using (outlet_id)
        order by claims.id desc limit 4""",
    "requests": "select contact_id, ref from requests where closed_at is null order by id",
    "supplies": "select contact_id, ref from requests where status = 'supplied' order by id",
}


@cache
def gazetteer() -> Gazetteer:
    return Gazetteer.open()


def settings(database: Path) -> Settings:
    url = f"sqlite:///{database}"
    return Settings(
        _env_file=None, database_url=url, secret_key=SECRET, public_url=PUBLIC, demo=True
    )


@cache
def _template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="kitline-world-")) / "sample.db"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)

    async def fill() -> None:
        await schema.migrate(f"sqlite:///{path}")
        clock, phones = FakeClock(), {"sms": Phones()}
        app = build(settings(path), clock=clock, channels=phones, gazetteer=gazetteer())
        await sample.load(app.db, app.engine.ids, START, channel="sms")
        await seed_rounds(app)
        for number in REQUESTERS:  # everybody has said yes to the notice, and is of age
            for n, text in enumerate(("KIT", "YES", "YES", "MENU")):
                message = InboundMessage("sms", f"{number}-{n}", LINE, number, "text", text)
                await app.intake.accept(message)
                await app.worker.drain()
        await app.close()

    asyncio.run(fill())
    return path


@cache
def _numbers() -> dict[int, str]:
    """Contact → number, which the database keeps sealed."""

    async def read() -> dict[int, str]:
        app = build(settings(_template()), gazetteer=gazetteer())
        async with app.db.read() as tx:
            found = await Work(app.db, tx, app.engine.ids, START).find(Address)
        await app.close()
        return {address.contact_id: address.address for address in found}

    return asyncio.run(read())


class Complaints(logging.Handler):
    """What the program complains of in its log: nothing in a story may go wrong unnoticed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


class World:
    """The line, its clock and its phones. Everything is driven step by step, by one caller."""

    def __init__(self, wave_size: int = 1, *, start: Path | None = None) -> None:
        self.fixed = ExitStack()  # the same story comes out the same, whatever chance would do
        codes = FixedCodes()
        for name in ("handlers.services.codes.secrets", "handlers.peer.secrets", "db.ids.secrets"):
            self.fixed.enter_context(patch(name, codes))
        self.fixed.enter_context(patch("bot.backoff.random", random.Random(7)))
        self.complaints = Complaints()
        logging.getLogger().addHandler(self.complaints)
        self.fixed.callback(logging.getLogger().removeHandler, self.complaints)
        self.folder = tempfile.TemporaryDirectory(prefix="kitline-world-")
        self.database = Path(self.folder.name) / "kitline.db"
        shutil.copy(start or _template(), self.database)
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock()
        self.phones = Phones()
        self.sent = 0
        self.last: InboundMessage | None = None
        self.app = self._build()
        self.run(self._set_waves(wave_size))
        self.open = OpenNow()
        self.look()

    def run(self, doing: Coroutine[Any, Any, Any]) -> None:
        self.loop.run_until_complete(doing)

    def _build(self) -> App:
        return build(
            settings(self.database),
            clock=self.clock,
            channels={"sms": self.phones},
            gazetteer=gazetteer(),
        )

    async def _set_waves(self, wave_size: int) -> None:
        async with self.app.db.transaction() as tx:
            work = Work(self.app.db, tx, self.app.engine.ids, self.clock.now())
            for service in await work.find(Service):
                often = {"wave_size": wave_size, "asks_per_day": 99, "asks_per_week": 99}
                work.save(replace(service, rules={**service.rules, **often}))
            await work.flush()

    # --- what happens ---------------------------------------------------------------------------

    def say(self, number: str, text: str, *, crash: str = "") -> None:
        """A text comes in; ``crash``: stored, turn or sent, where the process dies on it."""
        self.clock.time += SECOND
        self.sent += 1
        self.last = InboundMessage("sms", f"SM{self.sent}", LINE, number, "text", text)
        self.deliver(self.last, crash)

    def deliver(self, message: InboundMessage, crash: str = "") -> None:
        self.run(self.app.intake.accept(message))
        if crash == "stored":
            self.restart()
        self.work("" if crash == "stored" else crash)

    def work(self, crash: str = "", *, timers: bool = False) -> None:
        """Work until nothing is left, or until the process dies and another takes over."""
        flush = Work.flush
        self.phones.dies = crash == "sent"

        async def flush_and_die(work: Work) -> None:
            await flush(work)
            raise KilledError

        try:
            if crash == "turn":
                Work.flush = flush_and_die  # type: ignore[method-assign]
            self.run(self._work(timers))
        except KilledError:
            Work.flush = flush  # type: ignore[method-assign]
            self.restart()
            self.run(self._work(timers))
        finally:
            Work.flush = flush  # type: ignore[method-assign]
        if crash == "sent":
            self.phones.dies = False
            self.restart()

    async def _work(self, timers: bool) -> None:
        """What the worker's loops do, without their waits."""
        worker = self.app.worker
        if timers:
            await worker.drain()
            return
        await worker.inbox_pass()
        while await worker.outbox_pass():
            await asyncio.gather(*worker._sending, return_exceptions=True)

    def restart(self) -> None:
        """Another process, the same file; what the last one had in its memory is gone."""
        self.run(self.app.db.close())
        self.app = self._build()

    def wait(self, by: timedelta, crash: str = "") -> None:
        """The clock jumps; whatever has become due fires late, all at once."""
        self.clock.time += by
        self.work(crash, timers=True)

    def recall(self, product: str, batch: str) -> None:
        """A coordinator's command: nothing of this batch is handed out any more."""
        self.run(self._recall(product, batch))
        self.work()

    async def _recall(self, product: str, batch: str) -> None:
        self.clock.time += SECOND
        async with self.app.db.transaction() as tx:
            work = Work(self.app.db, tx, self.app.engine.ids, self.clock.now())
            (service,) = await work.find(Service, slug="grimsby")
            if await work.find(Recall, service_id=service.id, status="open"):
                for recall in await work.find(Recall, status="open"):
                    recalls.end(Scene(work, self.app.engine.world), recall)
            else:
                scene = Scene(work, self.app.engine.world)
                await recalls.start(scene, service, product, (batch,), action="check")
                scene.close()
            await work.flush()

    def close(self) -> None:
        self.run(self.app.close())
        self.loop.close()
        self.fixed.close()
        self.folder.cleanup()

    # --- what people see ------------------------------------------------------------------------

    def look(self) -> None:
        """See who could act on what; the program has not complained of anything since."""
        assert not self.complaints.heard, self.complaints.heard[0]
        with closing(sqlite3.connect(self.database)) as reading:
            found = {
                kind: tuple((_numbers()[who], code) for who, code in reading.execute(statement))
                for kind, statement in _OPEN.items()
            }
        self.open = OpenNow(**found)

    def chance(self) -> random.Random:
        """The same chances in every run of the same story."""
        return random.Random(self.sent)

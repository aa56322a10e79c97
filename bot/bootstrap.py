"""build(): the only place that wires the program together. Takes fakes."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bot import sample
from bot.catch_up import CatchUp
from bot.channels.base import Channel
from bot.channels.demo import DemoChannel
from bot.channels.sms import TWILIO, TwilioSms
from bot.channels.telegram import TELEGRAM, TelegramChannel
from bot.channels.terminal import TerminalChannel
from bot.clock import Clock, DemoClock, SystemClock
from bot.config import Settings
from bot.intake import Intake
from bot.spool import Spool
from bot.worker import Worker
from db import messages, meta, schema, timers
from db.database import Database, DatabaseError, Unreachable, async_url
from db.ids import Ids
from db.reference.gazetteer import Gazetteer
from db.work import Work
from handlers import purging, rounds
from handlers.contents import FLOWS, TIMERS
from handlers.engine.turn import World
from handlers.inbox import Engine
from handlers.services.hours import load_calendars

log = logging.getLogger(__name__)
POSTCODES_OVERRIDE = "postcodes.bin"
DATABASE_AGAIN_SECONDS = 5.0


@dataclass
class App:
    """Everything that runs, wired."""

    settings: Settings
    db: Database
    clock: Clock
    engine: Engine
    intake: Intake
    worker: Worker
    spool: Spool
    channels: dict[str, Channel]
    catch_up: CatchUp = field(init=False)
    stepping: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.catch_up = CatchUp(self.db, self.intake, self.spool, self.clock, self.sms)

    @property
    def sms(self) -> TwilioSms | None:
        """The Twilio channel, where SMS is on."""
        channel = self.channels.get("sms")
        return channel if isinstance(channel, TwilioSms) else None

    @property
    def telegram(self) -> TelegramChannel | None:
        """The Telegram channel, where it is on."""
        channel = self.channels.get("telegram")
        return channel if isinstance(channel, TelegramChannel) else None

    async def prepare(self) -> None:
        """Upgrade the database, fill it in the demo, set the daily purge and the rounds."""
        await schema.migrate(self.settings.database_url)
        if self.settings.is_demo:
            if isinstance(self.clock, DemoClock):
                self.clock.offset = await meta.demo_offset(self.db)
            await sample.load(self.db, self.engine.ids, self.clock.now())
        async with self.db.transaction() as tx:
            work = Work(self.db, tx, self.engine.ids, self.clock.now())
            await purging.seed(work)
            await rounds.seed(work)
            await work.flush()

    async def begin(self, *, work: bool = True) -> None:
        """Prepare and start. A database that does not answer yet is tried again, and meanwhile
        emergencies are answered: a restart must not end in silence because of it."""
        try:
            await self.prepare()
        except Unreachable:
            if self.settings.is_demo:
                raise
            log.exception("the database does not answer; only emergencies are answered until then")
            self._tasks.append(asyncio.create_task(self._start_later(work)))
            return
        await self.start(work=work)

    async def _start_later(self, work: bool) -> None:
        while True:
            await asyncio.sleep(DATABASE_AGAIN_SECONDS)
            try:
                await self.prepare()
                break
            except Unreachable:
                continue
            except DatabaseError:
                log.critical("the database cannot be used: see `kitline migrate`")
                return
        log.warning("the database answers")
        await self.start(work=work)

    async def start(self, *, work: bool = True) -> None:
        """Start the loops; catch up with what was missed while we were away."""
        if work:
            if self.db.is_sqlite:  # one process works there, so a lease is one of a process gone
                async with self.db.transaction() as tx:
                    await messages.free_outbound(tx)
            run = self._run_demo() if self.settings.is_demo else self.worker.run()
            self._tasks.append(asyncio.create_task(run))
        self._tasks.append(asyncio.create_task(self.catch_up.run()))
        gc.collect()
        gc.freeze()  # places and phrases stay for good: the collector need not go through them
        if self.telegram and self.settings.telegram_polls:
            self._tasks.append(asyncio.create_task(self._poll_telegram(self.telegram)))

    async def _run_demo(self) -> None:
        """One loop that the clock can be moved between."""
        while True:
            try:
                async with self.stepping:
                    done = await self.worker.drain()
            except Exception:
                log.exception("the demo's loop failed")
                done = 0
            if not done:
                self.intake.wake.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await self.intake.wake.wait()

    async def move_clock(self, by: timedelta) -> datetime:
        """Move the demo's clock on; due timers fire in order before this returns."""
        if not isinstance(self.clock, DemoClock):
            raise TypeError("only the demo's clock can be moved")
        async with self.stepping:
            await self.worker.drain()
            target = self.clock.now() + by
            while True:
                async with self.db.read() as tx:
                    due = await timers.next_due(tx)
                if due is None or due > target:
                    break
                self.clock.move_to(due)
                if not await self.worker.drain():
                    break
            self.clock.move_to(target)
            await self.worker.drain()
            await meta.set_demo_offset(self.db, self.clock.offset)
        return self.clock.now()

    async def _poll_telegram(self, telegram: TelegramChannel) -> None:
        offset: int | None = None
        while True:
            try:
                await telegram.start_polling()
                while True:
                    for update in await telegram.poll(offset):
                        message = telegram.parse(update)
                        if message:
                            await self.intake.accept(message)
                            if message.callback_id:
                                await telegram.answer_callback(message.callback_id)
                        offset = int(update["update_id"]) + 1
            except Exception as why:
                log.warning("telegram polling failed", extra={"error": type(why).__name__})
                await asyncio.sleep(3)

    async def close(self) -> None:
        """Stop the loops, record what was sent, let go of everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(Exception):
            await self.worker.record()
        for channel in self.channels.values():
            await channel.close()
        await self.db.close()


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    channels: dict[str, Channel] | None = None,
    works_here: bool = True,
    gazetteer: Gazetteer | None = None,
) -> App:
    """Wire an App from settings."""
    keyring = settings.keyring()
    db = Database.open(settings.database_url, keyring)
    ids = Ids()
    clock = clock or (DemoClock() if settings.is_demo else SystemClock())
    folder = data_folder(settings)
    load_calendars()
    world = World(
        flows=FLOWS,
        gazetteer=gazetteer or Gazetteer.open(_override(folder)),
        public_url=settings.url,
        demo=settings.is_demo,
    )
    engine = Engine(db, world, ids, TIMERS)
    intake = Intake(db, ids, clock, works_here=works_here)
    channels = _channels(settings) if channels is None else channels
    worker = Worker(engine, intake, channels, clock)
    spool = Spool(folder / "spool", keyring)
    return App(settings, db, clock, engine, intake, worker, spool, channels)


def data_folder(settings: Settings) -> Path:
    """Where files beside the database live."""
    url = async_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(url.database).parent
    return Path()


def _override(folder: Path) -> Path | None:
    path = folder / POSTCODES_OVERRIDE
    return path if path.exists() else None


def _channels(settings: Settings) -> dict[str, Channel]:
    channels: dict[str, Channel] = {"terminal": TerminalChannel()}
    if settings.is_demo:
        return channels | {"sms": DemoChannel("sms"), "telegram": DemoChannel("telegram")}
    if settings.has_sms:
        channels["sms"] = TwilioSms(
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            public_url=settings.url,
            from_number=settings.twilio_from,
            messaging_service_sid=settings.twilio_messaging_service_sid,
            base_url=settings.twilio_api_base_url or TWILIO,
        )
    if settings.has_telegram:
        channels["telegram"] = TelegramChannel(
            settings.telegram_bot_token, base_url=settings.telegram_api_base_url or TELEGRAM
        )
    return channels

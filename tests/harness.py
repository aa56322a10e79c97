"""Kitline as a whole, talked to as people would: by SMS, by Telegram, by the demo.

The app is the real one with its real database; only the clock is held still, and Twilio and
Telegram are the stand-ins.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import httpx

from bot import sample
from bot.bootstrap import App, build
from bot.channels.base import Channel
from bot.channels.demo import DemoChannel
from bot.channels.sms import TwilioSms
from bot.channels.telegram import TelegramChannel
from bot.config import Settings
from bot.web.app import web_app
from bot.worker import message_of
from db import timers
from db.messages import texts_to
from db.models import Address, OutboundMessage, OutboxRow
from db.reference.gazetteer import Gazetteer
from db.work import Work
from handlers import rounds
from handlers.services.contacts import all_services
from tests.standins import telegram_updates
from tests.standins.telegram import TelegramStandIn
from tests.standins.twilio import TwilioStandIn
from tests.standins.wire import InProcess, serve

PUBLIC = "https://kits.example.org"
START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)  # a Tuesday
CHANNELS = ("sms", "telegram", "demo")


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def move_to(self, when: datetime) -> None:
        self.time = max(self.time, when)


class Line(Protocol):
    """How people reach us in a test."""

    async def say(self, address: str, text: str) -> None: ...

    async def press(self, address: str, choice: str) -> None: ...

    async def share(self, address: str, lat: float, lon: float) -> None: ...


@dataclass
class SmsLine:
    """Twilio's stand-in posts to our webhook."""

    twilio: TwilioStandIn
    number: str = sample.LINES["grimsby"]

    async def say(self, address: str, text: str) -> None:
        delivery = await self.twilio.deliver(f"{PUBLIC}/twilio/sms", address, self.number, text)
        assert delivery.status == 200, delivery

    async def press(self, address: str, choice: str) -> None:
        raise AssertionError("nobody presses a button on SMS")

    async def share(self, address: str, lat: float, lon: float) -> None:
        raise AssertionError("nobody shares a pin on SMS")


@dataclass
class TelegramLine:
    """Telegram's stand-in posts to our webhook."""

    telegram: TelegramStandIn

    async def say(self, address: str, text: str) -> None:
        delivery = await self.telegram.say(int(address[3:]), text)
        assert delivery.status == 200, delivery

    async def press(self, address: str, choice: str) -> None:
        delivery = await self.telegram.press(int(address[3:]), choice)
        assert delivery.status == 200, delivery

    async def share(self, address: str, lat: float, lon: float) -> None:
        await self.telegram.share(int(address[3:]), lat, lon)


@dataclass
class DemoLine:
    """The simulator's JSON."""

    client: httpx.AsyncClient

    async def _post(self, **body: Any) -> None:
        content = json.dumps({"channel": "sms", **body})  # httpx's own refuses lone surrogates
        answer = await self.client.post("/demo/messages", content=content)
        assert answer.status_code == 200, answer.text

    async def say(self, address: str, text: str) -> None:
        await self._post(**{"from": address, "text": text})

    async def press(self, address: str, choice: str) -> None:
        await self._post(**{"from": address, "choice": choice})

    async def share(self, address: str, lat: float, lon: float) -> None:
        await self._post(**{"from": address, "location": {"lat": lat, "lon": lon}})


@dataclass
class Kitline:
    """The running whole. ``settle`` works until nothing is due."""

    app: App
    web: Any
    clock: FakeClock
    line: Line
    channel: str
    twilio: TwilioStandIn | None = None
    telegram: TelegramStandIn | None = None
    _seen: set[int] = field(default_factory=set)

    @property
    def writes_by(self) -> str:
        """The channel people's addresses are on."""
        return "telegram" if self.channel == "telegram" else "sms"

    def address(self, tail: str) -> str:
        """Somebody's address by the last six figures of their number."""
        return f"tg:{tail}" if self.channel == "telegram" else f"+447700{tail}"

    async def settle(self) -> None:
        await self.app.worker.drain()
        if self.twilio:
            await self.twilio.settle()
            while await self.app.worker.drain():  # what the reports made us say
                await self.twilio.settle()

    async def _while_working(self, doing: Any) -> None:
        """A webhook may wait for its turn, so the worker works meanwhile."""
        task = asyncio.ensure_future(doing)
        while not task.done():
            await self.app.worker.inbox_pass()
            await asyncio.sleep(0.001)
        await task
        await self.settle()

    async def say(self, address: str, text: str) -> None:
        await self._while_working(self.line.say(address, text))

    async def press(self, address: str, choice: str) -> None:
        await self._while_working(self.line.press(address, choice))

    async def share(self, address: str, lat: float, lon: float) -> None:
        await self._while_working(self.line.share(address, lat, lon))

    async def wait(self, by: timedelta) -> None:
        """Time passes; due timers fire in order."""
        target = self.clock.time + by
        while True:
            async with self.app.db.read() as tx:
                due = await timers.next_due(tx)
            if due is None or due > target:
                break
            self.clock.move_to(due)
            await self.settle()
        self.clock.move_to(target)
        await self.settle()

    async def new_messages(self) -> list[tuple[str, OutboundMessage, OutboxRow]]:
        """What was sent since the last look, in order: address, message, row."""
        async with self.app.db.read() as tx:
            work = self.work(tx)
            addresses = {a.id: a for a in await work.find(Address)}
            rows, _ = await texts_to(self.app.db, tx, list(addresses))
        fresh = [row for row in rows if row.id not in self._seen and row.status != "queued"]
        self._seen.update(row.id for row in fresh)
        return [(addresses[row.address_id].address, message_of(row), row) for row in fresh]

    def work(self, tx: Any) -> Work:
        return Work(self.app.db, tx, self.app.engine.ids, self.clock.now())

    async def read(self, model: type[Any], **equals: Any) -> list[Any]:
        """Rows as they are in the database."""
        async with self.app.db.read() as tx:
            return await self.work(tx).find(model, **equals)

    def client(self) -> httpx.AsyncClient:
        """A browser's view of the app."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.web), base_url=PUBLIC)


@asynccontextmanager
async def kitline(
    url: str,
    secret: str,
    gazetteer: Gazetteer,
    channel: str = "demo",
    *,
    now: datetime = START,
    load_sample: bool = True,
) -> AsyncIterator[Kitline]:
    """The whole thing on a migrated database, with the sample services, on one channel."""
    clock = FakeClock(now)
    async with AsyncExitStack() as stack:
        twilio = TwilioStandIn() if channel == "sms" else None
        telegram = TelegramStandIn() if channel == "telegram" else None
        settings = Settings(
            _env_file=None,
            database_url=url,
            secret_key=secret,
            public_url=PUBLIC,
            demo=True if channel == "demo" else None,
            twilio_account_sid=twilio.account_sid if twilio else "",
            twilio_auth_token=twilio.auth_token if twilio else "",
            twilio_from=sample.LINES["grimsby"] if twilio else "",
            telegram_bot_token=telegram.token if telegram else "",
        )
        channels: dict[str, Channel] = {}
        if twilio:
            base = await stack.enter_async_context(serve(twilio.app))
            channels["sms"] = TwilioSms(
                twilio.account_sid,
                twilio.auth_token,
                public_url=PUBLIC,
                from_number=sample.LINES["grimsby"],
                base_url=base,
            )
        elif telegram:
            base = await stack.enter_async_context(serve(telegram.app))
            channels["telegram"] = TelegramChannel(telegram.token, base_url=base)
        else:
            channels = {"sms": DemoChannel("sms"), "telegram": DemoChannel("telegram")}
        app = build(settings, clock=clock, channels=channels, gazetteer=gazetteer)
        stack.push_async_callback(app.close)
        web = web_app(app)
        if load_sample:
            await seed_rounds(app)
            await sample.load(
                app.db,
                app.engine.ids,
                clock.now(),
                channel="telegram" if telegram else "sms",
                bot=app.telegram.line if app.telegram else "grimsby_demo",
            )
        line: Line
        if twilio:
            twilio.wire = InProcess(web)
            stack.push_async_callback(twilio.close)
            line = SmsLine(twilio)
        elif telegram:
            telegram.wire = InProcess(web)
            stack.push_async_callback(telegram.close)
            secret_word = app.db.keyring.signing_secret("telegram webhook")
            telegram.webhook = {"url": f"{PUBLIC}/telegram/webhook", "secret_token": secret_word}
            telegram_updates.clock = lambda: clock.now().timestamp()
            line = TelegramLine(telegram)
        else:
            client = await stack.enter_async_context(
                httpx.AsyncClient(transport=httpx.ASGITransport(app=web), base_url=PUBLIC)
            )
            line = DemoLine(client)
        made = Kitline(app, web, clock, line, channel, twilio, telegram)
        yield made


async def seed_rounds(app: App) -> None:
    """What a start of the program sets going."""
    async with app.db.transaction() as tx:
        work = Work(app.db, tx, app.engine.ids, app.clock.now())
        await rounds.seed(work)
        await work.flush()


def new_id() -> str:
    return uuid.uuid4().hex


__all__ = [
    "CHANNELS",
    "START",
    "FakeClock",
    "Kitline",
    "all_services",
    "kitline",
    "new_id",
    "seed_rounds",
]

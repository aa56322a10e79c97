"""The runs: the bare handler, SMS, Telegram, and SMS at an offered rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from db.keys import new_secret
from tests.bench import load, story, wire
from tests.bench.checks import check
from tests.bench.fill import fill
from tests.bench.processes import Process, profiled, running
from tests.standins import telegram, twilio

TELEGRAM_SECRET = "bench-secret"
WARM_UP = 24  # conversations before the clock starts: nothing is measured cold
NO_TEXTS: list[str] = []


@dataclass(frozen=True)
class Plan:
    """How the whole thing is to be run."""

    contacts: int
    at_once: int
    areas: list[story.Area]
    server_core: int
    load_core: int
    folder: Path
    profile: Path | None = None


@dataclass(frozen=True)
class Result:
    """What one run came to. ``provider_cpu``: the stand-in's share of the load's core."""

    name: str
    waits: load.Waits
    cpu_ms: float
    peak_mb: float
    provider_cpu: float = 0.0

    @property
    def rate(self) -> float:
        return self.waits.rate


async def bare(plan: Plan, name: str = "bare handler") -> Result:
    """The measure."""
    people = _sms(story.contacts(plan.contacts, plan.areas, "sms"))
    with running(
        "tests.bench.bare",
        "--database",
        str(plan.folder / f"{name}.db"),
        "--token",
        twilio.TOKEN,
        "--url",
        wire.PUBLIC_URL,
        core=plan.server_core,
        folder=plan.folder,
        answers="/healthz",
    ) as server:
        nobody = load.Talker(load.Mailboxes(), wire.riding)
        warm, people = people[:WARM_UP], people[WARM_UP:]
        await load.bare_answers(server.url, warm, nobody, plan.at_once)
        talker = load.Talker(load.Mailboxes(), wire.riding)
        before = server.cpu_seconds()
        waits = await load.bare_answers(server.url, people, talker, plan.at_once)
        return _result(name, server, before, waits)


async def sms(plan: Plan) -> Result:
    """The conversation through Twilio's webhook, as many contacts at once as told."""
    there = story.contacts(plan.contacts + WARM_UP, plan.areas, "sms")
    people = _sms(there)
    async with _kitline(plan, "sms", len(people)) as (server, provider, boxes, done):
        waits, before, given = await _closed(plan, server, provider, boxes, people, wire.riding)
        result = _result("SMS", server, before, waits, provider, given)
        await done(people, sum(len(p.steps) for p in people), len(people))
        return result


async def over_telegram(plan: Plan) -> Result:
    """The same conversation through Telegram's webhook; every reply is a call of its API."""
    there = story.contacts(plan.contacts + WARM_UP, plan.areas, "telegram")
    people = [wire.write_telegram(c, story.TELEGRAM, TELEGRAM_SECRET) for c in there]
    async with _kitline(plan, "telegram", len(people)) as (server, provider, boxes, done):
        waits, before, given = await _closed(
            plan, server, provider, boxes, people, lambda _: NO_TEXTS
        )
        result = _result("Telegram", server, before, waits, provider, given)
        await done(people, sum(len(p.steps) for p in people), len(people))
        return result


async def sms_offered(plan: Plan, *, rate: float, seconds: float) -> Result:
    """SMS at a rate that does not wait for the answers."""
    most = int(rate * seconds) // 3 + WARM_UP
    people = _sms(story.contacts(most, plan.areas, "sms"))
    async with _kitline(plan, "sms", most) as (server, provider, boxes, done):
        warm, rest = people[:WARM_UP], people[WARM_UP:]
        await load.all_at_once(server.url, warm, load.Talker(boxes, wire.riding), 8)
        talker = load.Talker(boxes, wire.riding)
        before, given = server.cpu_seconds(), provider.cpu_seconds()
        waits = await load.offered(server.url, rest, talker, rate=rate, seconds=seconds)
        result = _result(f"SMS, {rate:g}/s offered", server, before, waits, provider, given)
        finished = talker.finished + WARM_UP
        await done(people, len(waits.acknowledged) + 8 * WARM_UP, finished)
        return result


def _sms(people: list[story.Contact]) -> list[wire.Written]:
    return [wire.write_sms(contact, story.SMS, twilio.TOKEN) for contact in people]


async def _closed(
    plan: Plan,
    server: Process,
    provider: Process,
    boxes: load.Mailboxes,
    people: list[wire.Written],
    texts_in: Callable[[bytes], list[str]],
) -> tuple[load.Waits, float, float]:
    warm, rest = people[:WARM_UP], people[WARM_UP:]
    await load.all_at_once(server.url, warm, load.Talker(boxes, texts_in), plan.at_once)
    talker = load.Talker(boxes, texts_in)
    before, given = server.cpu_seconds(), provider.cpu_seconds()
    with profiled(server, plan.profile, plan.load_core):
        waits = await load.all_at_once(server.url, rest, talker, plan.at_once)
    return waits, before, given


Running = tuple[
    Process, Process, load.Mailboxes, Callable[[list[wire.Written], int, int], Awaitable[None]]
]


@asynccontextmanager
async def _kitline(plan: Plan, channel: str, requests: int) -> AsyncIterator[Running]:
    """The real `kitline serve` on a filled database, with the stand-in it sends to."""
    number = len(list(plan.folder.iterdir()))
    database, tap = plan.folder / f"{channel}{number}.db", plan.folder / f"tap{number}"
    secret = new_secret()
    bot = telegram.TOKEN.partition(":")[0]
    await fill(database, secret, plan.areas, requests=requests, channel=channel, bot=bot)
    boxes = load.Mailboxes()
    await boxes.listen(tap)
    with running(
        "tests.bench.providers",
        channel if channel == "telegram" else "twilio",
        "--tap",
        str(tap),
        core=plan.load_core,
        folder=plan.folder,
        answers="/_state",
    ) as provider:
        settings = {
            "DATABASE_URL": f"sqlite:///{database}",
            "SECRET_KEY": secret,
            "PUBLIC_URL": wire.PUBLIC_URL,
            "LOG_LEVEL": "warning",
            **_channel(channel, provider.url),
        }
        with running(
            "bot",
            "serve",
            core=plan.server_core,
            folder=plan.folder,
            answers="/healthz",
            **settings,
        ) as server:

            async def done(people: list[wire.Written], messages: int, placed: int) -> None:
                await _settled(boxes, people, placed)
                await check(database, secret, messages=messages, requests=placed)

            yield server, provider, boxes, done
    boxes.close()


def _channel(channel: str, url: str) -> dict[str, str]:
    if channel == "telegram":
        return {
            "TELEGRAM_BOT_TOKEN": telegram.TOKEN,
            "TELEGRAM_MODE": "webhook",
            "TELEGRAM_WEBHOOK_SECRET": TELEGRAM_SECRET,
            "TELEGRAM_API_BASE_URL": url,
        }
    return {
        "TWILIO_ACCOUNT_SID": twilio.SID,
        "TWILIO_AUTH_TOKEN": twilio.TOKEN,
        "TWILIO_FROM": story.line_of(0),
        "TWILIO_API_BASE_URL": url,
    }


async def _settled(boxes: load.Mailboxes, people: list[wire.Written], offers: int) -> None:
    """Until every peer has been sent their offers, and that has been written down."""
    own = {who.contact.address for who in people}
    end = time.monotonic() + 20
    while time.monotonic() < end:
        sent = sum(len(box) for address, box in boxes.boxes.items() if address not in own)
        if sent >= offers:
            break
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)


def _result(
    name: str,
    server: Process,
    before: float,
    waits: load.Waits,
    provider: Process | None = None,
    given: float = 0.0,
) -> Result:
    used = server.cpu_seconds() - before
    theirs = (provider.cpu_seconds() - given) / waits.seconds if provider else 0.0
    return Result(name, waits, 1000 * used / len(waits.acknowledged), server.peak_mb(), theirs)

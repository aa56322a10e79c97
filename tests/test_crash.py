"""The program is killed in the middle of its work, again and again, and nobody notices.

200 people ask for kits at the same time, 40 peers answer; kill -9 falls at random points. What was
acknowledged is answered, no kit is counted twice, and nothing that must happen later is forgotten.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import sample
from bot.bootstrap import App, build
from bot.channels.demo import DemoChannel
from bot.channels.sms import draw_sms
from bot.config import Settings
from bot.worker import message_of
from db.models import Address, InboxRow, OutboxRow, Peer, RelayMessage, Service
from db.reference.gazetteer import Gazetteer
from db.work import Work
from handlers.services.contacts import new_contact
from handlers.services.supplies import peer_holder, receive
from tests.harness import PUBLIC, FakeClock
from tests.robust.invariants import broken
from tests.robust.people import peer_says, requester_says
from tests.robust.server import LINE, Network, Server
from tests.standins.wire import serve

REQUESTERS = [f"+447700900{n}" for n in range(300, 500)]
PEERS = [f"+447700900{n}" for n in range(200, 240)]
KITS_EACH = 6
PATIENCE = 40.0  # seconds: longer than the lease of a send that died
KILLS = 3
ACKNOWLEDGED_BY_THE_END = 1500  # a little less than a whole run has
BEGIN_WITHIN = 12.0  # seconds: some begin while nothing of ours is there to hear them

Says = Callable[[str, random.Random], str | None]


def opened(database: Path, secret: str, gazetteer: Gazetteer, now: datetime) -> App:
    """The database in this process, with phones that lead nowhere."""
    settings = Settings(
        _env_file=None, database_url=f"sqlite:///{database}", secret_key=secret, demo=True
    )
    phones = {"sms": DemoChannel("sms")}
    return build(settings, clock=FakeClock(now), channels=phones, gazetteer=gazetteer)


async def enrol(app: App) -> None:
    """The sample service, and enough peers with kits for everybody."""
    now = app.clock.now()
    in_date = now.date() + timedelta(days=365)
    await sample.load(app.db, app.engine.ids, now, channel="sms")
    async with app.db.transaction() as tx:
        work = Work(app.db, tx, app.engine.ids, now)
        (service,) = await work.find(Service, slug="grimsby")
        (like,) = (p for p in await work.find(Peer, service_id=service.id) if p.name == "Sam")
        for n, number in enumerate(PEERS):
            contact = await new_contact(work, "sms", LINE, number, service.id)
            peer = replace(like, id=work.new_id(), contact_id=contact.id, name=f"Peer {n}")
            work.save(replace(peer, radius_km=20.0))
            await receive(work, peer_holder(peer), "nasal", "N2402", in_date, KITS_EACH)
        await work.flush()


async def person(network: Network, number: str, says: Says, chance: random.Random) -> None:
    """Answers whatever arrives."""
    while True:
        text = await network.phones[number].get()
        if said := says(text, chance):
            await network.say(number, said)


async def begins(network: Network, number: str, after: float) -> None:
    await asyncio.sleep(after)
    await network.say(number, "KIT")


async def kill_at_random(server: Server, network: Network, chance: random.Random) -> None:
    moments = sorted(chance.randrange(ACKNOWLEDGED_BY_THE_END) for _ in range(KILLS))
    for moment in moments:
        while network.acknowledged < moment and network.quiet_for() < PATIENCE:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        await asyncio.sleep(chance.uniform(0, 0.05))
        server.kill()
        await server.start()


async def idle(network: Network, database: Path) -> None:
    """Until everybody is silent, and nothing waits to be handled or sent."""
    waiting = """select (select count(*) from inbox where done_at is null)
        + (select count(*) from outbox where done_at is null)"""
    async with asyncio.timeout(120):
        while True:
            await asyncio.sleep(0.2)
            if network.quiet_for() > 2:
                with closing(sqlite3.connect(database, timeout=30)) as reading:
                    if reading.execute(waiting).fetchone() == (0,):
                        return


async def loaded_run(server: Server, network: Network, database: Path, seed: int) -> None:
    chance = random.Random(seed)
    await server.start()
    people = [
        asyncio.create_task(person(network, number, says, random.Random(f"{seed}{number}")))
        for numbers, says in ((REQUESTERS, requester_says), (PEERS, peer_says))
        for number in numbers
    ]
    people += [
        asyncio.create_task(begins(network, number, chance.uniform(0, BEGIN_WITHIN)))
        for number in REQUESTERS
    ]
    await kill_at_random(server, network, chance)
    await idle(network, database)
    for task in people:
        task.cancel()
    await asyncio.gather(*people, return_exceptions=True)
    await network.settle()
    server.kill()


# --- what must have come of it ------------------------------------------------------------------


async def check_answered(app: App, network: Network) -> None:
    """Each text was handled and answered, or passed on to the other side, also what Twilio could
    only keep for us; and all that we meant to say reached the phones."""
    async with app.db.read() as tx:
        work = Work(app.db, tx, app.engine.ids, app.clock.now())
        inbox = {row.external_id: row for row in await work.find(InboxRow)}
        outbox = await work.find(OutboxRow)
        numbers = {address.id: address for address in await work.find(Address)}
        relayed = Counter(message.from_contact_id for message in await work.find(RelayMessage))
    answered = {row.inbox_id for row in outbox}
    contacts = {address.address: address.contact_id for address in numbers.values()}
    assert {sid for sid, _ in network.texted()} == set(inbox)
    assert len(inbox) > network.acknowledged  # some were texted while nobody was there to hear
    unanswered = Counter(
        contacts[number]
        for sid, number in network.texted()
        if sid not in inbox or inbox[sid].done_at is None or inbox[sid].id not in answered
    )
    assert unanswered <= relayed
    meant: dict[str, Counter[str]] = defaultdict(Counter)
    for row in outbox:
        assert row.status in ("sent", "delivered"), row.status
        meant[numbers[row.address_id].address].update(draw_sms(message_of(row)))
    lost = {number: texts - network.got[number] for number, texts in meant.items()}
    assert not {number: texts for number, texts in lost.items() if texts}


def check_stock(database: Path, before: int) -> None:
    """What is left is what there was, less what the log says."""
    with closing(sqlite3.connect(database)) as reading:
        (left,) = reading.execute("select sum(quantity) from movements").fetchone()
        (issued,) = reading.execute("select sum(quantity) from supplies").fetchone()
    assert left == before - issued
    assert issued > 20  # or nothing was tested


async def check_timers(app: App, database: Path) -> None:
    """Days later every open request has moved on."""

    def open_now() -> dict[str, int]:
        with closing(sqlite3.connect(database)) as reading:
            found = reading.execute("select ref, version from requests where closed_at is null")
            return dict(found.fetchall())

    waiting = open_now()
    assert waiting
    app.clock.move_to(app.clock.now() + timedelta(days=4))  # type: ignore[attr-defined]
    await app.worker.drain()
    moved = open_now()
    assert not [ref for ref, version in waiting.items() if moved.get(ref) == version]
    assert not broken(database)


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))]
)
async def test_killed_in_the_middle(
    seed: int, sqlite_url: str, secret_key: str, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    database = tmp_path / "kitline.db"
    app = opened(database, secret_key, gazetteer, datetime.now(UTC))
    await enrol(app)
    await app.close()
    with closing(sqlite3.connect(database)) as reading:
        (before,) = reading.execute("select sum(quantity) from movements").fetchone()
    network = Network()
    async with serve(network.app) as twilio:
        server = Server(sqlite_url, secret_key, twilio, tmp_path)
        network.routes[PUBLIC] = server.url
        try:
            await loaded_run(server, network, database, seed)
        finally:
            server.kill()
    await network.hang_up()
    assert not broken(database)
    check_stock(database, before)
    app = opened(database, secret_key, gazetteer, datetime.now(UTC))
    try:
        await check_answered(app, network)
        await check_timers(app, database)
    finally:
        await app.close()

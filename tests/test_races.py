"""Two programs on one PostgreSQL: what both do at the same instant happens once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import sample
from bot.bootstrap import App, build
from bot.channels.demo import DemoChannel
from bot.config import Settings
from db.database import Conflict
from db.models import (
    Address,
    Fact,
    InboxRow,
    KitRequest,
    Movement,
    Offer,
    OutboxRow,
    Peer,
    RequestStatus,
    Service,
)
from db.reference.gazetteer import Gazetteer
from db.work import Work
from handlers import ladder
from handlers.engine.turn import Scene
from handlers.services import requests
from handlers.services.contacts import new_contact
from handlers.services.supplies import peer_holder, receive
from tests.harness import PUBLIC
from tests.robust.server import LINE, Network, Server
from tests.standins.wire import serve

pytestmark = pytest.mark.postgres
TRIES = 100
PAIRS = 10  # of peers, each in a town of its own
OTHER = "https://other.example.org"  # the second program's public address
TOLD = ("Someone else was quicker", "That one has gone")


def peer_number(pair: int, which: int) -> str:
    return f"+447700900{200 + 2 * pair + which}"


def town(pair: int) -> tuple[float, float]:
    return 50.0 + pair, -1.0


@dataclass
class Both:
    """Two programs, the network before them, and the database behind them."""

    app: App
    network: Network
    asker: int = 0

    def work(self, tx: Any) -> Work:
        return Work(self.app.db, tx, self.app.engine.ids, self.app.clock.now())

    async def read(self, model: type[Any], **equals: Any) -> list[Any]:
        async with self.app.db.read() as tx:
            return await self.work(tx).find(model, **equals)

    async def enrol(self) -> None:
        """A service that always asks two peers, and the peers."""
        app = self.app
        await sample.load(app.db, app.engine.ids, app.clock.now(), channel="sms")
        async with app.db.transaction() as tx:
            work = self.work(tx)
            (service,) = await work.find(Service, slug="grimsby")
            often = {"wave_size": 2, "asks_per_day": 999, "asks_per_week": 999}
            work.save(replace(service, rules={**service.rules, **often}))
            like = (await work.find(Peer, service_id=service.id))[0]
            in_date = work.now.date() + timedelta(days=365)
            for pair in range(PAIRS):
                lat, lon = town(pair)
                for which in (0, 1):
                    contact = await new_contact(
                        work, "sms", LINE, peer_number(pair, which), service.id
                    )
                    peer = replace(like, id=work.new_id(), contact_id=contact.id, lat=lat, lon=lon)
                    peer = work.save(replace(peer, name=f"Peer {pair}{which}", open_limit=99))
                    await receive(work, peer_holder(peer), "nasal", "N2402", in_date, 20)
            asker = await new_contact(work, "sms", LINE, "+447700900300", service.id)
            self.asker = asker.id
            await work.flush()

    async def ask(self, pair: int, within: timedelta | None = None) -> list[str]:
        """Places a request in a pair's town; returns the codes of their two offers."""
        while True:
            try:
                return await self._ask(pair, within)
            except Conflict:  # one of the programs was quicker with one of the rows
                continue

    async def _ask(self, pair: int, within: timedelta | None) -> list[str]:
        lat, lon = town(pair)
        async with self.app.db.transaction() as tx:
            work = self.work(tx)
            (service,) = await work.find(Service, slug="grimsby")
            scene = Scene(work, self.app.engine.world)
            request = await requests.place(
                work,
                service_id=service.id,
                contact_id=self.asker,
                product="nasal",
                district="DN31",
                lat=lat,
                lon=lon,
            )
            request = await ladder.advance(scene, request)
            if within:
                owner = (request.owner_kind, request.owner_id or 0)
                due = work.now + within
                status = RequestStatus.OFFERED
                requests.hold(work, request, status, owner, due)
            scene.close()
            await work.flush()
            by_peer = {o.peer_id: o.code for o in await work.find(Offer, request_id=request.id)}
        return [by_peer[peer_id] for peer_id in sorted(by_peer)]

    async def silence(self) -> None:
        """Until nobody has been told anything for a while."""
        while self.network.quiet_for() < 1.5:  # noqa: ASYNC110 (there is no event for silence)
            await asyncio.sleep(0.1)

    async def won(self) -> Counter[str]:
        """How many requests each peer has, by their number."""
        contacts = {peer.id: peer.contact_id for peer in await self.read(Peer)}
        numbers = {a.contact_id: a.address for a in await self.read(Address)}
        found = await self.read(KitRequest)
        return Counter(numbers[contacts[one.peer_id]] for one in found if one.peer_id)

    def texts(self, number: str, *words: str) -> int:
        """How many texts with any of these words somebody got."""
        got = self.network.got[number]
        return sum(n for text, n in got.items() if any(word in text for word in words))


@pytest.fixture
async def both(
    postgres_url: str, secret_key: str, gazetteer: Gazetteer, tmp_path: Path
) -> AsyncIterator[Both]:
    settings = Settings(_env_file=None, database_url=postgres_url, secret_key=secret_key, demo=True)
    app = build(settings, channels={"sms": DemoChannel("sms")}, gazetteer=gazetteer)
    network = Network()
    made = Both(app, network)
    await made.enrol()
    async with serve(network.app) as twilio:
        servers = [
            Server(postgres_url, secret_key, twilio, tmp_path, public) for public in (PUBLIC, OTHER)
        ]
        network.routes.update({server.public: server.url for server in servers})
        try:
            await asyncio.gather(*(server.start() for server in servers))
            yield made
        finally:
            for server in servers:
                server.kill()
    await network.hang_up()
    await app.close()


async def race(both: Both, pair: int, swapped: int) -> None:
    """Both peers of a pair say yes to the same request, each through another program."""
    programs = (OTHER, PUBLIC) if swapped else (PUBLIC, OTHER)
    codes = await both.ask(pair)
    await asyncio.gather(
        *(
            both.network.say(peer_number(pair, which), f"ACCEPT {codes[which]}", programs[which])
            for which in (0, 1)
        )
    )


async def test_two_peers_say_yes_at_the_same_instant(both: Both) -> None:
    for n in range(TRIES // PAIRS):
        await asyncio.gather(*(race(both, pair, n % 2) for pair in range(PAIRS)))
    await both.silence()
    won = await both.won()
    for pair in range(PAIRS):
        for which in (0, 1):
            me, other = peer_number(pair, which), peer_number(pair, 1 - which)
            assert won[me] + won[other] == TRIES // PAIRS
            assert both.texts(me, "is yours") == won[me]
            assert both.texts(me, *TOLD) >= won[other]  # by the winner's turn, or their own
    offers = Counter((o.request_id, str(o.status)) for o in await both.read(Offer))
    asked = {request.id for request in await both.read(KitRequest)}
    assert len(asked) == TRIES
    assert offers == {(one, status): 1 for one in asked for status in ("accepted", "withdrawn")}
    assert sum(m.reserved for m in await both.read(Movement)) == TRIES
    assert not [row for row in await both.read(InboxRow) if row.done_at is None]


async def test_one_text_delivered_to_two_programs_at_once(both: Both) -> None:
    sids = []
    for n in range(310, 330):
        sid = both.network.receive(f"+447700900{n}", LINE, "KIT")
        sids.append(sid)
        await asyncio.gather(
            *(
                both.network.deliver(f"{public}/twilio/sms", f"+447700900{n}", LINE, "KIT", sid=sid)
                for public in (PUBLIC, OTHER)
            )
        )
    stored = await both.read(InboxRow)
    assert sorted(row.external_id for row in stored) == sorted(sids)
    answers = Counter(row.inbox_id for row in await both.read(OutboxRow))
    assert [answers[row.id] for row in stored] == [2] * len(sids)  # the notice and its question


async def test_a_timer_fires_in_one_of_them(both: Both) -> None:
    for n in range(40):
        await both.ask(n % PAIRS, within=timedelta(seconds=3))
    async with asyncio.timeout(30):
        while {r.status for r in await both.read(KitRequest)} != {  # noqa: ASYNC110
            "with_coordinator"
        }:
            await asyncio.sleep(0.2)
    facts = Counter((f.request_id, f.fact) for f in await both.read(Fact) if f.request_id)
    for request in await both.read(KitRequest):
        assert facts[request.id, "OfferExpired"] == 2
        assert facts[request.id, "RequestEscalated"] == 1

"""How often a peer was asked: the last 24 hours, the last 7 days, and what this batch asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from db.asks import Asks, asks_of
from db.database import Database
from db.ids import Ids
from db.keys import Keyring
from db.models import Contact, KitRequest, Offer, Peer, Service
from db.work import Work
from tests.handlers.made import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Asked:
    """A service with two peers, who are asked at times of our choosing."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.services = [self._service(slug) for slug in ("here", "there")]
        contact = work.save(Contact(work.new_id(), NOON))
        self.peers = [
            work.save(Peer(work.new_id(), self.services[0].id, contact.id, name, NOON))
            for name in ("Sam", "Jo")
        ]
        self.request = work.save(
            KitRequest(work.new_id(), self.services[0].id, contact.id, "K7FP", "open", NOON)
        )

    def _service(self, slug: str) -> Service:
        return self.work.save(
            Service(self.work.new_id(), slug, slug, "England", (), 0.0, 0.0, NOON)
        )

    def ask(self, peer: int, at: datetime) -> Offer:
        one = self.peers[peer]
        return self.work.save(
            Offer(
                *(self.work.new_id(), one.service_id, self.request.id, one.id, "16", "expired"),
                *(1.0, at, at + HOUR),
            )
        )

    async def counted(self, service: int = 0) -> list[Asks | None]:
        found = await asks_of(self.work, self.services[service].id)
        return [found.get(peer.id) for peer in self.peers]


@pytest.fixture
async def asked(database_url: str, secret_key: str) -> AsyncIterator[Asked]:
    db = Database.open(database_url, Keyring([secret_key]))
    async with db.transaction() as tx:
        yield Asked(Work(db, tx, Ids(), NOON))
    await db.close()


async def test_by_day_and_by_week(asked: Asked) -> None:
    for ago in (HOUR, 23 * HOUR, 24 * HOUR, 3 * DAY, 7 * DAY - HOUR, 7 * DAY, 8 * DAY):
        asked.ask(0, NOON - ago)
    await asked.work.flush()
    assert await asked.counted() == [Asks(2, 5), None]
    assert await asked.counted(service=1) == [None, None]


async def test_this_batch_counts_too_and_what_is_taken_back_does_not(asked: Asked) -> None:
    asked.ask(0, NOON - HOUR)
    await asked.work.flush()
    assert await asked.counted() == [Asks(1, 1), None]
    mark = asked.work.mark()
    first = asked.ask(0, NOON)
    asked.ask(1, NOON)
    assert await asked.counted() == [Asks(2, 2), Asks(1, 1)]
    asked.work.undo(mark)
    assert await asked.counted() == [Asks(1, 1), None]
    asked.work.save(first)  # and again
    assert await asked.counted() == [Asks(2, 2), None]


async def test_an_answer_is_not_one_more_ask(asked: Asked) -> None:
    offer = asked.ask(0, NOON - HOUR)
    await asked.work.flush()
    asked.work.save(offer)
    assert await asked.counted() == [Asks(1, 1), None]

"""One peer's bag inside one unit of work, for tests of stock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from db.database import Database
from db.ids import Ids
from db.keys import Keyring
from db.models import KitRequest, Peer, Recall, Service
from db.stock import StockLine, stock_of
from db.work import Work
from handlers.services import requests
from handlers.services.contacts import new_contact
from handlers.services.supplies import Holder, line_of, peer_holder, receive, store_holder
from tests.handlers.made import HERE, NOON

TODAY = NOON.date()
SOON, LATER, GONE = (TODAY + timedelta(days=n) for n in (30, 300, -1))


@dataclass
class Shelf:
    """A peer's bag; ``other`` is a second peer's."""

    work: Work
    service: Service
    holder: Holder
    other: Holder
    me: int

    @property
    def store(self) -> Holder:
        return store_holder(self.service)

    async def fill(self, *kits: tuple[str, str, Any, int], by: int | None = None) -> None:
        for product, batch, expiry, quantity in kits:
            await receive(
                self.work, self.holder, product, batch, expiry, quantity, by_contact_id=by
            )

    async def line(
        self,
        batch: str,
        *,
        product: str = "nasal",
        expiry: date = SOON,
        holder: Holder | None = None,
    ) -> StockLine:
        return await line_of(self.work, holder or self.holder, product, batch, expiry)

    async def sums(self, holder: Holder | None = None) -> dict[str, tuple[int, int]]:
        whose = holder or self.holder
        lines = await stock_of(self.work, self.service.id)
        return {
            line.batch: (line.quantity, line.reserved)
            for line in lines
            if (line.holder_kind, line.holder_id) == (whose.kind, whose.id)
        }

    async def request(self, product: str = "nasal", quantity: int = 1) -> KitRequest:
        contact = await new_contact(self.work, "sms", "", f"+447700900{self.work.new_id() % 1000}")
        return await requests.place(
            self.work,
            service_id=self.service.id,
            contact_id=contact.id,
            product=product,
            quantity=quantity,
        )

    def recall(self, product: str, *batches: str) -> Recall:
        recall = Recall(
            self.work.new_id(), self.service.id, "R2CD", product, batches, "check", self.work.now
        )
        return self.work.save(recall)

    def rules(self, **rules: Any) -> None:
        self.service = self.work.save(replace(self.service, rules=rules))

    async def flush_at(self, now: datetime) -> None:
        """Write all, and look again later, as the next batch of turns would."""
        await self.work.flush()
        self.work.now = now


@asynccontextmanager
async def open_shelf(url: str, secret_key: str) -> AsyncIterator[Shelf]:
    db = Database.open(url, Keyring([secret_key]))
    async with db.transaction() as tx:
        work = Work(db, tx, Ids(), NOON)
        service = work.save(
            Service(work.new_id(), "grimsby", "Grimsby", "England", ("DN31",), *HERE, NOON)
        )
        peers = []
        for name, number in (("Sam", "+447700900011"), ("Jo", "+447700900012")):
            contact = await new_contact(work, "sms", "", number, service.id)
            peers.append(work.save(Peer(work.new_id(), service.id, contact.id, name, NOON)))
        sam, jo = peers
        yield Shelf(work, service, peer_holder(sam), peer_holder(jo), sam.contact_id)
        await work.flush()
    await db.close()

"""Three loops: work the inbox, send the outbox, fire due timers."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.backoff import with_jitter
from bot.channels.base import Channel, SendError
from bot.clock import Clock
from bot.intake import Intake
from db import messages
from db.database import Conflict, Database, Tx
from db.messages import Sent
from db.models import Address, Button, OutboundMessage, OutboxRow
from db.work import Work
from handlers import delivery
from handlers.engine.turn import Scene
from handlers.inbox import Engine, work_inbox, work_timers

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=30)
IN_FLIGHT = 50
SEND_TRIES = 8
POLL = 0.2


def message_of(row: OutboxRow) -> OutboundMessage:
    """The message in an outbox row."""
    body = dict(row.body)
    body["buttons"] = tuple(Button(**button) for button in body.get("buttons", ()))
    return OutboundMessage(**body)


@dataclass
class Worker:
    """The loops of one process."""

    engine: Engine
    intake: Intake
    channels: dict[str, Channel]
    clock: Clock
    owner: str = field(default_factory=lambda: f"work-{uuid.uuid4().hex[:8]}")
    outbox_wake: asyncio.Event = field(default_factory=asyncio.Event)
    _results: list[tuple[OutboxRow, Sent, str]] = field(default_factory=list)
    _sending: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def db(self) -> Database:
        """The database."""
        return self.engine.db

    # --- one pass of each ----------------------------------------------------------------------

    async def inbox_pass(self) -> int:
        """Handle what has come in."""
        handled = await work_inbox(self.engine, self.clock.now(), rides=self.intake.rides)
        for done in handled:
            self.intake.handled(done)
        if any(done.queued for done in handled):
            self.outbox_wake.set()
        return len(handled)

    async def timer_pass(self) -> int:
        """Fire what is due."""
        fired = await work_timers(self.engine, self.clock.now())
        if fired:
            self.outbox_wake.set()
        return fired

    async def outbox_pass(self) -> int:
        """Start sending what is queued, as far as there is room; record what became of the last."""
        _, claimed = await self._turn_over(IN_FLIGHT - len(self._sending))
        for row, address in claimed:
            task = asyncio.create_task(self._send(row, address))
            self._sending.add(task)
            task.add_done_callback(self._sent)
        return len(claimed)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self.outbox_wake.set()

    async def _turn_over(self, room: int) -> tuple[int, list[tuple[OutboxRow, Address | None]]]:
        """Write down what became of sends, act on those given up, claim the next ones.

        Returns how many were written down, and the claimed with their addresses.
        """
        results, self._results = self._results, []
        rode, self.intake.rode = self.intake.rode, []
        if not results and not rode and room <= 0:
            return 0, []
        now = self.clock.now()
        try:
            async with self.db.transaction() as tx:
                await messages.finish_outbound(tx, rode, self.intake.owner)
                await messages.finish_outbound(tx, [sent for _, sent, _ in results], self.owner)
                claimed = await self._claim(tx, now, room) if room > 0 else []
        except Exception:
            self._results = results + self._results
            self.intake.rode = rode + self.intake.rode
            raise
        for row, sent, shut in results:
            if sent.error and not sent.retry_at:
                await self.given_up(row, sent.error, shut)
        return len(results) + len(rode), claimed

    async def _claim(
        self, tx: Tx, now: datetime, room: int
    ) -> list[tuple[OutboxRow, Address | None]]:
        rows = await messages.claim_outbound(
            self.db, tx, now, owner=self.owner, limit=room, lease=LEASE
        )
        work = Work(self.db, tx, self.engine.ids, now)
        await work.preload(Address, "id", [row.address_id for row in rows])
        found = [(row, await work.get(Address, row.address_id)) for row in rows]
        return [(row, known if known and known.address else None) for row, known in found]

    async def _send(self, row: OutboxRow, address: Address | None) -> None:
        now = self.clock.now()
        channel = self.channels.get(row.channel)
        if address is None or channel is None or not row.body:
            error = "no_channel" if channel is None else "erased"
            self._results.append((row, Sent(row.id, now, error=error), ""))
            return
        try:
            receipt = await channel.send(
                address.address, message_of(row), line=address.line, reference=str(row.id)
            )
            self._results.append((row, Sent(row.id, now, provider_id=receipt.provider_id), ""))
        except SendError as refused:
            if refused.retryable and row.tries < SEND_TRIES:
                wait = with_jitter(row.tries, refused.retry_after)
                sent = Sent(row.id, now, error=refused.code, retry_at=now + wait)
            else:
                sent = Sent(row.id, now, error=refused.code)
            self._results.append((row, sent, refused.shut))
        except Exception as broken:
            log.exception("a send broke", extra={"outbox_id": row.id})
            retry = now + with_jitter(row.tries, None) if row.tries < SEND_TRIES else None
            error = type(broken).__name__
            self._results.append((row, Sent(row.id, now, error=error, retry_at=retry), ""))

    async def record(self) -> int:
        """Write down what became of sends, and act on those given up."""
        return (await self._turn_over(0))[0]

    async def given_up(self, row: OutboxRow, code: str, shut: str) -> None:
        """Act on a message that cannot be delivered; ``shut`` as in ``SendError``."""
        for _ in range(5):
            try:
                async with self.db.transaction() as tx:
                    work = Work(self.db, tx, self.engine.ids, self.clock.now())
                    scene = Scene(work, self.engine.world)
                    await delivery.failed(scene, row, code, shut)
                    scene.close()
                    await work.flush()
                return
            except Conflict:
                continue

    # --- running -------------------------------------------------------------------------------

    async def drain(self) -> int:
        """Work until nothing is due any more; returns how much was done."""
        total = 0
        while True:
            done = await self.inbox_pass()
            done += await self.timer_pass()
            done += await self.outbox_pass()
            if self._sending:
                await asyncio.gather(*self._sending, return_exceptions=True)
            done += await self.record()
            total += done
            if not done:
                return total

    async def run(self) -> None:
        """Run the three loops until cancelled."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._loop(self.inbox_pass, self.intake.wake))
            loops.create_task(self._loop(self.outbox_pass, self.outbox_wake))
            loops.create_task(self._loop(self.timer_pass, asyncio.Event()))

    async def _loop(self, one_pass: Callable[[], Awaitable[int]], wake: asyncio.Event) -> None:
        while True:
            wake.clear()
            try:
                if await one_pass():
                    continue
            except Conflict:
                continue
            except Exception:
                log.exception("a worker pass failed", extra={"loop": one_pass.__name__})
                await asyncio.sleep(1)
            try:
                async with asyncio.timeout(POLL):
                    await wake.wait()
            except TimeoutError:
                pass

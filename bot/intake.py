"""The way in: messages are stored, together where they come together, before they are acknowledged.

Webhooks that arrive at the same time share one transaction. A webhook may then wait for its turn's
outcome and carry the replies in its own answer.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from bot.clock import Clock
from db import messages
from db.database import Database
from db.ids import Ids
from db.messages import Sent
from db.models import InboundMessage, InboxRow, OutboxRow
from handlers.inbox import Handled


@dataclass
class Waiting:
    """A message on its way into the inbox, and who waits to know."""

    row: InboxRow
    stored: asyncio.Future[bool]


@dataclass(frozen=True)
class Accepted:
    """A stored message. ``replies`` is None when the turn took too long to wait for."""

    inbox_id: int
    is_new: bool
    replies: tuple[OutboxRow, ...] | None = None


@dataclass
class Intake:
    """Stores what comes in. ``works_here``: this process also handles it, so replies may ride."""

    db: Database
    ids: Ids
    clock: Clock
    works_here: bool = True
    owner: str = field(default_factory=lambda: f"web-{uuid.uuid4().hex[:8]}")
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    rides: dict[int, str] = field(default_factory=dict)
    _outcomes: dict[int, asyncio.Future[tuple[OutboxRow, ...]]] = field(default_factory=dict)
    _waiting: list[Waiting] = field(default_factory=list)
    _writer: asyncio.Task[None] | None = None
    rode: list[Sent] = field(default_factory=list)

    async def accept(
        self, message: InboundMessage, *, answered: bool = False, ride_seconds: float = 0.0
    ) -> Accepted:
        """Store a message; it survives a crash from here on. Raises if it cannot be stored.

        ``answered``: the emergency text already went back in place. ``ride_seconds``: how long to
        wait for the turn's replies.
        """
        now = self.clock.now()
        row = InboxRow(
            id=self.ids.new(now),
            channel=message.channel,
            external_id=message.external_id[:80],
            lane=self.db.keyring.blind(f"{message.channel}:{message.address}"),
            body=_body(message),
            received_at=now,
            due_at=now,
            answered=answered,
        )
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[tuple[OutboxRow, ...]] | None = None
        if ride_seconds and self.works_here:
            outcome = loop.create_future()
            self._outcomes[row.id] = outcome
            self.rides[row.id] = self.owner
        waiting = Waiting(row, loop.create_future())
        self._waiting.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        try:
            is_new = await waiting.stored
            if not is_new or outcome is None:
                return Accepted(row.id, is_new)
            try:
                async with asyncio.timeout(ride_seconds):
                    return Accepted(row.id, True, await outcome)
            except TimeoutError:
                just = outcome.done() and not outcome.cancelled()  # in the very same moment
                return Accepted(row.id, True, outcome.result() if just else None)
        finally:
            self._outcomes.pop(row.id, None)
            self.rides.pop(row.id, None)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                async with self.db.transaction() as tx:
                    new = await messages.store_inbound(self.db, tx, [w.row for w in batch])
            except Exception as why:
                for waiting in batch:
                    if not waiting.stored.done():
                        waiting.stored.set_exception(why)
                continue
            for waiting in batch:
                if not waiting.stored.done():
                    waiting.stored.set_result(waiting.row.id in new)
            self.wake.set()

    def handled(self, done: Handled) -> None:
        """The worker's word that a message was handled: whoever waits gets the replies.

        Replies that were to ride, and whose webhook has stopped waiting, go by the outbox at once.
        """
        outcome = self._outcomes.get(done.inbox_id)
        if outcome is not None and not outcome.done():
            outcome.set_result(done.replies)
            return
        now = self.clock.now()
        late = [row for row in done.replies if row.owner == self.owner]
        self.rode += [Sent(row.id, now, error="late", retry_at=now) for row in late]

    def handed_over(self, ids: Sequence[int]) -> None:
        """These replies went out in a webhook's answer."""
        now = self.clock.now()
        self.rode += [Sent(one, now) for one in ids]


_PARTS = tuple(f.name for f in fields(InboundMessage))
_NEEDED = {"channel", "external_id", "line", "address", "kind"}


def _body(message: InboundMessage) -> dict[str, Any]:
    given = ((name, getattr(message, name)) for name in _PARTS)
    body = {name: v for name, v in given if name in _NEEDED or v not in ("", None)}
    if message.sent_at:
        body["sent_at"] = message.sent_at.isoformat()
    return body

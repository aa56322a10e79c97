"""After an outage: emergencies kept in files, and texts that Twilio has and we do not."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.channels.sms import TwilioSms
from bot.clock import Clock
from bot.intake import Intake
from bot.spool import Spool
from db import messages, meta
from db.database import Database
from db.models import InboundMessage
from db.work import Work
from handlers.services.contacts import all_services

log = logging.getLogger(__name__)
OVERLAP = timedelta(minutes=30)
LONGEST = timedelta(days=3)
CAUGHT_UP = "sms_caught_up_at"
LOOK_AGAIN_SECONDS = 600.0  # the network may have been down while we were up
TRY_AGAIN_SECONDS = 30.0


@dataclass
class CatchUp:
    """Catches up at the start, and again after every time something could not be stored."""

    db: Database
    intake: Intake
    spool: Spool
    clock: Clock
    sms: TwilioSms | None
    due: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until cancelled: whatever is due is tried until it has worked."""
        self.due.set()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                    await self.due.wait()
            if not await self.once():
                await asyncio.sleep(TRY_AGAIN_SECONDS)

    async def once(self) -> bool:
        """One try; True if nothing is left to catch up with."""
        self.due.clear()
        try:
            await replay_spool(self.spool, self.intake)
            if self.sms:
                await catch_up_sms(self.db, self.sms, self.intake, self.clock.now())
        except Exception:
            log.exception("catching up failed; it is tried again")
            self.due.set()
            return False
        return True


async def replay_spool(spool: Spool, intake: Intake) -> int:
    """Put spooled emergencies into the inbox; their first answer went out at the time."""
    replayed = 0
    for path, message in await asyncio.to_thread(spool.waiting):
        await intake.accept(message, answered=True)
        path.unlink(missing_ok=True)
        replayed += 1
    return replayed


async def catch_up_sms(db: Database, sms: TwilioSms, intake: Intake, now: datetime) -> int:
    """Fetch inbound texts missing from the inbox; each carries when it was sent.

    It looks back to the last time that this worked: what came in since then may have gaps.
    """
    since = await _since(db)
    if since is None:
        await meta.put(db, CAUGHT_UP, now.isoformat())
        return 0  # a first start: there is nothing of ours to miss
    found: list[InboundMessage] = []
    for line in await _lines(db, sms, intake, now):
        found += await sms.missed_messages(line, max(since - OVERLAP, now - LONGEST))
    async with db.read() as tx:
        have = await messages.known_external_ids(tx, "sms", [m.external_id for m in found])
    missing = [m for m in found if m.external_id not in have]
    for message in sorted(missing, key=lambda m: m.sent_at or now):
        await intake.accept(message)
    await meta.put(db, CAUGHT_UP, now.isoformat())
    if missing:
        log.info("caught up", extra={"messages": len(missing)})
    return len(missing)


async def _since(db: Database) -> datetime | None:
    written = await meta.get(db, CAUGHT_UP)
    if written:
        return datetime.fromisoformat(written)
    async with db.read() as tx:
        return await messages.last_received(tx, "sms")


async def _lines(db: Database, sms: TwilioSms, intake: Intake, now: datetime) -> list[str]:
    async with db.read() as tx:
        services = await all_services(Work(db, tx, intake.ids, now))
    lines = {service.sms_line for service in services} | {sms.from_number}
    return sorted(line for line in lines if line)

"""After an outage: emergencies kept in files, and texts that Twilio has and we do not."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from bot.channels.sms import TwilioSms
from bot.intake import Intake
from bot.spool import Spool
from db import messages
from db.database import Database
from db.models import InboundMessage
from db.work import Work
from handlers.services.contacts import all_services

log = logging.getLogger(__name__)
OVERLAP = timedelta(minutes=30)
LONGEST = timedelta(days=3)


async def replay_spool(spool: Spool, intake: Intake) -> int:
    """Put spooled emergencies into the inbox; their first answer went out at the time."""
    replayed = 0
    for path, message in spool.waiting():
        await intake.accept(message, answered=True)
        path.unlink()
        replayed += 1
    return replayed


async def catch_up_sms(db: Database, sms: TwilioSms, intake: Intake, now: datetime) -> int:
    """Fetch inbound texts missing from the inbox; each carries when it was sent."""
    async with db.read() as tx:
        last = await messages.last_received(tx, "sms")
        work = Work(db, tx, intake.ids, now)
        lines = {s.sms_line for s in await all_services(work) if s.sms_line}
    if last is None:
        return 0  # a first start: there is nothing of ours to miss
    since = max(last - OVERLAP, now - LONGEST)
    found: list[InboundMessage] = []
    for line in sorted(lines | ({sms.from_number} if sms.from_number else set())):
        found += await sms.missed_messages(line, since)
    async with db.read() as tx:
        have = await messages.known_external_ids(tx, "sms", [m.external_id for m in found])
    missing = [m for m in found if m.external_id not in have]
    for message in sorted(missing, key=lambda m: m.sent_at or now):
        await intake.accept(replace(message))
    if missing:
        log.info("caught up", extra={"messages": len(missing)})
    return len(missing)

"""Which coordinator is asked, and until when they have to answer. Functions of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.models import Staff
from handlers.services.hours import is_readable, opening
from handlers.services.rules import Rules

ROUND_AGAIN = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Asked:
    """``staff`` is asked now and has till ``until``; nobody (None) = all are off till ``until``."""

    staff: Staff | None
    until: datetime


def whom_to_ask(
    staff: Sequence[Staff], already: Sequence[int], now: datetime, rules: Rules, nation: str
) -> Asked:
    """The next coordinator on duty who was not asked yet; once all were, it starts again."""
    on_list = sorted((s for s in staff if s.call_order > 0), key=lambda s: s.call_order)
    awake = [s for s in on_list if is_on_duty(s, now, nation)]
    fresh = [s for s in awake if s.id not in already]
    if fresh:
        return Asked(fresh[0], now + timedelta(minutes=rules.next_coordinator_minutes))
    if awake:  # everybody knows: remind whoever was asked longest ago, less often
        last = {staff_id: n for n, staff_id in enumerate(already)}
        return Asked(min(awake, key=lambda s: last[s.id]), now + ROUND_AGAIN)
    starts = [at for s in on_list if (at := opening(s.hours, now, nation).opens_at)]
    return Asked(None, min(starts, default=now + timedelta(hours=1)))


def is_on_duty(staff: Staff, now: datetime, nation: str) -> bool:
    """Within their hours; no hours, or hours that cannot be read, means always."""
    if not is_readable(staff.hours):
        return True
    return opening(staff.hours, now, nation).is_open is True

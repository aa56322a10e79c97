"""Which coordinator is asked, until when they have to answer, and when what can wait is told.

Functions of values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from db.models import Staff
from handlers.services.hours import is_readable, opening
from handlers.services.rules import LONDON, Rules, is_night, night_ends

ROUND_AGAIN = timedelta(minutes=60)
BY_DAY = time(10)
WAITS = (1, 2, 4, 7)
"""Days till what can wait is brought up again: after the first time, the second, ... the last."""


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


def whom_to_ask_by_day(
    staff: Sequence[Staff], already: Sequence[int], now: datetime, rules: Rules, nation: str
) -> Asked:
    """As ``whom_to_ask``, but at night nobody, unless nobody on the list ever works by day."""
    asked = whom_to_ask(staff, already, now, rules, nation)
    when = now if asked.staff else asked.until
    if is_night(when, rules) and _works_by_day(staff, when, rules, nation):
        return Asked(None, night_ends(when, rules))
    return asked


def _works_by_day(staff: Sequence[Staff], now: datetime, rules: Rules, nation: str) -> bool:
    hours = (now + timedelta(hours=n) for n in range(7 * 24))
    days = [hour for hour in hours if not is_night(hour, rules)]
    return any(is_on_duty(s, day, nation) for s in staff if s.call_order > 0 for day in days)


def again_by_day(times_told: int, now: datetime) -> datetime:
    """When what can wait is brought up again: at ten, by London's clock, ``WAITS`` days on."""
    days = WAITS[min(max(times_told, 1), len(WAITS)) - 1]
    day = now.astimezone(LONDON).date() + timedelta(days=days)
    return datetime.combine(day, BY_DAY, LONDON).astimezone(now.tzinfo)

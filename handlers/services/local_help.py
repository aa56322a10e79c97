"""The service's own people and places to talk to (J8): who is there now, who answers by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from content.library import Words
from db.models import LocalHelp, Service
from db.work import Work
from handlers.services.hours import Opening, opening

KINDS = (
    "outreach_nurse",
    "clinic",
    "recovery_worker",
    "hospital_link",
    "prison_link",
    "exchange",
    "other",
)
PEOPLE = ("outreach_nurse", "recovery_worker", "hospital_link", "prison_link")
"""Kinds said beside a name; a place's own name says what it is."""
CONFIRMED_FOR = timedelta(days=180)
"""So long a number counts that somebody has checked: a dead line is worse than none."""
TO_ANSWER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class There:
    """Somebody to talk to, and whether they are there now."""

    help: LocalHelp
    opening: Opening

    @property
    def words(self) -> Words:
        """When they are there, in a few words."""
        return self.opening.words


async def directory(work: Work, service: Service, now: datetime) -> list[There]:
    """Everybody there is: who is there now first, then who is back soonest."""
    found = [
        There(one, opening(one.hours, now, service.nation))
        for one in await work.find(LocalHelp, service_id=service.id, status="active")
    ]
    return sorted(found, key=lambda there: _order(there, now))


def _order(there: There, now: datetime) -> tuple[int, float, str]:
    if there.opening.is_open:
        return 0, 0.0, there.help.name
    back = there.opening.opens_at
    return (1, (back - now).total_seconds(), there.help.name) if back else (2, 0.0, there.help.name)


def phone_of(one: LocalHelp, today: date) -> str:
    """The number people may ring, "" while nobody has confirmed it lately."""
    if one.confirmed_on is None or today - one.confirmed_on > CONFIRMED_FOR:
        return ""
    return one.phone


def due_of(one: LocalHelp, now: datetime, nation: str) -> datetime:
    """By when a word passed on to them is to be answered: an hour of their next opening."""
    here = opening(one.hours, now, nation)
    if here.opens_at is not None:
        return here.opens_at.astimezone(now.tzinfo) + TO_ANSWER
    if here.until is not None and here.until < now + TO_ANSWER:
        later = opening(one.hours, here.until, nation).opens_at
        if later is not None:
            return later.astimezone(now.tzinfo) + TO_ANSWER
    return now + TO_ANSWER

"""What is looked at by itself, day by day, service by service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta

from db.models import Service, Timer
from db.work import Work
from handlers.engine.turn import Scene
from handlers.services.rules import LONDON

Look = Callable[[Scene, Service], Awaitable[None]]

TIMES = {
    "night_round": (time(3, 30),),  # counts and clean-ups: nobody is written to
    "morning_round": (time(10),),  # what people are told by day
    "watch_round": (time(8), time(15, 30)),  # what the coming hours lack, in time to mend it
}


def next_round(kind: str, now: datetime) -> datetime:
    """When the next round of this kind is due, by London's clock."""
    local = now.astimezone(LONDON)
    days = (local.date(), local.date() + timedelta(days=1))
    due = (datetime.combine(day, at, LONDON) for day in days for at in TIMES[kind])
    return next(when for when in due if when > local).astimezone(now.tzinfo)


def round_of(*looks: Look) -> Callable[[Scene, Timer], Awaitable[None]]:
    """A timer that takes these looks at every service, and is there again the next time."""

    async def due(scene: Scene, timer: Timer) -> None:
        for service in await scene.work.find(Service):
            for look in looks:
                await look(scene, service)
        scene.set_timer(timer.key, timer.kind, next_round(timer.kind, scene.now))

    return due


async def seed(work: Work) -> None:
    """See to it that every round is set; one set earlier is kept."""
    for kind in TIMES:
        if await work.get(Timer, kind) is None:
            work.set_timer(Timer(kind, kind, next_round(kind, work.now)))

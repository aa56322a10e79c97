"""After an emergency: a text the next day if it is wanted, the kit that was used, a person."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from db.models import Contact, Timer
from handlers.engine.conversation import begin
from handlers.engine.flow import END, Choose, Do, Flow, Go, Next, Say, leads_to
from handlers.engine.turn import Scene, Turn
from handlers.services.roles import peer_of
from handlers.services.rules import LONDON

MORNING = time(10)
DOSE_WORDS = {1: "one", 2: "two", 3: "three", 4: "more", 5: "more"}
PRODUCTS = {"prenoxad": "injectable", "nyxoid": "nasal", "ventizolve": "nasal"}


def next_day(now: datetime) -> datetime:
    """Ten in the morning after the coming night (what happens before five is still tonight)."""
    local = now.astimezone(LONDON)
    night_of = local.date() - timedelta(days=1) if local.time() < time(5) else local.date()
    return datetime.combine(night_of + timedelta(days=1), MORNING, LONDON).astimezone(now.tzinfo)


def in_two_days(turn: Turn) -> None:
    """A text the morning after next, as they asked."""
    _set_timer(turn, next_day(turn.now) + timedelta(days=1))


def _set_timer(turn: Turn, due: datetime) -> None:
    turn.scene.set_timer(f"aftercare:{turn.id}", "aftercare", due, contact=turn.id)


@leads_to("crisis", "tomorrow_or_on")
async def start(turn: Turn, _: str) -> Next:
    """Somebody who meant to die hears of the lines first."""
    return "crisis" if turn.data.get("crisis") else "tomorrow_or_on"


@leads_to("tomorrow", "report")
async def tomorrow_or_on(turn: Turn, _: str) -> Next:
    """A peer is asked how they are in any case (debrief.py)."""
    return "report" if await peer_of(turn.work, turn.id) else "tomorrow"


@leads_to("report")
async def tomorrow(turn: Turn, answer: str) -> Next:
    """A text tomorrow, only if they want it."""
    if answer == "yes":
        _set_timer(turn, next_day(turn.now))
        turn.journal("AftercareWanted")
    return "report"


@leads_to("flow:used", "flow:talk", "later")
async def report(turn: Turn, answer: str) -> Next:
    """Log the used kit and get the next one, talk to a person, or nothing now."""
    if answer == "talk":
        return Go("talk")
    if answer == "later":
        return "later"
    known: dict[str, Any] = {"used_on": "today", "after_emergency": True}
    if doses := DOSE_WORDS.get(turn.data.get("doses", 0)):
        known["doses"] = doses
    if product := PRODUCTS.get(turn.data.get("kit", "")):
        known["product"] = product
    return Go("used", "report", known)


@leads_to("flow:talk", "well", "leave")
async def how(turn: Turn, answer: str) -> Next:
    """The day after."""
    turn.journal("AftercareAnswered", answer=answer)
    return Go("talk") if answer == "talk" else answer


AFTERCARE = Flow(
    "aftercare",
    (
        Do("start", start),
        Say("crisis", "tomorrow_or_on"),
        Do("tomorrow_or_on", tomorrow_or_on),
        Choose("tomorrow", ("yes", "no"), tomorrow, "words", careful=True),
        Choose("report", ("report", "talk", "later"), report),
        Say("later", END),
        Choose("how", ("well", "talk", "leave"), how),
        Say("well", END),
        Say("leave", END),
    ),
    by_timer=("how",),
)


async def aftercare_due(scene: Scene, timer: Timer) -> None:
    """The text they asked for; nothing if they have stopped us since."""
    contact = await scene.work.get(Contact, timer.payload["contact"])
    if contact is None or contact.erased_at or contact.stopped_at or contact.blocked_at:
        return
    turn = await scene.person(contact.id)
    await begin(turn, "aftercare", "how")

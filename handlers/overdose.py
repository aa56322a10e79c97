"""Overdose now: the card first, whatever else is going on, then one question at a time.

The first text is decided before storage and without a database (see engine/emergency.py). Nobody
is promised to be fine, nobody is sent, and what the 999 handler says goes first.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from content import library
from db.models import Flag, RequestStatus
from handlers import meeting
from handlers.emergency_card import say_card
from handlers.engine.conversation import begin, drop
from handlers.engine.emergency import emergency
from handlers.engine.flow import END, Choose, Do, Flow, Next, Say, leads_to
from handlers.engine.matching import plain
from handlers.engine.turn import EMERGENCY, Turn
from handlers.flags import close_flag, raise_flag
from handlers.services import requests
from handlers.services.contacts import all_services

SAME_LINE_ONCE = timedelta(seconds=30)


async def now(turn: Turn, text: str, why: tuple[str, ...]) -> None:
    """Somebody says an overdose may be happening."""
    if _just_answered(turn, text):
        return
    say_card(turn)
    again = turn.flow == "overdose"
    turn.journal("EmergencyAnswered", why=list(why), again=again)
    for request in await requests.open_request_of(turn.work, turn.id):
        if request.status == RequestStatus.ACCEPTED and request.meeting != "paused":
            await meeting.pause(turn.scene, request)
    service = turn.service or next(iter(await all_services(turn.work)), None)
    if service and not again:
        await raise_flag(turn.scene, service, "emergency", contact_id=turn.id)
    if not again:
        drop(turn, "awareness")  # nobody wants to come back to a lesson
        await begin(turn, "overdose")


def _just_answered(turn: Turn, text: str) -> bool:
    mark = hashlib.sha256(text.strip().casefold().encode("utf-8", "replace")).hexdigest()[:12]
    last = turn.memory.get("emergency", {})
    same = last.get("mark") == mark
    if same and turn.now - datetime.fromisoformat(last["at"]) < SAME_LINE_ONCE:
        return True  # counted from the answer: who repeats it for minutes is answered again
    turn.memory["emergency"] = {"mark": mark, "at": turn.now.isoformat()}
    return False


def says_mistake(turn: Turn, text: str) -> bool:
    """ "hes not in danger i just want the kit": the words for it, anywhere in a sentence."""
    if emergency(text).is_emergency:
        return False
    words = library.option(turn.locale, "overdose.now", "mistake").words
    return any(word in plain(text) for word in words if " " in word)


async def still(turn: Turn) -> None:
    """Anything else said while the emergency is open: what to do meanwhile."""
    turn.say("overdose.still", kind="emergency", priority=EMERGENCY)


@leads_to("helped")
async def over(turn: Turn, _: str) -> Next:
    """Help is there: a paused meeting is open again."""
    turn.journal("EmergencyOver")
    await meeting.resume(turn)
    return "helped"


@leads_to("mistake")
async def no_emergency(turn: Turn, _: str) -> Next:
    """It was none: the meeting is open again, and no coordinator need look."""
    turn.journal("EmergencyTakenBack")
    for flag in await turn.work.find(Flag, contact_id=turn.id, kind="emergency"):
        if flag.status != "done":
            close_flag(turn.scene, flag)
    await meeting.resume(turn)
    return "mistake"


@leads_to("now")
async def not_yet(turn: Turn, _: str) -> Next:
    """Still waiting."""
    await still(turn)
    return "now"


OVERDOSE = Flow(
    "overdose",
    (
        Choose(
            "now",
            ("helped", "not_yet", "mistake"),
            {"helped": "over", "not_yet": "not_yet", "mistake": "no_emergency"},
            "words",
            careful=True,
        ),
        Do("no_emergency", no_emergency),
        Say("mistake", END),
        Do("not_yet", not_yet),
        Do("over", over),
        Say("helped", END),
    ),
    urgent=True,
)

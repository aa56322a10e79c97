"""Overdose now: the card first, whatever else is going on; then the coaching (coaching.py).

The first text is decided before storage and without a database (see engine/emergency.py).
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from content.phrasebook import fold, phrasebook
from db.models import RequestStatus
from handlers import coaching, meeting
from handlers.coaching_words import meaning, says
from handlers.emergency_card import say_card
from handlers.engine import conversation
from handlers.engine.emergency import Verdict
from handlers.engine.turn import Turn
from handlers.engine.understanding import understand
from handlers.flags import raise_flag
from handlers.services import requests
from handlers.services.contacts import service_to_tell

SAME_LINE_ONCE = timedelta(seconds=30)
ASIDES = {
    "died": "overdose.died",
    "police": "overdose.police",
    "cant_call": "overdose.cant_call",
    "myth": "overdose.myth",
    "leave": "overdose.leave",
    "another": "overdose.another",
    "sick": "overdose.sick",
    "no_cpr": "overdose.no_cpr",
    "child": "overdose.child",
    "afraid": "overdose.afraid",
}
"""What people ask in the middle of it → the answer."""


async def now(turn: Turn, text: str, why: tuple[str, ...]) -> None:
    """Somebody says an overdose may be happening."""
    if _just_answered(turn, text):
        return
    say_card(turn)
    again = turn.flow == coaching.OVERDOSE.name
    await note(turn, why, again=again)
    for request in await requests.open_request_of(turn.work, turn.id):
        if request.status == RequestStatus.ACCEPTED and request.meeting != "paused":
            await meeting.pause(turn.scene, request)
    if again:
        if not _aside(turn, text):
            await conversation.ask(turn)  # the card again, and where we were
        coaching.heard(turn)
        return
    conversation.drop(turn, "awareness")  # nobody wants to come back to a lesson
    data = {}
    if "crisis" in understand(text).also:
        data["crisis"] = True
        if service := await service_to_tell(turn.work, turn.service):
            await raise_flag(turn.scene, service, "crisis", contact_id=turn.id)
    if about_oneself(text):
        data["self"] = True
    await conversation.begin(turn, coaching.OVERDOSE.name, "", **data)


def about_oneself(text: str) -> bool:
    """ "ive took too much": the writer did, and nobody else is in it."""
    words = set(fold(text).replace("'", "").split())
    classes = phrasebook().words["en"]
    others = (classes["person"] | classes["someone"]) - classes["self"]
    mine = not words.isdisjoint(classes["self"]) and not words.isdisjoint(classes["self_did"])
    return mine and words.isdisjoint(others)


async def note(turn: Turn, why: tuple[str, ...], *, again: bool) -> None:
    """Every emergency is in the journal, and a coordinator sees it."""
    turn.journal("EmergencyAnswered", why=list(why), again=again)
    service = await service_to_tell(turn.work, turn.service)
    if service and not again:
        await raise_flag(turn.scene, service, "emergency", contact_id=turn.id)


def _just_answered(turn: Turn, text: str) -> bool:
    mark = hashlib.sha256(text.strip().casefold().encode("utf-8", "replace")).hexdigest()[:12]
    last = turn.memory.get("emergency", {})
    same = last.get("mark") == mark
    if same and turn.now - datetime.fromisoformat(last["at"]) < SAME_LINE_ONCE:
        return True  # counted from the answer: who repeats it for minutes is answered again
    turn.memory["emergency"] = {"mark": mark, "at": turn.now.isoformat()}
    return False


def is_open(turn: Turn) -> bool:
    """An emergency is open; one that fell silent long ago is let go first."""
    if turn.flow != coaching.OVERDOSE.name:
        return False
    asked = turn.asked_at
    if turn.step == "silent" and asked and turn.now - asked > coaching.LONG_SILENT:
        conversation.drop(turn, coaching.OVERDOSE.name)
        return False
    return True


async def answered(turn: Turn, text: str, verdict: Verdict) -> bool:
    """An answer to the open question, or news of how they are, in whatever words."""
    urgent = turn.scene.answered or verdict.is_emergency
    meant = await meaning(turn, text, urgent=urgent)
    if not meant:
        return False
    if urgent:
        if _just_answered(turn, text):
            return True
        say_card(turn)
        turn.journal("EmergencyAnswered", why=list(verdict.why), again=True)
    if meant.option:
        await conversation.answer(turn, meant.option)
    elif meant.mistake:
        await conversation.proceed(turn, "no_emergency")
    elif meant.kit:
        await conversation.proceed(turn, coaching.kit_found(turn, meant.kit))
    elif meant.doses:
        await conversation.proceed(turn, coaching.doses_told(turn, meant.doses))
    else:
        await _state(turn, meant.state)
    return True


async def _state(turn: Turn, state: str) -> None:
    """How they are, said at another question."""
    if turn.step == "kit" and state not in ("helped", "awake"):
        turn.data["breathing"] = "no" if state == "not_breathing" else "yes"
        await conversation.ask(turn)  # which kit is still to be known
        coaching.heard(turn)
        return
    if turn.step in coaching.AWAKE_STEPS and state == "same":
        state = "asleep"  # "he hasnt woken up", "no response": not what it was
    then = coaching.awake if turn.step in coaching.AWAKE_STEPS else coaching.change
    await conversation.proceed(turn, await then(turn, state))


def _aside(turn: Turn, text: str) -> bool:
    """A side question that has its own answer: the police, no phone, a cold bath, leaving."""
    for asked, said in ASIDES.items():
        if says(turn, text, asked):
            coaching.say_now(turn, said)
            return True
    return False


async def still(turn: Turn, text: str) -> None:
    """Anything else said while the emergency is open: a side question, or what can be said.

    At a dose, and for somebody by themselves, the last step is said again.
    """
    if not _aside(turn, text):
        if turn.step.startswith("dose_") or turn.step in coaching.SELF_STEPS:
            await conversation.ask(turn)
        else:
            coaching.say_now(turn, "overdose.still")
    coaching.heard(turn)


def leaves_silence(turn: Turn) -> bool:
    """After the last text whoever writes of something else has left the emergency."""
    if turn.step != "silent":
        return False
    conversation.drop(turn, coaching.OVERDOSE.name)
    return True

"""Overdose now: the card first, whatever else is going on; then the coaching (coaching.py).

The first text is decided before storage and without a database (see engine/emergency.py).
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from content import library
from content.phrasebook import fold, phrasebook
from db.models import RequestStatus
from handlers import coaching, meeting
from handlers.emergency_card import say_card
from handlers.engine import conversation
from handlers.engine.emergency import emergency
from handlers.engine.flow import Choose
from handlers.engine.matching import bare, longest_inside, plain, whole_option
from handlers.engine.turn import Turn
from handlers.engine.understanding import understand
from handlers.flags import raise_flag
from handlers.services import requests
from handlers.services.contacts import service_to_tell

NEVER_ASKED = ("helped", "awake", "given")
"""What is good news only when it is said, not when it is asked."""
BEFORE_COACHING = ("kit", "breathing", "with_you", "by_yourself", "self_check")
SAME_LINE_ONCE = timedelta(seconds=30)
ASIDES = {
    "police": "overdose.police",
    "cant_call": "overdose.cant_call",
    "myth": "overdose.myth",
    "leave": "overdose.leave",
}
"""What people ask in the middle of it → the answer."""
LONG_SILENT = timedelta(hours=2)
"""After the last message: who writes after that writes about something else."""


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
    if turn.step == "silent" and asked and turn.now - asked > LONG_SILENT:
        conversation.drop(turn, coaching.OVERDOSE.name)
        return False
    return True


async def answered(turn: Turn, text: str) -> bool:
    """An answer to the open question, or news of how they are, in whatever words."""
    verdict = emergency(text)
    urgent = turn.scene.answered or verdict.is_emergency
    option = await conversation.chosen_here(turn, text) or _meant_here(turn, text)
    if option in NEVER_ASKED and text.rstrip().endswith("?"):
        option = ""  # "przyjechali?" asks; it does not say that they came
    state = "" if option else _state_in(turn, text)
    mistake = "" if option or state or urgent else _means(turn, text, "kit", ("mistake",))
    if mistake and turn.step not in BEFORE_COACHING and _says(turn, text, "fine"):
        mistake, state = "", "awake"  # by now "hes fine" is how they are
    if not (option or mistake or state):
        return False
    if urgent:
        if _just_answered(turn, text):
            return True
        say_card(turn)
        turn.journal("EmergencyAnswered", why=list(verdict.why), again=True)
    if option:
        await conversation.answer(turn, option)
    elif mistake:
        await conversation.proceed(turn, "no_emergency")
    else:
        await _state(turn, state)
    return True


def _state_in(turn: Turn, text: str) -> str:
    """How they are, in the words of any question; "same" where nothing has changed."""
    state = _means(turn, text, "change", coaching.STATES)
    if turn.step in ("kit", "breathing"):
        return "" if state == "same" else state
    if state:
        return state
    if turn.step in coaching.AWAKE_STEPS and _means(turn, text, "awake_check", ("fine",)):
        return "fine"
    same = library.phrases(turn.tongue, "overdose", "same")
    return "same" if plain(text) in same or longest_inside(text, {"same": same}) else ""


def _meant_here(turn: Turn, text: str) -> str:
    """An option of the open question, said inside a sentence; "no emergency" needs more care."""
    here = conversation.current(turn)
    if here is None or not isinstance(here[1], Choose):
        return ""
    return _means(turn, text, turn.step, tuple(o for o in here[1].options if o != "mistake"))


async def _state(turn: Turn, state: str) -> None:
    """How they are, said at another question."""
    if turn.step == "kit" and state not in ("helped", "awake", "same"):
        turn.data["breathing"] = "no" if state == "not_breathing" else "yes"
        await conversation.ask(turn)  # which kit is still to be known
        coaching.heard(turn)
        return
    if turn.step in coaching.AWAKE_STEPS and state == "same":
        state = "asleep"  # "he hasnt woken up", "no response": not what it was
    then = coaching.awake if turn.step in coaching.AWAKE_STEPS else coaching.change
    await conversation.proceed(turn, await then(turn, state))


def _means(turn: Turn, text: str, step: str, options: tuple[str, ...]) -> str:
    """The option of a step of the coaching that a message means, or ""."""
    question = f"{coaching.OVERDOSE.name}.{step}"
    words = {name: library.option(turn.tongue, question, name).words for name in options}
    found = whole_option(text, words)
    if not found and longest_inside(text, {n: words[n] for n in words if n == "not_breathing"}):
        return "not_breathing"  # whatever else the sentence says
    found = found or longest_inside(text, words)
    if found in NEVER_ASKED and text.rstrip().endswith("?"):
        return ""
    if found == "helped" and _says(turn, text, "not_here"):
        return ""  # "is the ambulance here yet" is not "the ambulance is here"
    if found in ("awake", "given", "fine") and _says(turn, text, "not_done"):
        return "same" if found == "awake" else ""  # "he hasnt woke up", "havent given it"
    return found


def _says(turn: Turn, text: str, aside: str) -> bool:
    said = f" {bare(text)} "
    return any(f" {phrase} " in said for phrase in library.phrases(turn.tongue, "overdose", aside))


def _aside(turn: Turn, text: str) -> bool:
    """A side question that has its own answer: the police, no phone, a cold bath, leaving."""
    for asked, said in ASIDES.items():
        if _says(turn, text, asked):
            coaching.say_now(turn, said)
            return True
    return False


async def still(turn: Turn, text: str) -> None:
    """Anything else said while the emergency is open: a side question, or what can be said."""
    if not _aside(turn, text):
        coaching.say_now(turn, "overdose.still")
    coaching.heard(turn)

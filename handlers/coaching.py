"""The emergency conversation: one question at a time, and a timer that asks again by itself.

What the 999 handler says goes first. Nobody is promised to be fine and nobody is sent. Every answer
leads to what to do next with that kit; silence is asked about twice, then a coordinator is told.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from db.models import Flag, Timer
from handlers import debrief, meeting
from handlers.engine.conversation import proceed
from handlers.engine.flow import END, Choose, Do, Flow, Go, Next, Say, leads_to
from handlers.engine.turn import EMERGENCY, Scene, Turn
from handlers.flags import EMERGENCY_FLAGS, becomes, close_flag
from handlers.services.roles import peer_of
from handlers.services.rules import clock_words

KITS = ("prenoxad", "nyxoid", "ventizolve", "unsure", "none")
DOSES = {"prenoxad": 5, "nyxoid": 2}
"""Doses in one kit, where the leaflet says (Prenoxad and Nyxoid leaflets)."""

STATES = ("awake", "asleep", "not_breathing", "helped")
NEXT_DOSE = timedelta(minutes=2)  # "2 to 3 minutes" between doses: asked at 2, again at 3
ASKED_AGAIN = timedelta(minutes=3)
WATCH = timedelta(minutes=5)  # awake, and it may wear off
UNANSWERED = 2
ENDS = {"helped": "over", "mistake": "no_emergency"}
BREATHING = {"not_breathing": "no", "again": "again"}
AWAKE_STEPS = ("awake", "awake_check")
SELF_STEPS = ("with_you", "by_yourself", "self_check")


def watch(turn: Turn, step: str) -> str:
    """Go to a step; if nothing is heard there in time, the line asks by itself."""
    turn.data["unanswered"] = 0
    _note_list(turn, step)
    after = WATCH if step in AWAKE_STEPS else NEXT_DOSE
    _set_timer(turn, turn.now + after)
    return step


def _note_list(turn: Turn, step: str) -> None:
    """A figure typed later answers the last list the person read."""
    asked = OVERDOSE.by_name[step]
    if isinstance(asked, Choose) and asked.style == "numbers":
        turn.data["listed"] = step


def heard(turn: Turn) -> None:
    """Something was said, even if it was no answer: they are there."""
    if turn.step:
        watch(turn, turn.step)


def _set_timer(turn: Turn, due: datetime) -> None:
    turn.scene.set_timer(f"flow:{turn.id}", "coach", due, contact=turn.id)


async def coach_due(scene: Scene, timer: Timer) -> None:
    """Nothing was heard: ask for any change, twice; then one last message and a flag."""
    turn = await scene.person(timer.payload["contact"])
    if turn.flow != OVERDOSE.name or turn.contact.erased_at:
        return
    turn.data["unanswered"] = turn.data.get("unanswered", 0) + 1
    if turn.data["unanswered"] > UNANSWERED:
        turn.journal("EmergencySilent")
        await proceed(turn, "silent")
        await becomes(scene, turn.id, ("emergency",), "emergency_silent")
        return
    step = "awake_check" if turn.step in AWAKE_STEPS else "change"
    step = "self_check" if turn.step in SELF_STEPS else step
    _note_list(turn, step)
    await proceed(turn, step)
    _set_timer(turn, scene.now + ASKED_AGAIN)


# --- what the answers lead to ------------------------------------------------------------------


@leads_to("kit", "with_you")
async def start(turn: Turn, _: str) -> Next:
    """The card has been said; the first question. Who writes of themselves is asked who is near."""
    turn.data["began"] = turn.now.isoformat()
    return watch(turn, "with_you" if turn.data.get("self") else "kit")


@leads_to("show_them", "by_yourself", "over", "no_emergency")
async def with_you(turn: Turn, answer: str) -> Next:
    """Somebody near can do what the one who took too much cannot."""
    if answer in ENDS:
        return ENDS[answer]
    return "show_them" if answer == "yes" else watch(turn, "by_yourself")


@leads_to("by_yourself", "show_them", "over", "no_emergency")
async def by_yourself(turn: Turn, answer: str) -> Next:
    """Still there: the same again, till help or somebody else has come."""
    if answer in ENDS:
        return ENDS[answer]
    return "show_them" if answer == "somebody" else watch(turn, "by_yourself")


@leads_to("kit")
async def show_them(turn: Turn, _: str) -> Next:
    """From here on the one who helps reads along."""
    return watch(turn, "kit")


@leads_to("breathing", "coach", "over", "no_emergency")
async def kit(turn: Turn, answer: str) -> Next:
    """Which kit is there."""
    if answer in ENDS:
        return ENDS[answer]
    turn.data["kit"] = answer
    return "coach" if "breathing" in turn.data else watch(turn, "breathing")


@leads_to("coach", "over")
async def breathing(turn: Turn, answer: str) -> Next:
    """Are they breathing: pushes on the chest, or on their side."""
    if answer == "helped":
        return "over"
    turn.data["breathing"] = answer
    return "coach"


@leads_to("dose_prenoxad", "dose_nyxoid", "dose_ventizolve", "dose_unsure", "no_more", "no_kit")
async def coach(turn: Turn, _: str) -> Next:
    """The next dose, the way that kit works; or what to do without one."""
    which = turn.data.get("kit", "unsure")
    if which == "none":
        return watch(turn, "no_kit")
    if turn.data.get("empty") or _gone(turn) >= DOSES.get(which, _gone(turn) + 1):
        return watch(turn, "no_more")
    turn.data["due"] = True
    return watch(turn, f"dose_{which}")


def _gone(turn: Turn) -> int:
    """How many doses of the kit at hand are given or broken."""
    gone: int = turn.data.get("doses", 0) + turn.data.get("broken", 0)
    return gone


@leads_to("waiting", "stuck", "no_more", "over")
async def dose(turn: Turn, answer: str) -> Next:
    """A dose is in, will not work, or there is none left."""
    if answer == "helped":
        return "over"
    if answer == "stuck":
        return "stuck"
    if answer == "none_left":
        turn.data["empty"] = True
        return watch(turn, "no_more")
    return doses_told(turn, turn.data.get("doses", 0) + 1)


def doses_told(turn: Turn, doses: int) -> str:
    """So many doses are in by now; the line waits, or goes on asking whether they breathe."""
    turn.data["doses"], turn.data["due"] = doses, False
    turn.data.setdefault("first_dose", turn.now.isoformat())
    turn.data["last_dose"] = turn.now.isoformat()
    turn.journal("DoseGiven", kit=turn.data.get("kit", "unsure"), nth=doses)
    return watch(turn, "waiting" if "breathing" in turn.data else "breathing")


def kit_found(turn: Turn, kit: str) -> str:
    """A kit has turned up where there was none, or none left: from its first dose."""
    turn.data["kit"], turn.data["empty"] = kit, False
    turn.data["broken"] = -turn.data.get("doses", 0)
    return "coach" if "breathing" in turn.data else watch(turn, "breathing")


@leads_to("coach")
async def stuck(turn: Turn, _: str) -> Next:
    """A spray that failed is one dose less; the injection box has a second needle."""
    if turn.data.get("kit") != "prenoxad":
        turn.data["broken"] = turn.data.get("broken", 0) + 1
    return "coach"


@leads_to("awake", "coach", "over")
async def change(turn: Turn, answer: str) -> Next:
    """How they are now; where nothing changed, what was known of their breathing stands."""
    if answer == "helped":
        return "over"
    if answer != "same":
        turn.data["breathing"] = BREATHING.get(answer, "yes")
    return watch(turn, "awake") if answer in ("awake", "fine") else "coach"


@leads_to("awake_still", "coach", "over")
async def awake(turn: Turn, answer: str) -> Next:
    """They came round; going under again means the next dose at once, breathing or not."""
    if answer == "helped":
        return "over"
    if answer in ("fine", "awake"):
        return "awake_still"
    turn.data["breathing"] = "no" if answer == "not_breathing" else "again"
    return "coach"


@leads_to("awake")
async def awake_still(turn: Turn, _: str) -> Next:
    """Go on watching."""
    return watch(turn, "awake")


# --- the end of it -----------------------------------------------------------------------------


@leads_to("helped")
async def over(turn: Turn, _: str) -> Next:
    """Help is there: a paused meeting is open again."""
    turn.work.cancel_timer(f"flow:{turn.id}")
    turn.journal("EmergencyOver", doses=turn.data.get("doses", 0))
    await becomes(turn.scene, turn.id, EMERGENCY_FLAGS, "emergency_over")
    await meeting.resume(turn)
    if peer := await peer_of(turn.work, turn.id):
        await debrief.hard_event(turn.scene, peer, "own_use")
    return "helped"


@leads_to(END, "flow:aftercare")
async def after(turn: Turn, _: str) -> Next:
    """Aftercare, if we may write to them at all."""
    if turn.contact.stopped_at or turn.contact.blocked_at:
        return END
    kept: dict[str, Any] = {n: turn.data[n] for n in ("kit", "doses", "crisis") if n in turn.data}
    return Go("aftercare", data=kept)


@leads_to("mistake")
async def no_emergency(turn: Turn, _: str) -> Next:
    """It was none: the meeting is open again, and no coordinator need look."""
    turn.journal("EmergencyTakenBack")
    for flag in await turn.work.find(Flag, contact_id=turn.id):
        if flag.kind in EMERGENCY_FLAGS and flag.status != "done":
            close_flag(turn.scene, flag)
    for met in await meeting.paused(turn):
        await debrief.was_nothing(turn.scene, met[1])
    await meeting.resume(turn)
    return "mistake"


# --- what the texts need -----------------------------------------------------------------------


async def now_values(turn: Turn) -> dict[str, Any]:
    """Breathing or not, and which dose comes next."""
    return {
        "breathing": turn.data.get("breathing", "unsure"),
        "nth": _gone(turn) + 1,
    }


async def dose_values(turn: Turn) -> dict[str, Any]:
    """How many doses are in, and breathing or not."""
    return {
        "breathing": turn.data.get("breathing", "unsure"),
        "doses": turn.data.get("doses", 0),
        "at": clock_words(turn.now, turn.now),
    }


async def change_values(turn: Turn) -> dict[str, Any]:
    """The minutes since the last dose, or since it began."""
    since = turn.data.get("last_dose") or turn.data.get("began") or turn.now.isoformat()
    gone = turn.now - datetime.fromisoformat(since)
    return {
        "minutes": max(1, round(gone.total_seconds() / 60)),
        "doses": turn.data.get("doses", 0),
    }


async def awake_values(turn: Turn) -> dict[str, Any]:
    """Whether naloxone can wear off: only where some was given."""
    return {"doses": turn.data.get("doses", 0)}


async def mistake_values(turn: Turn) -> dict[str, Any]:
    """Whether it was about the writer."""
    return {"oneself": bool(turn.data.get("self"))}


async def helped_values(turn: Turn) -> dict[str, Any]:
    """What we know for the crew."""
    first = turn.data.get("first_dose")
    return {
        "doses": turn.data.get("doses", 0),
        "first": clock_words(datetime.fromisoformat(first), turn.now) if first else "",
    }


ALONE = ("still", "somebody", "helped", "mistake")
GIVING = ("given", "stuck", "none_left", "helped")

OVERDOSE = Flow(
    "overdose",
    (
        Do("start", start),
        Choose("kit", (*KITS, "helped", "mistake"), kit, careful=True),
        Choose("with_you", ("yes", "no", "helped", "mistake"), with_you, "words", careful=True),
        Say("show_them", show_them),
        Choose("by_yourself", ALONE, by_yourself, "words", careful=True),
        Choose("self_check", ALONE, by_yourself, values=change_values, careful=True),
        Choose("breathing", ("yes", "no", "unsure", "helped"), breathing, careful=True),
        Do("coach", coach),
        Choose("dose_prenoxad", GIVING, dose, "words", now_values, careful=True),
        Choose("dose_nyxoid", GIVING, dose, "words", now_values, careful=True),
        Choose("dose_ventizolve", GIVING, dose, "words", now_values, careful=True),
        Choose("dose_unsure", GIVING, dose, "words", now_values, careful=True),
        Say("stuck", stuck),
        Choose("no_kit", STATES, change, "words", now_values, careful=True),
        Choose("no_more", STATES, change, "words", now_values, careful=True),
        Choose("waiting", STATES, change, "words", dose_values, careful=True),
        Choose("change", STATES, change, values=change_values, careful=True),
        Choose(
            "awake",
            ("asleep", "not_breathing", "helped"),
            awake,
            "words",
            awake_values,
            careful=True,
        ),
        Do("awake_still", awake_still),
        Choose(
            "awake_check",
            ("fine", "asleep", "not_breathing", "helped"),
            awake,
            values=change_values,
            careful=True,
        ),
        Choose("silent", STATES, change, "words", careful=True),
        Do("no_emergency", no_emergency),
        Say("mistake", END, mistake_values),
        Do("over", over),
        Say("helped", after, helped_values),
    ),
    urgent=True,
    by_timer=("change", "awake_check", "self_check", "silent"),
)


def say_now(turn: Turn, name: str) -> None:
    """Something said in an open emergency, ahead of everything else."""
    turn.say(name, kind="emergency", priority=EMERGENCY)

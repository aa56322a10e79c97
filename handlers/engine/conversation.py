"""One step of a conversation: ask, take the answer, go on. Knows no flow by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from content import library
from db.models import Button, OutboundMessage
from handlers.engine.flow import Again, Choose, Do, End, Enter, Flow, Go, Next, Say, Step
from handlers.engine.matching import match_option
from handlers.engine.turn import EMERGENCY, NOTICE, REPLY, Turn

OFFER_A_PERSON_AFTER = 3
NUDGE_AFTER = timedelta(minutes=30)
LET_GO_AFTER = timedelta(hours=24)
_LONDON = ZoneInfo("Europe/London")


def current(turn: Turn) -> tuple[Flow, Step] | None:
    """The open conversation and the step it waits at; a flow that is gone counts as none."""
    flow = turn.world.flows.get(turn.flow)
    step = flow.by_name.get(turn.step) if flow else None
    return (flow, step) if flow and step else None


async def begin(turn: Turn, flow: str, step: str = "", /, **data: Any) -> None:
    """Start a conversation; one that waits for an answer is parked and picked up afterwards."""
    open_now = turn.world.flows.get(turn.flow)
    asked = turn.world.flows[flow]
    if open_now and open_now.urgent and not asked.urgent:  # it waits till the emergency is over
        turn.parked.insert(0, {"flow": flow, "step": step or asked.first, "data": data, "path": []})
        return
    if turn.flow and turn.flow != flow:
        park(turn)
    elif turn.flow == flow:
        data = {**turn.data, **data} if step else data
    await _enter(turn, flow, step, data)


def park(turn: Turn) -> None:
    """Put the open conversation aside."""
    if not turn.flow:
        return
    turn.parked[:] = [p for p in turn.parked if p["flow"] != turn.flow]
    turn.parked.append(
        {"flow": turn.flow, "step": turn.step, "data": turn.data, "path": turn.memory.get("path")}
    )
    del turn.parked[:-3]
    _forget(turn)


def drop(turn: Turn, flow: str) -> None:
    """Drop one conversation, open or parked."""
    turn.parked[:] = [p for p in turn.parked if p["flow"] != flow]
    if turn.flow == flow:
        _forget(turn)


def leave(turn: Turn) -> None:
    """Drop the open conversation and everything parked."""
    _forget(turn)
    turn.parked.clear()


def _forget(turn: Turn) -> None:
    turn.flow = turn.step = ""
    turn.tries = 0
    turn.asked_at = None
    turn.memory["data"] = {}
    turn.memory["path"] = []
    turn.work.cancel_timer(f"nudge:{turn.id}")
    turn.work.cancel_timer(f"flow:{turn.id}")  # one that the conversation itself set


async def _enter(turn: Turn, flow: str, step: str, data: dict[str, Any]) -> None:
    turn.flow, turn.step, turn.tries = flow, "", 0
    turn.memory["data"], turn.memory["path"] = dict(data), []
    await proceed(turn, step or turn.world.flows[flow].first)


async def proceed(turn: Turn, following: Next) -> None:
    """Go on from an answer until the next question, or the end."""
    hint: Again | None = None
    while True:
        if isinstance(following, End):
            await finish(turn)
            return
        if isinstance(following, Go):
            await _enter(turn, following.flow, following.step, following.data)
            return
        if isinstance(following, Again):
            hint, following = following, turn.step
        flow = turn.world.flows[turn.flow]
        step = flow.by_name[following]
        if isinstance(step, Say):
            values = await step.values(turn) if step.values else {}
            kind, priority = _urgency(flow)
            turn.say(f"{flow.name}.{step.name}", kind=kind, priority=priority, **values)
            following = await step.then(turn, "") if callable(step.then) else step.then
            continue
        if isinstance(step, Do):
            following = await step.then(turn, "")
            continue
        if turn.step and turn.step != step.name:
            turn.memory.setdefault("path", []).append(turn.step)
        turn.step, turn.tries = step.name, turn.tries if hint else 0
        await ask(turn, hint)
        return


def _urgency(flow: Flow) -> tuple[str, int]:
    if flow.urgent:
        return "emergency", EMERGENCY
    return (flow.unasked, NOTICE) if flow.unasked else ("reply", REPLY)


def put_back(turn: Turn) -> None:
    """Take the question on the table away; the one parked last is open again, without a word.

    Its buttons work again too: ``seq`` in the data is the number it was asked under.
    """
    seq = turn.data.get("seq", turn.seq)
    _forget(turn)
    if turn.parked:
        last = turn.parked.pop()
        turn.flow, turn.step, turn.seq = last["flow"], last["step"], seq
        turn.memory["data"], turn.memory["path"] = last["data"], last.get("path") or []


async def finish(turn: Turn) -> None:
    """The conversation is over; pick up the one that was parked last."""
    over = turn.flow
    _forget(turn)
    while turn.parked:
        last = turn.parked.pop()
        flow = turn.world.flows.get(last["flow"])
        if flow and last["flow"] != over and last["step"] in flow.by_name:
            turn.flow, turn.step = last["flow"], last["step"]
            turn.memory["data"], turn.memory["path"] = last["data"], last.get("path") or []
            await ask(turn, Again("back_to"))
            return


async def ask(turn: Turn, hint: Again | None = None) -> None:
    """Ask the question the conversation waits at, after a hint if there is one."""
    here = current(turn)
    if here is None:
        return
    flow, step = here
    if isinstance(step, Say | Do):
        return
    values = await step.values(turn) if step.values else {}
    turn.seq += 1
    turn.asked_at = turn.now
    turn.memory["last"] = "flow"
    name = f"{flow.name}.{step.name}"
    for locale in turn.ears.languages_for(name):
        text = library.text(locale, name, turn.channel, **values)
        if hint:
            text = f"{_hint(turn, flow, hint, locale)}\n{text}"
        await _send(turn, flow, step, text, locale)
    if flow.nudge:
        due = nudge_time(turn.now)
        turn.scene.set_timer(f"nudge:{turn.id}", "nudge", due, contact=turn.id, seq=turn.seq)


async def _send(turn: Turn, flow: Flow, step: Choose | Enter, text: str, locale: str) -> None:
    buttons: tuple[Button, ...] = ()
    if isinstance(step, Choose):
        buttons = tuple(
            Button(label, f"{flow.name}.{step.name}.{turn.seq}.{name}")
            for name, label in (await options(turn, flow, step, locale)).items()
        )
    kind, priority = _urgency(flow)
    turn.send(
        OutboundMessage(
            text=text,
            buttons=buttons,
            style=step.style if isinstance(step, Choose) else "words",
            ask_location=isinstance(step, Enter) and step.ask_location,
            emergency=flow.urgent,
        ),
        kind=kind,
        priority=priority,
    )


def nudge_time(now: datetime) -> datetime:
    """30 minutes on, by day."""
    return by_day(now + NUDGE_AFTER)


def by_day(when: datetime) -> datetime:
    """A time for what nobody asked for, moved into 9:00 to 20:00 UK time."""
    due = when.astimezone(_LONDON)
    if due.time() < time(9):
        due = due.replace(hour=9, minute=0, second=0, microsecond=0)
    elif due.time() >= time(20):
        due = (due + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    return due.astimezone(when.tzinfo)


def _hint(turn: Turn, flow: Flow, hint: Again, locale: str) -> str:
    name = f"{flow.name}.{hint.hint}"
    if not library.has_text(library.DEFAULT, name):
        name = f"common.{hint.hint}"
    return library.text(locale, name, turn.channel, **hint.values)


async def options(turn: Turn, flow: Flow, step: Choose, locale: str) -> dict[str, str]:
    """The options this person has here, in order, with their labels."""
    own: Mapping[str, str | None]
    own = await step.options_now(turn) if step.options_now else dict.fromkeys(step.options)
    question = f"{flow.name}.{step.name}"
    return {
        name: label or library.option(locale, question, name).label for name, label in own.items()
    }


async def chosen(turn: Turn, flow: Flow, step: Choose, text: str) -> str | None:
    """The option a typed answer means, or None."""
    labels = await options(turn, flow, step, turn.locale)
    question = f"{flow.name}.{step.name}"
    words = {}
    for name, label in labels.items():
        try:
            words[name] = (*library.option(turn.tongue, question, name).words, label.casefold())
        except library.MissingText:  # an option whose label is made on the spot
            words[name] = (label.casefold(),)
    return match_option(text, list(labels), words, careful=step.careful)


def awaits_words(turn: Turn) -> bool:
    """Whether the last thing said was a question to be answered in one's own words."""
    here = current(turn)
    return here is not None and isinstance(here[1], Enter) and turn.memory.get("last") == "flow"


async def chosen_here(turn: Turn, text: str) -> str | None:
    """The option of the question on the table that a typed answer means, or None."""
    here = current(turn)
    if here is None or not isinstance(here[1], Choose):
        return None
    return await chosen(turn, here[0], here[1], text)


async def answer(turn: Turn, name: str) -> None:
    """Go on from a chosen option (or, at an Enter step, from what was written)."""
    here = current(turn)
    if here is None:
        return
    step = here[1]
    then = step.then
    if isinstance(then, str | End):
        following: Next = then
    elif isinstance(then, Mapping):
        following = then[name]
    else:
        following = await then(turn, name)
    await proceed(turn, following)


async def not_understood(turn: Turn) -> None:
    """Repeat the question with a hint and keep the place; the third time offer a person."""
    turn.tries += 1
    here = current(turn)
    if here is None:
        return
    if isinstance(here[1], Choose) and here[1].otherwise and not _asks_instead(turn, here[1]):
        await answer(turn, here[1].otherwise)
        return
    kind = "choose" if isinstance(here[1], Choose) else "enter"
    hint = "offer_person" if turn.tries >= OFFER_A_PERSON_AFTER else f"not_understood_{kind}"
    await ask(turn, Again(hint))


def _asks_instead(turn: Turn, step: Choose) -> bool:
    """ "is it coming??" decides nothing where care is due: the question is asked once more."""
    said = turn.message.text if turn.message else ""
    return step.careful and turn.tries == 1 and said.rstrip().endswith("?")


async def back(turn: Turn) -> bool:
    """Return to the question before; False when there is none."""
    path: list[str] = turn.memory.get("path") or []
    here = current(turn)
    if here is None or not path:
        return False
    turn.step = path.pop()
    turn.tries = 0
    await ask(turn)
    return True

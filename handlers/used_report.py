"""The report of a used kit that is being made: kept at once, taken up again, counted once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from content import library
from db.models import KitRequest, Timer
from handlers.engine.conversation import drop
from handlers.engine.matching import bare
from handlers.engine.turn import Scene, Turn
from handlers.engine.understanding import understand
from handlers.services import uses
from handlers.services.contacts import service_to_tell
from handlers.services.holdings import held_by
from handlers.services.products import form_of
from handlers.services.roles import peer_of
from handlers.services.rules import rules_of

CORE = ("outcome", "doses", "ambulance")
"""With "no, nobody is unwell" these make a useful report."""
MORE = ("product", "used_on", "relation", "where")

OFTEN_SAID = {"doses": uses.DOSES, "used_on": uses.USED_ON, "relation": uses.RELATIONS}
"""What the first message often tells already ("used both sprays on my mate last night")."""

GO_ON_WITHIN = timedelta(hours=24)


def said_at_once(turn: Turn, text: str) -> dict[str, str]:
    """What the first message told, so that it is not asked again."""
    said = f" {bare(text)} "
    found = {}
    for question, answers in OFTEN_SAID.items():
        inside = {
            answer
            for answer in answers
            for word in library.option(turn.tongue, f"used.{question}", answer).words
            if len(word) > 4 and f" {word} " in said
        }
        if len(inside) == 1 and "skip" not in inside:
            found[question] = inside.pop()
    if (kit := understand(text).slots.get("kit", "")) in uses.PRODUCTS:
        found["product"] = kit
    if tells_of_death(turn, text):
        found["died"] = "first"
    return found


def tells_of_death(turn: Turn, text: str) -> bool:
    """Whether it says that the person died ("no he passed away"), not that they nearly did."""
    said = f" {bare(text)} "
    return _says(turn, said, "died") and not _says(turn, said, "not_died")


def begins_with_no(turn: Turn, text: str) -> bool:
    """Whether the first word is a no to "is anyone still unwell?"."""
    return bare(text).partition(" ")[0] in library.option(turn.tongue, "used.unwell", "no").words


def sounds_fine(turn: Turn, text: str) -> bool:
    """ "hes fine": said of them, and with nothing against it ("not ok", "no better", "no one")."""
    said = f" {bare(text)} "
    return _says(turn, said, "fine") and not _says(turn, said, "not_fine")


def _says(turn: Turn, said: str, aside: str) -> bool:
    return any(f" {phrase} " in said for phrase in library.phrases(turn.tongue, "used", aside))


def lately(turn: Turn) -> dict[str, Any]:
    """The report of the last day: ``id``, what was ``asked`` or told, ``thanked`` once useful."""
    found: dict[str, Any] = turn.memory.get("report") or {}
    fresh = found and turn.now - datetime.fromisoformat(found["at"]) < GO_ON_WITHIN
    return found if fresh else {}


async def begin(turn: Turn) -> dict[str, Any]:
    """A new one, as ``lately`` gives it."""
    service = await service_to_tell(turn.work, turn.service)
    if service is None:
        raise LookupError("a report of a used kit, and no service there")
    by_kind = "peer" if await peer_of(turn.work, turn.id) else "public"
    row = uses.begin_report(turn.work, service.id, by_kind)
    turn.scene.journal("KitUsedReported", service_id=service.id, report=row.id)  # and no person
    return {"id": row.id, "asked": [], "at": turn.now.isoformat()}


async def take_over(turn: Turn) -> None:
    """What the first message or an emergency told, where it was not asked yet."""
    if turn.data.get("after_emergency"):  # they "got better" before it, perhaps
        await unsay(turn, "outcome")
    if place := turn.data.get("place"):
        turn.data["where"] = str(place["district"])
    for question in (*CORE, *MORE):
        if turn.data.get(question) and question not in turn.data["report"]["asked"]:
            await note(turn, question, turn.data[question])


async def note(turn: Turn, question: str, value: str) -> None:
    """Keep one answer at once."""
    told = turn.data["report"]
    told["asked"] = [*told["asked"], question]
    remember(turn)
    column = "district" if question == "where" else question
    await uses.note(turn.work, told["id"], **{column: value})


async def unsay(turn: Turn, question: str) -> None:
    """It was told by an answer that was taken back."""
    told = turn.data["report"]
    await uses.note(turn.work, told["id"], **{question: "skip"})
    remember(turn, asked=[name for name in told["asked"] if name != question])


async def by_what_they_have(turn: Turn) -> None:
    """Which kit it was, as far as we know, where they have kits of one kind; asked later, what they
    say holds."""
    told = turn.data["report"]
    rules = rules_of(turn.service) if turn.service else None
    held = await held_by(turn.work, turn.id)
    kinds = {form_of(kit.product, rules) for kit in held} if rules else set()
    if len(kinds) == 1 and kinds <= set(uses.PRODUCTS) and "product" not in told["asked"]:
        await uses.note(turn.work, told["id"], product=kinds.pop())


async def new_kit_is_for(turn: Turn) -> bool:
    """They told of a used kit in the last day and have not asked for its replacement yet."""
    told = lately(turn)
    if not told.get("thanked"):
        return False
    since = datetime.fromisoformat(told["at"])
    asked = await turn.work.find(KitRequest, contact_id=turn.id)
    return not any(one.reason == "used" and one.asked_at >= since for one in asked)


def remember(turn: Turn, **more: Any) -> None:
    """So that it can be taken up again, whatever comes between; a day later it is let go."""
    turn.data["report"] |= more
    turn.memory["report"] = dict(turn.data["report"])
    due = turn.now + GO_ON_WITHIN
    turn.scene.set_timer(f"report:{turn.id}", "report", due, contact=turn.id)


async def let_go_due(scene: Scene, timer: Timer) -> None:
    """A day on: nothing says any more whose report it was."""
    turn = await scene.person(timer.payload["contact"])
    turn.memory["report"] = {}
    drop(turn, "used")
    drop(turn, "used_more")
    for data in (turn.data, *(parked["data"] for parked in turn.parked)):
        data.pop("report", None)  # a peer may still be asked how they are

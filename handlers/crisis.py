"""Suicidal words, a child at risk, violence at home: the right words at once, and a person told."""

from __future__ import annotations

from handlers.engine import conversation
from handlers.engine.flow import END, Choose, Flow, Next, Say, leads_to
from handlers.engine.turn import EMERGENCY, Turn
from handlers.engine.understanding import Understood
from handlers.flags import becomes, raise_flag
from handlers.services.contacts import service_to_tell

FLAGS = {"suicide": "crisis", "child": "child", "violence": "violence"}
"""Which danger → the flag; all of them go to the safeguarding lead first."""


async def answer(turn: Turn, seen: Understood) -> None:
    """Lines first, then a person of the team. Sent to people who stopped us, too."""
    danger = seen.slots.get("danger", "suicide")
    if danger == "violence" and turn.flow == CRISIS.name:
        await conversation.answer(turn, "no")  # "no hes in the room": not safe, and not twice
        return
    turn.journal("CrisisAnswered", danger=danger, why=list(seen.why))
    _say(turn, {"child": "crisis.child", "violence": "crisis.violence"}.get(danger, "crisis.lines"))
    service = await service_to_tell(turn.work, turn.service)
    if service is None:
        return
    await raise_flag(turn.scene, service, FLAGS[danger], contact_id=turn.id)
    if danger == "suicide":
        _say(turn, "crisis.person")
    if danger == "violence" and not turn.contact.stopped_at:
        turn.memory["safe"] = False  # until they say so
        await conversation.begin(turn, "crisis")


def _say(turn: Turn, name: str) -> None:
    turn.say(name, kind="emergency", priority=EMERGENCY)


@leads_to("told", "unsafe")
async def safe(turn: Turn, reply: str) -> Next:
    """Whether somebody else may read this phone; if so we keep quiet."""
    turn.memory["safe"] = reply == "yes"
    if reply == "yes":
        return "told"
    turn.change(quiet=True)
    await becomes(turn.scene, turn.id, ("violence",), "violence_unsafe")
    return "unsafe"


CRISIS = Flow(
    "crisis",
    (
        Choose("safe", ("yes", "no"), safe, "words", careful=True, otherwise="no"),
        Say("told", END),
        Say("unsafe", END),
    ),
)

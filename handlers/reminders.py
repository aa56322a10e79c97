"""The nudge: a person who went silent in the middle is reminded once, in neutral words."""

from __future__ import annotations

from db.models import Contact, Timer
from handlers.engine.turn import NOTICE, Scene
from handlers.services.contacts import has_consent


async def nudge(scene: Scene, timer: Timer) -> None:
    """Remind once, only if the question is still the same and the notice was accepted."""
    contact = await scene.work.get(Contact, timer.payload["contact"])
    if contact is None:
        return
    turn = await scene.person(contact.id)
    if turn.seq != timer.payload["seq"] or not turn.flow or turn.data.get("nudged"):
        return
    if not await has_consent(scene.work, contact, "service"):
        return
    turn.data["nudged"] = True
    turn.say("common.nudge", kind="notice", priority=NOTICE)
    turn.journal("Nudged")

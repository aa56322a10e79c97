"""Two weeks after a kit: all well? Once, by day, with a yes to it, in words that tell nobody."""

from __future__ import annotations

from datetime import timedelta

from db.models import Contact, Timer
from handlers.engine.conversation import begin, by_day
from handlers.engine.flow import END, Choose, Flow, Go, Next, leads_to
from handlers.engine.turn import Scene, Turn
from handlers.expiry import again
from handlers.flags import in_emergency
from handlers.mourning import in_mourning
from handlers.services import requests
from handlers.services.contacts import give_consent, has_consent
from handlers.services.rules import rules_of

TRY_AGAIN_IN = timedelta(days=1)


def plan(turn: Turn) -> None:
    """Set the check-in; a second kit meanwhile moves it, so that one text does for both."""
    due = by_day(turn.now + timedelta(days=rules_of(turn.home()).check_in_days))
    turn.scene.set_timer(f"follow_up:{turn.id}", "follow_up", due, contact=turn.id)


async def follow_up_due(scene: Scene, timer: Timer) -> None:
    """Ask, if they still want it; not in an emergency, in grief, or while a kit is on its way."""
    contact = await scene.work.get(Contact, timer.payload["contact"])
    if contact is None or contact.erased_at:
        return
    if not await has_consent(scene.work, contact, "follow_up"):
        return
    turn = await scene.person(contact.id)
    if contact.stopped_at or contact.blocked_at or in_mourning(turn):
        return
    if in_emergency(turn) or await requests.open_request_of(scene.work, contact.id):
        scene.set_timer(timer.key, timer.kind, scene.now + TRY_AGAIN_IN, **timer.payload)
        return
    turn.journal("CheckInAsked")
    await begin(turn, "follow_up")


@leads_to("flow:used", "flow:resupply", "flow:talk", END)
async def answered(turn: Turn, answer: str) -> Next:
    """Whatever it is goes on to where it belongs."""
    turn.journal("CheckInAnswered", answer=answer)
    if answer in ("used", "talk"):
        return Go(answer)
    if answer == "new":
        return Go("resupply", data=await again(turn))
    if answer == "enough":
        give_consent(turn.work, turn.contact, "follow_up", False, "follow_up.ask")
        turn.say("follow_up.stopped")
    else:
        turn.say("follow_up.good")
    return END


FOLLOW_UP = Flow(
    "follow_up",
    (Choose("ask", ("fine", "used", "new", "talk", "enough"), answered),),
    unasked="reminder",
    slight=True,
)

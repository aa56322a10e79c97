"""A kit used, lost or out of date: the reason is logged, and asking for the next one goes on."""

from __future__ import annotations

from handlers import overdose
from handlers.coaching import OVERDOSE
from handlers.emergency_card import say_card
from handlers.engine.flow import Choose, Flow, Go, Next, Say, leads_to
from handlers.engine.turn import Turn
from handlers.flags import raise_flag

WHY = (
    "used",
    "lost",
    "expired",
    "damaged",
    "stolen",
    "confiscated",
    "given_away",
    "other",
)


@leads_to("flow:overdose", "thanks_used")
async def unwell(turn: Turn, answer: str) -> Next:
    """Is anyone still unwell? Yes is an emergency."""
    if answer == "yes":
        say_card(turn)
        await overdose.note(turn, ("used: still unwell",), again=False)
        return Go(OVERDOSE.name)
    return "thanks_used"


@leads_to("flow:request_kit")
async def used(turn: Turn, _: str) -> Next:
    """Thanks without fuss, a debrief flag, and the next kit."""
    turn.journal("KitUsedReported")
    if turn.service:
        await raise_flag(turn.scene, turn.service, "debrief", contact_id=turn.id)
    return Go("request_kit", data={**turn.data, "reason": "used"})


@leads_to("flow:used", "flow:request_kit")
async def why(turn: Turn, answer: str) -> Next:
    """No blame: just the reason for the count. A used kit: is anyone still unwell comes first."""
    if answer == "used":
        return Go("used", data=turn.data)
    return Go("request_kit", data={**turn.data, "reason": answer})


USED = Flow(
    "used",
    (
        Choose("unwell", ("yes", "no"), unwell, "words", careful=True),
        Say("thanks_used", used),
    ),
)

RESUPPLY = Flow("resupply", (Choose("why", WHY, why),))

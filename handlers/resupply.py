"""A kit lost, out of date, used: the reason is logged, and asking for the next one goes on."""

from __future__ import annotations

from handlers.engine.flow import Choose, Flow, Go, Next, leads_to
from handlers.engine.turn import Turn

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


@leads_to("flow:used", "flow:request_kit")
async def why(turn: Turn, answer: str) -> Next:
    """No blame: just the reason for the count. A used kit: is anyone still unwell comes first."""
    if answer == "used":
        return Go("used", data=turn.data)
    return Go("request_kit", data={**turn.data, "reason": answer})


RESUPPLY = Flow("resupply", (Choose("why", WHY, why),))

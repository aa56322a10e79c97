"""A kit lost, out of date, used: the reason is logged, and asking for the next one goes on."""

from __future__ import annotations

from handlers.engine.flow import Choose, Do, Flow, Go, Next, Say, leads_to
from handlers.engine.turn import Turn
from handlers.engine.understanding import understand
from handlers.services import holdings

WHY = (
    *("used", "lost", "expired", "damaged", "stolen", "confiscated", "given_away"),
    *("recalled", "other"),
)
SAID_FIRST = ("expired", "confiscated", "recalled")
"""What has a word of its own before the next kit is asked for."""


@leads_to("why", "expired", "confiscated", "recalled", "flow:used", "flow:request_kit")
async def start(turn: Turn, _: str) -> Next:
    """Who said what happened is not asked; LOST alone stands for any reason."""
    reason = turn.data.get("reason") or _said(turn)
    return await why(turn, reason) if reason else "why"


def _said(turn: Turn) -> str:
    text = turn.message.text if turn.message and turn.message.kind == "text" else ""
    reason = understand(text).slots.get("reason", "") if text else ""
    return "" if reason == "lost" and len(text.split()) == 1 else reason


@leads_to("expired", "confiscated", "recalled", "flow:used", "flow:request_kit")
async def why(turn: Turn, answer: str) -> Next:
    """No blame: just the reason for the count. A used kit: is anyone still unwell comes first."""
    turn.data["reason"] = answer
    if answer == "used":
        return Go("used", data={**turn.data, "wants_kit": True})
    await holdings.gone(turn.work, turn.id, answer)
    return answer if answer in SAID_FIRST else await on(turn, "")


@leads_to("flow:request_kit")
async def on(turn: Turn, _: str) -> Next:
    """The next kit."""
    return Go("request_kit", data=turn.data)


RESUPPLY = Flow(
    "resupply",
    (
        Do("start", start),
        Choose("why", WHY, why),
        Say("expired", on),
        Say("confiscated", on),
        Say("recalled", on),
    ),
)

"""Advice: a menu of cards. No account and no consent needed."""

from __future__ import annotations

from handlers.engine.flow import END, Choose, Flow, Next, leads_to
from handlers.engine.turn import Turn

# What understanding calls a topic → the card that answers it.
CARD_TOPICS = {
    "signs": "signs",
    "what_to_do": "call",
    "giving": "give",
    "recovery_position": "call",
}


@leads_to(END)
async def show_card(turn: Turn, topic: str) -> Next:
    """One card, then out: no account, no consent needed for advice."""
    say_card(turn, topic)
    return END


def say_card(turn: Turn, topic: str) -> None:
    """Say one advice card."""
    if topic == "lines":
        turn.say("advice.lines")
    else:
        turn.say(f"cards/{topic}.short")


ADVICE = Flow(
    "advice",
    (Choose("topic", ("signs", "call", "give", "wait", "lines"), then=show_card),),
)

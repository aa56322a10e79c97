"""The emergency card: what is said first, known without a database."""

from __future__ import annotations

from content import library
from db.models import OutboundMessage
from handlers.engine.turn import EMERGENCY, Turn


def emergency_card(channel: str) -> OutboundMessage:
    """The whole card, one segment; known without a database."""
    return OutboundMessage(library.text("en", "overdose.card", channel), emergency=True)


def say_card(turn: Turn) -> None:
    """The whole card; where the webhook's own answer held it, it is only recorded."""
    turn.send(
        emergency_card(turn.channel),
        kind="emergency",
        priority=EMERGENCY,
        in_place=turn.scene.answered,
    )


def record_if_in_place(turn: Turn) -> None:
    """The webhook's own answer held the card, whatever the turn makes of the message."""
    if turn.scene.answered:
        say_card(turn)

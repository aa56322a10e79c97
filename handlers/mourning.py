"""Somebody told us of a death: for two weeks no check-ins, no reminders and no cheering."""

from __future__ import annotations

from datetime import datetime, timedelta

from handlers.engine.turn import Turn

FOR = timedelta(days=14)


def begin(turn: Turn) -> None:
    """They have just said it."""
    turn.memory["mourning"] = turn.now.isoformat()


def end(turn: Turn) -> None:
    """It was said by mistake."""
    turn.memory["mourning"] = ""


def since(turn: Turn) -> datetime | None:
    """When this person told us of a death, if they did."""
    told: str = turn.memory.get("mourning", "")
    return datetime.fromisoformat(told) if told else None


def in_mourning(turn: Turn) -> bool:
    """Whether this person told us of a death in the last two weeks."""
    told = since(turn)
    return told is not None and turn.now - told < FOR

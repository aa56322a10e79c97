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


def in_mourning(turn: Turn) -> bool:
    """Whether this person told us of a death in the last two weeks."""
    since: str = turn.memory.get("mourning", "")
    return since != "" and turn.now - datetime.fromisoformat(since) < FOR

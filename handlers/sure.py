"""Asked once more before it is done: what a peer said in their own words, or is hard to undo.

It stands for half an hour, and only while nothing else was asked since.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from content import library
from db.models import Button
from handlers.engine.matching import whole_option
from handlers.engine.turn import Turn

GOOD_FOR = timedelta(minutes=30)
LAST = "sure"  # what turn.memory["last"] is while this question is the last one


def expects(turn: Turn, act: str, data: str = "") -> tuple[Button, ...]:
    """A question is asked now; a yes does ``act`` with ``data`` (own_words.py). Its buttons."""
    until = (turn.now + GOOD_FOR).isoformat()
    turn.memory["sure"] = {"act": act, "data": data, "until": until}
    turn.memory["last"] = LAST
    return tuple(
        Button(library.option(turn.locale, "", name).label, f"={name.upper()}")
        for name in ("yes", "no")
    )


def taken(turn: Turn, text: str) -> tuple[str, str] | None:
    """What a yes to the last question asks for; ("", "") after a no, None for anything else."""
    waiting = turn.memory.get("sure")
    if not waiting or turn.memory.get("last") != LAST:
        return None
    words = {name: library.option(turn.tongue, "", name).words for name in ("yes", "no")}
    said = whole_option(text, words)
    if not said or turn.now > datetime.fromisoformat(waiting["until"]):
        return None
    turn.memory["sure"], turn.memory["last"] = {}, ""
    return (waiting["act"], waiting["data"]) if said == "yes" else ("", "")

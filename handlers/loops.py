"""Machines that answer our answers: noticed, told to a coordinator once, and left alone.

Emergencies, words of crisis and STOP are heard before any of this.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from content import library
from content.auto_replies import bare, is_auto_reply
from handlers.engine import conversation
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.flags import raise_flag
from handlers.services.roles import peer_of, staff_of

ANSWERED_PER_WINDOW = 40
OF_OURS_PER_WINDOW = 150
"""Somebody who counts a cupboard by text, or a coordinator on a bad night."""
WINDOW = timedelta(minutes=10)
AT_ONCE = timedelta(seconds=3)
"""Nobody reads an answer and types a sentence so quickly, time after time."""
MOST_AT_ONCE = 6
MOST_ALIKE = 4
A_SENTENCE = 12
"""Shorter texts are people's: "hello?", "you there", a place, a word of ours."""
LEFT_ALONE = timedelta(hours=1)


async def too_many(turn: Turn, text: str) -> bool:
    """Answered at most so often in ten minutes, whatever it is."""
    if len(bare(text)) < A_SENTENCE and _noticed(turn):
        turn.memory["loop"] = {**_noticed(turn), "fast": 0}  # somebody presses keys there
    if turn.window_at is None or turn.now - turn.window_at > WINDOW:
        turn.window_at, turn.window_n = turn.now, 0
    turn.window_n += 1
    if turn.window_n <= ANSWERED_PER_WINDOW:
        return False
    most = OF_OURS_PER_WINDOW if await _is_one_of_ours(turn) else ANSWERED_PER_WINDOW
    if turn.window_n <= most:
        return False
    if turn.window_n == most + 1:
        await _stop(turn, "common.too_many")
    return True


async def _is_one_of_ours(turn: Turn) -> bool:
    """A peer, a coordinator, or an outlet's phone."""
    work = turn.work
    known = await peer_of(work, turn.id) or await staff_of(work, turn.id)
    return bool(known or turn.contact.outlet_id)


async def is_left_alone(turn: Turn, text: str) -> bool:
    """A loop was noticed within the hour. One of our words ends it: a machine knows none."""
    until = _noticed(turn).get("until", "")
    if not until or turn.now >= datetime.fromisoformat(until):
        return False
    if plain(text) in library.global_words(turn.tongue):
        turn.memory["loop"] = {}
        return False
    return True


async def is_machine(turn: Turn, text: str) -> bool:
    """Whether nobody wrote this just now: an auto-reply, or the next turn of a loop."""
    if is_auto_reply(text):
        turn.journal("AutoReplyIgnored")
        return True
    said = bare(text)
    if len(said) < A_SENTENCE or await conversation.chosen_here(turn, text):
        return False
    seen = _noticed(turn)
    if "since" not in seen or turn.now - datetime.fromisoformat(seen["since"]) > WINDOW:
        seen = {"since": turn.now.isoformat(), "fast": 0, "alike": {}}
    before = turn.talk.last_in_at
    seen["fast"] = seen["fast"] + 1 if before and turn.now - before <= AT_ONCE else 0
    key = hashlib.sha256(said.encode()).hexdigest()[:8]
    seen["alike"][key] = seen["alike"].get(key, 0) + 1
    turn.memory["loop"] = seen
    if seen["fast"] < MOST_AT_ONCE and seen["alike"][key] < MOST_ALIKE:
        return False
    turn.memory["loop"] = {"since": seen["since"], "until": (turn.now + LEFT_ALONE).isoformat()}
    await _stop(turn, "common.answers_itself")
    return True


def _noticed(turn: Turn) -> dict[str, Any]:
    found: dict[str, Any] = turn.memory.get("loop", {})
    return found


async def _stop(turn: Turn, text: str) -> None:
    turn.say(text)
    turn.journal("LoopStopped")
    if turn.service:
        await raise_flag(turn.scene, turn.service, "loop", contact_id=turn.id)

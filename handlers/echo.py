"""Codes to type back. A text's sender can be forged, but only the real phone reads our answer.

What a coordinator changes by text, and DELETE, wait for the code (or, for a coordinator, carry
their PIN). Telegram's senders cannot be forged; DELETE asks there too, because it cannot be undone.
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime, timedelta
from typing import Any

from db.models import Staff
from handlers import consent, oncall
from handlers.engine.turn import Turn
from handlers.services.codes import new_echo_code
from handlers.services.pins import pin_fits
from handlers.services.roles import staff_of

_FOUR = re.compile(r"(?<!\d)\d{4}(?!\d)")
GOOD_FOR = timedelta(minutes=10)


async def answered(turn: Turn, text: str) -> bool:
    """Whether the text is the code we asked for; if so, what it confirms is done."""
    waiting = turn.memory.get("echo")
    found = _FOUR.findall(text)
    if not waiting or len(found) != 1 or len(text.split()) > 3:
        return False
    said = found[0]
    turn.memory["echo"] = {}
    fits = hmac.compare_digest(said, waiting["code"])
    if not fits or turn.now > datetime.fromisoformat(waiting["until"]):
        turn.say("oncall.echo_wrong")
        return True
    if waiting["word"] == "delete":
        await consent.erase(turn)
        return True
    staff = await staff_of(turn.work, turn.id)
    if staff:
        await _confirmed(turn, staff, waiting)
    return True


async def _confirmed(turn: Turn, staff: Staff, waiting: dict[str, Any]) -> None:
    """Do it; but never write to somebody else than the question named."""
    if "to" in waiting:
        goes = await oncall.goes_to(turn, staff, waiting["rest"])
        if goes.contact_id and goes.contact_id != waiting["to"]:
            turn.say("staff_chat.changed", ref=goes.ref, to=goes.to)
            return
    await oncall.word(turn, staff, waiting["word"], waiting["rest"])


def _ask(turn: Turn, word: str, rest: str, **more: Any) -> str:
    code = new_echo_code()
    until = (turn.now + GOOD_FOR).isoformat()
    turn.memory["echo"] = {"code": code, "word": word, "rest": rest, "until": until, **more}
    return code


async def allowed(turn: Turn, staff: Staff, word: str, rest: str) -> bool:
    """Whether a coordinator's word may act now; otherwise the code is asked for."""
    said = without_pin(staff, rest)
    sure = turn.channel != "sms" or said != rest
    to_somebody = word in ("tell", "refer")
    if len(rest.split()) < (2 if to_somebody else 1):
        return True  # something is missing: the answer only says how to send it
    goes = await oncall.goes_to(turn, staff, said) if to_somebody else None
    if sure and not (goes and goes.mixed_up):
        return True
    code = _ask(turn, word, said, **({"to": goes.contact_id} if goes else {}))
    words = f"{word.upper()} {said}".strip()
    turn.say("oncall.echo", words=words, code=code, to=goes.to if goes else "")
    return False


def without_pin(staff: Staff, rest: str) -> str:
    """The rest of a word without the PIN at its end, if there is a right one."""
    words = rest.split()
    if len(words) > 1 and words[-1].isdigit() and pin_fits(staff.pin_hash, words[-1]):
        return " ".join(words[:-1])
    return rest


async def ask_delete(turn: Turn) -> None:
    """DELETE: the code first."""
    turn.say("consent.delete", code=_ask(turn, "delete", ""))

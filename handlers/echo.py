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
from handlers import consent, oncall, oncall_undo
from handlers.engine.turn import Turn
from handlers.services.codes import new_echo_code
from handlers.services.pins import pin_fits
from handlers.services.roles import staff_of

_FOUR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_PIN = re.compile(r"\d{4,8}")
GOOD_FOR = timedelta(minutes=10)


async def answered(turn: Turn, text: str) -> bool:
    """Whether the text is the code we asked for, or the PIN; if so, what it confirms is done."""
    waiting = turn.memory.get("echo")
    if not waiting:
        return False
    staff = await staff_of(turn.work, turn.id)
    pin = staff is not None and _is_pin(staff, text.strip())
    found = _FOUR.findall(text)
    if not pin and (len(found) != 1 or len(text.split()) > 3):
        return False
    if staff and not pin and without_pin(staff, text) != text:
        return False  # a word with the PIN at its end is a word of its own
    turn.memory["echo"] = {}
    fits = pin or hmac.compare_digest(found[0], waiting["code"])
    if waiting["word"] == "delete":
        fits = not pin and fits
    if not fits or turn.now > datetime.fromisoformat(waiting["until"]):
        turn.say("oncall.echo_wrong")
        return True
    if waiting["word"] == "delete":
        await consent.erase(turn)
        return True
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
    if word == "undo":
        said = oncall_undo.last_ref(turn)
    to_somebody = word in ("tell", "refer")
    ref, _, more = said.partition(" ")
    if not ref or (to_somebody and not more.strip()):
        return True  # something is missing: the answer only says how to send it
    request, flags = await oncall.look_up(turn, staff, ref.upper())
    if request is None and not flags and word != "undo":
        return True  # the answer only says that we know of none
    goes = await oncall.goes_to(turn, staff, said) if to_somebody else None
    if sure and not (goes and goes.mixed_up):
        return True
    code = _ask(turn, word, said, **({"to": goes.contact_id} if goes else {}))
    turn.say(
        "oncall.echo",
        words=f"{word.upper()} {ref.upper()} {more}".strip(),
        what="" if word == "undo" else oncall.what_is(turn, request, flags),
        code=code,
        pin=bool(staff.pin_hash),
        to=goes.to if goes else "",
    )
    return False


def without_pin(staff: Staff, rest: str) -> str:
    """The rest of a word without the PIN at its end, if there is a right one."""
    words = rest.split()
    if words and _is_pin(staff, words[-1]):
        return " ".join(words[:-1])
    return rest


def _is_pin(staff: Staff, said: str) -> bool:
    return bool(_PIN.fullmatch(said)) and pin_fits(staff.pin_hash, said)


async def ask_delete(turn: Turn) -> None:
    """DELETE: the code first."""
    turn.say("consent.delete", code=_ask(turn, "delete", ""))

"""The words that only an outlet or a coordinator uses. A peer's are in peer_words.py."""

from __future__ import annotations

from content import library
from db.models import Staff
from handlers import echo, oncall, outlet, outlet_reading
from handlers.engine.matching import first_word
from handlers.engine.turn import Turn
from handlers.services.roles import outlet_of


async def outlet_word(turn: Turn, text: str) -> bool:
    shop = await outlet_of(turn.work, turn.contact)
    if shop is None:
        return False
    words = library.role_words(turn.tongue, "outlet")
    found = first_word(text, words) or outlet_reading.slip(text, words)
    if found is None:
        return await outlet.in_own_words(turn, shop, text)
    name, rest = found
    if name == "issued":
        await outlet.issued(turn, shop, rest)
    elif name == "none":
        await outlet.none_left(turn, shop)
    elif name == "undo":
        await outlet.undo(turn, shop)
    elif name == "refuse":
        await outlet.refuse(turn, shop, rest)
    elif name == "stock":
        await outlet.stock(turn, shop, rest)
    else:
        turn.say(outlet.NOT_BY_TEXT[name])
    return True


async def refuses_code(turn: Turn, text: str) -> bool:
    """REFUSE and a code from an outlet's phone: "under 16" after it is why."""
    if await outlet_of(turn.work, turn.contact) is None:
        return False
    found = first_word(text, library.role_words(turn.tongue, "outlet"))
    return found is not None and found[0] == "refuse" and outlet_reading.has_code(found[1])


async def staff_word(turn: Turn, staff: Staff, text: str) -> bool:
    found = first_word(text, library.role_words(turn.tongue, "staff"))
    if found is None:
        return False
    name, rest = found
    acts = name in ("take", "assign", "tell", "refer", "done", "undo")
    if acts and not await echo.allowed(turn, staff, name, rest):
        return True
    await oncall.word(turn, staff, name, echo.without_pin(staff, rest))
    return True

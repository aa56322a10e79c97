"""The words that only an outlet or a coordinator uses. A peer's are in peer_words.py."""

from __future__ import annotations

from content import library
from db.models import Staff
from handlers import echo, oncall, outlet
from handlers.engine.matching import first_word
from handlers.engine.turn import Turn
from handlers.services.roles import outlet_of


async def outlet_word(turn: Turn, text: str) -> bool:
    shop = await outlet_of(turn.work, turn.contact)
    if shop is None:
        return False
    found = first_word(text, library.role_words(turn.tongue, "outlet"))
    if found is None:
        return not turn.flow and await outlet.code_alone(turn, shop, text)
    name, rest = found
    if name == "issued":
        await outlet.issued(turn, shop, rest)
    elif name == "none":
        await outlet.none_left(turn, shop)
    elif name == "undo":
        await outlet.undo(turn, shop)
    else:
        await outlet.stock(turn, shop, rest)
    return True


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

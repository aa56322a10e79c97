"""What an outlet's phone says: a code handed over, a kit without one, none left, taken back."""

from __future__ import annotations

import re

from db.models import KitRequest, Outlet, Service
from handlers import counter
from handlers.counter import Batch, Tried
from handlers.engine.conversation import begin, finish
from handlers.engine.turn import Turn
from handlers.services.codes import (
    read_claim_code,
    show_claim_code,
    split_claim_code,
)
from handlers.services.products import product_words
from handlers.services.rules import clock_words, rules_of
from handlers.services.supplies import NoStock, left_of, outlet_holder
from handlers.stock_undo import UNDO_WITHIN, undo_entry
from handlers.stock_words import of_holder, says_there_are_some
from handlers.street import read_line

_HOW = "sms"
_NOT_OPEN = {
    "typo": "outlet.typo",
    "unknown": "outlet.wrong",
    "other": "outlet.other",
    "expired": "outlet.expired",
    "blocked": "outlet.blocked",
}
_NO_STOCK = {
    "frozen": "street.frozen",
    "over": "street.over",
    "terms": "outlet.not_for_them",
}
_NUMBER = re.compile(r"\d{1,2}x?", re.IGNORECASE)


async def issued(turn: Turn, outlet: Outlet, rest: str) -> None:
    """ISSUED K7F-3QX: log it once, whatever is typed twice. ISSUED 1 friend DN31: no code."""
    words = rest.split()
    if not words:
        turn.say("outlet.how")
        return
    typed, batch = split_claim_code(rest)
    if _NUMBER.fullmatch(words[0]) and read_claim_code(typed) is None:
        await begin(turn, "street", **read_line(turn.tongue, words))
        return
    tried = await counter.try_code(turn.scene, outlet, typed)
    if tried.claim is None or tried.kind != "open":
        _say_not_open(turn, tried)
        return
    named = Batch("", batch.split()[0].upper()) if batch.strip() else None
    try:
        supply = await counter.hand_over(
            turn.scene, outlet, tried.claim, how=_HOW, batch=named, by_contact_id=turn.id
        )
    except NoStock as why:
        turn.say(_NO_STOCK.get(why.reason, "outlet.no_stock"))
        return
    turn.say(
        "outlet.issued",
        quantity=supply.quantity,
        product=await _product(turn, outlet, supply.product),
        batch=supply.batch,
        code=show_claim_code(tried.claim.code),
        left=await left_of(turn.work, outlet_holder(outlet), supply.product),
    )


async def code_alone(turn: Turn, outlet: Outlet, text: str) -> bool:
    """A code and nothing else: whether it is good, before the kit is handed over."""
    if read_claim_code(text) is None:  # it may be a postcode, or anything
        return False
    tried = await counter.try_code(turn.scene, outlet, text)
    if tried.claim is None or tried.kind != "open":
        _say_not_open(turn, tried)
        return True
    request = await turn.work.need(KitRequest, tried.claim.request_id)
    turn.say(
        "outlet.good",
        code=show_claim_code(tried.claim.code),
        quantity=request.quantity,
        product=await _product(turn, outlet, tried.claim.product),
        batch=tried.claim.batch,
    )
    return True


def _say_not_open(turn: Turn, tried: Tried) -> None:
    if tried.kind == "repeat" and tried.claim:
        at = clock_words(tried.supply.at, turn.now) if tried.supply else ""
        turn.say("outlet.repeat", code=show_claim_code(tried.claim.code), at=at)
        return
    turn.say(_NOT_OPEN[tried.kind])


async def undo(turn: Turn, outlet: Outlet) -> None:
    """UNDO: the last supply or stock entry of the last day, taken back."""
    if turn.flow == "street":  # half said: that is what they mean
        await finish(turn)
        turn.say("outlet.not_logged")
        return
    supply = await counter.last_supply(turn.scene, outlet, UNDO_WITHIN)
    if await undo_entry(turn, outlet_holder(outlet), after=supply.id if supply else 0):
        return
    if supply is None:
        turn.say("outlet.nothing_to_undo")
        return
    await counter.take_back(turn.scene, outlet, supply, how=_HOW, by_contact_id=turn.id)
    turn.say(
        "outlet.undone",
        quantity=supply.quantity,
        product=await _product(turn, outlet, supply.product),
        batch=supply.batch,
    )
    if turn.flow == "training":
        await finish(turn)


async def _product(turn: Turn, outlet: Outlet, product_id: str) -> str:
    service = await turn.work.need(Service, outlet.service_id)
    return product_words(turn.locale, product_id, rules_of(service))


async def none_left(turn: Turn, outlet: Outlet) -> None:
    """NONE: routing learns it at once, and whoever held a code there is sent elsewhere."""
    moved = await counter.none_left(turn.scene, outlet, how=_HOW)
    if moved:
        turn.say("outlet.none_moved", n=moved)
    else:
        turn.say("outlet.none")


async def stock(turn: Turn, outlet: Outlet, rest: str) -> None:
    """STOCK and what may follow; where it says that kits are there, people are sent again."""
    if says_there_are_some(turn, rest) and outlet.none_left_at:
        counter.some_again(turn.scene, outlet, how=_HOW)
        turn.say("outlet.again")
    await of_holder(turn, outlet_holder(outlet), rest)

"""What an outlet's phone says: a code handed over, a kit without one, none left, taken back."""

from __future__ import annotations

from db.models import Claim, KitRequest, Outlet, Service
from handlers import counter, outlet_reading, refusals
from handlers.counter import Batch, Tried
from handlers.engine.conversation import begin, finish
from handlers.engine.turn import Turn
from handlers.services.codes import read_claim_code, show_claim_code, split_claim_code
from handlers.services.products import product_words, typed_products
from handlers.services.rules import clock_words, rules_of
from handlers.services.supplies import NoStock, known_lines, left_of, lines_of, outlet_holder
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

NOT_BY_TEXT = {"hours": "outlet.hours", "page": "outlet.page"}
"""Words for what cannot be done by text → where it can. The page's link is never sent: it would
stay on a phone that is not the outlet's any more, and whoever has it can log kits."""


async def issued(turn: Turn, outlet: Outlet, rest: str) -> None:
    """ISSUED K7F-3QX: log it once, whatever is typed twice. ISSUED 1 friend DN31: no code."""
    found = outlet_reading.find_code(rest, bare=True)
    code, words = found.code, found.rest
    if not code:
        typed, words = split_claim_code(rest)  # in pieces of any size: "K7 F3 HX"
        code = typed if read_claim_code(typed) else ""
    if not code and not outlet_reading.shaped_like_code(rest):
        if line := outlet_reading.number_first(turn.tongue, rest):
            await begin(turn, "street", **read_line(turn.tongue, line.split()))
        else:
            turn.say("outlet.how")
        return
    tried = await counter.try_code(turn.scene, outlet, code or rest)
    if tried.claim is None or tried.kind != "open":
        _say_not_open(turn, tried)
        return
    named = await _batch_named(turn, outlet, tried.claim, words)
    try:
        supply = await counter.hand_over(
            turn.scene, outlet, tried.claim, how=_HOW, batch=named, by_contact_id=turn.id
        )
    except NoStock as why:
        shown = show_claim_code(tried.claim.code)
        batch = named.batch if named else ""
        turn.say(_NO_STOCK.get(why.reason, "outlet.no_stock"), code=shown, batch=batch)
        return
    turn.say(
        "outlet.issued",
        quantity=supply.quantity,
        product=await _product(turn, outlet, supply.product),
        batch=supply.batch,
        code=show_claim_code(tried.claim.code),
        left=await left_of(turn.work, outlet_holder(outlet), supply.product),
    )


async def _batch_named(turn: Turn, outlet: Outlet, claim: Claim, words: str) -> Batch | None:
    """The batch off the box. With its date it is there whatever our list says, as on the page."""
    holder = outlet_holder(outlet)
    products = await _products(turn, outlet)
    on_list = await lines_of(turn.work, holder)
    known = {line.batch for line in await known_lines(turn.work, holder)}
    box = outlet_reading.read_box(words, products, known)
    if not box.batch:
        return None
    if box.expiry is None:
        return Batch("", box.batch)
    here = next((line for line in on_list if line.batch == box.batch), None)
    if here and here.expiry:  # a batch has one date: another was a slip
        return Batch(here.product, here.batch, here.expiry, from_box=True)
    return Batch(box.product or claim.product, box.batch, box.expiry, from_box=True)


async def refuse(turn: Turn, outlet: Outlet, text: str) -> None:
    """REFUSE K7F-3HX no pharmacist in: let go, and the person helped another way at once."""
    found = outlet_reading.find_code(text, bare=True)
    if not found.code:
        turn.say("outlet.how_refuse")
        return
    tried = await counter.try_code(turn.scene, outlet, found.code)
    if tried.claim is None or tried.kind != "open":
        _say_not_open(turn, tried)
        return
    why = outlet_reading.without(turn.tongue, "refuse", found.rest)
    if "none_left" in refusals.reasons_said(turn.tongue, why):
        await none_left(turn, outlet)
        return
    told = await refusals.by_outlet(turn, tried.claim, why)
    turn.say("outlet.refused", code=show_claim_code(tried.claim.code), reason=told)


async def in_own_words(turn: Turn, outlet: Outlet, text: str) -> bool:
    """None of our words comes first: a code anywhere in the text, or what is plainly said."""
    tongue = turn.tongue
    refuses = outlet_reading.says(tongue, "refuse", text)
    handed = outlet_reading.says(tongue, "issued", text)
    found = outlet_reading.find_code(text, bare=refuses or handed or len(text.split()) == 1)
    if found.code and refuses:
        await refuse(turn, outlet, text)
        return True
    if found.code and handed:
        await issued(turn, outlet, f"{show_claim_code(found.code)} {found.rest}")
        return True
    if turn.flow:
        return False
    one_batch = any(c.isdigit() for c in text) and not found.code  # others may be there
    if outlet_reading.says(tongue, "none", text) and not one_batch:
        await none_left(turn, outlet)
    elif found.code:
        await _say_whether_good(turn, outlet, found.code)
    elif refuses:
        turn.say("outlet.how_refuse")
    elif outlet_reading.says(tongue, "some", text):
        await stock(turn, outlet, "")
    elif outlet_reading.stock_entry(tongue, text, await _products(turn, outlet)):
        await stock(turn, outlet, text)
    elif said := next((n for n in NOT_BY_TEXT if outlet_reading.says(tongue, n, text)), ""):
        turn.say(NOT_BY_TEXT[said])
    else:
        return False
    return True


async def _say_whether_good(turn: Turn, outlet: Outlet, code: str) -> None:
    """A code with nothing done about it yet: whether it is good, before the kit is handed over."""
    tried = await counter.try_code(turn.scene, outlet, code)
    if tried.claim is None or tried.kind != "open":
        _say_not_open(turn, tried)
        return
    request = await turn.work.need(KitRequest, tried.claim.request_id)
    turn.say(
        "outlet.good",
        code=show_claim_code(tried.claim.code),
        quantity=request.quantity,
        product=await _product(turn, outlet, tried.claim.product),
        batch=tried.claim.batch,
    )


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


async def _products(turn: Turn, outlet: Outlet) -> dict[str, str]:
    """What may be typed for a kind of kit → product id."""
    service = await turn.work.need(Service, outlet.service_id)
    return typed_products(turn.tongue, rules_of(service))


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

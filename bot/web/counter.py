"""An outlet's counter page: a code redeemed, a kit without a code, none left, a mistake undone.

Everything goes through the same acts as the outlet's texts (``handlers/counter.py``).
"""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response
from starlette.routing import Route

from bot.web.counter_box import batch_of
from bot.web.counter_forms import (
    MOST_KITS,
    REASONS,
    RECIPIENTS,
    TRAINED,
    Shelf,
    Wrong,
    choices,
    form_key,
    new_form_key,
    number,
    products,
    recipient_of,
    trained_of,
)
from bot.web.counter_visit import HOW, Door, Visit, clock
from db.models import Claim, KitRequest, Outlet, Supply
from handlers import counter, counter_holds
from handlers.counter import Tried
from handlers.services.codes import show_claim_code
from handlers.services.products import product_words
from handlers.services.supplies import NoStock
from handlers.stock_undo import UNDO_WITHIN


def counter_routes(door: Door) -> list[Route]:
    """The page's own acts; shelf, hours and lists are in counter_shelf.py and counter_lists.py."""
    return [
        Route("/c/{token}", door.opens(code_box)),
        Route("/c/{token}/code", door.opens(code), methods=["POST"]),
        Route("/c/{token}/hand-over", door.opens(hand_over), methods=["POST"]),
        Route("/c/{token}/done/{supply:int}", door.opens(done)),
        Route("/c/{token}/undo", door.opens(undo), methods=["POST"]),
        Route("/c/{token}/walk-in", door.opens(walk_in_form)),
        Route("/c/{token}/walk-in", door.opens(walk_in), methods=["POST"]),
        Route("/c/{token}/none", door.opens(none_form)),
        Route("/c/{token}/none", door.opens(none), methods=["POST"]),
        Route("/c/{token}/again", door.opens(again), methods=["POST"]),
    ]


# --- with a code -------------------------------------------------------------------------------


async def code_box(visit: Visit, tried: Tried | None = None) -> Response:
    """GET /c/<token>: the box to type a code in, with what became of the last one."""
    supply = tried.supply if tried else None
    outlet = await visit.work.need(Outlet, visit.outlet.id)  # with the try just counted
    till = counter.blocked_till(outlet, visit.now)
    return await visit.page(
        "counter_code.html",
        tab="code",
        kind="blocked" if till else _kind(tried) if tried else "",
        typed=visit.form.get("code", "")[:20],
        at=clock(supply.at, visit.now) if supply else "",
        supply_id=supply.id if supply else 0,
        until=clock(till, visit.now) if till else "",
    )


def _kind(tried: Tried) -> str:
    return "moved" if tried.moved else tried.kind


def _may_give(visit: Visit, tried: Tried) -> bool:
    """Held here; or moved elsewhere since, and "give it here" was pressed."""
    return tried.kind == "open" or (tried.moved and "here" in visit.form)


async def code(visit: Visit) -> Response:
    """POST …/code: what to hand over, or why not."""
    tried = await counter.try_code(visit, visit.outlet, visit.form.get("code", ""))
    if tried.claim is None or not _may_give(visit, tried):
        return await code_box(visit, tried)
    return await _what_to_hand_over(visit, tried.claim)


async def hand_over(visit: Visit) -> Response:
    """POST …/hand-over: the second step, which logs it."""
    tried = await counter.try_code(visit, visit.outlet, visit.form.get("code", ""))
    if tried.kind == "repeat" and tried.supply:  # a double click, or the back button
        return visit.go(f"/done/{tried.supply.id}")
    if tried.claim is None or not _may_give(visit, tried):
        return await code_box(visit, tried)
    mark = visit.work.mark()
    try:
        batch = await batch_of(visit, await _shelf_for(visit, tried.claim))
        claim = tried.claim
        if tried.moved:
            claim = await counter_holds.bring_back(visit, visit.outlet, claim)
        supply = await counter.hand_over(
            visit,
            visit.outlet,
            claim,
            how=HOW,
            batch=batch,
            trained=trained_of(visit.form),
        )
    except Wrong as wrong:
        return await _what_to_hand_over(visit, tried.claim, wrong)
    except NoStock as why:
        visit.work.undo(mark)
        return await _what_to_hand_over(visit, tried.claim, _why_not(why))
    return visit.go(f"/done/{supply.id}")


async def _what_to_hand_over(visit: Visit, claim: Claim, wrong: Wrong | None = None) -> Response:
    """The first step: product, how many, which batch."""
    request = await visit.work.need(KitRequest, claim.request_id)
    promised = await counter_holds.promised_line(visit, claim)
    shelf = await _shelf_for(visit, claim)
    return await visit.page(
        "counter_hand_over.html",
        tab="code",
        wrong=wrong,
        typed=visit.form,
        code=show_claim_code(claim.code),
        quantity=request.quantity,
        product=product_words("en", claim.product, visit.rules),
        lines=shelf.options(promised),
        products=products(visit.rules),
        trained=choices("training.ask", TRAINED),
    )


async def _shelf_for(visit: Visit, claim: Claim) -> Shelf:
    """The batches that may be given for a code."""
    shelf = await visit.shelf(only_free=False)
    return replace(shelf, lines=await counter_holds.lines_for(visit, visit.outlet, claim))


async def done(visit: Visit) -> Response:
    """GET …/done/<supply>: what was logged, with Undo for as long as by text."""
    supply = await _own_supply(visit, visit.request.path_params["supply"])
    if supply is None:
        return visit.nothing()
    return await visit.page(
        "counter_done.html",
        tab="code" if supply.request_id else "walk-in",
        supply=supply,
        product=product_words("en", supply.product, visit.rules),
        at=clock(supply.at, visit.now),
        undone=bool(await visit.work.find(Supply, reverses=supply.id)),
        may_undo=visit.now - supply.at <= UNDO_WITHIN,
    )


async def undo(visit: Visit) -> Response:
    """POST …/undo: taken back, within a day, once."""
    typed = visit.form.get("supply", "")
    wanted = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0
    supply = await _own_supply(visit, wanted)
    if supply is None:
        return visit.nothing()
    gone = await visit.work.find(Supply, reverses=supply.id)
    if not gone and visit.now - supply.at <= UNDO_WITHIN:
        await counter.take_back(visit, visit.outlet, supply, how=HOW)
    return visit.go(f"/done/{supply.id}")


async def _own_supply(visit: Visit, supply_id: int) -> Supply | None:
    """A supply of this outlet."""
    supply = await visit.work.get(Supply, supply_id) if supply_id < 2**63 else None
    own = supply and (supply.by_kind, supply.by_id) == ("outlet", visit.outlet.id)
    return supply if own else None


# --- without a code ----------------------------------------------------------------------------


async def walk_in_form(visit: Visit, wrong: Wrong | None = None) -> Response:
    """GET …/walk-in: a kit for somebody without a code."""
    shelf = await _shelf_to_give(visit)
    first = next((line for line in shelf.lines if line.available > 0), None)
    return await visit.page(
        "counter_walk_in.html",
        tab="walk-in",
        wrong=wrong,
        typed=visit.form,
        key=visit.form.get("key") or new_form_key(visit.work, visit.outlet),
        lines=shelf.options(first),
        products=products(visit.rules),
        recipients=choices("street.who", RECIPIENTS),
        reasons=choices("resupply.why", REASONS[1:]),
        trained=choices("training.ask", TRAINED),
    )


async def _shelf_to_give(visit: Visit) -> Shelf:
    """What is in date and not recalled, held for codes or not."""
    shelf = await visit.shelf(only_free=False)
    lines = [n for n in shelf.lines if n.quantity and not n.frozen and not n.is_over(shelf.today)]
    return replace(shelf, lines=lines)


async def walk_in(visit: Visit) -> Response:
    """POST …/walk-in: logged as every other supply; the same form twice is logged once."""
    try:
        supply_id = form_key(visit.form, visit.work, visit.outlet)
        if await _own_supply(visit, supply_id) is None:
            batch = await batch_of(visit, await _shelf_to_give(visit))
            await counter.walk_in(
                visit,
                visit.outlet,
                batch,
                number(visit.form, "quantity", 1, MOST_KITS),
                recipient_of(visit.form, visit.outlet, visit.world.gazetteer),
                how=HOW,
                supply_id=supply_id,
                held_too=visit.form.get("sure-promised_walk_in") == batch.batch,
            )
    except Wrong as wrong:
        return await walk_in_form(visit, wrong)
    except NoStock as why:
        if why.reason == "promised":
            asked = Wrong("promised_walk_in", batch.batch, batch=batch.batch)
            return await walk_in_form(visit, asked)
        return await walk_in_form(visit, _why_not(why))
    return visit.go(f"/done/{supply_id}")


def _why_not(why: NoStock) -> Wrong:
    """Why a batch may not be given, by the name the page has words for."""
    if why.reason == "promised":
        return Wrong("promised_code")
    return Wrong(why.reason if why.reason in ("over", "frozen", "terms") else "none")


# --- none left ---------------------------------------------------------------------------------


async def none_form(visit: Visit) -> Response:
    """GET …/none: whether they mean it, and what it does."""
    held = await counter_holds.codes_held(visit, visit.outlet)
    return await visit.page("counter_none.html", tab="code", held=held)


async def none(visit: Visit) -> Response:
    """POST …/none: nobody is sent here until some are there again."""
    await counter.none_left(visit, visit.outlet, how=HOW)
    return visit.go()


async def again(visit: Visit) -> Response:
    """POST …/again: some are there again."""
    counter.some_again(visit, visit.outlet, how=HOW)
    return visit.go()

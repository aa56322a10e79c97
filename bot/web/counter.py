"""An outlet's counter page: a code redeemed, a kit without a code, none left, a mistake undone.

Everything goes through the same acts as the outlet's texts (``handlers/counter.py``).
"""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.bootstrap import App
from bot.web.counter_forms import (
    MOST_KITS,
    REASONS,
    RECIPIENTS,
    TRAINED,
    Shelf,
    Wrong,
    batch_of,
    choices,
    form_key,
    line_value,
    new_form_key,
    number,
    products,
    recipient_of,
    trained_of,
)
from bot.web.counter_visit import Door, Visit, clock
from db.models import Contact, KitRequest, Outlet, Supply
from db.stock import StockLine
from handlers import counter
from handlers.counter import Tried
from handlers.services.codes import show_claim_code
from handlers.services.products import fits, product_words
from handlers.services.supplies import NoStock
from handlers.services.supply_terms import Wanted, age_of, may_supply, supplier_of

UNDO_WITHIN = timedelta(minutes=10)
HOW = "counter"


class Counter:
    """The page's own acts; shelf, hours and lists are in counter_shelf.py and counter_lists.py."""

    def __init__(self, app: App, door: Door) -> None:
        self.app = app
        self.door = door

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/c/{token}", self.code_box),
            Route("/c/{token}/code", self.code, methods=["POST"]),
            Route("/c/{token}/hand-over", self.hand_over, methods=["POST"]),
            Route("/c/{token}/done/{supply:int}", self.done),
            Route("/c/{token}/undo", self.undo, methods=["POST"]),
            Route("/c/{token}/walk-in", self.walk_in_form),
            Route("/c/{token}/walk-in", self.walk_in, methods=["POST"]),
            Route("/c/{token}/none", self.none, methods=["POST"]),
            Route("/c/{token}/again", self.again, methods=["POST"]),
        ]

    # --- with a code ---------------------------------------------------------------------------

    async def code_box(self, request: Request) -> Response:
        """GET /c/<token>: the code box."""

        async def act(visit: Visit) -> Response:
            return await _code_box(visit)

        return await self.door.visit(request, act)

    async def code(self, request: Request) -> Response:
        """POST …/code: what to hand over, or why not."""

        async def act(visit: Visit) -> Response:
            tried = await counter.try_code(visit.scene, visit.outlet, visit.form.get("code", ""))
            if tried.kind != "open":
                return await _code_box(visit, tried)
            return await _what_to_hand_over(visit, tried)

        return await self.door.visit(request, act)

    async def hand_over(self, request: Request) -> Response:
        """POST …/hand-over: the second step, which logs it."""

        async def act(visit: Visit) -> Response:
            tried = await counter.try_code(visit.scene, visit.outlet, visit.form.get("code", ""))
            if tried.kind == "repeat" and tried.supply:  # a double click, or the back button
                return visit.go(f"/done/{tried.supply.id}")
            if tried.kind != "open" or tried.claim is None:
                return await _code_box(visit, tried)
            try:
                supply = await counter.hand_over(
                    visit.scene,
                    visit.outlet,
                    tried.claim,
                    how=HOW,
                    batch=batch_of(visit.form, await _shelf_for(visit, tried)),
                    trained=trained_of(visit.form),
                )
            except Wrong as wrong:
                return await _what_to_hand_over(visit, tried, str(wrong))
            except NoStock as why:
                return await _what_to_hand_over(visit, tried, _why_not(why))
            return visit.go(f"/done/{supply.id}")

        return await self.door.visit(request, act)

    async def done(self, request: Request) -> Response:
        """GET …/done/<supply>: what was logged, with Undo for ten minutes."""
        supply_id = request.path_params["supply"]

        async def act(visit: Visit) -> Response:
            supply = await _own_supply(visit, supply_id)
            if supply is None:
                return self.door.problem("nothing", 404)
            return await visit.page(
                "counter_done.html",
                tab="code" if supply.request_id else "walk-in",
                supply=supply,
                product=product_words("en", supply.product, visit.rules),
                at=clock(supply.at, visit.now),
                undone=bool(await visit.work.find(Supply, reverses=supply.id)),
                may_undo=visit.now - supply.at <= UNDO_WITHIN,
            )

        return await self.door.visit(request, act)

    async def undo(self, request: Request) -> Response:
        """POST …/undo: taken back, within ten minutes, once."""

        async def act(visit: Visit) -> Response:
            typed = visit.form.get("supply", "")
            wanted = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0
            supply = await _own_supply(visit, wanted)
            if supply is None:
                return self.door.problem("nothing", 404)
            gone = await visit.work.find(Supply, reverses=supply.id)
            if not gone and visit.now - supply.at <= UNDO_WITHIN:
                await counter.take_back(visit.scene, visit.outlet, supply, how=HOW)
            return visit.go(f"/done/{supply.id}")

        return await self.door.visit(request, act)

    # --- without a code ------------------------------------------------------------------------

    async def walk_in_form(self, request: Request) -> Response:
        """GET …/walk-in: a kit for somebody without a code."""

        async def act(visit: Visit) -> Response:
            return await _walk_in(visit)

        return await self.door.visit(request, act)

    async def walk_in(self, request: Request) -> Response:
        """POST …/walk-in: logged as every other supply; the same form twice is logged once."""

        async def act(visit: Visit) -> Response:
            try:
                supply_id = form_key(visit.form, visit.work, visit.outlet)
                if await _own_supply(visit, supply_id) is None:
                    await counter.walk_in(
                        visit.scene,
                        visit.outlet,
                        batch_of(visit.form, await visit.shelf()),
                        number(visit.form, "quantity", 1, MOST_KITS),
                        recipient_of(visit.form, visit.outlet, self.app.engine.world.gazetteer),
                        how=HOW,
                        supply_id=supply_id,
                    )
            except Wrong as wrong:
                return await _walk_in(visit, str(wrong))
            except NoStock as why:
                return await _walk_in(visit, _why_not(why))
            return visit.go(f"/done/{supply_id}")

        return await self.door.visit(request, act)

    # --- none left -----------------------------------------------------------------------------

    async def none(self, request: Request) -> Response:
        """POST …/none: nobody is sent here until some are there again."""

        async def act(visit: Visit) -> Response:
            await counter.none_left(visit.scene, visit.outlet, how=HOW)
            return visit.go()

        return await self.door.visit(request, act)

    async def again(self, request: Request) -> Response:
        """POST …/again: some are there again."""

        async def act(visit: Visit) -> Response:
            counter.some_again(visit.scene, visit.outlet, how=HOW)
            return visit.go()

        return await self.door.visit(request, act)


async def _code_box(visit: Visit, tried: Tried | None = None) -> Response:
    """The box to type a code in, with what became of the last one."""
    supply = tried.supply if tried else None
    outlet = await visit.work.need(Outlet, visit.outlet.id)  # with the try just counted
    till = counter.blocked_till(outlet, visit.now)
    return await visit.page(
        "counter_code.html",
        tab="code",
        kind="blocked" if till else tried.kind if tried else "",
        typed=visit.form.get("code", "")[:20],
        at=clock(supply.at, visit.now) if supply else "",
        supply_id=supply.id if supply else 0,
        until=clock(till, visit.now) if till else "",
    )


async def _what_to_hand_over(visit: Visit, tried: Tried, wrong: str = "") -> Response:
    """The first step: product, how many, which batch."""
    assert tried.claim is not None
    request = await visit.work.need(KitRequest, tried.claim.request_id)
    promised = await counter.promised_line(visit.scene, tried.claim)
    shelf = await _shelf_for(visit, tried)
    return await visit.page(
        "counter_hand_over.html",
        tab="code",
        wrong=wrong,
        typed=visit.form,
        code=show_claim_code(tried.claim.code),
        quantity=request.quantity,
        product=product_words("en", tried.claim.product, visit.rules),
        lines=shelf.options(promised),
        products=products(visit.rules),
        trained=choices("training.ask", TRAINED),
    )


async def _shelf_for(visit: Visit, tried: Tried) -> Shelf:
    """The batches that may be given for a code: enough of a fitting kind, its own promise too.

    Terms that have changed since the kit was held count, too.
    """
    assert tried.claim is not None
    request = await visit.work.need(KitRequest, tried.claim.request_id)
    contact = await visit.work.get(Contact, request.contact_id)
    held = await counter.promised_line(visit.scene, tried.claim)
    shelf = await visit.shelf(only_free=False)
    allowed, _ = may_supply(
        supplier_of(visit.outlet, visit.service.nation, shelf.today),
        {line.product: line.quantity for line in shelf.lines},
        Wanted(request.recipient, age_of(contact)),
        visit.rules,
        shelf.today,
    )

    def free(line: StockLine) -> int:
        own = held is not None and line_value(line) == line_value(held)
        return line.available + (held.reserved if own and held else 0)

    lines = [
        line
        for line in shelf.lines
        if line.product in allowed
        and fits(request.product, line.product, visit.rules)
        and not line.frozen
        and not line.is_over(shelf.today)
        and free(line) >= request.quantity
    ]
    return Shelf(lines, shelf.rules, shelf.today)


def _why_not(why: NoStock) -> str:
    """Why a batch may not be given, by the name the page has words for."""
    return why.reason if why.reason in ("over", "frozen", "terms") else "none"


async def _own_supply(visit: Visit, supply_id: int) -> Supply | None:
    """A supply of this outlet."""
    supply = await visit.work.get(Supply, supply_id) if supply_id < 2**63 else None
    own = supply and (supply.by_kind, supply.by_id) == ("outlet", visit.outlet.id)
    return supply if own else None


async def _walk_in(visit: Visit, wrong: str = "") -> Response:
    shelf = await visit.shelf()
    first = shelf.lines[0] if shelf.lines else None
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

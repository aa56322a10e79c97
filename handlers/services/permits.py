"""What a holder may not give to a request, looked up: law, labels, the outlet's own terms."""

from __future__ import annotations

from dataclasses import replace

from db.models import KitRequest, Outlet, Service
from db.stock import StockLine
from db.work import Work
from handlers.services.dispatch import need_of
from handlers.services.rules import rules_of, uk_day
from handlers.services.supplies import Holder, lines_of, reserve
from handlers.services.supply_terms import may_supply, peer_in, supplier_of


async def promise(work: Work, holder: Holder, request: KitRequest, batch: str = "") -> StockLine:
    """Promise a request's kits out of a holder's stock, of those that may go to it; or NoStock."""
    out = await barred(work, holder, request)
    return await reserve(work, holder, request, out, batch)


async def barred(work: Work, holder: Holder, request: KitRequest) -> frozenset[str]:
    """The products on a holder's shelf that may not go to this request.

    Who is not known to be an adult was never sent here by the line: a coordinator who arranged it
    has judged the age.
    """
    need = await need_of(work, request)
    wanted = need.wanted if need.wanted.age else replace(need.wanted, age=None)
    today = uk_day(work.now)
    rules = rules_of(await work.need(Service, request.service_id))
    supplier = peer_in(need.nation)
    if holder.kind == "outlet":
        outlet = await work.need(Outlet, holder.id)
        supplier = supplier_of(outlet, need.nation, today)
    shelf = {line.product: line.quantity for line in await lines_of(work, holder)}
    allowed, _ = may_supply(supplier, shelf, wanted, rules, today)
    return frozenset(shelf.keys() - allowed.keys())

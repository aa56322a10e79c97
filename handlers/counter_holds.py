"""What an outlet holds for codes: which kits, moved to another batch, held again, brought back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from db.models import Claim, KitRequest, Movement, Outlet, RequestStatus, Supply
from db.stock import StockLine
from handlers.engine.turn import Scene
from handlers.ladder import let_go_of_route, unstuck
from handlers.refusals import move_on
from handlers.services import requests
from handlers.services.permits import barred, promise
from handlers.services.rules import uk_day
from handlers.services.stock_moves import promised_to
from handlers.services.supplies import (
    NoStock,
    fitting,
    line_of,
    move,
    outlet_holder,
    release,
    reserved_for,
)

HELD_AFTER_UNDO = timedelta(hours=1)


async def codes_held(scene: Scene, outlet: Outlet) -> int:
    """How many people hold a code for this outlet."""
    return len(await scene.work.find(Claim, outlet_id=outlet.id, status="open"))


async def promised_line(scene: Scene, claim: Claim) -> StockLine | None:
    """The line of the shelf that is held for a code."""
    request = await scene.work.need(KitRequest, claim.request_id)
    held = await reserved_for(scene.work, request)
    return next((n for by, n in held if (by.kind, by.id) == ("outlet", claim.outlet_id)), None)


async def lines_for(scene: Scene, outlet: Outlet, claim: Claim) -> list[StockLine]:
    """The lines of the shelf that may be given for a code: enough of a fitting kind, the promise
    to it included. Terms that have changed since the kit was held count."""
    request = await scene.work.need(KitRequest, claim.request_id)
    holder = outlet_holder(outlet)
    promised = await reserved_for(scene.work, request)
    held = {line.box: line.reserved for by, line in promised if by == holder}
    out = await barred(scene.work, holder, request)
    return [
        line
        for line in await fitting(scene.work, holder, request.product)
        if line.product not in out
        and not line.frozen
        and not line.is_over(uk_day(scene.now))
        and line.available + held.get(line.box, 0) >= request.quantity
    ]


async def free_up(
    scene: Scene, outlet: Outlet, line: StockLine, quantity: int, *, held_too: bool
) -> None:
    """Kits of this batch are held for codes: those get another batch, the latest code first.

    NoStock ("promised") if there is none, unless they are to be sent elsewhere (``held_too``).
    """
    holder = outlet_holder(outlet)
    for request in reversed(await promised_to(scene.work, holder, line)):
        if (await line_of(scene.work, holder, *line.box)).available >= quantity:
            return
        await release(scene.work, request)
        others = [
            n.batch
            for n in await fitting(scene.work, holder, request.product)
            if n.batch != line.batch
        ]
        for other in others:
            with suppress(NoStock):
                await hold_again(scene, outlet, request, other)
                break
        else:
            if not held_too:
                raise NoStock("promised")
            await move_on(scene, request, outlet)


async def hold_again(scene: Scene, outlet: Outlet, request: KitRequest, batch: str) -> None:
    """A kit of this batch is held for a request's code; or NoStock."""
    line = await promise(scene.work, outlet_holder(outlet), request, batch)
    for claim in await scene.work.find(Claim, request_id=request.id, status="open"):
        scene.work.save(replace(claim, product=line.product, batch=line.batch, expiry=line.expiry))


async def take_back_receipt(
    scene: Scene, outlet: Outlet, supply: Supply, by_contact_id: int | None
) -> None:
    """What came onto the list only for this supply ("another batch, as on the box")."""
    work, holder = scene.work, outlet_holder(outlet)
    mine = {"service_id": holder.service_id, "holder_kind": holder.kind, "holder_id": holder.id}
    for came in await work.find(Movement, **mine, supply_id=supply.id, kind="received"):
        line = await line_of(work, holder, came.product, came.batch, came.expiry)
        with suppress(NoStock):  # counted away or promised meanwhile
            await move(
                work,
                holder,
                line,
                "received",
                quantity=-came.quantity,
                by_contact_id=by_contact_id,
                reverses=came.id,
            )


async def bring_back(scene: Scene, outlet: Outlet, claim: Claim) -> Claim:
    """The kit was moved elsewhere, and the person has come all the same: it is here again."""
    request = await scene.work.need(KitRequest, claim.request_id)
    await let_go_of_route(scene, request, claim_status="refused")
    await unstuck(scene, request)
    until = scene.now + HELD_AFTER_UNDO
    requests.hold(
        scene.work,
        await scene.work.need(KitRequest, request.id),
        RequestStatus.WAITING_CLAIM,
        ("claim", claim.id),
        until,
        route="outlet",
        outlet_id=outlet.id,
    )
    return scene.work.save(replace(claim, status="open", expires_at=until))

"""What an outlet's phone says: a code handed over, none left, the shelf."""

from __future__ import annotations

from dataclasses import replace

from content import library
from db.models import Claim, KitRequest, Outlet, RequestStatus, Supply
from handlers.engine.turn import Turn
from handlers.meeting import ask_if_arrived
from handlers.services import requests
from handlers.services.codes import read_claim_code, show_claim_code
from handlers.services.rules import clock_words
from handlers.services.supplies import To, issue, left_of, lines_of, outlet_holder, reserved_for


async def issued(turn: Turn, outlet: Outlet, rest: str) -> None:
    """ISSUED K7F-3QX: log it once, whatever is typed twice."""
    if not rest.strip():
        turn.say("outlet.how")
        return
    code = read_claim_code(rest)
    found = await turn.work.find(Claim, code=code) if code else []
    claim = found[0] if found else None
    if claim is None or claim.service_id != outlet.service_id:
        turn.say("outlet.wrong")
        return
    if claim.outlet_id != outlet.id:
        turn.say("outlet.other")
        return
    shown = show_claim_code(claim.code)
    if claim.status == "redeemed":
        supplies = await turn.work.find(Supply, request_id=claim.request_id, reverses=None)
        at = clock_words(supplies[0].at, turn.now) if supplies else ""
        turn.say("outlet.repeat", code=shown, at=at)
        return
    if claim.status != "open":
        turn.say("outlet.expired")
        return
    request = await turn.work.need(KitRequest, claim.request_id)
    holder = outlet_holder(outlet)
    line = next(held for _, held in await reserved_for(turn.work, request))
    to = To(request.recipient, request.district, request.reason, "not_said")
    supply = await issue(
        turn.work, holder, line, request.quantity, to, request=request, by_contact_id=turn.id
    )
    turn.work.save(replace(claim, status="redeemed"))
    request = requests.close(turn.work, request, RequestStatus.SUPPLIED, handed_at=turn.now)
    turn.journal("KitSupplied", request_id=request.id, supply=supply.id, outlet=outlet.id)
    left = await left_of(turn.work, holder, supply.product)
    turn.say(
        "outlet.issued",
        quantity=supply.quantity,
        product=library.label(turn.locale, "product", supply.product),
        batch=supply.batch,
        code=shown,
        left=left,
    )
    await ask_if_arrived(turn.scene, request, outlet.name)


async def none_left(turn: Turn, outlet: Outlet) -> None:
    """NONE: routing learns it at once."""
    turn.work.save(replace(outlet, none_left_at=turn.now))
    turn.journal("OutletHasNone", outlet=outlet.id)
    turn.say("outlet.none")


async def stock(turn: Turn, outlet: Outlet) -> None:
    """STOCK: what our list says, and people are sent again."""
    if outlet.none_left_at:
        turn.work.save(replace(outlet, none_left_at=None))
    parts = []
    for line in await lines_of(turn.work, outlet_holder(outlet)):
        product = library.label(turn.locale, "product", line.product)
        parts.append(f"{line.quantity} x {product} {line.batch}")
    if parts:
        turn.say("outlet.stock", lines=", ".join(parts))
    else:
        turn.say("outlet.stock_none")

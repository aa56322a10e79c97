"""How a request stands, in the words of whoever asks. Honest: "sent" is never "delivered"."""

from __future__ import annotations

from dataclasses import replace

from content import library
from content.library import Words, saying
from db.models import (
    Claim,
    KitRequest,
    Offer,
    OfferStatus,
    Outlet,
    Peer,
    RequestStatus,
    Service,
    Staff,
)
from handlers.engine.turn import Scene, Turn
from handlers.services.codes import show_claim_code
from handlers.services.dispatch import need_of
from handlers.services.hours import UNSURE
from handlers.services.outlets import opens_words, outlets_near
from handlers.services.rules import clock_words, rules_of


async def of(turn: Turn, request: KitRequest) -> str:
    """How a request stands, in the requester's words. Honest: "sent" is never "delivered"."""
    scene, work = turn.scene, turn.work
    rules = rules_of(await work.need(Service, request.service_id))
    until = clock_words(request.next_timer_at, scene.now) if request.next_timer_at else ""
    if request.status == RequestStatus.OFFERED:
        offers = await work.find(Offer, request_id=request.id)
        again = any(o.status in (OfferStatus.DECLINED, OfferStatus.EXPIRED) for o in offers)
        return turn.text(
            "ladder.news_offered_next" if again else "ladder.news_offered", until=until
        )
    if request.status == RequestStatus.WAITING_CLAIM:
        outlet = await work.need(Outlet, request.outlet_id)
        claim = await work.need(Claim, request.owner_id)
        near = await _near(scene, request, outlet)
        return turn.text(
            "ladder.news_held",
            quantity=request.quantity,
            name=outlet.name,
            address=outlet.address,
            hours=near,
            code=show_claim_code(claim.code),
            until=clock_words(claim.expires_at, scene.now),
        )
    if request.status == RequestStatus.ACCEPTED:
        peer = await work.need(Peer, request.peer_id)
        return turn.text("ladder.news_accepted", peer=peer.name)
    if request.status == RequestStatus.WITH_COORDINATOR:
        staff = await work.get(Staff, request.owner_id)
        if turn.contact.adult is False:
            return turn.text("ladder.news_worker")
        if staff:
            return turn.text(
                "ladder.news_coordinator", name=staff.name, until=until, ring=rules.ring
            )
        anybody = [
            s
            for s in await work.find(Staff, service_id=request.service_id, status="active")
            if s.call_order > 0
        ]
        name = "ladder.news_asleep" if anybody else "ladder.news_no_team"
        return turn.text(name, until=until, ring=rules.ring)
    return library.label(turn.locale, "status", request.status)


async def _near(scene: Scene, request: KitRequest, outlet: Outlet) -> Words:
    service = await scene.work.need(Service, request.service_id)
    need = need_of(request)
    found = await outlets_near(
        scene.work, service.id, replace(need, quantity=0), rules_of(service), service.nation
    )
    near = next((n for n in found if n.outlet.id == outlet.id), None)
    return opens_words(near) if near else outlet.hours or UNSURE


async def owner_words(scene: Scene, request: KitRequest) -> Words:
    """Who has a request now, for staff."""
    if request.owner_kind == "offer":
        offer = await scene.work.get(Offer, request.owner_id)
        peer = await scene.work.get(Peer, offer.peer_id if offer else None)
        if peer:
            return saying("saying.owner_asked", name=peer.name)
        return saying("saying.owner_peer_asked")
    if request.owner_kind == "peer":
        peer = await scene.work.get(Peer, request.owner_id)
        return peer.name if peer else saying("saying.owner_peer")
    if request.owner_kind == "claim":
        outlet = await scene.work.get(Outlet, request.outlet_id)
        return outlet.name if outlet else saying("saying.owner_pharmacy")
    if request.owner_kind == "coordinator":
        staff = await scene.work.get(Staff, request.owner_id)
        return staff.name if staff else saying("saying.owner_nobody")
    return "-"

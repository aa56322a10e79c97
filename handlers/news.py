"""How a request stands, in the words of whoever asks. Honest: "sent" is never "delivered"."""

from __future__ import annotations

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
    Supply,
)
from db.work import Work
from handlers.engine.turn import Scene, Turn
from handlers.services import help_lines, whereabouts
from handlers.services.codes import show_claim_code
from handlers.services.hours import opening_of
from handlers.services.rules import clock_words, rules_of


async def of(turn: Turn, request: KitRequest) -> str:
    """How a request stands, in the requester's words. Honest: "sent" is never "delivered"."""
    scene, work = turn.scene, turn.work
    service = await work.need(Service, request.service_id)
    rules, nation = rules_of(service), service.nation
    until = clock_words(request.next_timer_at, scene.now) if request.next_timer_at else ""
    if request.status == RequestStatus.OFFERED:
        offers = await work.find(Offer, request_id=request.id)
        gone = [o for o in offers if o.status in (OfferStatus.DECLINED, OfferStatus.EXPIRED)]
        if not gone:
            return turn.text("ladder.news_offered", until=until)
        return turn.text("ladder.news_offered_next", until=until, more=len(gone) > 1)
    if request.status == RequestStatus.WAITING_CLAIM:
        outlet = await work.need(Outlet, request.outlet_id)
        claim = await work.need(Claim, request.owner_id)
        return turn.text(
            "ladder.news_held",
            quantity=request.quantity,
            name=outlet.name,
            address=outlet.address,
            hours=opening_of(outlet, scene.now, nation).words,
            code=show_claim_code(claim.code),
            until=clock_words(claim.expires_at, scene.now),
        )
    if request.status == RequestStatus.ACCEPTED:
        peer = await work.need(Peer, request.peer_id)
        if silent := await whereabouts.silent(work, request, peer):
            since, told = (clock_words(at, scene.now) if at else "" for at in silent)
            return turn.text("ladder.news_silent", peer=peer.name, since=since, told=told)
        return turn.text("ladder.news_accepted", peer=peer.name, meeting=request.meeting)
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


async def now(turn: Turn, request: KitRequest) -> str:
    """How a request stands when it is asked about: that nobody has it yet is said first."""
    staff = await turn.work.get(Staff, request.owner_id)
    if request.status == RequestStatus.WITH_COORDINATOR and staff and turn.contact.adult:
        ring = rules_of(await turn.work.need(Service, request.service_id)).ring
        until = clock_words(request.next_timer_at or turn.now, turn.now)
        return turn.text("ladder.coordinator_now", name=staff.name, until=until, ring=ring)
    if request.status != RequestStatus.OFFERED:
        return await of(turn, request)
    offers = await turn.work.find(Offer, request_id=request.id)
    waiting = [offer.expires_at for offer in offers if offer.status == OfferStatus.SENT]
    until = clock_words(max(waiting, default=turn.now), turn.now)
    return turn.text("ladder.nobody_yet", until=until, nth=len(offers))


async def handed_by(work: Work, request: KitRequest) -> str:
    """Who logged a request's kit as handed over."""
    supplies = await work.find(Supply, request_id=request.id, reverses=None)
    models: dict[str, type[Peer | Outlet | Staff]] = {
        "peer": Peer,
        "outlet": Outlet,
        "staff": Staff,
    }
    by = await work.get(models[supplies[-1].by_kind], supplies[-1].by_id) if supplies else None
    return by.name if by else ""


def say_by_post(turn: Turn, request: KitRequest, service: Service) -> None:
    """Where a nation posts kits, somebody whom nobody near can help is told. We post nothing."""
    if request.status != RequestStatus.WITH_COORDINATOR or not turn.contact.adult:
        return
    if service.nation == "Wales":
        number = help_lines.number_of("dan247", service, turn.now.date())
        turn.say("request_kit.national_wales", kind="notice", number=number)
    elif service.nation == "Scotland":
        turn.say("request_kit.national_scotland", kind="notice")


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

"""An open request's way: peers, then an outlet, then a coordinator; and who is told what.

Every function here leaves an open request with one owner and one timer (rule 2).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from db.models import (
    OPEN_STATUSES,
    Claim,
    Flag,
    KitRequest,
    Offer,
    OfferStatus,
    Peer,
    RequestStatus,
    Service,
    Timer,
)
from handlers import flags, news, pairs
from handlers.asking import offer_to
from handlers.engine.conversation import begin, by_day
from handlers.engine.turn import Scene
from handlers.services import requests
from handlers.services.codes import new_claim_code
from handlers.services.dispatch import candidates_for, need_of, rank
from handlers.services.escalation import AskPeers, HoldKit, Situation, next_thing
from handlers.services.geo import haversine_km
from handlers.services.outlets import NearOutlet, ranked_outlets
from handlers.services.permits import promise
from handlers.services.roles import alias_of
from handlers.services.rules import Rules, rules_of
from handlers.services.supplies import NoStock, outlet_holder, release

LET_GO_UNANSWERED = timedelta(hours=24)
WARN_BEFORE = timedelta(hours=18)
"""By day, and five hours before a code runs out at the least."""
STILL_NEEDED_ASKED = "asked"
"""A request's ``meeting`` while we wait to hear whether the kit is still needed."""


# --- the next rung -----------------------------------------------------------------------------


async def advance(scene: Scene, request: KitRequest) -> KitRequest:
    """Try the next thing for a request that nobody is on. The requester is told by the caller."""
    service = await scene.work.need(Service, request.service_id)
    rules = rules_of(service)
    refused = await scene.work.find(Claim, request_id=request.id, status="refused")
    tried = {claim.outlet_id for claim in refused}
    while True:
        situation = await _situation(scene, service, rules, request, tried)
        following = next_thing(situation, rules)
        if isinstance(following, AskPeers):
            return await _ask_peers(scene, request, following)
        if not isinstance(following, HoldKit):
            why = reasons(situation)
            return await _to_coordinator(scene, service, request, following.reason, **why)
        try:
            return await _hold_kit(scene, request, following.outlet, following.until)
        except NoStock:
            tried.add(following.outlet.outlet.id)


async def _situation(
    scene: Scene, service: Service, rules: Rules, request: KitRequest, tried: set[int]
) -> Situation:
    need = await need_of(scene.work, request)
    candidates = await candidates_for(scene.work, service.id, request)
    begun = request.reopened_at or request.asked_at
    offers = await scene.work.find(Offer, request_id=request.id)
    offers = [offer for offer in offers if offer.sent_at >= begun]
    return Situation(
        now=scene.now,
        asked_at=begun,
        route=request.route,
        waves_made=-(-len(offers) // rules.wave_size),
        outlets_tried=frozenset(tried),
        peers=rank(candidates, need, scene.now, rules),
        outlets=await ranked_outlets(
            scene.work, service.id, need, rules, service.nation, status="active"
        ),
    )


def reasons(situation: Situation) -> dict[str, dict[str, int]]:
    """For the journal: why not the peers, why not the outlets, and how many of each."""
    return {
        "peers": Counter(ranked.why_not for ranked in situation.peers if ranked.why_not),
        "outlets": Counter(near.why_not for near in situation.outlets if near.why_not),
    }


async def _ask_peers(scene: Scene, request: KitRequest, ask: AskPeers) -> KitRequest:
    first: Offer | None = None
    for ranked in ask.peers:
        offer = await offer_to(
            scene,
            request,
            ranked.candidate.peer,
            ranked.distance_km,
            ask.until,
            nearest_km=round(ranked.nearest_km, 2),
            fair=ranked.fair,
        )
        first = first or offer
    assert first is not None
    await unstuck(scene, request)
    owner = ("offer", first.id)
    return requests.hold(scene.work, request, RequestStatus.OFFERED, owner, ask.until, route="peer")


async def ask_peer_by_name(scene: Scene, request: KitRequest, peer: Peer) -> datetime:
    """Offer a request to a peer a coordinator (or another peer) named; returns until when."""
    service = await scene.work.need(Service, request.service_id)
    until = scene.now + rules_of(service).offer_time
    km = haversine_km((request.lat or 0.0, request.lon or 0.0), (peer.lat, peer.lon))
    offer = await offer_to(scene, request, peer, km, until, fair="named")
    await unstuck(scene, request)
    requests.hold(
        scene.work, request, RequestStatus.OFFERED, ("offer", offer.id), until, route="peer"
    )
    return until


async def _hold_kit(
    scene: Scene, request: KitRequest, near: NearOutlet, until: datetime
) -> KitRequest:
    outlet = near.outlet
    line = await promise(scene.work, outlet_holder(outlet), request)
    code = new_claim_code()
    while await scene.work.find(Claim, code=code):
        code = new_claim_code()
    claim = scene.work.save(
        Claim(
            id=scene.work.new_id(),
            service_id=request.service_id,
            request_id=request.id,
            outlet_id=outlet.id,
            code=code,
            status="open",
            product=line.product,
            batch=line.batch,
            expiry=line.expiry,
            created_at=scene.now,
            expires_at=until,
        )
    )
    await unstuck(scene, request)
    warn_later(scene, claim)
    scene.journal("KitHeld", service_id=request.service_id, request_id=request.id, outlet=outlet.id)
    return requests.hold(
        scene.work,
        request,
        RequestStatus.WAITING_CLAIM,
        ("claim", claim.id),
        until,
        route="outlet",
        outlet_id=outlet.id,
    )


def warn_later(scene: Scene, claim: Claim) -> bool:
    """A word before the code runs out, by day; False where that is no longer ahead."""
    due = by_day(claim.expires_at - WARN_BEFORE)
    if due > scene.now:
        scene.set_timer(f"claim_warn:{claim.id}", "claim_warn", due, claim=claim.id)
    return due > scene.now


async def _to_coordinator(
    scene: Scene, service: Service, request: KitRequest, reason: str, **why: Any
) -> KitRequest:
    _, asked = await flags.raise_flag(scene, service, "stuck_request", request=request)
    scene.journal(
        "RequestEscalated", service_id=service.id, request_id=request.id, reason=reason, **why
    )
    owner = ("coordinator", asked.staff.id if asked.staff else 0)
    return requests.hold(
        scene.work, request, RequestStatus.WITH_COORDINATOR, owner, asked.until, route="direct"
    )


async def hand_to_coordinator(
    scene: Scene, request: KitRequest, reason: str, peer_text: str = "meeting.cancelled_peer"
) -> None:
    """Nothing automatic goes on: promises and offers are taken back, a coordinator has it."""
    await let_go_of_route(scene, request, peer_text=peer_text)
    request = await scene.work.need(KitRequest, request.id)
    service = await scene.work.need(Service, request.service_id)
    await _to_coordinator(scene, service, request, reason)


# --- timers ------------------------------------------------------------------------------------


async def request_due(scene: Scene, timer: Timer) -> None:
    """A request's one timer: whatever was waited for did not happen."""
    request = await scene.work.get(KitRequest, timer.payload["request"])
    if request is None or request.status not in OPEN_STATUSES:
        return
    if request.next_timer_at and request.next_timer_at > scene.now:  # moved on since
        requests.hold(
            scene.work,
            request,
            RequestStatus(request.status),
            (request.owner_kind, request.owner_id or 0),
            request.next_timer_at,
        )
        return
    if request.status == RequestStatus.OFFERED:
        await _offers_expired(scene, request)
    elif request.status == RequestStatus.WAITING_CLAIM:
        await _claim_expired(scene, request)
    elif request.status == RequestStatus.WITH_COORDINATOR:
        await _coordinator_silent(scene, request)
    elif request.status == RequestStatus.OPEN:
        await advance_and_tell(scene, request)


async def _offers_expired(scene: Scene, request: KitRequest) -> None:
    for offer in await scene.work.find(Offer, request_id=request.id, status=OfferStatus.SENT):
        scene.work.save(replace(offer, status=OfferStatus.EXPIRED, answered_at=scene.now))
        peer = await scene.work.need(Peer, offer.peer_id)
        turn = await scene.person(peer.contact_id)
        turn.say("offer.expired", kind="notice", district=request.district, code=offer.code)
        scene.journal(
            "OfferExpired",
            service_id=request.service_id,
            request_id=request.id,
            contact_id=peer.contact_id,
            offer=offer.code,
        )
    await advance_and_tell(scene, request)


async def advance_and_tell(scene: Scene, request: KitRequest) -> KitRequest:
    """Try the next thing and tell the requester at once that the plan changed."""
    request = await advance(scene, request)
    requester = await scene.person(request.contact_id)
    requester.say(
        "ladder.changed", kind="notice", ref=request.ref, news=await news.of(requester, request)
    )
    service = await scene.work.need(Service, request.service_id)
    news.say_by_post(requester, request, service)
    return request


async def _claim_expired(scene: Scene, request: KitRequest) -> None:
    await let_go_of_route(scene, request, claim_status="expired")
    request = await scene.work.need(KitRequest, request.id)
    due = by_day(scene.now + LET_GO_UNANSWERED)
    requests.hold(
        scene.work,
        request,
        RequestStatus.WITH_COORDINATOR,
        ("coordinator", 0),
        due,
        meeting=STILL_NEEDED_ASKED,
    )
    requester = await scene.person(request.contact_id)
    await begin(requester, "still_needed", request=request.id, ref=request.ref)


async def _coordinator_silent(scene: Scene, request: KitRequest) -> None:
    if request.meeting == STILL_NEEDED_ASKED:  # and no answer came
        await end_request(scene, request, RequestStatus.UNFILLED)
        requester = await scene.person(request.contact_id)
        yes = requester.flow == "still_needed"
        requester.say("still_needed.closed", kind="notice", ref=request.ref, yes=yes)
        return
    service = await scene.work.need(Service, request.service_id)
    flag = await _stuck_flag(scene, request)
    if flag and flag.status == "taken":
        due = await flags.remind_owner(scene, flag)
        owner = ("coordinator", flag.staff_id or 0)
        requests.hold(scene.work, request, RequestStatus.WITH_COORDINATOR, owner, due)
        return
    if flag:
        asked = await flags.ask_next(scene, service, flag)
    else:
        _, asked = await flags.raise_flag(scene, service, "stuck_request", request=request)
    owner = ("coordinator", asked.staff.id if asked.staff else 0)
    requests.hold(scene.work, request, RequestStatus.WITH_COORDINATOR, owner, asked.until)
    if flag and len(flag.asked) == 1:  # said once, when the second person is asked
        requester = await scene.person(request.contact_id)
        ring = rules_of(service).ring
        requester.say("ladder.nobody_acted", kind="notice", ref=request.ref, ring=ring)


async def _stuck_flag(scene: Scene, request: KitRequest) -> Flag | None:
    found = await scene.work.find(Flag, request_id=request.id, kind=flags.OF_A_REQUEST)
    return next((flag for flag in found if flag.status != "done"), None)


async def unstuck(scene: Scene, request: KitRequest) -> None:
    """Somebody or something has the request again: no coordinator need look at it."""
    if flag := await _stuck_flag(scene, request):
        flags.close_flag(scene, flag)


# --- ending ------------------------------------------------------------------------------------


async def let_go_of_route(
    scene: Scene,
    request: KitRequest,
    *,
    claim_status: str = "cancelled",
    peer_text: str = "meeting.cancelled_peer",
) -> None:
    """Take back offers, promises and codes of an open request; tell the peers concerned.

    ``peer_text``: what a peer reads who had said yes.
    """
    await release(scene.work, request)
    for offer in await requests.withdraw_offers(scene.work, request):
        peer = await scene.work.need(Peer, offer.peer_id)
        turn = await scene.person(peer.contact_id)
        turn.say("offer.withdrawn", kind="notice", district=request.district, code=offer.code)
    for claim in await scene.work.find(Claim, request_id=request.id, status="open"):
        scene.work.save(replace(claim, status=claim_status))
    if request.status == RequestStatus.ACCEPTED and request.peer_id:
        peer = await scene.work.need(Peer, request.peer_id)
        turn = await scene.person(peer.contact_id)
        requester = await scene.person(request.contact_id)
        turn.say(
            peer_text,
            kind="notice",
            alias=alias_of(requester.contact),
            ref=request.ref,
        )
        await pairs.meeting_over(scene, request)
    scene.work.save(replace(request, peer_id=None, outlet_id=None, meeting="", missed=0))


async def end_request(scene: Scene, request: KitRequest, status: RequestStatus) -> None:
    """Close an open request unfilled or cancelled; everybody concerned is told but the asker."""
    await let_go_of_route(scene, request)
    request = await scene.work.need(KitRequest, request.id)
    requests.close(scene.work, request, status)
    await unstuck(scene, request)
    fact = "RequestCancelled" if status == RequestStatus.CANCELLED else "RequestUnfilled"
    scene.journal(
        fact,
        service_id=request.service_id,
        request_id=request.id,
        contact_id=request.contact_id,
    )

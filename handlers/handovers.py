"""HANDOVER Jo: one peer asks another by name to take a meeting over.

Till the other says yes it stays with the first, kit and all, so that nobody waits for no one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from db.models import KitRequest, Offer, OfferStatus, Peer, RequestStatus, Service, Timer
from handlers import asking, pairs
from handlers.engine.turn import Scene, Turn
from handlers.services import requests
from handlers.services.dispatch import candidates_for, need_of, why_not
from handlers.services.geo import haversine_km
from handlers.services.permits import barred
from handlers.services.rules import clock_words, rules_of
from handlers.services.supplies import NoStock, peer_holder, pick, release, reserve

ALL_THE_SAME = ("", "too_far", "already_asked")
"""What does not stand against asking somebody by name."""


async def to_peer(turn: Turn, peer: Peer, request: KitRequest, other: Peer) -> None:
    """Ask a colleague; they answer as they would any offer."""
    if request.meeting == "paused":  # there is an emergency: nobody is sent into it
        turn.say("overdose.meeting_paused")
        return
    service = await turn.work.need(Service, request.service_id)
    rules = rules_of(service)
    km = haversine_km((request.lat or 0.0, request.lon or 0.0), (other.lat, other.lon))
    need = await need_of(turn.work, request)
    candidates = await candidates_for(turn.work, service.id, request)
    one = next((c for c in candidates if c.peer.id == other.id), None)
    if one is None or why_not(one, need, km, turn.now, rules) not in ALL_THE_SAME:
        turn.say("handover.cannot", name=other.name)
        return
    await let_go(turn.scene, request)
    until = turn.now + rules.offer_time
    told = await turn.scene.person(other.contact_id)
    told.say("handover.ask", kind="notice", name=peer.name)
    offer = await asking.offer_to(turn.scene, request, other, km, until, fair="named")
    turn.scene.set_timer(f"handover:{offer.id}", "handover", until, offer=offer.id)
    turn.say("handover.waiting", name=other.name, until=clock_words(until, turn.now))
    turn.journal("HandoverAsked", request_id=request.id, peer=other.id)


async def _waiting(scene: Scene, request: KitRequest) -> list[Offer]:
    """What a colleague was asked and has not answered: the request itself is in a peer's hands."""
    if request.status != RequestStatus.ACCEPTED:
        return []
    return await scene.work.find(Offer, request_id=request.id, status=OfferStatus.SENT)


async def let_go(scene: Scene, request: KitRequest) -> None:
    """The meeting is over, or somebody else is asked: the colleague need not answer any more."""
    for offer in await _waiting(scene, request):
        scene.work.save(replace(offer, status=OfferStatus.WITHDRAWN, answered_at=scene.now))
        other = await scene.work.need(Peer, offer.peer_id)
        told = await scene.person(other.contact_id)
        told.say("offer.withdrawn", kind="notice", district=request.district, code=offer.code)


async def take_over(turn: Turn, peer: Peer, offer: Offer, request: KitRequest) -> KitRequest | None:
    """A yes to a colleague: kit, meeting and chat go over at once; None if no kit is free."""
    giver = await turn.work.need(Peer, request.peer_id)
    holder = peer_holder(peer)
    forbidden = await barred(turn.work, holder, request)
    try:
        await pick(turn.work, holder, request.product, request.quantity, barred=forbidden)
    except NoStock:
        return None
    await release(turn.work, request)
    await reserve(turn.work, holder, request, forbidden)
    for theirs in await turn.work.find(
        Offer, request_id=request.id, peer_id=giver.id, status=OfferStatus.ACCEPTED
    ):
        turn.work.save(replace(theirs, status=OfferStatus.DECLINED))
    turn.work.save(replace(offer, status=OfferStatus.ACCEPTED, answered_at=turn.now))
    await pairs.meeting_over(turn.scene, request)
    rules = rules_of(await turn.work.need(Service, request.service_id))
    request = requests.hold(
        turn.work,
        request,
        RequestStatus.ACCEPTED,
        ("peer", peer.id),
        turn.now + timedelta(minutes=rules.meeting_check_minutes),
        peer_id=peer.id,
        meeting="agreed",
        missed=0,
        accepted_at=turn.now,
    )
    told = await turn.scene.person(giver.contact_id)
    told.say("handover.done", kind="notice", name=peer.name, ref=request.ref)
    requester = await turn.scene.person(request.contact_id)
    requester.say(
        "handover.requester", kind="notice", name=peer.name, peer=giver.name, ref=request.ref
    )
    turn.journal("HandoverTaken", request_id=request.id, offer=offer.code)
    return request


async def refused(scene: Scene, offer: Offer, request: KitRequest) -> None:
    """A no, or no answer: it is still with the one who asked, and they know."""
    other = await scene.work.need(Peer, offer.peer_id)
    giver = await scene.work.need(Peer, request.peer_id)
    told = await scene.person(giver.contact_id)
    told.say("handover.refused", kind="notice", name=other.name, ref=request.ref)


async def due(scene: Scene, timer: Timer) -> None:
    """The colleague did not answer in time."""
    offer = await scene.work.get(Offer, timer.payload["offer"])
    if offer is None or offer.status != OfferStatus.SENT:
        return
    request = await scene.work.need(KitRequest, offer.request_id)
    if request.status != RequestStatus.ACCEPTED:
        return  # it moved on, and their offer with it: the ladder's own timer ends it
    scene.work.save(replace(offer, status=OfferStatus.EXPIRED, answered_at=scene.now))
    other = await scene.work.need(Peer, offer.peer_id)
    told = await scene.person(other.contact_id)
    told.say("offer.expired", kind="notice", district=request.district, code=offer.code)
    await refused(scene, offer, request)

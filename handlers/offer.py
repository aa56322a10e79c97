"""A peer's yes or no to an offer. An offer is answered by its code, never by state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from content import library
from db.models import KitRequest, Offer, OfferStatus, Peer, RequestStatus, Service
from handlers import handovers, ladder, pairs
from handlers.engine.conversation import leave
from handlers.engine.turn import NOTICE, Turn
from handlers.services import requests
from handlers.services.permits import promise
from handlers.services.products import pack_words
from handlers.services.roles import alias_of
from handlers.services.rules import rules_of, uk_day
from handlers.services.standing import run_out
from handlers.services.supplies import NoStock, peer_holder
from handlers.services.whereabouts import public_place_near


async def open_offers(turn: Turn, peer: Peer) -> list[Offer]:
    """The offers this peer has not answered."""
    return await turn.work.find(Offer, peer_id=peer.id, status=OfferStatus.SENT)


async def answer(turn: Turn, peer: Peer, yes: bool, code: str = "") -> None:
    """Take a yes or no; with several open and no code, ask which."""
    waiting = await open_offers(turn, peer)
    if code:
        named = [o for o in waiting if o.code == code]
        if not named and waiting and not await _was_theirs(turn, peer, code):
            ask_which(turn, waiting)
            return
        if not named:
            turn.say("offer.gone" if await _was_theirs(turn, peer, code) else "offer.none")
            return
        waiting = named
    if not waiting:
        past = await turn.work.find(Offer, peer_id=peer.id)
        recent = [o for o in past if turn.now - o.sent_at < timedelta(hours=24)]
        lost = recent and recent[-1].status in (OfferStatus.EXPIRED, OfferStatus.WITHDRAWN)
        turn.say("offer.gone" if lost else "offer.none")
        return
    if len(waiting) > 1:
        ask_which(turn, waiting)
        return
    if yes:
        await accept(turn, peer, waiting[0])
    else:
        await decline(turn, peer, waiting[0])


def ask_which(turn: Turn, waiting: list[Offer]) -> None:
    """A yes or no that names none of the open offers, or could mean several things."""
    codes = [o.code for o in waiting]
    turn.say("offer.which", codes=", ".join(codes), first=codes[0])


async def _was_theirs(turn: Turn, peer: Peer, code: str) -> bool:
    return any(o.code == code for o in await turn.work.find(Offer, peer_id=peer.id))


async def decline(turn: Turn, peer: Peer, offer: Offer) -> None:
    """A no is fine: the next thing is tried at once."""
    turn.work.save(replace(offer, status=OfferStatus.DECLINED, answered_at=turn.now))
    turn.journal("OfferDeclined", request_id=offer.request_id, offer=offer.code)
    request = await turn.work.need(KitRequest, offer.request_id)
    asked_by_peer = request.status == RequestStatus.ACCEPTED
    turn.say("handover.declined" if asked_by_peer else "offer.declined")
    await _go_on(turn, offer)


async def _go_on(turn: Turn, offer: Offer) -> None:
    request = await turn.work.need(KitRequest, offer.request_id)
    if request.status == RequestStatus.ACCEPTED:  # a colleague asked them to take it over
        await handovers.refused(turn.scene, offer, request)
    if request.status != RequestStatus.OFFERED:
        return
    waiting = await turn.work.find(Offer, request_id=request.id, status=OfferStatus.SENT)
    if waiting:
        until = min(o.expires_at for o in waiting)
        owner = ("offer", waiting[0].id)
        requests.hold(turn.work, request, RequestStatus.OFFERED, owner, until)
    else:
        await ladder.advance_and_tell(turn.scene, request)


async def accept(turn: Turn, peer: Peer, offer: Offer) -> None:
    """The first yes wins: a kit is promised, the others are told, the relay opens."""
    request = await turn.work.need(KitRequest, offer.request_id)
    if request.status not in (RequestStatus.OFFERED, RequestStatus.ACCEPTED):
        turn.work.save(replace(offer, status=OfferStatus.WITHDRAWN, answered_at=turn.now))
        turn.say("offer.taken")
        return
    if over := run_out(peer, uk_day(turn.now)):
        await _cannot(turn, offer, over)
        return
    if request.status == RequestStatus.ACCEPTED:
        taken_over = await handovers.take_over(turn, peer, offer, request)
        if taken_over is None:
            await _cannot(turn, offer, "stock")
            return
        await _introduce(turn, peer, taken_over)
        return
    try:
        await promise(turn.work, peer_holder(peer), request)
    except NoStock:
        await _cannot(turn, offer, "stock")
        return
    turn.work.save(replace(offer, status=OfferStatus.ACCEPTED, answered_at=turn.now))
    for other in await requests.withdraw_offers(turn.work, request, but=offer.id):
        loser = await turn.work.need(Peer, other.peer_id)
        told = await turn.scene.person(loser.contact_id)
        told.say("offer.taken", kind="notice", priority=NOTICE)
        told.journal("OfferWithdrawn", request_id=request.id, offer=other.code)
    service = await turn.work.need(Service, request.service_id)
    rules = rules_of(service)
    due = turn.now + timedelta(minutes=rules.meeting_check_minutes)
    request = requests.hold(
        turn.work,
        request,
        RequestStatus.ACCEPTED,
        ("peer", peer.id),
        due,
        peer_id=peer.id,
        meeting="agreed",
        missed=0,
        accepted_at=turn.now,
    )
    turn.journal("OfferAccepted", request_id=request.id, offer=offer.code)
    requester = await turn.scene.person(request.contact_id)
    requester.memory["last"] = "relay"  # what they text next is for the peer
    meet = public_place_near(request, rules)
    await _introduce(turn, peer, request)
    requester.say(
        "offer.accepted_requester", kind="notice", peer=peer.name, ref=request.ref, meet=meet
    )


async def _cannot(turn: Turn, offer: Offer, why: str) -> None:
    """A yes that cannot be taken: no kit, or training or a check that has run out."""
    turn.work.save(replace(offer, status=OfferStatus.DECLINED, answered_at=turn.now))
    turn.journal("OfferDeclined", request_id=offer.request_id, offer=offer.code, reason=why)
    turn.say(f"offer.no_{why}")
    await _go_on(turn, offer)


async def _introduce(turn: Turn, peer: Peer, request: KitRequest) -> None:
    """The meeting is theirs: where, whom, and the words for it; their partner may go along."""
    if turn.flow == "street":
        leave(turn)  # a walk-in supply half typed is not what they are doing now
    turn.memory["last"] = "relay"
    requester = await turn.scene.person(request.contact_id)
    rules = rules_of(await turn.work.need(Service, request.service_id))
    turn.say(
        "offer.accepted_peer",
        ref=request.ref,
        product=library.label(turn.locale, "product", request.product).capitalize(),
        quantity=request.quantity,
        recipient=library.label(turn.locale, "recipient", request.recipient),
        place=request.place or request.district,
        meet=public_place_near(request, rules),
        alias=alias_of(requester.contact),
    )
    turn.say("offer.accepted_words", pack=pack_words(turn.locale, rules))
    await pairs.tell_partner(turn.scene, peer, request)

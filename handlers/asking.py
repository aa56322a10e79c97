"""Asking one peer to take a request: the offer, its text, and a look at whether it arrived."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from content import library
from db.models import Button, KitRequest, Offer, OfferStatus, Peer
from handlers.engine.turn import NOTICE, Scene
from handlers.services.codes import new_offer_code
from handlers.services.geo import distance_words
from handlers.services.rules import clock_words

LOOK_AFTER = timedelta(minutes=3)
"""An offer that has not reached the peer's phone by then is as good as not sent."""
REPORTING = ("sms",)
"""Channels whose provider says what became of a message."""


async def offer_to(
    scene: Scene, request: KitRequest, peer: Peer, km: float, until: datetime, **why: Any
) -> Offer:
    """Offer a request to a peer. ``why``: for the journal, why it is them."""
    # of the whole service: that is what the ladder has read already
    waiting = await scene.work.find(Offer, service_id=request.service_id, status=OfferStatus.SENT)
    offer = scene.work.save(
        Offer(
            id=scene.work.new_id(),
            service_id=request.service_id,
            request_id=request.id,
            peer_id=peer.id,
            code=new_offer_code({o.code for o in waiting if o.peer_id == peer.id}),
            status=OfferStatus.SENT,
            distance_km=round(km, 2),
            sent_at=scene.now,
            expires_at=until,
        )
    )
    scene.work.save(replace(peer, last_offered_at=scene.now))
    turn = await scene.person(peer.contact_id)
    turn.memory["last"] = "offer"
    turn.say(
        "offer.offer",
        kind="offer",
        priority=NOTICE,
        dedupe=f"offer:{offer.id}",
        buttons=(
            Button(library.label(turn.locale, "offer", "accept"), f"=ACCEPT {offer.code}"),
            Button(library.label(turn.locale, "offer", "decline"), f"=DECLINE {offer.code}"),
        ),
        product=library.label(turn.locale, "product", request.product).capitalize(),
        quantity=request.quantity,
        recipient=library.label(turn.locale, "recipient", request.recipient),
        district=request.district,
        distance=distance_words(km, request.error_km),
        code=offer.code,
        until=clock_words(until, scene.now),
    )
    if turn.channel in REPORTING:
        scene.set_timer(f"offer:{offer.id}", "offer", scene.now + LOOK_AFTER, offer=offer.id)
    scene.journal(
        "OfferSent",
        service_id=request.service_id,
        request_id=request.id,
        contact_id=peer.contact_id,
        offer=offer.code,
        km=offer.distance_km,
        **why,
    )
    return offer

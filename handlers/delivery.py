"""What follows when a message cannot be delivered: nobody is left waiting for it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from db import messages
from db.models import (
    Address,
    Contact,
    KitRequest,
    Offer,
    OfferStatus,
    OutboxRow,
    RequestStatus,
    Service,
    Timer,
)
from handlers import handovers, ladder, stand_down
from handlers.engine.turn import Scene
from handlers.flags import raise_flag

OUTAGE = 10  # addresses refused with the same code
OUTAGE_WINDOW = timedelta(minutes=10)
log = logging.getLogger(__name__)
UNANSWERED_KINDS = ("flag", "bulk", "recall", "reminder")
"""A coordinator's own alert is asked on by its timer; a recall counts whom it did not reach."""


async def failed(scene: Scene, row: OutboxRow, code: str, shut: str) -> None:
    """A message was given up.

    ``shut``: nothing more may be sent there. "stopped": the person or their network has shut the
    door; "landline", "gone": nothing would ever arrive.
    """
    contact = await scene.work.get(Contact, row.contact_id)
    if contact is None:
        return
    scene.journal(
        "MessageFailed",
        service_id=row.service_id,
        contact_id=contact.id,
        kind=row.kind,
        code=code,
    )
    if row.kind == "offer" and row.dedupe:
        await offer_failed(scene, int(row.dedupe.partition(":")[2]))
    if shut:
        since = scene.now - OUTAGE_WINDOW
        alike = await messages.addresses_failed(scene.work.tx, code, since)
        if len(alike) > OUTAGE:
            log.error("many texts refused alike: an outage?", extra={"error": code})
            await _take_back(scene, alike, since)
        else:
            await _shut(scene, contact, row.address_id, shut)
        return
    service = await scene.work.get(Service, row.service_id)
    if service and row.kind not in (*UNANSWERED_KINDS, "offer"):
        await raise_flag(scene, service, "dead_message", contact_id=contact.id)


async def _shut(scene: Scene, contact: Contact, address_id: int, why: str) -> None:
    """Nothing more is sent there, and nobody waits for an answer from there."""
    turn = await scene.person(contact.id)
    if turn.contact.blocked_at:
        return
    if why != "stopped":
        address = await scene.work.need(Address, address_id)
        scene.work.save(replace(address, lapsed_at=scene.now, lapse_reason=why))
        turn.journal("AddressLapsed", reason=why)
        others = await scene.work.find(Address, contact_id=contact.id, lapsed_at=None)
        if others:
            turn.address = others[-1]
            turn.change(address_id=others[-1].id)
            return
    turn.change(blocked_at=scene.now)
    await stand_down.from_duties(turn)
    await stand_down.requests_wait_for_nobody(scene, contact.id)


async def _take_back(scene: Scene, address_ids: Sequence[int], since: datetime) -> None:
    """What one code says of so many phones at once is about the network, and about nobody."""
    for address_id in address_ids:
        address = await scene.work.get(Address, address_id)
        contact = await scene.work.get(Contact, address.contact_id) if address else None
        if address and address.lapsed_at and address.lapsed_at >= since:
            scene.work.save(replace(address, lapsed_at=None, lapse_reason=""))
        if contact and contact.blocked_at and contact.blocked_at >= since:
            turn = await scene.person(contact.id)
            turn.change(blocked_at=None)
            await stand_down.say_off_duty(turn)


async def offer_due(scene: Scene, timer: Timer) -> None:
    """Some minutes after an offer: one that never reached the phone is not waited for."""
    offer_id = timer.payload["offer"]
    if await messages.arrived(scene.work.tx, f"offer:{offer_id}") is False:
        await offer_failed(scene, offer_id)


async def offer_failed(scene: Scene, offer_id: int) -> None:
    """The peer never read it: the ladder goes on at once."""
    offer = await scene.work.get(Offer, offer_id)
    if offer is None or offer.status != OfferStatus.SENT:
        return
    scene.work.save(replace(offer, status=OfferStatus.EXPIRED, answered_at=scene.now))
    scene.journal(
        "OfferUndelivered",
        service_id=offer.service_id,
        request_id=offer.request_id,
        offer=offer.code,
    )
    request = await scene.work.need(KitRequest, offer.request_id)
    others = await scene.work.find(Offer, request_id=request.id, status=OfferStatus.SENT)
    if request.status == RequestStatus.ACCEPTED:  # a colleague asked them to take it over
        await handovers.refused(scene, offer, request)
    elif request.status == RequestStatus.OFFERED and not others:
        await ladder.advance_and_tell(scene, request)

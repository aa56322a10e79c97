"""What follows when a message cannot be delivered: nobody is left waiting for it."""

from __future__ import annotations

from dataclasses import replace

from db.models import Contact, KitRequest, Offer, OfferStatus, OutboxRow, Service
from handlers import ladder
from handlers.engine.turn import Scene
from handlers.flags import raise_flag

UNANSWERED_KINDS = ("flag", "bulk")  # a coordinator's own alert is asked on by its timer


async def failed(scene: Scene, row: OutboxRow, code: str, *, stops: bool) -> None:
    """A message was given up. ``stops``: the person or their network has shut the door."""
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
    if stops and contact.blocked_at is None:
        turn = await scene.person(contact.id)
        turn.change(blocked_at=scene.now)
    if row.kind == "offer" and row.dedupe:
        await _offer_failed(scene, int(row.dedupe.partition(":")[2]))
        return
    service = await scene.work.get(Service, row.service_id)
    if service and row.kind not in UNANSWERED_KINDS and not stops:
        await raise_flag(scene, service, "dead_message", contact_id=contact.id)


async def _offer_failed(scene: Scene, offer_id: int) -> None:
    """The peer never read it: the ladder goes on at once."""
    offer = await scene.work.get(Offer, offer_id)
    if offer is None or offer.status != OfferStatus.SENT:
        return
    scene.work.save(replace(offer, status=OfferStatus.EXPIRED, answered_at=scene.now))
    request = await scene.work.need(KitRequest, offer.request_id)
    others = await scene.work.find(Offer, request_id=request.id, status=OfferStatus.SENT)
    if request.status == "offered" and not others:
        await ladder.advance_and_tell(scene, request)

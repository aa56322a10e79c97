"""A recall: stocks frozen, promises moved, everybody who can be reached told once, and asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from content.library import Listed, Saying, saying
from db.models import (
    Claim,
    Contact,
    Holding,
    KitRequest,
    Outlet,
    Peer,
    Recall,
    RecallNotice,
    RequestStatus,
    Service,
    Timer,
)
from db.stock import StockLine
from db.work import Work
from handlers import ladder, meeting
from handlers.engine.conversation import begin, by_day
from handlers.engine.turn import NOTICE, Scene, Turn
from handlers.flags import in_emergency, raise_flag
from handlers.services import recalls, requests
from handlers.services.permits import promise
from handlers.services.products import product_words
from handlers.services.rules import rules_of
from handlers.services.supplies import (
    Holder,
    NoStock,
    lines_of,
    outlet_holder,
    peer_holder,
    release,
    reserved_for,
)
from handlers.still_you import LOOK_AGAIN, may_say_personal

APART = timedelta(seconds=1)  # so that a thousand texts do not leave at once
LOOK_AFTER = recalls.GIVEN_UP_AFTER + timedelta(hours=1)  # not settled by then is missed
TRY_AGAIN_IN = timedelta(minutes=30)


# --- the start ---------------------------------------------------------------------------------


async def start(
    scene: Scene, service: Service, product: str, batches: tuple[str, ...], **values: Any
) -> Recall:
    """From here on nothing of these batches is given out, and everybody concerned is told."""
    recall = await recalls.new(scene.work, service, product, batches, **values)
    scene.journal("RecallStarted", service_id=service.id, recall=recall.ref)
    await _move_promises(scene, recall, service)
    await _tell_holders(scene, recall, service)
    last = await _tell_people(scene, recall, service)
    _look_later(scene, recall, last + LOOK_AFTER)
    return recall


def end(scene: Scene, recall: Recall) -> Recall:
    """Over: what is still in stocks may be given out again."""
    scene.journal("RecallEnded", service_id=recall.service_id, recall=recall.ref)
    scene.work.cancel_timer(f"recall:{recall.id}")
    return scene.work.save(replace(recall, status="ended", ended_at=scene.now))


# --- kits promised -----------------------------------------------------------------------------


async def _move_promises(scene: Scene, recall: Recall, service: Service) -> None:
    """Who was promised one of these gets another: from the same hands, or the ladder goes on."""
    waiting = (RequestStatus.ACCEPTED, RequestStatus.WAITING_CLAIM)
    for request in await scene.work.find(KitRequest, service_id=service.id, status=waiting):
        for holder, line in await reserved_for(scene.work, request):
            if recalls.concerns(recall, service, line.product, line.batch):
                await _move_promise(scene, request, holder)


async def _move_promise(scene: Scene, request: KitRequest, holder: Holder) -> None:
    await release(scene.work, request)
    try:
        line = await promise(scene.work, holder, request)
    except NoStock:
        await _ask_others(scene, request)
        return
    if holder.kind == "peer":
        await _say_other_batch(scene, request, line)
    for claim in await scene.work.find(Claim, request_id=request.id, status="open"):
        scene.work.save(replace(claim, product=line.product, batch=line.batch, expiry=line.expiry))
    scene.journal("PromiseMoved", service_id=request.service_id, request_id=request.id)


async def _say_other_batch(scene: Scene, request: KitRequest, line: StockLine) -> None:
    peer = await scene.work.need(Peer, request.peer_id)
    turn = await scene.person(peer.contact_id)
    turn.say(
        "recall.other_batch", kind="notice", priority=NOTICE, ref=request.ref, batch=line.batch
    )


async def _ask_others(scene: Scene, request: KitRequest) -> None:
    if request.status == RequestStatus.ACCEPTED and request.peer_id:
        peer = await scene.work.need(Peer, request.peer_id)
        turn = await scene.person(peer.contact_id)
        await meeting.give_back(turn, peer, request, "recall.passed_on", "PromiseRecalled")
        return
    await ladder.let_go_of_route(scene, request)
    request = await scene.work.need(KitRequest, request.id)
    scene.journal("PromiseRecalled", service_id=request.service_id, request_id=request.id)
    requester = await scene.person(request.contact_id)
    requester.say("recall.code_over", kind="notice", priority=NOTICE, ref=request.ref)
    await ladder.advance_and_tell(scene, requests.ask_anew(scene.work, request))


# --- those who carry stock ---------------------------------------------------------------------


async def _tell_holders(scene: Scene, recall: Recall, service: Service) -> None:
    """Peers and outlets: what to put aside. Who is on duty hears at once, others by day."""
    for peer in await scene.work.find(Peer, service_id=service.id):
        holder = peer_holder(peer)
        if await _concerned(scene, recall, service, holder):
            _tell_later(scene, recall, peer.contact_id, holder, at_once=peer.duty == "on")
    for outlet in await scene.work.find(Outlet, service_id=service.id):
        holder = outlet_holder(outlet)
        if await _concerned(scene, recall, service, holder):
            for phone in await scene.work.find(Contact, outlet_id=outlet.id):
                _tell_later(scene, recall, phone.id, holder)


def _tell_later(
    scene: Scene, recall: Recall, contact_id: int, holder: Holder, *, at_once: bool = False
) -> None:
    due = scene.now if at_once else by_day(scene.now)
    whose = {"contact": contact_id, "holder": [holder.kind, holder.id]}
    key = f"recall_stock:{recall.id}:{contact_id}"
    scene.set_timer(key, "recall_stock", due, recall=recall.id, **whose)


async def _concerned(
    scene: Scene, recall: Recall, service: Service, holder: Holder
) -> list[StockLine]:
    return [
        line
        for line in await lines_of(scene.work, holder)
        if line.quantity and recalls.concerns(recall, service, line.product, line.batch)
    ]


async def stock_due(scene: Scene, timer: Timer) -> None:
    """Tell a peer or an outlet's phone what of theirs to put aside."""
    told = timer.payload
    recall = await scene.work.need(Recall, told["recall"])
    service = await scene.work.need(Service, recall.service_id)
    kind, holder_id = told["holder"]
    lines = await _concerned(scene, recall, service, Holder(kind, holder_id, service.id))
    if recall.status != "open" or not lines:
        return
    turn = await scene.person(told["contact"])
    rules = rules_of(service)
    turn.say(
        "recall.holder",
        kind="recall_stock",
        priority=NOTICE,
        ref=recall.ref,
        lines=Listed(
            tuple(
                saying(
                    "saying.recall_line",
                    quantity=line.quantity,
                    product=product_words(turn.locale, line.product, rules),
                    batch=line.batch,
                )
                for line in lines
            )
        ),
        advice=recalls.advice_in(recall, turn.locale),
        first=f"{lines[0].quantity} {lines[0].batch}",
    )


# --- those who have one ------------------------------------------------------------------------


async def _tell_people(scene: Scene, recall: Recall, service: Service) -> datetime:
    """Everybody whose kit is noted, by day, one after the other; returns when the last is told."""
    due = by_day(scene.now)
    reachable = {
        notice.contact_id: None
        for notice in await recalls.note_all(scene.work, recall, service)
        if notice.status == "waiting"
    }
    for contact_id in reachable:
        key = f"recall_tell:{recall.id}:{contact_id}"
        scene.set_timer(key, "recall_tell", due, recall=recall.id, contact=contact_id)
        due = by_day(due + APART)
    return due


async def tell_late(scene: Scene, holding: Holding) -> None:
    """A kit noted while its batch is being recalled already, and nobody is there to be asked."""
    service = await scene.work.get(Service, holding.service_id)
    if service and (
        recall := await recalls.recall_of(scene.work, service, holding.product, holding.batch)
    ):
        await _tell_people(scene, recall, service)


async def tell_due(scene: Scene, timer: Timer) -> None:
    """Tell one person, once: the timer that tells them goes in the same commit.

    Whoever asked about it meanwhile knows; whoever has used theirs meanwhile is left in peace.
    """
    recall = await scene.work.need(Recall, timer.payload["recall"])
    contact = await scene.work.need(Contact, timer.payload["contact"])
    mine = await recalls.still_to_tell(scene.work, recall, contact.id)
    if recall.status != "open" or contact.erased_at or not mine:
        return
    turn = await scene.person(contact.id)
    if in_emergency(turn):
        later = by_day(scene.now + TRY_AGAIN_IN)
        scene.set_timer(timer.key, timer.kind, later, **timer.payload)
        return
    reach = await recalls.reach_of(scene.work, contact)
    if reach == "waiting" and not await may_say_personal(turn):  # first: is it still them?
        later = by_day(scene.now + LOOK_AGAIN)
        scene.set_timer(timer.key, timer.kind, later, **timer.payload)
        return
    for notice in mine:
        scene.work.save(replace(notice, status=reach, at=scene.now))
    if reach == "waiting":
        turn.journal("RecallTold", recall=recall.ref)
        await begin(turn, "recalled", **told_of(recall, mine))


def told_of(recall: Recall, notices: list[RecallNotice]) -> dict[str, Any]:
    """What the conversation about it needs to know."""
    batches = dict.fromkeys(notice.batch for notice in notices)
    return {
        "recall": recall.id,
        "batch": ", ".join(batches),
        "notices": [notice.id for notice in notices],
    }


async def notice_of_new(turn: Turn, holding: Holding) -> dict[str, Any] | None:
    """Somebody tells us of a kit that is being recalled already: they hear of it at once."""
    if holding.service_id is None:
        return None
    service = await turn.work.need(Service, holding.service_id)
    recall = await recalls.recall_of(turn.work, service, holding.product, holding.batch)
    if recall is None:
        return None
    same = [
        n
        for n in await turn.work.find(RecallNotice, recall_id=recall.id)
        if n.holding_id == holding.id or (holding.code and n.code == holding.code)
    ]
    same = [turn.work.save(replace(notice, status="reached")) for notice in same]
    return told_of(recall, same or [recalls.note_holding(turn.work, recall, holding, "reached")])


# --- how far it has come -----------------------------------------------------------------------


def _look_later(scene: Scene, recall: Recall, due: datetime) -> None:
    scene.set_timer(f"recall:{recall.id}", "recall", due, recall=recall.id)


async def look_due(scene: Scene, timer: Timer) -> None:
    """A day after the last was told: those not reached, and those with no name, are work to do."""
    recall = await scene.work.need(Recall, timer.payload["recall"])
    if recall.status != "open":
        return
    service = await scene.work.need(Service, recall.service_id)
    stands = await recalls.standing(scene.work, recall, service)
    if stands.not_reached or stands.anonymous:
        await raise_flag(scene, service, "recall_not_reached", about=f"recall:{recall.id}")


async def settle_all(scene: Scene, service: Service) -> None:
    """Every night: what was delivered late, or replaced meanwhile, is counted."""
    for recall in await recalls.open_recalls(scene.work, service.id):
        await recalls.settle(scene.work, recall)


async def in_words(work: Work, recall_id: int) -> Saying:
    """How far it has come, for a coordinator."""
    recall = await work.need(Recall, recall_id)
    service = await work.need(Service, recall.service_id)
    stands = await recalls.standing(work, recall, service)
    return saying(
        "saying.recall_stands",
        batch=recall.batches[0],
        more=len(recall.batches) - 1,
        out=stands.out,
        reached=stands.reached,
        missed=stands.not_reached,
        anonymous=stands.anonymous,
    )

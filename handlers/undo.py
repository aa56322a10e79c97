"""UNDO: the last thing a peer logged by mistake, taken back by a row against it."""

from __future__ import annotations

from dataclasses import replace

from db.models import KitRequest, Peer, RequestStatus, Service, Supply, Training
from handlers import ladder, meeting, report_use, sure
from handlers.engine.conversation import finish
from handlers.engine.turn import Turn
from handlers.flags import raise_flag
from handlers.services import requests
from handlers.services.permits import promise
from handlers.services.products import product_words
from handlers.services.reversals import standing
from handlers.services.rules import rules_of
from handlers.services.supplies import NoStock, peer_holder, reverse
from handlers.services.trainings import reverse_training
from handlers.stock_undo import UNDO_WITHIN, undo_entry


async def undo(turn: Turn, peer: Peer) -> None:
    """Take back what the peer logged last in the last day, by a row against it."""
    mine = await turn.work.find(Supply, by_kind="peer", by_id=peer.id)
    recent = [supply for supply in standing(mine) if turn.now - supply.at < UNDO_WITHIN]
    training = await _last_training(turn, peer)
    death = await report_use.death_told(turn)
    others = [row.id for row in (*recent[-1:], training, death) if row]
    if await undo_entry(turn, peer_holder(peer), after=max(others, default=0)):
        return
    if training and training.id == max(others):
        against_it = reverse_training(turn.work, training)
        turn.journal("TrainingReversed", training=against_it.id)
        turn.say("trained.undone")
        return
    if death and death.id == max(others):
        await report_use.ask_again(turn)
        return
    if not recent:
        turn.say("meeting.nothing_to_undo")
        return
    supply = recent[-1]
    request = await turn.work.get(KitRequest, supply.request_id)
    if request and request.status == RequestStatus.CONFIRMED:
        buttons = sure.expects(turn, "undo", str(supply.id))
        turn.say("sure.undo", buttons=buttons, ref=request.ref)
        return
    await _reverse(turn, supply)
    handed = request if request and request.status == RequestStatus.SUPPLIED else None
    if handed and await reopen(turn, peer, handed):
        turn.say("meeting.undone_open", ref=handed.ref)
    else:
        await _say_undone(turn, supply)
    if turn.flow == "training":
        await finish(turn)


async def undo_confirmed(turn: Turn, peer: Peer, supply_id: int) -> None:
    """The requester said that they have it, and the peer says not so: a coordinator looks.

    The request is no longer confirmed; what the log says of it is the peer's word.
    """
    mine = await turn.work.find(Supply, by_kind="peer", by_id=peer.id)
    supply = next((one for one in standing(mine) if one.id == supply_id), None)
    request = await turn.work.get(KitRequest, supply.request_id if supply else None)
    if supply is None or request is None:
        turn.say("meeting.nothing_to_undo")
        return
    await _reverse(turn, supply)
    if request.status == RequestStatus.CONFIRMED:
        turn.work.cancel_timer(f"arrived:{request.id}")
        unfilled = replace(request, status=RequestStatus.UNFILLED, confirmed_at=None)
        request = turn.work.save(replace(unfilled, handed_at=None))
    service = await turn.work.need(Service, request.service_id)
    await raise_flag(turn.scene, service, "supply_undone", request=request, contact_id=turn.id)
    await _say_undone(turn, supply, told=True)


async def _reverse(turn: Turn, supply: Supply) -> None:
    against = await reverse(turn.work, supply, turn.id)
    turn.journal("SupplyReversed", request_id=supply.request_id, supply=against.id)


async def _say_undone(turn: Turn, supply: Supply, *, told: bool = False) -> None:
    """What was taken back, by name: a second UNDO reaches further back than one may think."""
    rules = rules_of(await turn.work.need(Service, supply.service_id))
    request = await turn.work.get(KitRequest, supply.request_id)
    turn.say(
        "meeting.undone",
        quantity=supply.quantity,
        product=product_words(turn.locale, supply.product, rules),
        batch=supply.batch,
        where=request.ref if request else supply.district,
        told=told,
    )


async def _last_training(turn: Turn, peer: Peer) -> Training | None:
    """TRAINED, without a kit: the last one that stands, within a day."""
    mine = await turn.work.find(Training, by_kind="peer", by_id=peer.id, supply_id=None)
    last = [row for row in standing(mine) if turn.now - row.at < UNDO_WITHIN]
    return last[-1] if last else None


async def reopen(turn: Turn, peer: Peer, request: KitRequest) -> bool:
    """ISSUED was a mistake: the meeting is open again, with its kit promised as before.

    False: that kit may not be given out any more (recalled since), so somebody else is asked.
    """
    turn.work.cancel_timer(f"arrived:{request.id}")
    request = replace(requests.reopen(request, turn.world.gazetteer), peer_id=peer.id)
    requester = await turn.scene.person(request.contact_id)
    if requester.flow == "arrived":
        await finish(requester)
    try:
        await promise(turn.work, peer_holder(peer), request)
    except NoStock:
        await ladder.advance_and_tell(turn.scene, requests.ask_anew(turn.work, request))
        return False
    meeting.check_again(turn, request, await meeting.minutes_of(turn, request), meeting="agreed")
    requester.say("meeting.undone_requester", kind="notice", peer=peer.name, ref=request.ref)
    return True

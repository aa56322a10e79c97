"""UNDO: a supply logged by mistake, taken back by a row against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from db.models import KitRequest, Peer, RequestStatus, Supply
from handlers import meeting
from handlers.engine.conversation import finish
from handlers.engine.turn import Turn
from handlers.services.supplies import peer_holder, reserve, reverse

UNDO_WITHIN = timedelta(hours=24)


async def undo(turn: Turn, peer: Peer) -> None:
    """Take back the peer's last supply of the last day, by a row against it."""
    mine = await turn.work.find(Supply, by_kind="peer", by_id=peer.id)
    reversed_ids = {s.reverses for s in mine}
    recent = [
        s
        for s in mine
        if s.reverses is None and s.id not in reversed_ids and turn.now - s.at < UNDO_WITHIN
    ]
    if not recent:
        turn.say("meeting.nothing_to_undo")
        return
    supply = recent[-1]
    against = await reverse(turn.work, supply, turn.id)
    turn.journal("SupplyReversed", request_id=supply.request_id, supply=against.id)
    request = await turn.work.get(KitRequest, supply.request_id)
    if request and request.status == RequestStatus.SUPPLIED:
        await reopen(turn, peer, request)
        turn.say("meeting.undone_open", ref=request.ref)
    else:
        turn.say("meeting.undone")
    if turn.flow == "training":
        await finish(turn)


async def reopen(turn: Turn, peer: Peer, request: KitRequest) -> None:
    """ISSUED was a mistake: the meeting is open again, with its kit promised as before."""
    turn.work.cancel_timer(f"arrived:{request.id}")
    request = replace(request, closed_at=None, handed_at=None, peer_id=peer.id)
    await reserve(turn.work, peer_holder(peer), request)
    request = meeting.check_again(
        turn, request, await meeting.minutes_of(turn, request), meeting="agreed"
    )
    requester = await turn.scene.person(request.contact_id)
    if requester.flow == "arrived":
        await finish(requester)
    requester.say("meeting.undone_requester", kind="notice", peer=peer.name, ref=request.ref)

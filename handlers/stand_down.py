"""Whoever will not, or cannot, be written to any more: nobody is left waiting for them.

STOP, a blocked bot, a dead number: the same follows for whoever has a part to play. A peer's offers
and meetings go on to others, a coordinator's open flags to the next on the list.
"""

from __future__ import annotations

from dataclasses import replace

from db.models import Flag, KitRequest, Peer, RequestStatus, Service, Staff
from handlers import ladder, meeting, offer
from handlers.engine.turn import Scene, Turn
from handlers.flags import OF_A_REQUEST, OPEN, ask_next, close_flag, raise_flag
from handlers.services import requests
from handlers.services.roles import outlet_of, peer_of, staff_of
from handlers.services.supplies import lines_of, peer_holder
from handlers.stock_lines import in_short


async def from_duties(turn: Turn) -> None:
    """What this person does for the service is done by others from now on."""
    if peer := await peer_of(turn.work, turn.id):
        await _peer(turn, peer)
    if staff := await staff_of(turn.work, turn.id):
        await _staff(turn.scene, staff)
    if outlet := await outlet_of(turn.work, turn.contact):
        service = await turn.work.need(Service, outlet.service_id)
        await raise_flag(turn.scene, service, "outlet_stopped", about=f"outlet:{outlet.id}")


async def _peer(turn: Turn, peer: Peer) -> None:
    """A peer is off duty; what they had moves on, and somebody sees to their kits."""
    turn.work.save(replace(peer, duty="off", duty_until=None))
    await from_requests(turn, peer)
    service = await turn.work.need(Service, peer.service_id)
    await raise_flag(turn.scene, service, "peer_stopped", about=f"peer:{peer.id}")
    turn.journal("PeerStoodDown")


async def from_requests(turn: Turn, peer: Peer) -> None:
    """A peer who steps back: what they were offered and what they took on goes to others."""
    await from_offers(turn, peer)
    for request in await meeting.meetings(turn, peer):
        await meeting.hand_over(turn, peer, request)


async def kits_of(turn: Turn) -> str:
    """The kits a peer has, by their batches, or ""."""
    peer = await peer_of(turn.work, turn.id)
    return in_short(await lines_of(turn.work, peer_holder(peer))) if peer else ""


async def say_goodbye(scene: Scene, peer: Peer, kits: str) -> None:
    """A coordinator entered that they have left: thanks, and how their kits go back."""
    turn = await scene.person(peer.contact_id)
    turn.say("peer.goodbye", kind="notice", kits=kits)


async def from_offers(turn: Turn, peer: Peer) -> None:
    """A peer who is off, or rests: others are asked at once."""
    for waiting in await offer.open_offers(turn, peer):
        await offer.decline(turn, peer, waiting)


async def _staff(scene: Scene, staff: Staff) -> None:
    """What waited for this coordinator is asked of the next one at once."""
    service = await scene.work.need(Service, staff.service_id)
    for flag in await scene.work.find(Flag, service_id=service.id, status=OPEN):
        waits_for = flag.staff_id or (flag.asked or (None,))[-1]
        if waits_for != staff.id:
            continue
        flag = scene.work.save(replace(flag, status="open", staff_id=None))
        asked = await ask_next(scene, service, flag)
        request = await scene.work.get(KitRequest, flag.request_id)
        if request and flag.kind in OF_A_REQUEST and not request.closed_at:
            owner = ("coordinator", asked.staff.id if asked.staff else 0)
            requests.hold(scene.work, request, RequestStatus(request.status), owner, asked.until)


async def requests_wait_for_nobody(scene: Scene, contact_id: int) -> None:
    """The requester cannot be reached: no peer is sent to meet them, a coordinator decides.

    A kit held at a pharmacy stays held: they may have the code.
    """
    for request in await requests.open_request_of(scene.work, contact_id):
        if request.status == RequestStatus.WAITING_CLAIM:
            continue
        service = await scene.work.need(Service, request.service_id)
        await ladder.let_go_of_route(scene, request, peer_text="meeting.unreachable_peer")
        request = await scene.work.need(KitRequest, request.id)
        _, asked = await raise_flag(
            scene, service, "unreachable", request=request, contact_id=contact_id
        )
        owner = ("coordinator", asked.staff.id if asked.staff else 0)
        requests.hold(
            scene.work,
            request,
            RequestStatus.WITH_COORDINATOR,
            owner,
            asked.until,
            route="direct",
        )
        scene.journal(
            "RequesterUnreachable",
            service_id=service.id,
            request_id=request.id,
            contact_id=contact_id,
        )


async def back(turn: Turn) -> bool:
    """They can be reached again: what no coordinator has taken goes on by itself."""
    went_on = False
    for request in await requests.open_request_of(turn.work, turn.id):
        for flag in await turn.work.find(Flag, request_id=request.id, kind="unreachable"):
            if flag.status == "open":
                close_flag(turn.scene, flag)
                request = requests.ask_anew(turn.work, request)
                await ladder.advance_and_tell(turn.scene, request)
                went_on = True
    return went_on


async def say_off_duty(turn: Turn) -> None:
    """A peer is back: nothing was asked of them meanwhile, nor is it till they say so."""
    peer = await peer_of(turn.work, turn.id)
    if peer and peer.duty == "off":
        turn.say("peer.started", kind="notice")

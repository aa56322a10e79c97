"""A meeting under way: on my way, here, handed over, could not meet, passed on, SOS."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from db.models import (
    Flag,
    KitRequest,
    Offer,
    OfferStatus,
    Peer,
    RequestStatus,
    Service,
    Staff,
)
from db.stock import StockLine
from handlers import debrief, handovers, ladder, milestones, pairs, staff_chat
from handlers.engine.conversation import begin, finish
from handlers.engine.flow import END, Choose, Flow, Next, leads_to
from handlers.engine.turn import EMERGENCY, NOTICE, Scene, Turn
from handlers.flags import OPEN, close_flag, raise_flag
from handlers.services import requests
from handlers.services.products import product_words
from handlers.services.roles import alias_of
from handlers.services.rules import clock_words, rules_of
from handlers.services.supplies import (
    Holder,
    NoStock,
    To,
    issue,
    left_of,
    lines_of,
    peer_holder,
    release,
    reserved_for,
)
from handlers.services.trainings import note_answer
from handlers.services.whereabouts import furthest

PAUSED_LOOK = timedelta(minutes=30)


async def meetings(turn: Turn, peer: Peer) -> list[KitRequest]:
    """This peer's open meetings."""
    return await requests.meetings_of(turn.work, [peer.id])


async def word(turn: Turn, peer: Peer, name: str, rest: str) -> None:
    """A peer's meeting word, for the meeting it names or the only one."""
    open_now = await meetings(turn, peer)
    ref = rest.split()[0].upper() if rest.split() else ""
    named = [request for request in open_now if request.ref == ref]
    open_now = named or open_now
    if name == "sos":
        await sos(turn, peer.service_id, furthest(open_now))
        return
    if not open_now:
        say_which(turn, open_now, name)
        return
    if len(open_now) > 1:
        say_which(turn, open_now, name)
        return
    act: dict[str, Callable[[Turn, Peer, KitRequest], Awaitable[None]]] = {
        "onway": on_way,
        "here": here,
        "cant": could_not,
        "handover": hand_over,
    }
    await act[name](turn, peer, open_now[0])


def say_which(turn: Turn, open_now: list[KitRequest], name: str) -> None:
    """A word of theirs that fits no meeting, or more than one."""
    refs = [request.ref for request in open_now]
    if refs:
        turn.say("meeting.which", refs=", ".join(refs), first=refs[0], word=name.upper())
    else:
        turn.say("meeting.none")


def check_again(turn: Turn, request: KitRequest, minutes: int, **changes: object) -> KitRequest:
    """Keep the meeting with its peer and move the safety check on."""
    due = turn.now + timedelta(minutes=minutes)
    return requests.hold(
        turn.work,
        request,
        RequestStatus.ACCEPTED,
        ("peer", request.peer_id or 0),
        due,
        missed=0,
        **changes,
    )


async def minutes_of(turn: Turn, request: KitRequest) -> int:
    """How long the service leaves a meeting before it asks whether all is well."""
    return rules_of(await turn.work.need(Service, request.service_id)).meeting_check_minutes


async def on_way(turn: Turn, peer: Peer, request: KitRequest) -> None:
    """The peer sets off."""
    if request.meeting == "paused":
        turn.say("overdose.meeting_paused")
        return
    await heard_from(turn)
    check_again(turn, request, await minutes_of(turn, request), meeting="onway")
    requester = await turn.scene.person(request.contact_id)
    requester.say("meeting.onway_requester", kind="notice", peer=peer.name)
    turn.say("meeting.onway_peer", alias=alias_of(requester.contact))
    turn.journal("PeerOnWay", request_id=request.id)


async def here(turn: Turn, peer: Peer, request: KitRequest) -> None:
    """The peer is there; from now the safety check counts."""
    if request.meeting == "paused":
        turn.say("overdose.meeting_paused")
        return
    await heard_from(turn)
    request = check_again(turn, request, await minutes_of(turn, request), meeting="here")
    requester = await turn.scene.person(request.contact_id)
    requester.say("meeting.here_requester", kind="notice", peer=peer.name)
    assert request.next_timer_at is not None
    turn.say(
        "meeting.here_peer",
        alias=alias_of(requester.contact),
        until=clock_words(request.next_timer_at, turn.now),
    )
    turn.journal("PeerArrived", request_id=request.id)


async def issued(
    turn: Turn, peer: Peer, request: KitRequest, batch: str = "", trained: str = ""
) -> None:
    """The kit changed hands: into the log, out of the stock, and the requester is asked."""
    holder = peer_holder(peer)
    line = next((held for _, held in await reserved_for(turn.work, request)), None)
    if batch:
        line = await _line_of_batch(turn, holder, batch, line, request.quantity)
    to = To(request.recipient, request.district, request.reason, "not_said")
    mark = turn.work.mark()
    try:
        if line is None:
            raise NoStock
        if batch:
            await release(turn.work, request)
        supply = await issue(
            turn.work, holder, line, request.quantity, to, request=request, by_contact_id=turn.id
        )
    except NoStock as why:
        turn.work.undo(mark)  # the promise stands
        turn.say("street.frozen" if why.reason == "frozen" else "meeting.issued_no_stock")
        return
    await _ended(turn, request)
    request = requests.close(turn.work, request, RequestStatus.SUPPLIED, handed_at=turn.now)
    turn.journal("KitSupplied", request_id=request.id, supply=supply.id)
    left = await left_of(turn.work, holder, supply.product)
    rules = rules_of(await turn.work.need(Service, request.service_id))
    turn.say(
        "meeting.issued_peer",
        quantity=supply.quantity,
        product=product_words(turn.locale, supply.product, rules),
        batch=supply.batch,
        ref=request.ref,
        left=left,
    )
    await milestones.kit_given(turn, peer, supply.quantity)
    if trained:
        await note_answer(turn.work, supply.id, trained)
        turn.say("training.thanks")
    else:
        await begin(turn, "training", supply=supply.id)
    await ask_if_arrived(turn.scene, request, peer.name)


async def _line_of_batch(
    turn: Turn, holder: Holder, batch: str, promised: StockLine | None, quantity: int
) -> StockLine | None:
    """The peer's line of the batch they name, if it has enough beside what others are promised."""
    for line in await lines_of(turn.work, holder):
        same = promised and (line.product, line.batch) == (promised.product, promised.batch)
        free = line.available + (promised.reserved if same and promised else 0)
        if line.batch.upper() == batch and free >= quantity:
            return line
    return None


async def ask_if_arrived(scene: Scene, request: KitRequest, by: str) -> None:
    """Handed over is not yet "it arrived": ask the requester, and note when no answer comes."""
    requester = await scene.person(request.contact_id)
    service = await scene.work.need(Service, request.service_id)
    due = scene.now + timedelta(hours=rules_of(service).confirm_hours)
    scene.set_timer(f"arrived:{request.id}", "arrived", due, request=request.id)
    if requester.flow == "awareness":
        await finish(requester)
    await begin(requester, "arrived", request=request.id, ref=request.ref, peer=by)


async def could_not(turn: Turn, peer: Peer, request: KitRequest) -> None:
    """The peer could not meet: the kit goes back, the next thing is tried."""
    await give_back(turn, peer, request, "meeting.cant_peer", "PeerCouldNot")


async def hand_over(turn: Turn, peer: Peer, request: KitRequest) -> None:
    """The peer passes it on, in one word."""
    await give_back(turn, peer, request, "meeting.handover_peer", "PeerHandedOn")


async def give_back(turn: Turn, peer: Peer, request: KitRequest, text: str, fact: str) -> None:
    """A meeting ends without a kit; the request stays open and moves on."""
    await _ended(turn, request)
    await release(turn.work, request)
    for mine in await turn.work.find(
        Offer, request_id=request.id, peer_id=peer.id, status=OfferStatus.ACCEPTED
    ):
        turn.work.save(replace(mine, status=OfferStatus.DECLINED))
    paused = request.meeting == "paused"
    request = requests.ask_anew(turn.work, request)
    turn.journal(fact, request_id=request.id)
    if paused:  # there is an emergency: nobody else is sent into it
        turn.say("meeting.given_back_paused")
        await ladder.hand_to_coordinator(turn.scene, request, "paused")
        return
    turn.say(text)
    requester = await turn.scene.person(request.contact_id)
    requester.say("meeting.cant_requester", kind="notice", peer=peer.name)
    await ladder.advance_and_tell(turn.scene, request)


async def _ended(turn: Turn, request: KitRequest) -> None:
    """Nobody goes along any more, is asked to take it over, or looks for the peer."""
    await heard_from(turn)
    await handovers.let_go(turn.scene, request)
    await pairs.meeting_over(turn.scene, request)


async def heard_from(turn: Turn) -> None:
    """A peer who was missed has written: nobody need go and look for them.

    It is about the person, whoever has the meeting now. A meeting may also end without them (a
    recall, a dead phone): that is no sign of life.
    """
    if turn.message is None:
        return
    for flag in await turn.work.find(Flag, contact_id=turn.id, kind="missed_checkin"):
        if flag.status not in OPEN:
            continue
        close_flag(turn.scene, flag)
        staff = await turn.work.get(Staff, flag.staff_id or (flag.asked or (None,))[-1])
        if staff and staff.contact_id:
            told = await turn.scene.person(staff.contact_id)
            told.say("oncall.peer_answers", kind="flag", priority=NOTICE, ref=flag.ref)


# --- safety ------------------------------------------------------------------------------------


async def sos(turn: Turn, service_id: int, request: KitRequest | None) -> None:
    """A peer in danger: 999 to them, the coordinator at once. Outside a meeting it is the same."""
    turn.say(
        "meeting.danger",
        kind="emergency",
        priority=EMERGENCY,
        in_place=turn.scene.answered,  # on SMS the webhook has said it already
    )
    service = await turn.work.need(Service, service_id)
    flag, asked = await raise_flag(turn.scene, service, "sos", request=request, contact_id=turn.id)
    if asked.staff:  # what they write now is not for whom they meet
        staff_chat.begin(turn, asked.staff, flag.ref)
    turn.say(
        "meeting.sos_peer",
        priority=NOTICE,
        name=asked.staff.name if asked.staff else "",
        meet=request is not None,
    )
    turn.journal("PeerSos", request_id=request.id if request else None)


# --- an emergency in the middle ----------------------------------------------------------------


async def pause(scene: Scene, request: KitRequest) -> None:
    """An overdose at the requester's end: the peer is told not to go."""
    peer = await scene.work.need(Peer, request.peer_id)
    turn = await scene.person(peer.contact_id)
    turn.say("overdose.meeting_paused", kind="notice", priority=NOTICE)
    await handovers.let_go(scene, request)
    await pairs.meeting_over(scene, request)
    requests.hold(
        scene.work,
        request,
        RequestStatus.ACCEPTED,
        ("peer", peer.id),
        scene.now + PAUSED_LOOK,
        meeting="paused",
        missed=0,
    )
    scene.journal("MeetingPaused", service_id=request.service_id, request_id=request.id)
    await debrief.hard_event(scene, peer, "meeting")


async def paused(turn: Turn) -> list[tuple[KitRequest, Peer]]:
    """This person's meetings that an emergency has paused, with the peer of each."""
    return [
        (request, await turn.work.need(Peer, request.peer_id))
        for request in await requests.open_request_of(turn.work, turn.id)
        if request.meeting == "paused" and request.peer_id
    ]


async def resume(turn: Turn) -> None:
    """The emergency is over: the meeting is open again."""
    for request, peer in await paused(turn):
        told = await turn.scene.person(peer.contact_id)
        told.say("meeting.resumed_peer", kind="notice", ref=request.ref)
        check_again(turn, request, await minutes_of(turn, request), meeting="agreed")


# --- the questions -----------------------------------------------------------------------------


@leads_to(END)
async def trained(turn: Turn, answer: str) -> Next:
    """Whether training was given."""
    await note_answer(turn.work, turn.data["supply"], answer)
    turn.say("training.thanks")
    return END


TRAINING = Flow("training", (Choose("ask", ("yes", "before", "declined"), then=trained),))

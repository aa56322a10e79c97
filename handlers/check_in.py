"""All OK? Asked in a meeting till it ends; twice unanswered, others are told, partner first."""

from __future__ import annotations

from datetime import datetime, timedelta

from content.auto_replies import bare
from content.library import Words, phrases, saying
from db.models import Flag, KitRequest, Peer, RequestStatus, Service, Timer
from handlers import ladder, meeting, open_request, pairs
from handlers.engine.conversation import begin
from handlers.engine.flow import END, Choose, Flow, Next, leads_to
from handlers.engine.turn import Scene, Turn
from handlers.flags import OPEN, SAID_SAFE, becomes, raise_flag
from handlers.services import requests, whereabouts
from handlers.services.roles import peer_of
from handlers.services.rules import clock_words, rules_of

ASK_AGAIN = timedelta(minutes=10)
MISSED_BEFORE_FLAG = 2
SET_OFF = ("going", "onway", "cant", "handover")
TOLD = MISSED_BEFORE_FLAG + 1  # of one who never set off: the requester knows already


async def request_due(scene: Scene, timer: Timer) -> None:
    """A request's timer: a meeting is checked on, anything else moves up the ladder."""
    request = await scene.work.get(KitRequest, timer.payload["request"])
    if (
        request
        and request.status == RequestStatus.ACCEPTED
        and request.next_timer_at
        and request.next_timer_at <= scene.now
    ):
        await check(scene, request)
        return
    await ladder.request_due(scene, timer)


async def check(scene: Scene, request: KitRequest) -> None:
    """What a meeting's timer does: by how far the meeting has come."""
    peer = await scene.work.need(Peer, request.peer_id)
    if request.meeting == "paused":
        await _paused(scene, request, peer)
    elif request.meeting == "agreed" and await _wrote_since(scene, request, peer):
        due = scene.now + await _every(scene, request)  # who writes is there
        _hold(scene, request, peer, due, missed=0)
    elif request.missed < MISSED_BEFORE_FLAG:
        await _ask(scene, request, peer)
    elif request.meeting == "agreed":
        await _never_set_off(scene, request, peer)
    else:
        await _silent(scene, request, peer)
        _hold(scene, request, peer, scene.now + ASK_AGAIN, missed=0)


def _hold(scene: Scene, request: KitRequest, peer: Peer, due: datetime, missed: int) -> None:
    owner = ("peer", peer.id)
    requests.hold(scene.work, request, RequestStatus.ACCEPTED, owner, due, missed=missed)


async def _every(scene: Scene, request: KitRequest) -> timedelta:
    service = await scene.work.need(Service, request.service_id)
    return timedelta(minutes=rules_of(service).meeting_check_minutes)


async def _wrote_since(scene: Scene, request: KitRequest, peer: Peer) -> bool:
    """Whether an unanswered question has had a sign of life all the same."""
    turn = await scene.person(peer.contact_id)
    asked = scene.now - ASK_AGAIN
    return request.missed > 0 and turn.last_in_at is not None and turn.last_in_at > asked


async def _paused(scene: Scene, request: KitRequest, peer: Peer) -> None:
    if request.missed:  # no word for an hour: a coordinator takes it from here
        await ladder.hand_to_coordinator(scene, request, "paused")
        return
    _hold(scene, request, peer, scene.now + meeting.PAUSED_LOOK, missed=1)


async def _ask(scene: Scene, request: KitRequest, peer: Peer) -> None:
    """Safe where you are? Or, before they set off: still going?"""
    turn = await scene.person(peer.contact_id)
    if request.missed:
        await pairs.no_answer(scene, peer, request)
    if request.meeting == "agreed":
        requester = await scene.person(request.contact_id)
        await begin(
            turn,
            "still_going",
            request=request.id,
            ref=request.ref,
            alias=requester.contact.alias,
        )
    else:
        await begin(turn, "meeting_check", request=request.id)
    _hold(scene, request, peer, scene.now + ASK_AGAIN, missed=request.missed + 1)


async def _silent(scene: Scene, request: KitRequest, peer: Peer) -> None:
    """Two questions unanswered: a person looks into it."""
    service = await scene.work.need(Service, request.service_id)
    kind, contact_id = "missed_checkin", peer.contact_id
    raised = await scene.work.find(
        Flag, request_id=request.id, contact_id=contact_id, kind=kind, status=OPEN
    )
    if not raised:  # one that is open goes its own way
        await raise_flag(scene, service, kind, request=request, contact_id=contact_id)
    scene.journal("CheckInMissed", service_id=request.service_id, request_id=request.id)


async def _never_set_off(scene: Scene, request: KitRequest, peer: Peer) -> None:
    """They said yes and then nothing: who waits is told so, once."""
    if request.missed < TOLD:
        requester = await scene.person(request.contact_id)
        requester.say("meeting.quiet_requester", kind="notice", peer=peer.name, ref=request.ref)
    await _silent(scene, request, peer)
    _hold(scene, request, peer, scene.now + await _every(scene, request), missed=TOLD)


async def if_no_show(turn: Turn, request: KitRequest, text: str) -> None:
    """ "no sign of them": the peer is asked at once and has little time to answer.

    Who has only just said yes is left to travel.
    """
    said = f" {bare(text)} "
    if not any(f" {phrase} " in said for phrase in phrases(turn.tongue, "meeting", "no_show")):
        return
    begun = request.accepted_at or request.asked_at
    if request.meeting == "paused" or turn.now - begun < ASK_AGAIN:
        return
    peer = await turn.work.need(Peer, request.peer_id)
    if await whereabouts.silent(turn.work, request, peer):
        await open_request.say_status(turn)
        return
    if request.missed < MISSED_BEFORE_FLAG:
        await _ask(turn.scene, request, peer)
        request = await turn.work.need(KitRequest, request.id)
        due = turn.now + ASK_AGAIN
        _hold(turn.scene, request, peer, due, missed=MISSED_BEFORE_FLAG)
        turn.journal("NoShowTold", request_id=request.id)
        until = clock_words(due, turn.now)
    else:
        until = clock_words(request.next_timer_at or turn.now, turn.now)
    turn.say("meeting.no_show", peer=peer.name, until=until)


# --- the peer answers --------------------------------------------------------------------------


@leads_to(END)
async def checked(turn: Turn, answer: str) -> Next:
    """The peer's answer to the safety check."""
    request = await turn.work.need(KitRequest, turn.data["request"])
    if answer == "sos":
        theirs = await _whose(turn, request)
        await meeting.sos(turn, request.service_id, request if theirs else None)
        return END
    await meeting.heard_from(turn)
    after_sos = await _safe_after_sos(turn)
    if await _whose(turn, request) and request.meeting != "paused":
        request = meeting.check_again(turn, request, await meeting.minutes_of(turn, request))
        assert request.next_timer_at is not None
        turn.say("meeting_check.good", until=clock_words(request.next_timer_at, turn.now))
    elif not after_sos:
        turn.say("peer.safe")
    return END


async def _whose(turn: Turn, request: KitRequest) -> Peer | None:
    """This peer, while the meeting they were asked about is theirs: it may have gone on since."""
    peer = await peer_of(turn.work, turn.id)
    if peer is None or request not in await meeting.meetings(turn, peer):
        return None
    return peer


async def safe(turn: Turn, peer: Peer) -> None:
    """SAFE, at any time."""
    await meeting.heard_from(turn)
    for request in await meeting.meetings(turn, peer):
        if request.meeting != "paused":  # its time is for the coordinator to keep
            meeting.check_again(turn, request, await meeting.minutes_of(turn, request))
    if not await _safe_after_sos(turn):
        turn.say("peer.safe")


async def _safe_after_sos(turn: Turn) -> bool:
    """After an SOS whoever has it reads that they say they are safe; a person still looks."""
    flags = await turn.work.find(Flag, contact_id=turn.id, kind=("sos", SAID_SAFE), status=OPEN)
    if flags:
        await becomes(turn.scene, turn.id, ("sos",), SAID_SAFE)
        turn.say("peer.safe_sos")
    return bool(flags)


MEETING_CHECK = Flow("meeting_check", (Choose("ask", ("ok", "sos"), then=checked, style="words"),))


async def _whom(turn: Turn) -> dict[str, Words]:
    return {"ref": turn.data["ref"], "alias": turn.data["alias"] or saying("saying.friend")}


@leads_to(END)
async def going(turn: Turn, answer: str) -> Next:
    """Not set off yet: still going, off now, or it goes to somebody else."""
    request = await turn.work.need(KitRequest, turn.data["request"])
    peer = await _whose(turn, request)
    if peer is None:
        turn.say("meeting.none")
    elif answer == "going" and request.meeting == "paused":
        turn.say("overdose.meeting_paused")
    elif answer == "going":
        await meeting.heard_from(turn)
        meeting.check_again(turn, request, await meeting.minutes_of(turn, request))
        turn.say("still_going.good")
    elif answer == "onway":
        await meeting.on_way(turn, peer, request)
    elif answer == "cant":
        await meeting.could_not(turn, peer, request)
    else:
        await meeting.hand_over(turn, peer, request)
    return END


STILL_GOING = Flow(
    "still_going", (Choose("ask", SET_OFF, going, "words", values=_whom, careful=True),)
)

"""After a hard event a peer is looked after: the same day, a day on, two weeks on, a year on.

A hard event: a kit they used, an overdose in a meeting of theirs, a death. After a death a person
rings, not the line. Nothing here names a place: a peer is never sent to anybody by it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, time, timedelta

from db.models import Contact, Flag, Peer, PeerNote, Service, Timer
from handlers.engine.conversation import begin
from handlers.engine.flow import END, Choose, Flow, Go, Next, leads_to
from handlers.engine.turn import NOTICE, Scene, Turn
from handlers.flags import raise_flag
from handlers.services.rules import LONDON, clock_words

MORNING = time(10)
SAME_EVENT = timedelta(hours=24)
"""What is told of within a day is one event: the emergency, and the report of it."""
MONTH = timedelta(days=30)
TOO_MANY = 2
REST = timedelta(days=7)
NOT_AT_ONCE = timedelta(hours=48)
"""Rest is offered when the talk after the last event has been: one question a day."""
BY_A_PERSON = timedelta(days=14)
"""After a death, what else happens in these days is for a person to ask about too."""
STAGES = ("today", "talk", "two_weeks", "year")
NOTHING = "nothing"
"""A hard event that turned out to be none."""


def due_after(event: str, at: datetime) -> dict[str, datetime]:
    """What comes when after a hard event: own_use, meeting, death, or one that was none."""
    later = {
        "two_weeks": morning_from(at + timedelta(days=14)),
        "year": morning_from(at + timedelta(days=365)),
    }
    if event == "death":
        return later
    if event == NOTHING:
        return {}
    return {
        "today": at + timedelta(minutes=20),  # before a meeting asks whether all is well
        "talk": morning_from(at + timedelta(hours=24)),
        **later,
    }


def morning_from(at: datetime) -> datetime:
    """The first ten in the morning that is not before this."""
    local = at.astimezone(LONDON)
    days = (local.date(), local.date() + timedelta(days=1))
    due = (datetime.combine(day, MORNING, LONDON) for day in days)
    return next(when for when in due if when >= local).astimezone(at.tzinfo)


async def hard_event(scene: Scene, peer: Peer, event: str) -> None:
    """Note it, tell the coordinator where it was theirs, and set what comes after."""
    notes = await _events(scene, peer)
    last = notes[-1] if notes else None
    if last and scene.now - last.at < SAME_EVENT:
        if event != "death" or last.note == "death":
            return
        note = scene.work.save(replace(last, note="death"))
    else:
        note = scene.work.save(
            PeerNote(
                id=scene.work.new_id(),
                service_id=peer.service_id,
                peer_id=peer.id,
                kind="hard_event",
                at=scene.now,
                note=_heaviest(event, notes, scene.now),
            )
        )
    scene.journal(
        "HardEventNoted", service_id=peer.service_id, contact_id=peer.contact_id, event=event
    )
    _set_timers(scene, peer, note)
    if note.note == "death":
        await _tell(scene, peer, "peer_death")
        _rests(scene, peer)
    elif event == "own_use":
        await _tell(scene, peer, "debrief")


def _rests(scene: Scene, peer: Peer) -> None:
    """A week off, unless they have a longer one already."""
    until = scene.now + REST
    scene.work.save(replace(peer, rest_until=max(until, peer.rest_until or until)))


async def _events(scene: Scene, peer: Peer) -> list[PeerNote]:
    found = await scene.work.find(PeerNote, peer_id=peer.id, kind="hard_event")
    return [note for note in found if note.note != NOTHING]


def _heaviest(event: str, notes: list[PeerNote], now: datetime) -> str:
    mourning = any(n.note == "death" and now - n.at < BY_A_PERSON for n in notes)
    return "death" if mourning else event


def _set_timers(scene: Scene, peer: Peer, note: PeerNote) -> None:
    """The newest event counts: what an earlier one had set moves with it."""
    coming = due_after(note.note, note.at)
    due = {stage: at for stage, at in coming.items() if at > scene.now}
    for stage in STAGES:
        key = f"debrief:{peer.id}:{stage}"
        if stage in due:
            scene.set_timer(key, "debrief", due[stage], note=note.id, stage=stage)
        else:
            scene.work.cancel_timer(key)


async def _tell(scene: Scene, peer: Peer, kind: str) -> datetime | None:
    """Flag it to the coordinator; until when the one asked has time, or None if nobody is up."""
    service = await scene.work.need(Service, peer.service_id)
    about = f"peer:{peer.id}"
    _, asked = await raise_flag(scene, service, kind, contact_id=peer.contact_id, about=about)
    return asked.until if asked.staff else None


async def no_death(scene: Scene, peer: Peer, told_at: datetime) -> None:
    """It was the wrong button: nothing comes after it, and the week off that it brought is over."""
    await was_nothing(scene, peer, "death")
    if peer.rest_until == told_at + REST:
        scene.work.save(replace(peer, rest_until=None))


async def was_nothing(scene: Scene, peer: Peer, event: str = "meeting") -> None:
    """The emergency in their meeting, or what they told us of, was none: nothing comes after it."""
    events = await _events(scene, peer)
    if not events or events[-1].note != event or scene.now - events[-1].at >= SAME_EVENT:
        return
    last = scene.work.save(replace(events.pop(), note=NOTHING, status="done"))
    _set_timers(scene, peer, events[-1] if events else last)


async def debrief_due(scene: Scene, timer: Timer) -> None:
    """A stage is due. Never for who has stepped back, stopped us, or left."""
    note = await scene.work.get(PeerNote, timer.payload["note"])
    peer = await scene.work.get(Peer, note.peer_id) if note else None
    if note is None or peer is None or not await _reachable(scene, peer):
        return
    stage = timer.payload["stage"]
    if note.note == "death":  # a person rings, not the line
        await _tell(scene, peer, "peer_after_death")
        return
    turn = await scene.person(peer.contact_id)
    if stage == "talk":
        await _tell(scene, peer, "debrief")
    if stage == "year":
        turn.say("debrief.year", kind="notice", priority=NOTICE)
        return
    await begin(turn, "debrief", stage)


async def _reachable(scene: Scene, peer: Peer) -> bool:
    contact = await scene.work.get(Contact, peer.contact_id)
    gone = contact is None or contact.erased_at or contact.stopped_at or contact.blocked_at
    return peer.status == "active" and not gone


# --- too much for one person -------------------------------------------------------------------


async def rest_look(scene: Scene, service: Service) -> None:
    """Two hard events or missed check-ins in a month: a week off is offered, once a month."""
    since = scene.now - MONTH
    notes = await scene.work.find(PeerNote, service_id=service.id, kind="hard_event")
    missed = await scene.work.find(Flag, service_id=service.id, kind="missed_checkin")
    asked = await scene.work.find(Flag, service_id=service.id, kind="rest")
    lately = {flag.contact_id for flag in asked if flag.created_at >= since}
    for peer in await scene.work.find(Peer, service_id=service.id, status="active"):
        mine = [n for n in notes if n.peer_id == peer.id and n.note != NOTHING]
        hard = Counter(n.note for n in mine if n.at >= since)
        silent = sum(f.contact_id == peer.contact_id and f.created_at >= since for f in missed)
        resting = peer.rest_until is not None and peer.rest_until > scene.now
        fresh = any(scene.now - n.at < NOT_AT_ONCE for n in mine)
        if hard.total() + silent < TOO_MANY or fresh or peer.contact_id in lately:
            continue
        await _tell(scene, peer, "rest")
        if not (resting or hard["death"]) and await _reachable(scene, peer):
            await begin(await scene.person(peer.contact_id), "debrief", "rest")


# --- the questions -----------------------------------------------------------------------------


async def _peer(turn: Turn) -> Peer:
    return (await turn.work.find(Peer, contact_id=turn.id))[-1]


async def _ask_for_a_call(turn: Turn) -> None:
    until = await _tell(turn.scene, await _peer(turn), "peer_support")
    turn.say("peer.support", until=clock_words(until, turn.now) if until else "")


@leads_to("flow:used", END)
async def today(turn: Turn, answer: str) -> Next:
    """Would a call now help? Then on with the report, if they were at one."""
    turn.work.cancel_timer(f"debrief:{(await _peer(turn)).id}:today")
    if answer == "yes":
        await _ask_for_a_call(turn)
    else:
        turn.say("debrief.fine")
    return Go("used", "more_or_kit", turn.data) if "report" in turn.data else END


@leads_to(END)
async def talk(turn: Turn, answer: str) -> Next:
    """A talk with the coordinator, a day or two on."""
    if answer == "yes":
        await _ask_for_a_call(turn)
    else:
        turn.say("debrief.fine")
    return END


@leads_to(END)
async def two_weeks(turn: Turn, answer: str) -> Next:
    """How it is after two weeks."""
    if answer == "talk":
        await _ask_for_a_call(turn)
    else:
        turn.say(f"debrief.{answer}")
    return END


@leads_to(END)
async def rest(turn: Turn, answer: str) -> Next:
    """A week off, if they like; nothing is held against either answer."""
    if answer == "rest":
        _rests(turn.scene, await _peer(turn))
        turn.journal("PeerRests")
        turn.say("debrief.resting")
    else:
        turn.journal("PeerGoesOn")
        turn.say("debrief.going_on")
    return END


DEBRIEF = Flow(
    "debrief",
    (
        Choose("today", ("yes", "no"), today, "words"),
        Choose("talk", ("yes", "no"), talk, "words"),
        Choose("two_weeks", ("well", "talk", "leave"), two_weeks),
        Choose("rest", ("rest", "go_on"), rest, "words"),
    ),
    by_timer=("today", "talk", "two_weeks", "rest"),
)

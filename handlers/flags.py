"""Flags: something a coordinator must look at, with an owner and a due time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from content import library
from db.models import (
    Contact,
    Flag,
    KitRequest,
    LocalHelp,
    Outlet,
    Peer,
    Recall,
    Service,
    Staff,
    Timer,
)
from db.work import Work
from handlers.engine.turn import NOTICE, Scene, Turn
from handlers.services import cover, whereabouts
from handlers.services.codes import new_ref
from handlers.services.local_help import due_of
from handlers.services.oncall_rota import Asked, is_on_duty, whom_to_ask
from handlers.services.rules import clock_words, rules_of

OWNER_ASKED_AGAIN = timedelta(minutes=60)
OF_A_REQUEST = ("stuck_request", "under_18", "unreachable")  # their timer is the request's
NOT_URGENT = (
    *("complaint", "hotspot", "debrief", "loop", "emergency_over", "refusal", "wrong_codes"),
    *("peer_stopped", "outlet_stopped", "peer_joined", "peer_untrained", "peer_lapse"),
    *("rest", "peer_after_death", "not_a_death"),
    *("stock_back", "stock_wrong", "top_up", "coverage", "recall_not_reached"),
)
DAILY = timedelta(days=1)
OPEN = ("open", "taken")
EMERGENCY_FLAGS = ("emergency", "emergency_silent")
URGENT = (
    *EMERGENCY_FLAGS,
    *("child", "violence", "violence_unsafe", "crisis", "sos", "under_18", "missed_checkin"),
    *("sos_safe",),
    *("death_reported", "peer_death"),
)
"""Somebody may be in danger: what a coordinator reads first, in this order."""
IN_DANGER = ("crisis", "child", "violence", "peer_death")
"""Whoever wrote of it is told when nobody has picked it up."""
CALL_BACKS = ("call_back", "referral")
"""Whoever asked for a person hears who has it, and if nobody has picked it up."""
OF_A_PEER = ("sos", "missed_checkin", "sos_safe")
"""A peer may be in danger: who and where it is comes with it. The worst first."""
SAID_SAFE = "sos_safe"
"""SAFE after SOS may be typed by another person: somebody still looks, but is asked less often."""
CALMER = {"sos": SAID_SAFE}
SAFEGUARDING = ("under_18", "crisis", "child", "violence", "violence_unsafe")


async def raise_flag(
    scene: Scene,
    service: Service,
    kind: str,
    *,
    request: KitRequest | None = None,
    contact_id: int | None = None,
    about: str = "",
) -> tuple[Flag, Asked]:
    """Tell the coordinator on call; an open flag of the same kind on the same thing is kept."""
    same = [
        flag
        for flag in await scene.work.find(Flag, service_id=service.id, status="open")
        if flag.kind in (kind, CALMER.get(kind))
        and flag.request_id == (request.id if request else None)
        and flag.contact_id == contact_id
        and flag.about == about
    ]
    if same:
        flag = replace(same[0], kind=kind)
    else:
        flag = new_flag(scene, service, kind, request=request, contact_id=contact_id, about=about)
    asked = await ask_next(scene, service, flag)
    return flag, asked


def new_flag(
    scene: Scene,
    service: Service,
    kind: str,
    *,
    request: KitRequest | None = None,
    contact_id: int | None = None,
    about: str = "",
    due: datetime | None = None,
) -> Flag:
    """A flag nobody has been asked about yet; ``due``: when somebody will be."""
    flag = scene.work.save(
        Flag(
            id=scene.work.new_id(),
            service_id=service.id,
            kind=kind,
            status="open",
            created_at=scene.now,
            due_at=due or scene.now,
            ref=request.ref if request else new_ref(),
            request_id=request.id if request else None,
            contact_id=contact_id,
            about=about,
        )
    )
    scene.journal(
        "FlagRaised",
        service_id=service.id,
        request_id=flag.request_id,
        contact_id=contact_id,
        kind=kind,
        ref=flag.ref,
    )
    return flag


async def ask_next(scene: Scene, service: Service, flag: Flag) -> Asked:
    """Ask the next coordinator on the list about a flag, and set when the one after is asked."""
    rules = rules_of(service)
    staff = await scene.work.find(Staff, service_id=service.id, status="active")
    reachable = [s for s in staff if await _reachable(scene, s)]
    if flag.kind in SAFEGUARDING:
        leads = [s for s in reachable if s.role == "safeguarding" and s.id not in flag.asked]
        leads = [s for s in leads if is_on_duty(s, scene.now, service.nation)]
        reachable = [replace(s, call_order=1) for s in leads] or reachable
    asked = whom_to_ask(reachable, flag.asked, scene.now, rules, service.nation)
    if flag.kind == "referral":
        asked = await _whom_they_want(scene, service, flag, reachable, asked)
    if (slow := _slow(flag.kind)) and asked.staff:
        asked = replace(asked, until=scene.now + slow)
    told = (*flag.asked, asked.staff.id) if asked.staff else flag.asked
    scene.work.save(replace(flag, due_at=asked.until, asked=told[-20:]))
    _set_timer(scene, flag, asked.until)
    if asked.staff and asked.staff.contact_id:
        turn = await scene.person(asked.staff.contact_id)
        turn.say(
            "oncall.flag",
            kind="flag",
            priority=NOTICE,
            team=team_name(service),
            ref=flag.ref,
            what=await what_of(scene.work, turn.locale, flag),
            until=clock_words(asked.until, scene.now),
        )
        scene.journal(
            "CoordinatorAsked",
            service_id=service.id,
            request_id=flag.request_id,
            staff=asked.staff.id,
            flag=flag.kind,
        )
    return asked


def _slow(kind: str) -> timedelta | None:
    """How long it may lie before the next person is asked, where that is not the rota's pace."""
    if kind in NOT_URGENT:
        return DAILY
    return OWNER_ASKED_AGAIN if kind == SAID_SAFE else None


async def _whom_they_want(
    scene: Scene, service: Service, flag: Flag, reachable: list[Staff], asked: Asked
) -> Asked:
    """Whoever answers for it is asked first, and has till an hour into their next opening."""
    wanted = await scene.work.need(LocalHelp, int(flag.about.partition(":")[2]))
    if flag.asked:
        return asked
    own = next((one for one in reachable if one.id == wanted.staff_id), asked.staff)
    return Asked(own, due_of(wanted, scene.now, service.nation)) if own else asked


async def what_of(work: Work, locale: str, flag: Flag) -> str:
    """What the matter is, with the name of the outlet or peer it is about, and where a peer is."""
    what = library.label(locale, "flag", flag.kind)
    if flag.kind in OF_A_PEER and (where := await whereabouts.of_peer(work, flag)):
        return f"{what}: {library.said(locale, where)}"
    kind, _, number = flag.about.partition(":")
    if kind == "cover":
        return f"{what}: {cover.gap_words(locale, cover.read(flag.about))}"
    if kind == "recall":
        return f"{what} ({(await work.need(Recall, int(number))).ref})"
    named: Outlet | Peer | LocalHelp | None = None
    if kind == "outlet":
        named = await work.get(Outlet, int(number))
    elif kind == "peer":
        named = await work.get(Peer, int(number))
    elif kind == "help":
        named = await work.get(LocalHelp, int(number))
    return f"{what} ({named.name})" if named else what


async def _reachable(scene: Scene, staff: Staff) -> bool:
    contact = await scene.work.get(Contact, staff.contact_id)
    return contact is not None and not (contact.stopped_at or contact.blocked_at)


def team_name(service: Service) -> str:
    """What the service calls itself in a text."""
    return rules_of(service).team or service.name


async def flag_due(scene: Scene, timer: Timer) -> None:
    """Nobody acted on a flag in time: the next on the list, or a reminder to who took it."""
    flag = await scene.work.get(Flag, timer.payload["flag"])
    if flag is None or flag.status == "done":
        return
    service = await scene.work.need(Service, flag.service_id)
    if flag.status == "taken" and flag.staff_id:
        await remind_owner(scene, flag)
        return
    await ask_next(scene, service, flag)
    await _say_nobody_yet(scene, flag)


async def _say_nobody_yet(scene: Scene, flag: Flag) -> None:
    """Once: that nobody has picked it up, and who can be rung. Not where texting may do harm."""
    calls = flag.kind.startswith(CALL_BACKS)
    if flag.contact_id is None or not (calls or flag.kind in IN_DANGER):
        return
    waiting = await scene.person(flag.contact_id)
    told = waiting.memory.get("not_yet", [])
    unsure = flag.kind == "violence" and not waiting.memory.get("safe")
    if flag.ref in told or unsure or in_emergency(waiting):
        return
    if await is_unsafe(scene, waiting.id):
        return
    waiting.memory["not_yet"] = [*told, flag.ref][-5:]
    if calls:
        text = "talk.referral_late" if flag.kind == "referral" else "talk.not_yet"
        waiting.say(text, kind="notice", ref=flag.ref)
    else:
        waiting.say("crisis.not_yet", kind="notice", quiet=waiting.contact.quiet)


async def is_unsafe(
    scene: Scene, contact_id: int, since: datetime | None = None, kind: str = "violence_unsafe"
) -> bool:
    """They said (after ``since``) that somebody else may read this phone, and it is still open."""
    return any(
        flag.status != "done" and (since is None or flag.created_at >= since)
        for flag in await scene.work.find(Flag, contact_id=contact_id, kind=kind)
    )


def in_emergency(turn: Turn) -> bool:
    """They are being coached through an emergency: nothing else is said meanwhile."""
    flow = turn.world.flows.get(turn.flow)
    return flow is not None and flow.urgent


async def stopped(scene: Scene, contact_id: int) -> None:
    """STOP with an emergency open: who has it, or was asked last, knows that the line is silent."""
    for flag in await scene.work.find(Flag, contact_id=contact_id, status=OPEN):
        told = await scene.work.get(Staff, flag.staff_id or (flag.asked or (None,))[-1])
        if flag.kind in EMERGENCY_FLAGS and told and told.contact_id:
            turn = await scene.person(told.contact_id)
            turn.say("oncall.stopped", kind="flag", priority=NOTICE, ref=flag.ref)


async def becomes(scene: Scene, contact_id: int, olds: tuple[str, ...], new: str) -> None:
    """A person's open flag is about something else now.

    Worse news goes on to the next coordinator, or to the safeguarding lead again; that it is over
    only to who was asked last.
    """
    for flag in await scene.work.find(Flag, contact_id=contact_id):
        if flag.kind not in olds or flag.status == "done":
            continue
        asked = () if new in SAFEGUARDING else flag.asked
        flag = scene.work.save(replace(flag, kind=new, asked=asked))
        if not _slow(new) and flag.status == "open":
            await ask_next(scene, await scene.work.need(Service, flag.service_id), flag)
            continue
        told = await scene.work.get(Staff, flag.staff_id or (flag.asked or (None,))[-1])
        if told and told.contact_id:
            turn = await scene.person(told.contact_id)
            what = await what_of(scene.work, turn.locale, flag)
            turn.say("oncall.news", kind="flag", priority=NOTICE, ref=flag.ref, what=what)
        due = scene.now + (_slow(new) or OWNER_ASKED_AGAIN)
        scene.work.save(replace(flag, due_at=due))
        _set_timer(scene, flag, due)


async def remind_owner(scene: Scene, flag: Flag) -> datetime:
    """Remind the coordinator who took a flag that it is still open; returns when again."""
    due = scene.now + OWNER_ASKED_AGAIN
    staff = await scene.work.get(Staff, flag.staff_id)
    if staff and staff.contact_id:
        turn = await scene.person(staff.contact_id)
        what = await what_of(scene.work, turn.locale, flag)
        turn.say("oncall.reminder", kind="flag", priority=NOTICE, ref=flag.ref, what=what)
    scene.work.save(replace(flag, due_at=due))
    _set_timer(scene, flag, due)
    return due


def _set_timer(scene: Scene, flag: Flag, due: datetime) -> None:
    """A stuck request's own timer asks about it; any other flag has one of its own."""
    if flag.kind not in OF_A_REQUEST:
        scene.set_timer(f"flag:{flag.id}", "flag", due, flag=flag.id)


def take_flag(scene: Scene, flag: Flag, staff: Staff, due: datetime) -> None:
    """A coordinator has it; they are reminded at ``due``."""
    scene.work.save(replace(flag, status="taken", staff_id=staff.id, due_at=due))
    _set_timer(scene, flag, due)


def own_flag(scene: Scene, request: KitRequest) -> Flag:
    """A flag for a request that a coordinator takes before anybody asked them to."""
    return scene.work.save(
        Flag(
            id=scene.work.new_id(),
            service_id=request.service_id,
            kind="stuck_request",
            status="open",
            created_at=scene.now,
            due_at=scene.now,
            ref=request.ref,
            request_id=request.id,
        )
    )


def close_flag(scene: Scene, flag: Flag) -> None:
    """A flag is dealt with."""
    scene.work.save(replace(flag, status="done"))
    scene.work.cancel_timer(f"flag:{flag.id}")
    scene.journal(
        "FlagClosed", service_id=flag.service_id, request_id=flag.request_id, kind=flag.kind
    )

"""Flags: something a coordinator must look at, with an owner and a due time.

What can wait (``NOT_URGENT``) is told by its timer alone: see flag_reminders.py.
"""

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
)
from db.work import Work
from handlers.engine.turn import NOTICE, Scene, Turn
from handlers.services import cover, whereabouts
from handlers.services.codes import new_ref
from handlers.services.local_help import due_of
from handlers.services.oncall_rota import Asked, again_by_day, is_on_duty, whom_to_ask
from handlers.services.rules import clock_words, rules_of

OWNER_ASKED_AGAIN = timedelta(minutes=60)
OF_A_REQUEST = ("stuck_request", "under_18", "unreachable")  # their timer is the request's
NOT_URGENT = (
    *("complaint", "hotspot", "debrief", "loop", "emergency_over", "refusal", "wrong_codes"),
    *("peer_stopped", "outlet_stopped", "peer_joined", "peer_untrained", "peer_lapse"),
    *("rest", "peer_after_death", "not_a_death", "supply_undone"),
    *("stock_back", "stock_wrong", "top_up", "coverage", "recall_not_reached"),
)
"""What can wait: told by day, all that is due together, and again at growing waits."""
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
    """Tell the coordinator on call; an open flag of the same kind on the same thing is kept.

    What can wait and was told before is told anew on the next day.
    """
    same = [
        flag
        for flag in await scene.work.find(Flag, service_id=service.id, status="open")
        if flag.kind in (kind, CALMER.get(kind))
        and flag.request_id == (request.id if request else None)
        and flag.contact_id == contact_id
        and flag.about == about
    ]
    if same and kind in NOT_URGENT:
        due = min(same[0].due_at, again_by_day(1, scene.now))
        flag = put_off(scene, replace(same[0], asked=same[0].asked[-1:]), due)
        return flag, Asked(None, due)
    if same:
        flag = replace(same[0], kind=kind)
    else:
        flag = new_flag(scene, service, kind, request=request, contact_id=contact_id, about=about)
    return flag, await ask_next(scene, service, flag)


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
    if flag.kind in NOT_URGENT:
        put_off(scene, flag, scene.now)
        return Asked(None, scene.now)
    rules = rules_of(service)
    reachable = await who_can_be_asked(scene, service)
    if flag.kind in SAFEGUARDING:
        leads = [s for s in reachable if s.role == "safeguarding" and s.id not in flag.asked]
        leads = [s for s in leads if is_on_duty(s, scene.now, service.nation)]
        reachable = [replace(s, call_order=1) for s in leads] or reachable
    asked = whom_to_ask(reachable, flag.asked, scene.now, rules, service.nation)
    if flag.kind == "referral":
        asked = await _whom_they_want(scene, service, flag, reachable, asked)
    if asked.staff and flag.kind == SAID_SAFE:  # they are safe: no need to hurry
        asked = replace(asked, until=scene.now + OWNER_ASKED_AGAIN)
    if asked.staff:
        now_asked(scene, flag, asked.staff, asked.until)
        await say_flag(scene, service, flag, asked.staff, asked.until)
    else:
        put_off(scene, flag, asked.until)
    return asked


def now_asked(scene: Scene, flag: Flag, staff: Staff, until: datetime) -> None:
    """This coordinator is told of it; whose turn is next hears of it at ``until``."""
    put_off(scene, replace(flag, asked=(*flag.asked, staff.id)[-20:]), until)
    scene.journal(
        "CoordinatorAsked",
        service_id=flag.service_id,
        request_id=flag.request_id,
        staff=staff.id,
        flag=flag.kind,
    )


async def say_flag(
    scene: Scene, service: Service, flag: Flag, staff: Staff, until: datetime
) -> None:
    """One flag in a text of its own: to take it, or leave it to the next at ``until``."""
    if staff.contact_id:
        turn = await scene.person(staff.contact_id)
        turn.say(
            "oncall.flag",
            kind="flag",
            priority=NOTICE,
            team=team_name(service),
            ref=flag.ref,
            what=await what_of(scene.work, turn.locale, flag),
            until=clock_words(until, scene.now),
        )


async def who_can_be_asked(scene: Scene, service: Service) -> list[Staff]:
    """The service's coordinators whom a text reaches."""
    staff = await scene.work.find(Staff, service_id=service.id, status="active")
    return [one for one in staff if await _reachable(scene, one)]


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
        if new not in (*NOT_URGENT, SAID_SAFE) and flag.status == "open":
            await ask_next(scene, await scene.work.need(Service, flag.service_id), flag)
            continue
        told = await scene.work.get(Staff, flag.staff_id or (flag.asked or (None,))[-1])
        if told and told.contact_id:
            turn = await scene.person(told.contact_id)
            what = await what_of(scene.work, turn.locale, flag)
            turn.say("oncall.news", kind="flag", priority=NOTICE, ref=flag.ref, what=what)
        put_off(scene, flag, _asked_again(scene, flag))


async def remind_owner(scene: Scene, flag: Flag) -> datetime:
    """Remind the coordinator who took a flag that it is still open; returns when again."""
    due = scene.now + OWNER_ASKED_AGAIN
    if staff := await scene.work.get(Staff, flag.staff_id):
        await say_still_yours(scene, flag, staff)
    put_off(scene, flag, due)
    return due


async def say_still_yours(scene: Scene, flag: Flag, staff: Staff) -> None:
    """The flag this coordinator took is still open."""
    if staff.contact_id:
        turn = await scene.person(staff.contact_id)
        what = await what_of(scene.work, turn.locale, flag)
        turn.say("oncall.reminder", kind="flag", priority=NOTICE, ref=flag.ref, what=what)


def _asked_again(scene: Scene, flag: Flag) -> datetime:
    if flag.kind in NOT_URGENT:
        return again_by_day(1, scene.now)
    return scene.now + OWNER_ASKED_AGAIN


def put_off(scene: Scene, flag: Flag, due: datetime) -> Flag:
    """Nobody hears of it again before ``due``.

    A stuck request's own timer asks about it; any other flag has one of its own.
    """
    if flag.kind not in OF_A_REQUEST:
        scene.set_timer(f"flag:{flag.id}", "flag", due, flag=flag.id)
    return scene.work.save(replace(flag, due_at=due))


def take_flag(scene: Scene, flag: Flag, staff: Staff) -> datetime:
    """A coordinator has it; returns when they are reminded, which counts from now."""
    due = _asked_again(scene, flag)
    asked = (staff.id,) if flag.kind in NOT_URGENT else flag.asked
    put_off(scene, replace(flag, status="taken", staff_id=staff.id, asked=asked), due)
    return due


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

"""The coordinator on call: flags as messages, acted on with words.

A text can be forged, so whatever changes something is confirmed by an echoed code, or carries the
coordinator's PIN. Telegram's senders cannot be forged and need neither.
"""

from __future__ import annotations

from dataclasses import dataclass

from content import library
from content.library import Saying, Words, saying
from db.models import OPEN_STATUSES, Flag, KitRequest, Peer, RequestStatus, Staff
from handlers import (
    ladder,
    meeting,
    oncall_list,
    oncall_show,
    oncall_stock,
    oncall_undo,
    referral,
    staff_chat,
)
from handlers.engine.conversation import begin
from handlers.engine.flow import END, Choose, Flow, Next, leads_to
from handlers.engine.turn import Turn
from handlers.flags import (
    OF_A_PEER,
    OF_A_REQUEST,
    OWNER_ASKED_AGAIN,
    close_flag,
    own_flag,
    take_flag,
)
from handlers.services import requests, supplies
from handlers.services.rules import clock_words


@dataclass(frozen=True)
class Goes:
    """Whom a word reaches. ``mixed_up``: a peer's trouble had this code too, and it is over."""

    ref: str
    contact_id: int | None = None
    to: Words = ""
    mixed_up: bool = False


# --- words -------------------------------------------------------------------------------------


async def word(turn: Turn, staff: Staff, name: str, rest: str) -> None:
    """A coordinator's word, by its ``name`` in words.toml."""
    if name == "requests":
        await oncall_list.say(turn, staff, rest)
        return
    if name == "stock":
        await oncall_stock.say(turn, staff)
        return
    if name == "undo":
        await oncall_undo.undo(turn, staff)
        return
    parts = rest.split()
    if not parts or (name == "assign" and len(parts) < 2):
        if name == "assign":
            turn.say("oncall.how_assign")
        else:
            turn.say("oncall.how", word=name.upper())
        return
    ref = parts[0].upper()
    request, flags = await look_up(turn, staff, ref)
    if request is None and not flags:
        turn.say("oncall.unknown", ref=ref)
        return
    if name == "show":
        await oncall_show.show(turn, request, flags)
    elif name == "take":
        await take(turn, staff, request, flags)
    elif name == "assign" and request:
        await assign(turn, staff, request, " ".join(parts[1:]))
    elif name == "done":
        await done(turn, staff, request, flags)
    elif name == "tell":
        await staff_chat.tell(turn, staff, request, flags, " ".join(parts[1:]))
    elif name == "refer":
        await referral.offer(turn, staff, request, flags, " ".join(parts[1:]))
    else:
        turn.say("oncall.unknown", ref=ref)


async def goes_to(turn: Turn, staff: Staff, rest: str) -> Goes:
    """Whom TELL or REFER reaches, as things are now."""
    ref = rest.split()[0].upper()
    request, flags = await look_up(turn, staff, ref)
    of_ref = await turn.work.find(Flag, service_id=staff.service_id, ref=ref)
    over = any(f.kind in OF_A_PEER and f.status == "done" for f in of_ref)
    contact_id = staff_chat.whom(request, flags)
    if contact_id is None:
        return Goes(ref)
    to = await staff_chat.in_words(turn.work, request, flags)
    mixed_up = over and request is not None and contact_id == request.contact_id
    return Goes(ref, contact_id, to, mixed_up)


async def look_up(turn: Turn, staff: Staff, ref: str) -> tuple[KitRequest | None, list[Flag]]:
    """The request of that reference, and the flags that are open on it or by themselves."""
    found = await turn.work.find(KitRequest, ref=ref, service_id=staff.service_id)
    flags = await turn.work.find(Flag, service_id=staff.service_id, ref=ref)
    return (found[0] if found else None), [flag for flag in flags if flag.status != "done"]


def what_is(turn: Turn, request: KitRequest | None, flags: list[Flag]) -> str | Saying:
    """What a reference stands for, in a few words."""
    others = [flag for flag in flags if not (request and flag.kind == "stuck_request")]
    if others:
        return library.label(turn.locale, "flag_short", others[0].kind)
    return saying("saying.a_request", district=request.district if request else "")


async def take(turn: Turn, staff: Staff, request: KitRequest | None, flags: list[Flag]) -> None:
    """A coordinator looks after it from here."""
    was = request
    if request and request.status in OPEN_STATUSES:
        if request.status != RequestStatus.ACCEPTED:
            await ladder.let_go_of_route(turn.scene, request)
            request = await turn.work.need(KitRequest, request.id)
            owner, again = ("coordinator", staff.id), turn.now + OWNER_ASKED_AGAIN
            requests.hold(turn.work, request, RequestStatus.WITH_COORDINATOR, owner, again)
            requester = await turn.scene.person(request.contact_id)
            requester.say("oncall.requester_taken", kind="notice", name=staff.name, ref=request.ref)
        if not flags:
            flags = [own_flag(turn.scene, request)]
    elif request and not flags:
        turn.say("oncall.already", ref=request.ref)
        return
    ref = request.ref if request else flags[0].ref
    oncall_undo.note(turn, "take", ref, flags, was if was and was.closed_at is None else None)
    due = []
    for flag in flags:
        due.append(take_flag(turn.scene, flag, staff))
        await referral.taken(turn.scene, flag, staff)
        await staff_chat.taken(turn.scene, flag, staff)
        for other_id in dict.fromkeys(flag.asked):
            other = await turn.work.get(Staff, other_id)
            if other and other.id != staff.id and other.contact_id:
                told = await turn.scene.person(other.contact_id)
                told.say("oncall.taken_by_other", kind="flag", name=staff.name, ref=flag.ref)
    turn.journal("CoordinatorTook", request_id=request.id if request else None, staff=staff.id)
    turn.say("oncall.taken", ref=ref, until=clock_words(min(due), turn.now))


async def assign(turn: Turn, staff: Staff, request: KitRequest, name: str) -> None:
    """Ask one peer by name; they still say yes or no themselves."""
    if request.status not in OPEN_STATUSES:
        turn.say("oncall.already", ref=request.ref)
        return
    peers = await turn.work.find(Peer, service_id=staff.service_id, status="active")
    named = [p for p in peers if p.name.casefold() == name.casefold()]
    named = named or [p for p in peers if p.name.casefold().startswith(name.casefold())]
    if len(named) != 1:
        names = ", ".join(sorted(p.name for p in peers))
        turn.say("oncall.no_peer", name=name, names=names)
        return
    await ladder.let_go_of_route(turn.scene, request)
    request = await turn.work.need(KitRequest, request.id)
    until = await ladder.ask_peer_by_name(turn.scene, request, named[0])
    turn.journal("CoordinatorAssigned", request_id=request.id, staff=staff.id, peer=named[0].id)
    turn.say(
        "oncall.assigned",
        peer=named[0].name,
        ref=request.ref,
        until=clock_words(until, turn.now),
    )


async def done(turn: Turn, staff: Staff, request: KitRequest | None, flags: list[Flag]) -> None:
    """A coordinator closes a flag, or an open request with how it ended."""
    stuck = request is not None and request.status in OPEN_STATUSES
    others = [f for f in flags if not (stuck and f.kind in OF_A_REQUEST)]
    if others or not stuck or request is None:
        if not flags:
            turn.say("oncall.already", ref=request.ref if request else "")
            return
        closing = others or flags
        turn.say("oncall.done_flag", ref=flags[0].ref)
        for flag in closing:
            await referral.closed(turn.scene, flag)
        await staff_chat.over(turn.scene, flags[0].ref, [flag.contact_id for flag in closing])
        oncall_undo.note(turn, "done", flags[0].ref, closing)
        for flag in closing:
            close_flag(turn.scene, flag)
        return
    await begin(turn, "done", request=request.id, ref=request.ref, staff=staff.id)


# --- how a request ended, as the coordinator says ----------------------------------------------


@leads_to(END)
async def close_request(turn: Turn, outcome: str) -> Next:
    """Close it as said; a kit handed over by staff goes into the log."""
    request = await turn.work.need(KitRequest, turn.data["request"])
    if request.status not in OPEN_STATUSES:
        turn.say("oncall.already", ref=request.ref)
        return END
    await staff_chat.over(turn.scene, request.ref, [request.contact_id])
    if outcome == "supplied":
        await ladder.let_go_of_route(turn.scene, request)
        request = await turn.work.need(KitRequest, request.id)
        to = supplies.To(request.recipient, request.district, request.reason, "not_said")
        await supplies.log_by_staff(turn.work, request, turn.data["staff"], to)
        request = requests.close(turn.work, request, RequestStatus.SUPPLIED, handed_at=turn.now)
        staff = await turn.work.need(Staff, turn.data["staff"])
        await meeting.ask_if_arrived(turn.scene, request, staff.name)
    else:
        await ladder.end_request(turn.scene, request, RequestStatus(outcome))
        requester = await turn.scene.person(request.contact_id)
        ended = "request_kit.cancelled" if outcome == "cancelled" else "ladder.unfilled"
        requester.say(ended, kind="notice", ref=request.ref)
    turn.journal("RequestClosedByCoordinator", request_id=request.id, outcome=outcome)
    for flag in await turn.work.find(Flag, service_id=request.service_id, ref=request.ref):
        if flag.status != "done":
            close_flag(turn.scene, flag)
    turn.say("done.closed", ref=request.ref)
    return END


async def _ref(turn: Turn) -> dict[str, str]:
    return {"ref": turn.data["ref"]}


DONE = Flow(
    "done",
    (
        Choose(
            "outcome",
            ("supplied", "cancelled", "unfilled"),
            then=close_request,
            values=_ref,
            careful=True,
        ),
    ),
)

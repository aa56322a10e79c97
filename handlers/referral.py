"""A warm hand-over: somebody of the service is told that a person would like a word with them.

It is a flag with an owner and a due time; the person hears who was told, by when, who took it, and
if nobody did.
"""

from __future__ import annotations

from content import library
from db.models import Flag, KitRequest, LocalHelp, Staff
from handlers import staff_chat
from handlers.engine.conversation import begin, drop
from handlers.engine.turn import NOTICE, Scene, Turn
from handlers.flags import CALL_BACKS, OPEN, in_emergency, raise_flag
from handlers.services.contacts import give_consent
from handlers.services.local_help import directory
from handlers.services.rules import clock_words

WHEN = ("any", "morning", "afternoon", "evening")
"""When it is safe to text somebody who asked for a person; kept with their conversation."""


async def pass_on(turn: Turn, to: LocalHelp) -> Flag:
    """They said yes: whoever answers for it is told, and the person by when."""
    service = turn.home()
    give_consent(turn.work, turn.contact, "referral", True, "talk.refer")
    flag, asked = await raise_flag(
        turn.scene, service, "referral", contact_id=turn.id, about=f"help:{to.id}"
    )
    turn.journal("ReferralAsked", help=to.id, ref=flag.ref)
    until = clock_words(asked.until, turn.now) if asked.staff else ""
    turn.say("talk.referred", ref=flag.ref, name=to.name, until=until)
    return flag


async def safe_when(turn: Turn, flag: Flag, answer: str) -> None:
    """When it is safe to text them: kept for SHOW, and told to whoever was asked."""
    turn.memory["text_when"] = answer
    staff = await turn.work.get(Staff, flag.staff_id or (flag.asked or (None,))[-1])
    if staff is None or staff.contact_id is None or flag.status not in OPEN or answer == "any":
        return
    told = await turn.scene.person(staff.contact_id)
    when = library.label(told.locale, "text_when", answer)
    told.say("oncall.safe_when", kind="flag", priority=NOTICE, ref=flag.ref, when=when)


async def offer(
    turn: Turn, staff: Staff, request: KitRequest | None, flags: list[Flag], wanted: str
) -> None:
    """REFER ref nurse: the person is asked whether somebody of the service may be told."""
    ref = request.ref if request else flags[0].ref
    contact_id = staff_chat.whom(request, flags)
    person = await turn.scene.person(contact_id) if contact_id else None
    reached = await staff_chat.reach(person, staff_chat.since(request, flags)) if person else ""
    if person is None or reached != "open":
        turn.say(f"staff_chat.refused_{reached or 'stopped'}", ref=ref)
        return
    there = await directory(turn.work, turn.home(), turn.now)
    meant = [one.help for one in there if wanted and _is_called(one.help, wanted.casefold())]
    if len(meant) != 1:
        names = ", ".join(one.help.name for one in there) or "-"
        turn.say("oncall.no_help", ref=ref, names=names)
        return
    person.say("talk.suggested", kind="notice", priority=NOTICE, name=staff.name)
    await begin(person, "talk", "refer", help=meant[0].id)
    turn.journal("ReferralOffered", help=meant[0].id, ref=ref)
    turn.say("oncall.refer_asked", ref=ref, name=meant[0].name)


def _is_called(one: LocalHelp, wanted: str) -> bool:
    """By the name, or by what they do: "nurse" is the outreach nurse."""
    return one.name.casefold().startswith(wanted) or wanted in one.kind.split("_")


async def taken(scene: Scene, flag: Flag, staff: Staff) -> None:
    """Somebody has it now: who waits for a word hears who, where texting does no harm."""
    if flag.contact_id is None or not flag.kind.startswith(CALL_BACKS):
        return
    person = await scene.person(flag.contact_id)
    if await staff_chat.reach(person, flag.created_at) == "open":
        person.say("talk.taken", kind="notice", priority=NOTICE, ref=flag.ref, name=staff.name)


async def say_open(turn: Turn) -> bool:
    """STATUS: whom they asked for, who has it and till when. False: they asked for nobody."""
    flags = await turn.work.find(Flag, contact_id=turn.id, status=OPEN)
    asked = [flag for flag in flags if flag.kind.startswith(CALL_BACKS)]
    for flag in asked:
        staff = await turn.work.get(Staff, flag.staff_id)
        until = clock_words(flag.due_at, turn.now) if flag.due_at > turn.now else ""
        turn.say("talk.status", ref=flag.ref, name=staff.name if staff else "", until=until)
    return bool(asked)


async def closed(scene: Scene, flag: Flag) -> None:
    """DONE: who asked for a person hears it once, in words that tell nobody what it was."""
    if flag.contact_id is None or not flag.kind.startswith(CALL_BACKS):
        return
    person = await scene.person(flag.contact_id)
    drop(person, "talk")
    if person.memory.get("staff", {}).get("ref") == flag.ref or in_emergency(person):
        return  # they hear that the talk is over
    if await staff_chat.reach(person, flag.created_at) == "open":
        person.say("talk.closed", kind="notice", priority=NOTICE, ref=flag.ref)

"""A coordinator writes to a person through us, and the person answers: nobody sees a number.

A call-back, an emergency, words of crisis: whoever took it must be able to reach the person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.models import Flag, InboundMessage, KitRequest, Staff
from handlers.engine.conversation import drop
from handlers.engine.turn import NOTICE, Scene, Turn
from handlers.flags import in_emergency, is_unsafe, team_name
from handlers.services.roles import alias_of

OF_A_PEER = ("sos", "missed_checkin")
JUST_OVER = timedelta(hours=24)


@dataclass(frozen=True)
class Chat:
    """Who of the staff writes to this person, and about what."""

    staff: Staff
    ref: str


async def tell(
    turn: Turn, staff: Staff, request: KitRequest | None, flags: list[Flag], words: str
) -> None:
    """TELL ref words: passed on, unless the person cannot or must not be written to."""
    ref = request.ref if request else flags[0].ref
    contact_id = whom(request, flags)
    if not words:
        turn.say("staff_chat.how", ref=ref)
        return
    if contact_id is None:
        turn.say("staff_chat.refused_stopped", ref=ref)
        return
    person = await turn.scene.person(contact_id)
    reached = await reach(person, since(request, flags))
    if reached != "open":
        turn.say(f"staff_chat.refused_{reached}", ref=ref)
        return
    first = person.memory.get("staff", {}).get("ref") != ref
    person.memory["staff"] = {"id": staff.id, "ref": ref}
    person.memory["last"] = "staff"
    person.memory["talked"] = {}
    team = team_name(turn.home())
    name = staff.name
    person.say("staff_chat.from", kind="notice", priority=NOTICE, name=name, team=team, body=words)
    if first:
        drop(person, "talk")  # somebody is there: when it suits is between the two of them
        person.say("staff_chat.answer_here", kind="notice", priority=NOTICE, name=name)
    turn.journal("StaffWrote", staff=staff.id, ref=ref)
    turn.say("staff_chat.told", ref=ref)


def whom(request: KitRequest | None, flags: list[Flag]) -> int | None:
    """Whom it is about: a peer in trouble, and only else the person whose request it is."""
    peers = [flag.contact_id for flag in flags if flag.kind in OF_A_PEER and flag.contact_id]
    if peers:
        return peers[0]
    return request.contact_id if request else flags[0].contact_id


def since(request: KitRequest | None, flags: list[Flag]) -> datetime:
    """When they last asked for something about it."""
    asked = [request.asked_at] if request else []
    return max([*asked, *(flag.created_at for flag in flags)])


async def reach(person: Turn, since: datetime) -> str:
    """Whether TELL gets to them about something of that time: "open", or why it does not.

    What they ask for after they said that the phone is not safe may be answered.
    """
    who = person.contact
    if who.stopped_at or who.blocked_at or who.erased_at:
        return "stopped"
    if await is_unsafe(person.scene, person.id, since):
        return "unsafe"
    if person.memory.get("safe") or not await is_unsafe(person.scene, person.id, since, "violence"):
        return "open"
    return "not_said"


async def over(scene: Scene, ref: str, people: Iterable[int | None]) -> None:
    """A coordinator says DONE: who they wrote to hears it once, unless their phone is not safe."""
    for contact_id in {one for one in people if one}:
        person = await scene.person(contact_id)
        noted = person.memory.get("staff", {})
        if noted.get("ref") != ref:
            continue
        person.memory["staff"] = {}
        staff = await scene.work.get(Staff, noted["id"])
        if staff is None or await is_unsafe(scene, contact_id):
            continue
        person.memory["talked"] = {"name": staff.name, "at": scene.now.isoformat()}
        if not in_emergency(person):
            person.say("staff_chat.over", kind="notice", priority=NOTICE, name=staff.name)


def was_over(turn: Turn) -> bool:
    """Something that nobody else answers, soon after a talk: said kindly, as to somebody known."""
    talked = turn.memory.get("talked")
    if not talked or turn.now - datetime.fromisoformat(talked["at"]) > JUST_OVER:
        return False
    turn.say("staff_chat.was_over", name=talked["name"])
    return True


async def chat_of(turn: Turn) -> Chat | None:
    """The staff chat this person can answer in, while what it is about is open."""
    noted = turn.memory.get("staff")
    if not noted:
        return None
    staff = await turn.work.get(Staff, noted["id"])
    ref = noted["ref"]
    flags = await turn.work.find(Flag, contact_id=turn.id, ref=ref)
    requests = await turn.work.find(KitRequest, contact_id=turn.id, ref=ref)
    still = any(f.status != "done" for f in flags) or any(not r.closed_at for r in requests)
    if staff is None or staff.status != "active" or not still:
        turn.memory["staff"] = {}
        return None
    return Chat(staff, ref)


async def pass_on(turn: Turn, chat: Chat, message: InboundMessage) -> None:
    """The person's answer, to the coordinator who wrote."""
    if message.kind != "text" or not message.text.strip():
        turn.say("relay.no_pictures")
        return
    if chat.staff.contact_id is None:
        return
    to = await turn.scene.person(chat.staff.contact_id)
    alias = alias_of(turn.contact)
    to.say("staff_chat.to", kind="relay", ref=chat.ref, alias=alias, body=message.text)
    turn.journal("StaffAnswered", ref=chat.ref)

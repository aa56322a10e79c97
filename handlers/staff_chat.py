"""A coordinator writes to a person through us, and the person answers: nobody sees a number.

A call-back, an emergency, words of crisis: whoever took it must be able to reach the person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from content.library import Words, saying
from db.models import Flag, InboundMessage, KitRequest, Peer, Staff, Timer
from db.work import Work
from handlers.engine.conversation import drop
from handlers.engine.turn import NOTICE, Scene, Turn
from handlers.engine.understanding import understand
from handlers.flags import OF_A_PEER, SAID_SAFE, in_emergency, is_unsafe, team_name
from handlers.services.roles import alias_of, peer_of

JUST_OVER = timedelta(hours=24)
LASTS = timedelta(hours=48)
"""After the last line of either side a talk is over, whatever is still open."""
ALONE = timedelta(hours=1)
"""Who has read nothing for so long is told that we are here, and who else is."""
IN_TROUBLE = {"crisis", "talk_to_human"}


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
    begin(person, staff, ref)
    team = team_name(turn.home())
    name = staff.name
    person.say("staff_chat.from", kind="notice", priority=NOTICE, name=name, team=team, body=words)
    if first:
        drop(person, "talk")  # somebody is there: when it suits is between the two of them
        person.say("staff_chat.answer_here", kind="notice", priority=NOTICE, name=name)
    turn.journal("StaffWrote", staff=staff.id, ref=ref)
    to = await in_words(turn.work, request, flags)
    turn.say("staff_chat.told", ref=ref, to=to)


def whom(request: KitRequest | None, flags: list[Flag]) -> int | None:
    """Whom it is about: a peer in trouble, and only else the person whose request it is."""
    if peer := _peer_flag(flags):
        return peer.contact_id
    if request:
        return request.contact_id
    return flags[0].contact_id if flags else None


def _peer_flag(flags: list[Flag]) -> Flag | None:
    """What is the matter with a peer: an SOS before a missed check."""
    found = [flag for flag in flags if flag.kind in OF_A_PEER and flag.contact_id]
    return min(found, key=lambda flag: OF_A_PEER.index(flag.kind), default=None)


async def in_words(work: Work, request: KitRequest | None, flags: list[Flag]) -> Words:
    """Who reads what is written about it: said whenever it is confirmed or passed on."""
    flag = _peer_flag(flags)
    peers = await work.find(Peer, contact_id=flag.contact_id) if flag else []
    who = "peer" if flag else "requester" if request else "writer"
    return saying("saying.goes_to", who=who, name=peers[0].name if peers else "")


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


def begin(person: Turn, staff: Staff, ref: str) -> None:
    """What they write next goes to this coordinator."""
    person.memory["staff"] = {"id": staff.id, "ref": ref, "read": person.now.isoformat()}
    person.memory["last"] = "staff"
    person.memory["talked"] = {}
    _goes_on(person)


def _goes_on(person: Turn) -> None:
    """A line was written: the talk lasts so much longer."""
    due = person.now + LASTS
    person.scene.set_timer(f"staff_chat:{person.id}", "staff_chat", due, contact=person.id)


async def taken(scene: Scene, flag: Flag, staff: Staff) -> None:
    """A peer's SOS has somebody: what the peer writes goes to them from here."""
    if flag.kind not in ("sos", SAID_SAFE) or flag.contact_id is None:
        return
    person = await scene.person(flag.contact_id)
    noted = person.memory.get("staff", {})
    if noted.get("ref") == flag.ref and noted["id"] != staff.id:
        person.memory["staff"] = {**noted, "id": staff.id}
        person.say("staff_chat.taken", kind="notice", priority=NOTICE, name=staff.name)


async def over_due(scene: Scene, timer: Timer) -> None:
    """Nobody has written for long: it is over, and both read so."""
    person = await scene.person(timer.payload["contact"])
    noted = person.memory.get("staff")
    if not noted or await chat_of(person) is None:
        return
    staff = await scene.work.need(Staff, noted["id"])
    await over(scene, noted["ref"], [person.id])
    if staff.contact_id:
        told = await scene.person(staff.contact_id)
        told.say("staff_chat.over_staff", kind="flag", ref=noted["ref"])


async def over(scene: Scene, ref: str, people: Iterable[int | None]) -> None:
    """A coordinator says DONE: who they wrote to hears it once, unless their phone is not safe."""
    for contact_id in {one for one in people if one}:
        person = await scene.person(contact_id)
        noted = person.memory.get("staff", {})
        if noted.get("ref") != ref:
            continue
        person.memory["staff"] = {}
        scene.work.cancel_timer(f"staff_chat:{person.id}")
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


async def _readers(turn: Turn, chat: Chat) -> list[int]:
    """Who wrote to them; of an SOS that nobody has taken yet all who were asked about it."""
    ids = [chat.staff.id]
    open_sos = {"contact_id": turn.id, "ref": chat.ref, "kind": ("sos", SAID_SAFE)}
    for flag in await turn.work.find(Flag, **open_sos, status="open"):
        ids += flag.asked
    found = [await turn.work.get(Staff, one) for one in dict.fromkeys(ids)]
    return [one.contact_id for one in found if one and one.contact_id]


async def pass_on(turn: Turn, chat: Chat, message: InboundMessage) -> None:
    """The person's answer, to the coordinator who wrote."""
    if message.kind != "text" or not message.text.strip():
        turn.say("relay.no_pictures")
        return
    peer = await peer_of(turn.work, turn.id)
    alias = peer.name if peer else alias_of(turn.contact)
    for reader in await _readers(turn, chat):
        to = await turn.scene.person(reader)
        to.say("staff_chat.to", kind="relay", ref=chat.ref, alias=alias, body=message.text)
    turn.journal("StaffAnswered", ref=chat.ref)
    _goes_on(turn)
    noted = turn.memory["staff"]
    seen = understand(message.text, lambda _: False)
    alone = turn.now - datetime.fromisoformat(noted["read"]) >= ALONE
    if (alone or IN_TROUBLE & {seen.intent, *seen.also}) and not in_emergency(turn):
        turn.memory["staff"] = {**noted, "read": turn.now.isoformat()}
        turn.say("staff_chat.passed_on", name=chat.staff.name)

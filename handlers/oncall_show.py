"""SHOW ref: what helps to act. Never a number, a name of who asked, or words they wrote."""

from __future__ import annotations

from content import library
from content.library import Listed, Words, saying
from db.models import Flag, KitRequest, Offer, Peer, PeerNote, Service, Staff
from handlers import news, recalls, refusals, staff_chat
from handlers.engine.turn import Turn
from handlers.flags import in_emergency, what_of
from handlers.services.rules import clock_words, rules_of
from handlers.services.supplies import Holder, lines_of
from handlers.stock_lines import as_words

OF_STOCK = ("stock_back", "stock_wrong", "top_up")


async def show(turn: Turn, request: KitRequest | None, flags: list[Flag]) -> None:
    """A request, and what else is the matter with it; or a flag that has no request."""
    if request:
        await _request(turn, request)
    for flag in flags:
        if request is None or flag.kind != "stuck_request":
            await _flag(turn, flag)


async def _request(turn: Turn, request: KitRequest) -> None:
    tried = []
    for offer in await turn.work.find(Offer, request_id=request.id):
        peer = await turn.work.need(Peer, offer.peer_id)
        tried.append(saying(f"saying.offer_{offer.status}", name=peer.name))
    turn.say(
        "oncall.show",
        ref=request.ref,
        status=library.label(turn.locale, "status", request.status),
        product=library.label(turn.locale, "product", request.product),
        quantity=request.quantity,
        recipient=library.label(turn.locale, "recipient", request.recipient),
        district=request.district,
        asked=clock_words(request.asked_at, turn.now),
        owner=await news.owner_words(turn.scene, request),
        next=clock_words(request.next_timer_at, turn.now) if request.next_timer_at else "-",
        tried=Listed(tuple(tried)),
    )


async def _flag(turn: Turn, flag: Flag) -> None:
    owner = await turn.work.get(Staff, flag.staff_id)
    turn.say(
        "oncall.show_flag",
        ref=flag.ref,
        what=await what_of(turn.work, turn.locale, flag),
        since=clock_words(flag.created_at, turn.now),
        due=clock_words(flag.due_at, turn.now),
        owner=owner.name if owner else "",
        about=Listed((*await _noted(turn, flag), *await _person(turn, flag)), " "),
    )


async def _noted(turn: Turn, flag: Flag) -> list[Words]:
    """What a peer wrote down for us, or the kits a holder has."""
    kind, _, number = flag.about.partition(":")
    if kind == "note":
        note = await turn.work.need(PeerNote, int(number))
        peer = await turn.work.need(Peer, note.peer_id)
        return [saying("saying.peer_wrote", name=peer.name, body=note.note or "")]
    if kind == "recall":
        return [await recalls.in_words(turn.work, int(number))]
    if flag.kind == "refusal":
        return [await refusals.in_words(turn, int(number))]
    if flag.kind in OF_STOCK:
        kits = await lines_of(turn.work, Holder(kind, int(number), flag.service_id))
        rules = rules_of(await turn.work.need(Service, flag.service_id))
        return [saying("saying.peer_has", lines=as_words(turn.locale, kits, turn.now, rules))]
    return []


async def _person(turn: Turn, flag: Flag) -> list[Words]:
    """What is known of whoever it is about: area, the emergency, when they wrote, TELL."""
    if flag.contact_id is None:
        return []
    person = await turn.scene.person(flag.contact_id)
    found: list[Words] = []
    asked = await turn.work.find(KitRequest, contact_id=person.id)
    newest = max(asked, key=lambda request: request.asked_at, default=None)
    if newest and newest.district:
        found.append(saying("saying.last_area", district=newest.district))
    if in_emergency(person):
        found.append(_emergency(turn, person))
    if person.last_in_at:
        minutes = int((turn.now - person.last_in_at).total_seconds() // 60)
        found.append(saying("saying.last_wrote", age=saying("saying.age", minutes=minutes)))
    if when := person.memory.get("text_when"):
        found.append(saying("saying.safe_when", when=library.label(turn.locale, "text_when", when)))
    reached = await staff_chat.reach(person, flag.created_at)
    found.append(saying("saying.reach", reach=reached))
    return found


def _emergency(turn: Turn, person: Turn) -> Words:
    """Where the coaching is, and what they told."""
    step = "dose" if person.step.startswith("dose_") else person.step
    return saying(
        "saying.emergency_now",
        step=library.label(turn.locale, "emergency_step", step),
        kit=person.data.get("kit", ""),
        doses=person.data.get("doses", 0),
        breathing=person.data.get("breathing", ""),
    )

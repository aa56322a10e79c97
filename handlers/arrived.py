"""Did you get it? What they said yes to is kept at once; a no is looked into by a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from db.models import (
    Flag,
    KitRequest,
    RequestStatus,
    Service,
    Staff,
    Supply,
    SupplyFact,
    Timer,
)
from handlers import keep_in_touch, recalls
from handlers.engine.flow import END, Choose, Do, Flow, Go, Next, Say, leads_to
from handlers.engine.turn import Scene, Turn
from handlers.expiry import again
from handlers.flags import OPEN, raise_flag
from handlers.services.reversals import standing_supply
from handlers.services.rules import clock_words


@leads_to(END, "never", "flow:facts", "flow:recalled")
async def arrived(turn: Turn, answer: str) -> Next:
    """The requester says whether the kit arrived."""
    request = await turn.work.need(KitRequest, turn.data["request"])
    turn.work.cancel_timer(f"arrived:{request.id}")
    if answer == "no":
        return "never"
    if request.status == RequestStatus.SUPPLIED:
        turn.work.save(replace(request, status=RequestStatus.CONFIRMED, confirmed_at=turn.now))
        turn.journal("SupplyConfirmed", request_id=request.id)
    turn.say("arrived.thanks")
    supply = await standing_supply(turn.work, request.id)
    if supply is None:
        return END
    _note(turn, supply, "yes")
    if told := await keep_in_touch.got_it(turn, supply.id, request.reason):
        return Go("recalled", data=told)
    return Go("facts", data={"supply": supply.id})


def _note(turn: Turn, supply: Supply, value: str) -> None:
    """Beside the supply, which stays in the log: do they say that it came? The newest holds."""
    turn.work.save(SupplyFact(turn.work.new_id(), supply.id, "arrived", value, turn.now))


@leads_to("another")
async def never(turn: Turn, _: str) -> Next:
    """They never came: a flag with an owner, a mark beside the supply, and another way at once."""
    request = await turn.work.need(KitRequest, turn.data["request"])
    turn.work.cancel_timer(f"arrived:{request.id}")
    service = await turn.work.need(Service, request.service_id)
    flag = await raise_flag(turn.scene, service, "never_came", request=request, contact_id=turn.id)
    asked = flag[1]
    if supply := await standing_supply(turn.work, request.id):
        _note(turn, supply, "no")
    turn.journal("SupplyDisputed", request_id=request.id)
    turn.data["name"] = asked.staff.name if asked.staff else ""
    return "another"


async def nobody_came(turn: Turn, request: KitRequest) -> None:
    """Said of a meeting that is open still: somebody looks into it, and it goes on."""
    service = await turn.work.need(Service, request.service_id)
    await raise_flag(turn.scene, service, "never_came", request=request, contact_id=turn.id)
    turn.say("arrived.nobody")
    turn.journal("SupplyDisputed", request_id=request.id)


async def another_values(turn: Turn) -> dict[str, Any]:
    """Who looks into it."""
    return {"name": turn.data["name"]}


@leads_to("no_more", "flow:request_kit")
async def another(turn: Turn, answer: str) -> Next:
    """Another one, where they were."""
    if answer == "no":
        return "no_more"
    request = await turn.work.need(KitRequest, turn.data["request"])
    known = {"kit": request.product, **await again(turn, request.reason, request.quantity)}
    return Go("request_kit", data=known)


@leads_to(END, "flow:facts", "flow:recalled")
async def came(turn: Turn, _: str) -> Next:
    """It came after all, or they say so before they are asked again."""
    return await arrived(turn, "yes")


async def last_handed(turn: Turn) -> KitRequest | None:
    """Their last request, if a kit was logged for it and they have not said that it came."""
    mine = await turn.work.find(KitRequest, contact_id=turn.id)
    last = mine[-1] if mine else None
    return last if last and last.status == RequestStatus.SUPPLIED else None


async def says_looked_into(turn: Turn, request: KitRequest) -> bool:
    """STATUS, after their no: who has it and till when. False: it has been looked into."""
    flags = await turn.work.find(Flag, request_id=request.id, kind="never_came", status=OPEN)
    for flag in flags[-1:]:
        staff = await turn.work.get(Staff, flag.staff_id or (flag.asked or (None,))[-1])
        until = clock_words(flag.due_at, turn.now) if flag.due_at > turn.now else ""
        name = staff.name if staff else ""
        turn.say("arrived.status", ref=request.ref, name=name, until=until)
    return bool(flags)


async def unconfirmed(scene: Scene, timer: Timer) -> None:
    """No word from the requester in 24 hours: the supply stays unconfirmed. Most have their kit
    all the same, so whoever said yes to hear of a fault is kept for it."""
    request = await scene.work.get(KitRequest, timer.payload["request"])
    if request is None or request.status != RequestStatus.SUPPLIED or request.confirmed_at:
        return
    scene.journal("SupplyUnconfirmed", service_id=request.service_id, request_id=request.id)
    supply = await standing_supply(scene.work, request.id)
    turn = await scene.person(request.contact_id)
    if supply is None or turn.contact.erased_at:
        return
    if holding := await keep_in_touch.keep_supply(turn, supply.id):
        await recalls.tell_late(scene, holding)


async def values(turn: Turn) -> dict[str, str]:
    """Which request, and who says they gave it."""
    return {"ref": turn.data["ref"], "peer": turn.data["peer"]}


ARRIVED = Flow(
    "arrived",
    (
        Choose("ask", ("yes", "no"), then=arrived, values=values),
        Do("never", never),
        Choose("another", ("yes", "no"), another, "words", values=another_values, careful=True),
        Say("no_more", END),
        Do("came", came),
    ),
    by_timer=("came",),  # or the word for it, at any time
)

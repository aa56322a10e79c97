"""Did you get it? What they said yes to is kept at once; a no is looked into by a person."""

from __future__ import annotations

from dataclasses import replace

from db.models import KitRequest, RequestStatus, Service, Timer
from handlers import keep_in_touch, recalls
from handlers.engine.flow import END, Choose, Flow, Go, Next, leads_to
from handlers.engine.turn import Scene, Turn
from handlers.flags import raise_flag
from handlers.services.reversals import standing_supply


@leads_to(END, "flow:facts", "flow:recalled")
async def arrived(turn: Turn, answer: str) -> Next:
    """The requester says whether the kit arrived."""
    request = await turn.work.need(KitRequest, turn.data["request"])
    turn.work.cancel_timer(f"arrived:{request.id}")
    if answer == "no":
        await never_came(turn, request)
        return END
    if request.status == RequestStatus.SUPPLIED:
        turn.work.save(replace(request, status=RequestStatus.CONFIRMED, confirmed_at=turn.now))
        turn.journal("SupplyConfirmed", request_id=request.id)
    turn.say("arrived.thanks")
    supply = await standing_supply(turn.work, request.id)
    if supply is None:
        return END
    if told := await keep_in_touch.got_it(turn, supply.id, request.reason):
        return Go("recalled", data=told)
    return Go("facts", data={"supply": supply.id})


async def never_came(turn: Turn, request: KitRequest) -> None:
    """They never came: a flag, with an owner."""
    service = await turn.work.need(Service, request.service_id)
    await raise_flag(turn.scene, service, "never_came", request=request, contact_id=turn.id)
    turn.say("arrived.never")
    turn.journal("SupplyDisputed", request_id=request.id)


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


ARRIVED = Flow("arrived", (Choose("ask", ("yes", "no"), then=arrived, values=values),))

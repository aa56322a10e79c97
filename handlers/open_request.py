"""What the requester can say of a request that is open: STATUS, CANCEL, still needed?"""

from __future__ import annotations

from typing import Any

from db.models import KitRequest, RequestStatus
from handlers import ladder, news
from handlers.engine.conversation import begin, leave
from handlers.engine.flow import END, Choose, Flow, Next, leads_to
from handlers.engine.turn import Turn
from handlers.services import requests


async def say_status(turn: Turn) -> None:
    """STATUS: how the open request stands."""
    open_now = await requests.open_request_of(turn.work, turn.id)
    if not open_now:
        turn.say("request_kit.status_none")
    for request in open_now:
        turn.say("request_kit.status", ref=request.ref, news=await news.of(turn, request))


async def cancel(turn: Turn) -> None:
    """CANCEL: leave the question, or ask whether the open request goes too."""
    asking = turn.flow and turn.flow not in ("awareness", "overdose")
    leave(turn)
    open_now = await requests.open_request_of(turn.work, turn.id)
    if open_now and not asking:
        await begin(turn, "cancel_request", request=open_now[-1].id, ref=open_now[-1].ref)
        return
    turn.say("request_kit.cancelled_nothing")


@leads_to(END)
async def cancel_sure(turn: Turn, answer: str) -> Next:
    """Yes or no to cancelling."""
    request = await turn.work.need(KitRequest, turn.data["request"])
    if answer == "yes" and request.closed_at is None:
        await ladder.end_request(turn.scene, request, RequestStatus.CANCELLED)
        turn.say("request_kit.cancelled", ref=request.ref)
    elif answer == "no":
        turn.say("request_kit.kept", ref=request.ref)
    else:
        await say_status(turn)
    return END


async def ref_value(turn: Turn) -> dict[str, Any]:
    """The reference a question is about."""
    return {"ref": turn.data["ref"]}


CANCEL_REQUEST = Flow(
    "cancel_request",
    (Choose("sure", ("yes", "no"), cancel_sure, "words", values=ref_value, careful=True),),
)


@leads_to(END)
async def still_needed(turn: Turn, answer: str) -> Next:
    """The code ran out: still needed?"""
    request = await turn.work.need(KitRequest, turn.data["request"])
    if request.closed_at:
        return END
    if answer == "no":
        await ladder.end_request(turn.scene, request, RequestStatus.CANCELLED)
        turn.say("request_kit.cancelled", ref=request.ref)
        return END
    request = requests.ask_anew(turn.work, request)
    await ladder.advance_and_tell(turn.scene, request)
    return END


STILL_NEEDED = Flow(
    "still_needed",
    (Choose("ask", ("yes", "no"), still_needed, "words", values=ref_value, careful=True),),
)

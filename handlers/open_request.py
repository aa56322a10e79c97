"""What the requester can say of a request that is open: STATUS, CANCEL, still needed?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from content import library
from content.library import Listed, saying
from db.models import Button, Claim, Flag, KitRequest, RequestStatus, Service, Timer
from handlers import arrived, ladder, news, referral, used_report
from handlers.engine.conversation import begin, drop, leave
from handlers.engine.flow import END, Choose, Flow, Go, Next, leads_to
from handlers.engine.turn import Scene, Turn
from handlers.expiry import again
from handlers.flags import in_emergency
from handlers.mourning import in_mourning
from handlers.services import requests
from handlers.services.codes import show_claim_code
from handlers.services.rules import clock_words, rules_of


async def say_status(turn: Turn) -> None:
    """STATUS: how the open request stands."""
    open_now = await requests.open_request_of(turn.work, turn.id)
    asked = await referral.say_open(turn)
    if not open_now and not await _asks_if_arrived(turn) and not asked:
        noted = bool(used_report.lately(turn).get("thanked"))
        turn.say("used.status" if noted else "request_kit.status_none")
    for request in open_now:
        if request.meeting == ladder.STILL_NEEDED_ASKED:
            await begin(turn, "still_needed", request=request.id, ref=request.ref)
            continue
        turn.say(
            "request_kit.status",
            ref=request.ref,
            news=await news.now(turn, request),
            buttons=_ways_on(turn),
        )
        if request.status == RequestStatus.WAITING_CLAIM:
            claim = await turn.work.need(Claim, request.owner_id)
            turn.say("outlet.show_code", link=f"{turn.world.public_url}/k/{claim.code}")


async def _asks_if_arrived(turn: Turn) -> bool:
    """Handed over, as we were told: they said it never came, or have not said so yet."""
    last = await arrived.last_handed(turn)
    if last is None or last.handed_at is None:
        return False
    if await turn.work.find(Flag, request_id=last.id, kind="never_came"):
        return await arrived.says_looked_into(turn, last)
    service = await turn.work.need(Service, last.service_id)
    if turn.now - last.handed_at > timedelta(hours=rules_of(service).confirm_hours):
        return False
    by = await news.handed_by(turn.work, last)
    await begin(turn, "arrived", request=last.id, ref=last.ref, peer=by)
    return True


def _ways_on(turn: Turn) -> tuple[Button, ...]:
    """What can be done about an open request; a worker sees to those of people under 18."""
    words = ("cancel",) if turn.contact.adult is False else ("change", "cancel")
    return tuple(
        Button(library.label(turn.locale, "request", word), f"={word.upper()}") for word in words
    )


async def cancel(turn: Turn, ref: str = "") -> None:
    """CANCEL: leave the question, or ask whether the open request goes too, and which."""
    asking = turn.flow and turn.flow not in ("awareness", "overdose")
    leave(turn)
    open_now = await requests.open_request_of(turn.work, turn.id)
    if ref:
        open_now = [request for request in open_now if request.ref == ref]
    if not open_now or (asking and not ref):
        turn.say("request_kit.cancelled_nothing")
    elif len(open_now) > 1:
        await begin(turn, "cancel_request", "which")
    else:
        (one,) = open_now
        await begin(turn, "cancel_request", "sure", request=one.id, ref=one.ref)


async def open_refs(turn: Turn) -> Mapping[str, str | None]:
    """The open requests by their codes, and a way to keep them all."""
    open_now = await requests.open_request_of(turn.work, turn.id)
    return {**{f"r{request.id}": request.ref for request in open_now}, "keep": None}


async def open_lines(turn: Turn) -> dict[str, Any]:
    """Which request is for whom."""
    lines = [
        saying(
            "saying.my_request",
            ref=request.ref,
            recipient=request.recipient,
            district=request.district,
        )
        for request in await requests.open_request_of(turn.work, turn.id)
    ]
    return {"lines": Listed(tuple(lines), "; ", ".")}


@leads_to(END, "sure")
async def which(turn: Turn, answer: str) -> Next:
    """One of several, or none of them."""
    if answer == "keep":
        await say_status(turn)
        return END
    request = await turn.work.need(KitRequest, int(answer.removeprefix("r")))
    turn.data.update(request=request.id, ref=request.ref)
    return "sure"


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
    (
        Choose("which", ("keep",), which, values=open_lines, options_now=open_refs),
        Choose("sure", ("yes", "no"), cancel_sure, "words", values=ref_value, careful=True),
    ),
)


async def claim_warn_due(scene: Scene, timer: Timer) -> None:
    """Before a code runs out: a word, in quiet words, to whoever still means to come."""
    claim = await scene.work.get(Claim, timer.payload["claim"])
    if claim is None or claim.status != "open" or ladder.warn_later(scene, claim):
        return
    request = await scene.work.need(KitRequest, claim.request_id)
    turn = await scene.person(request.contact_id)
    if in_mourning(turn) or in_emergency(turn):
        return
    until = clock_words(claim.expires_at, scene.now)
    code = show_claim_code(claim.code)
    turn.say("still_needed.soon", kind="notice", ref=request.ref, code=code, until=until)


@leads_to(END, "flow:request_kit")
async def still_needed(turn: Turn, answer: str) -> Next:
    """The code ran out: still needed? A yes that comes late asks anew, where they were."""
    request = await turn.work.need(KitRequest, turn.data["request"])
    drop(turn, "awareness")  # nobody wants to come back to a lesson
    if request.status == RequestStatus.UNFILLED and answer == "yes":
        turn.say("still_needed.anew", ref=request.ref)
        known = {"kit": request.product, **await again(turn, request.reason, request.quantity)}
        return Go("request_kit", data=known)
    if request.meeting != ladder.STILL_NEEDED_ASKED:  # closed, or on another way since
        await say_status(turn)
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

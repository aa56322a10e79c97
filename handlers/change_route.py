"""CHANGE: an open request goes another way: a peer, a pharmacy, a coordinator. At any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from content import library
from db.models import KitRequest, RequestStatus
from handlers import ladder, news
from handlers.engine.conversation import begin, drop
from handlers.engine.flow import END, Choose, Do, Flow, Next, leads_to
from handlers.engine.turn import Turn
from handlers.services import requests
from handlers.services.dispatch import Ranked, candidates_for, need_of, rank
from handlers.services.geo import distance_words
from handlers.services.outlets import NearOutlet, outlets_near
from handlers.services.rules import rules_of

NOW_BY = {  # the way a request goes already
    RequestStatus.OFFERED: "peer",
    RequestStatus.ACCEPTED: "peer",
    RequestStatus.WAITING_CLAIM: "outlet",
    RequestStatus.WITH_COORDINATOR: "coordinator",
}


async def change(turn: Turn) -> None:
    """CHANGE: which request, then which way; a worker sees to those of people under 18."""
    open_now = await requests.open_request_of(turn.work, turn.id)
    if not open_now:
        turn.say("request_kit.status_none")
        return
    if turn.contact.adult is False:
        one = open_now[-1]
        turn.say("request_kit.status", ref=one.ref, news=await news.of(turn, one))
        return
    await begin(turn, "change_route", requests=[request.id for request in open_now])


@leads_to("which", "how")
async def start(turn: Turn, _: str) -> Next:
    """Only where several are open is there something to ask."""
    if len(turn.data["requests"]) > 1:
        return "which"
    turn.data["request"] = turn.data["requests"][0]
    return "how"


async def which_options(turn: Turn) -> Mapping[str, str | None]:
    """The open requests, by their reference."""
    found = [await turn.work.need(KitRequest, one) for one in turn.data["requests"]]
    return {f"r{n}": request.ref for n, request in enumerate(found)}


@leads_to("how")
async def which(turn: Turn, answer: str) -> Next:
    """The request that is meant."""
    turn.data["request"] = turn.data["requests"][int(answer[1:])]
    return "how"


# --- what is possible now ----------------------------------------------------------------------


async def _request(turn: Turn) -> KitRequest:
    return await turn.work.need(KitRequest, turn.data["request"])


def _ran_out(request: KitRequest) -> bool:
    """Its code has run out, and nobody has it till we hear whether it is still needed."""
    return request.meeting == ladder.STILL_NEEDED_ASKED


async def _other_ways(
    turn: Turn, request: KitRequest
) -> tuple[Ranked | None, NearOutlet | None, bool]:
    """The next peer, the next outlet, and whether a coordinator can be asked, where these are
    another way than now."""
    way = "" if _ran_out(request) else NOW_BY.get(RequestStatus(request.status), "")
    need = await need_of(turn.work, request)
    rules = rules_of(turn.home())
    peers = rank(
        await candidates_for(turn.work, request.service_id, request), need, turn.now, rules
    )
    outlets = await outlets_near(turn.work, request.service_id, need, rules, need.nation)
    peer = next((r for r in peers if not r.why_not), None) if way != "peer" else None
    outlet = next(iter(outlets), None) if way != "outlet" else None
    return peer, outlet, way != "coordinator"


async def how_options(turn: Turn) -> Mapping[str, str | None]:
    """The ways that are open now, and to leave it."""
    peer, outlet, coordinator = await _other_ways(turn, await _request(turn))
    ways = {"peer": peer, "outlet": outlet, "coordinator": coordinator, "keep": True}
    return {way: None for way, possible in ways.items() if possible}


async def how_values(turn: Turn) -> dict[str, Any]:
    """How it stands, and what is near for another way."""
    request = await _request(turn)
    peer, outlet, _ = await _other_ways(turn, request)
    near = []
    if peer:
        away = distance_words(peer.distance_km, request.error_km)
        near.append(turn.text("request_kit.near_peer", distance=away))
    if outlet:
        near.append(
            turn.text(
                "request_kit.near_outlet",
                name=outlet.outlet.name,
                distance=distance_words(outlet.distance_km, request.error_km),
                hours=outlet.opening.words,
            )
        )
    return {
        "ref": request.ref,
        "status": library.label(
            turn.locale, "status", "ran_out" if _ran_out(request) else request.status
        ),
        "near": " ".join(near),
    }


# --- moving it ---------------------------------------------------------------------------------


@leads_to(END)
async def how(turn: Turn, answer: str) -> Next:
    """Go the other way at once: what was promised goes back, a peer who had it is told."""
    request = await _request(turn)
    if request.closed_at:
        turn.say("request_kit.status_none")
        return END
    if answer == "keep":
        turn.say("change_route.kept", ref=request.ref)
        return END
    drop(turn, "still_needed")  # it is, then
    turn.journal("RouteChanged", request_id=request.id, route=answer)
    if answer == "coordinator":
        await ladder.hand_to_coordinator(turn.scene, request, "asked_for", "change_route.peer_told")
    else:
        await ladder.let_go_of_route(turn.scene, request, peer_text="change_route.peer_told")
        request = requests.ask_anew(turn.work, await _request(turn), answer)
        await ladder.advance(turn.scene, request)
    request = await _request(turn)
    turn.say("change_route.done", ref=request.ref, news=await news.now(turn, request))
    news.say_by_post(turn, request, turn.home())
    return END


CHANGE_ROUTE = Flow(
    "change_route",
    (
        Do("start", start),
        Choose("which", (), which, options_now=which_options),
        Choose(
            "how",
            ("peer", "outlet", "coordinator", "keep"),
            how,
            values=how_values,
            options_now=how_options,
        ),
    ),
)

"""They said no, it was shut, none left: what a person with a code met at an outlet.

Told in one reply; the coordinator knows, the outlet goes down in the order, and the person reads in
the same text what happens instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from content import library
from content.library import Words, saying
from db.models import (
    Claim,
    Contact,
    Flag,
    KitRequest,
    Outlet,
    Refusal,
    RequestStatus,
    Service,
    Staff,
)
from db.refusals import recent_refusals
from handlers import flags, ladder, news
from handlers.engine.conversation import answer, begin, finish
from handlers.engine.flow import END, Choose, Flow, Next, leads_to
from handlers.engine.matching import plain
from handlers.engine.turn import NOTICE, Scene, Turn
from handlers.relay import mask
from handlers.services import requests
from handlers.services.dispatch import need_of
from handlers.services.escalation import opens_soon
from handlers.services.oncall_rota import whom_to_ask
from handlers.services.outlets import outlets_near
from handlers.services.rules import rules_of

REASONS = ("closed", "none_left", "refused", "asked_id", "other")
DOUBTED_AFTER = 3
_LONGEST = 80
_BETWEEN = r"\W+(?:\w+\W+){0,2}?"  # "was (already) shut"


async def word(turn: Turn) -> None:
    """REFUSED: which of them was it?"""
    request = await _collecting(turn)
    if request is None:
        turn.say("refused.no_code")
        return
    await _ask(turn, request)


async def told(turn: Turn, text: str) -> bool:
    """In one's own words ("it was shut", "they asked for id"), while a kit is held somewhere."""
    request = await _collecting(turn)
    if request is None or flags.in_emergency(turn):
        return False
    reasons = reasons_said(turn.tongue, text)
    if not reasons:
        return False
    if turn.flow == REFUSED.name:
        await answer(turn, reasons[0] if len(reasons) == 1 else "other")
    elif len(reasons) == 1:
        await _note(turn, request, reasons[0])
    else:
        await _ask(turn, request)
    return True


def reasons_said(locale: str, text: str) -> Sequence[str]:
    """What a text says was met at the counter; several where it leaves that open."""
    said = plain(text)
    if len(said) > _LONGEST:
        return ()
    return [
        reason
        for reason in REASONS
        if any(
            re.search(rf"\b{_BETWEEN.join(map(re.escape, phrase.split()))}\b", said)
            for phrase in library.phrases(locale, "refused", reason)
        )
    ]


async def _collecting(turn: Turn) -> KitRequest | None:
    """The person's open request with a kit held at an outlet, the latest if there are two."""
    open_now = await requests.open_request_of(turn.work, turn.id)
    held = [one for one in open_now if one.status == RequestStatus.WAITING_CLAIM]
    return held[-1] if held else None


async def _ask(turn: Turn, request: KitRequest) -> None:
    await begin(turn, "refused", request=request.id)


async def _outlet_name(turn: Turn) -> dict[str, Any]:
    request = await turn.work.need(KitRequest, turn.data["request"])
    outlet = await turn.work.get(Outlet, request.outlet_id)
    return {"name": outlet.name if outlet else ""}


@leads_to(END)
async def which(turn: Turn, reason: str) -> Next:
    """Which of them it was."""
    request = await turn.work.need(KitRequest, turn.data["request"])
    if request.status != RequestStatus.WAITING_CLAIM:
        turn.say("request_kit.status", ref=request.ref, news=await news.of(turn, request))
        return END
    await _note(turn, request, reason)
    return END


async def _note(turn: Turn, request: KitRequest, reason: str) -> None:
    """What the person was told there: written down, and they read what happens instead."""
    turn.journal("OutletRefused", request_id=request.id, outlet=request.outlet_id, reason=reason)
    request, _ = await _moved_on(turn.scene, request, reason)
    turn.say("refused.moved", ref=request.ref, news=await news.of(turn, request))


async def by_outlet(turn: Turn, claim: Claim, why: str) -> bool:
    """The outlet itself says that it cannot give the kit: as if the person had told us.

    Returns whether a coordinator reads the outlet's own words.
    """
    scene = turn.scene
    request = await scene.work.need(KitRequest, claim.request_id)
    outlet = await scene.work.need(Outlet, claim.outlet_id)
    reason = next(iter(reasons_said(turn.tongue, why)), "refused")
    turn.journal(
        "OutletRefused", request_id=request.id, outlet=outlet.id, reason=reason, told_by="outlet"
    )
    requester = await scene.person(request.contact_id)
    if requester.flow == REFUSED.name:  # asked what happened there: we know
        await finish(requester)
    request, flag = await _moved_on(scene, request, reason)
    requester.say(
        "refused.by_outlet",
        kind="notice",
        name=outlet.name,
        ref=request.ref,
        news=await news.of(requester, request),
    )
    staff = await _who_hears(scene, flag)
    if not (why and staff and staff.contact_id):
        return False
    told = await scene.person(staff.contact_id)
    told.say(
        "refused.staff",
        kind="flag",
        priority=NOTICE,
        ref=flag.ref,
        name=outlet.name,
        request=request.ref,
        reason=mask(why, told.locale)[:_LONGEST],
    )
    return True


async def _who_hears(scene: Scene, flag: Flag) -> Staff | None:
    """Who has it, or was asked last; while it waits to be told with others, whose turn it is."""
    if told := flag.staff_id or (flag.asked or (None,))[-1]:
        return await scene.work.get(Staff, told)
    service = await scene.work.need(Service, flag.service_id)
    team = await flags.who_can_be_asked(scene, service)
    return whom_to_ask(team, (), scene.now, rules_of(service), service.nation).staff


async def _moved_on(scene: Scene, request: KitRequest, reason: str) -> tuple[KitRequest, Flag]:
    """Write it down, tell the coordinator, and go on with the request at once."""
    outlet = await scene.work.need(Outlet, request.outlet_id)
    service = await scene.work.need(Service, outlet.service_id)
    scene.work.save(
        Refusal(
            id=scene.work.new_id(),
            service_id=outlet.service_id,
            outlet_id=outlet.id,
            reason=reason,
            at=scene.now,
            request_id=request.id,
        )
    )
    days = rules_of(service).refusal_days
    times = await recent_refusals(scene.work, service.id, days)
    if reason == "none_left" and outlet.none_left_at is None:
        outlet = scene.work.save(replace(outlet, none_left_at=scene.now))
        await _tell_outlet(scene, outlet)
    doubted = times.get(outlet.id, 0) >= DOUBTED_AFTER and outlet.status == "active"
    if doubted:
        scene.work.save(replace(outlet, status="doubted"))
        scene.journal("OutletDoubted", service_id=service.id, outlet=outlet.id)
    about = f"outlet:{outlet.id}"
    open_already = await scene.work.find(Flag, kind="refusal", about=about, status=flags.OPEN)
    flag = open_already[0] if open_already else None
    if doubted or flag is None:
        flag, _ = await flags.raise_flag(scene, service, "refusal", about=about)
    return await _take_on(scene, request), await scene.work.need(Flag, flag.id)


async def _tell_outlet(scene: Scene, outlet: Outlet) -> None:
    """The shop itself can put it right at once."""
    for contact in await scene.work.find(Contact, outlet_id=outlet.id):
        phone = await scene.person(contact.id)
        phone.say("outlet.said_none", kind="notice")


async def move_on(scene: Scene, request: KitRequest, gone_from: Outlet | None = None) -> None:
    """The outlet cannot give the kit it holds: something else is tried and the person told.

    ``gone_from``: they read first not to go there.
    """
    request = await _take_on(scene, request)
    requester = await scene.person(request.contact_id)
    if gone_from:
        requester.say("outlet.none_requester", kind="notice", name=gone_from.name)
    requester.say(
        "ladder.changed", kind="notice", ref=request.ref, news=await news.of(requester, request)
    )


async def _take_on(scene: Scene, request: KitRequest) -> KitRequest:
    """The next outlet that is open or soon will be; else peers; else a coordinator."""
    await ladder.let_go_of_route(scene, request, claim_status="refused")
    request = requests.ask_anew(scene.work, await scene.work.need(KitRequest, request.id))
    if await _another_outlet(scene, request):
        request = scene.work.save(replace(request, route="outlet"))
    return await ladder.advance(scene, request)


async def _another_outlet(scene: Scene, request: KitRequest) -> bool:
    service = await scene.work.need(Service, request.service_id)
    tried = {claim.outlet_id for claim in await scene.work.find(Claim, request_id=request.id)}
    need = await need_of(scene.work, request)
    found = await outlets_near(scene.work, service.id, need, rules_of(service), service.nation)
    return any(opens_soon(n, scene.now) for n in found if n.outlet.id not in tried)


async def trust(scene: Scene, outlet: Outlet) -> None:
    """A coordinator has spoken with them: what was is forgiven, and people are sent there again."""
    scene.work.save(replace(outlet, status="active", trusted_at=scene.now))
    scene.journal("OutletTrusted", service_id=outlet.service_id, outlet=outlet.id)
    about = f"outlet:{outlet.id}"
    for flag in await scene.work.find(Flag, kind="refusal", about=about, status=flags.OPEN):
        flags.close_flag(scene, flag)


async def in_words(turn: Turn, outlet_id: int) -> Words:
    """What people met at an outlet lately, for a coordinator."""
    outlet = await turn.work.need(Outlet, outlet_id)
    service = await turn.work.need(Service, outlet.service_id)
    days = rules_of(service).refusal_days
    times = await recent_refusals(turn.work, service.id, days)
    told_of = await turn.work.find(Refusal, service_id=service.id, outlet_id=outlet_id)
    return saying(
        "saying.refusals",
        last=library.option(turn.locale, "refused.what", told_of[-1].reason).label,
        n=times.get(outlet_id, 0),
        days=days,
        doubted=outlet.status == "doubted",
    )


REFUSED = Flow(
    "refused",
    (Choose("what", REASONS, which, values=_outlet_name, otherwise="other"),),
)

"""Two peers who go out together: PAIR Jo, and who goes along when one of them says yes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from content.library import Words
from db.models import Contact, KitRequest, Peer, RequestStatus, Service
from db.work import Work
from handlers.engine.conversation import begin, drop
from handlers.engine.flow import END, Choose, Flow, Next, leads_to
from handlers.engine.matching import plain
from handlers.engine.turn import NOTICE, Scene, Turn
from handlers.services import requests
from handlers.services.dispatch import on_duty
from handlers.services.roles import peer_of
from handlers.services.rules import is_night, rules_of

_OFF = ("off", "none", "end", "no")


async def colleagues(work: Work, peer: Peer) -> list[Peer]:
    """The other active peers of the same service."""
    peers = await work.find(Peer, service_id=peer.service_id, status="active")
    return [other for other in peers if other.id != peer.id]


def named(peers: Sequence[Peer], name: str) -> Peer | None:
    """The one of that name, or the only one whose name begins so."""
    said = name.casefold().strip()
    exact = [p for p in peers if p.name.casefold() == said]
    found = exact or [p for p in peers if len(said) > 1 and p.name.casefold().startswith(said)]
    return found[0] if len(found) == 1 else None


async def partner_of(work: Work, peer: Peer) -> Peer | None:
    """Who this peer goes out with, if both still say so and can be written to."""
    partner = await work.get(Peer, peer.partner_id)
    if partner is None or partner.status != "active" or partner.partner_id != peer.id:
        return None
    contact = await work.need(Contact, partner.contact_id)
    silent = contact.stopped_at or contact.blocked_at or contact.erased_at
    return None if silent else partner


# --- PAIR --------------------------------------------------------------------------------------


async def pair(turn: Turn, peer: Peer, rest: str) -> bool:
    """PAIR shows it, PAIR Jo asks Jo, PAIR OFF ends it without a reason."""
    if not rest:
        partner = await partner_of(turn.work, peer)
        if partner:
            turn.say("pair.shown", name=partner.name)
        else:
            turn.say("pair.nobody")
        return True
    if plain(rest) in _OFF:
        await _part(turn.scene, peer)
        turn.say("pair.off")
        return True
    other = named(await colleagues(turn.work, peer), rest)
    if other is None:
        if len(rest.split()) > 2 or await requests.meetings_of(turn.work, [peer.id]):
            return False  # "pair of gloves is with me": for the other side of a meeting
        turn.say("pair.unknown", name=rest)
        return True
    turn.say("pair.asked", name=other.name)
    asked = await turn.scene.person(other.contact_id)
    if not _is_asked_by(asked, peer):
        await begin(asked, "pair", peer=peer.id, name=peer.name)
        turn.journal("PairAsked", peer=other.id)
    return True


def _is_asked_by(turn: Turn, peer: Peer) -> bool:
    """The same question waits for an answer already: once is enough."""
    waiting = [(turn.flow, turn.data), *((p["flow"], p["data"]) for p in turn.parked)]
    return any(flow == "pair" and data.get("peer") == peer.id for flow, data in waiting)


async def _part(scene: Scene, peer: Peer) -> None:
    """They go out with nobody any more; whoever it was reads so."""
    partner = await scene.work.get(Peer, peer.partner_id)
    scene.work.save(replace(peer, partner_id=None))
    if partner and partner.partner_id == peer.id:
        scene.work.save(replace(partner, partner_id=None))
        told = await scene.person(partner.contact_id)
        told.say("pair.over", kind="notice", name=peer.name)


async def _name(turn: Turn) -> dict[str, str]:
    return {"name": turn.data["name"]}


@leads_to(END)
async def answered(turn: Turn, answer: str) -> Next:
    """Both are a pair once the one who was asked says so."""
    one = await peer_of(turn.work, turn.id)
    asker = await turn.work.need(Peer, turn.data["peer"])
    if one is None or one.status != "active" or asker.status != "active":
        turn.say("pair.gone")
        return END
    told = await turn.scene.person(asker.contact_id)
    if answer == "no":
        turn.say("pair.declined")
        told.say("pair.declined_asker", kind="notice", name=one.name)
        return END
    for each in (one, asker):
        if each.partner_id:
            await _part(turn.scene, each)
    one, asker = await turn.work.need(Peer, one.id), await turn.work.need(Peer, asker.id)
    turn.work.save(replace(one, partner_id=asker.id))
    turn.work.save(replace(asker, partner_id=one.id))
    turn.journal("PairMade", peer=asker.id)
    turn.say("pair.made", name=asker.name)
    told.say("pair.made", kind="notice", name=one.name)
    return END


PAIR = Flow(
    "pair",
    (Choose("ask", ("yes", "no"), answered, "words", values=_name, careful=True),),
    unasked="notice",
)


# --- going along -------------------------------------------------------------------------------


async def tell_partner(scene: Scene, peer: Peer, request: KitRequest) -> None:
    """One of a pair has said yes to a meeting: the other may go along."""
    partner = await partner_of(scene.work, peer)
    if partner is None or partner.contact_id == request.contact_id:
        return
    service = await scene.work.need(Service, peer.service_id)
    asleep = is_night(scene.now, rules_of(service))
    resting = partner.rest_until is not None and scene.now < partner.rest_until
    if resting or (asleep and not on_duty(partner, scene.now, asleep, service.nation)):
        return
    await begin(
        await scene.person(partner.contact_id),
        "go_along",
        request=request.id,
        name=peer.name,
        district=request.district,
    )


async def _meeting_value(turn: Turn) -> dict[str, Words]:
    return {"name": turn.data["name"], "district": turn.data["district"]}


@leads_to(END)
async def goes_along(turn: Turn, answer: str) -> Next:
    """The requester reads that two come; nobody is surprised."""
    request = await turn.work.need(KitRequest, turn.data["request"])
    peer = await turn.work.get(Peer, request.peer_id)
    partner = await partner_of(turn.work, peer) if peer else None
    if request.status != RequestStatus.ACCEPTED or partner is None or partner.contact_id != turn.id:
        turn.say("go_along.late")
        return END
    assert peer is not None
    told = await turn.scene.person(peer.contact_id)
    if answer == "no":
        turn.say("go_along.declined")
        told.say("go_along.declined_peer", kind="notice", name=partner.name)
        return END
    turn.memory["along"] = request.id
    turn.journal("PartnerGoesAlong", request_id=request.id, peer=partner.id)
    turn.say("go_along.thanks", name=peer.name)
    told.say("go_along.peer", kind="notice", name=partner.name)
    requester = await turn.scene.person(request.contact_id)
    requester.say("go_along.requester", kind="notice", name=partner.name, peer=peer.name)
    return END


GO_ALONG = Flow(
    "go_along",
    (Choose("ask", ("yes", "no"), goes_along, "words", values=_meeting_value, careful=True),),
    unasked="notice",
)


async def meeting_over(scene: Scene, request: KitRequest) -> None:
    """The meeting is done or off: whoever was to go along need not."""
    peer = await scene.work.get(Peer, request.peer_id)
    partner = await scene.work.get(Peer, peer.partner_id if peer else None)
    if peer is None or partner is None:
        return
    turn = await scene.person(partner.contact_id)
    if turn.flow == "go_along" and turn.data.get("request") == request.id:
        drop(turn, "go_along")
    if turn.memory.get("along") == request.id:
        turn.memory["along"] = None
        turn.say("go_along.over", kind="notice", name=peer.name)


async def no_answer(scene: Scene, peer: Peer, request: KitRequest) -> None:
    """A safety check went unanswered: the partner is told before the coordinator."""
    if partner := await partner_of(scene.work, peer):
        turn = await scene.person(partner.contact_id)
        turn.say(
            "go_along.no_answer",
            kind="notice",
            priority=NOTICE,
            name=peer.name,
            district=request.district,
        )
        scene.journal(
            "PartnerToldOfSilence",
            service_id=request.service_id,
            request_id=request.id,
            peer=partner.id,
        )

"""Where a peer is who may be in trouble: who it is, the place suggested, their last word.

It goes to coordinators only, and says no more than the line knows.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from content.library import Words, saying
from db.models import Conversation, Fact, Flag, KitRequest, Peer, Service
from db.work import Work
from handlers.services import requests
from handlers.services.geo import haversine_km
from handlers.services.rules import Rules, clock_words, rules_of

MEET_WITHIN_KM = 5.0
LATELY = timedelta(hours=12)
AS_FAR_AS = {"agreed": 1, "onway": 2, "here": 3}
LAST_WORD = {"onway": "PeerOnWay", "here": "PeerArrived"}


def public_place_near(request: KitRequest, rules: Rules) -> str:
    """The nearest of the service's public meeting places, or ""."""
    if request.lat is None or request.lon is None:
        return ""
    here = (request.lat, request.lon)
    near = [(haversine_km(here, (p.lat, p.lon)), p.name) for p in rules.public_places]
    km, name = min(near, default=(MEET_WITHIN_KM, ""))
    return name if km < MEET_WITHIN_KM else ""


def furthest(open_now: list[KitRequest]) -> KitRequest | None:
    """The meeting a peer is most likely at: where they are, or are on the way to."""
    return max(open_now, key=lambda request: AS_FAR_AS.get(request.meeting, 0), default=None)


async def of_peer(work: Work, flag: Flag) -> Words:
    """The name, and the meeting they are in or were in last; "" if it is about no peer."""
    peer = next(iter(await work.find(Peer, contact_id=flag.contact_id)), None)
    if peer is None:
        return ""
    open_now = await requests.meetings_of(work, [peer.id])
    about = [request for request in open_now if request.id == flag.request_id]
    meeting = furthest(about or open_now)
    if meeting is None:
        return await _in_none(work, peer)
    rules = rules_of(await work.need(Service, meeting.service_id))
    return saying(
        "saying.peer_at",
        name=peer.name,
        meet=public_place_near(meeting, rules),
        district=meeting.district,
        state=meeting.meeting,
        at=clock_words(await _since(work, peer, meeting), work.now),
    )


async def silent(
    work: Work, request: KitRequest, peer: Peer
) -> tuple[datetime, datetime | None] | None:
    """Since when nothing was heard from a peer who was missed, and when a person was told."""
    found = {"request_id": request.id, "contact_id": peer.contact_id}
    for flag in await work.find(Flag, **found, kind="missed_checkin", status=("open", "taken")):
        talk = await work.get(Conversation, peer.contact_id)
        heard = talk.last_in_at if talk else None
        return heard or request.accepted_at or request.asked_at, (
            flag.created_at if flag.asked else None
        )
    return None


async def _in_none(work: Work, peer: Peer) -> Words:
    ended = [r for r in await work.find(KitRequest, peer_id=peer.id) if r.closed_at]
    last = max(ended, key=lambda r: r.closed_at or r.asked_at, default=None)
    if last is None or last.closed_at is None or work.now - last.closed_at > LATELY:
        return saying("saying.peer_alone", name=peer.name, district="", at="")
    at = clock_words(last.closed_at, work.now)
    return saying("saying.peer_alone", name=peer.name, district=last.district, at=at)


async def _since(work: Work, peer: Peer, request: KitRequest) -> datetime:
    """When they said ONWAY or HERE, or yes."""
    said = LAST_WORD.get(request.meeting)
    facts = await work.find(Fact, request_id=request.id, fact=said) if said else []
    theirs = [fact.at for fact in facts if fact.contact_id == peer.contact_id]
    return max(theirs, default=request.accepted_at or request.asked_at)

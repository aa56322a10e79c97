"""Whom to ask: ranking the peers of a service for one request. Functions of values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from db.models import Contact, KitRequest, Movement, Offer, OfferStatus, Peer, RequestStatus
from db.stock import StockLine, stock_of
from db.work import Work
from handlers.services.geo import haversine_km
from handlers.services.hours import is_readable, opening
from handlers.services.rules import Rules, is_night

# Two peers this near to each other (km) are "as near as each other": the one asked least lately
# goes first.
TIE_KM = 0.3


@dataclass(frozen=True, slots=True)
class Need:
    """What a request needs. ``product`` is a product id or "either"."""

    product: str
    quantity: int
    lat: float
    lon: float
    contact_id: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One peer as dispatch sees them. ``available``: product → kits not yet promised, in date."""

    peer: Peer
    available: dict[str, int]
    open_jobs: int
    reachable: bool
    already_asked: bool


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with a distance (km); ``why_not`` is empty for those who can be asked."""

    candidate: Candidate
    distance_km: float
    why_not: str = ""


def on_duty(peer: Peer, now: datetime, night: bool) -> bool:
    """ON lasts till its end; a rota counts in the day, or at night where it names the hour."""
    if peer.duty == "on":
        return peer.duty_until is None or now < peer.duty_until
    if peer.duty == "off" and (peer.duty_until is None or now < peer.duty_until):
        return False
    if not is_readable(peer.rota):  # one that cannot be read stops nobody's request
        return not night
    return opening(peer.rota, now, "England").is_open is True


def why_not(candidate: Candidate, need: Need, km: float, now: datetime, night: bool) -> str:
    """The first reason a peer cannot be asked now, or ""."""
    peer = candidate.peer
    today: date = now.date()
    checks = (
        ("paused", peer.status != "active"),
        ("is_requester", peer.contact_id == need.contact_id),
        ("unreachable", not candidate.reachable),
        ("not_trained", peer.trained_until is None or peer.trained_until < today),
        ("off_duty", not on_duty(peer, now, night)),
        ("already_asked", candidate.already_asked),
        ("no_stock", stock_for(candidate, need) < need.quantity),
        ("too_far", km > peer.radius_km),
        ("at_limit", candidate.open_jobs >= peer.open_limit),
    )
    return next((name for name, holds in checks if holds), "")


def stock_for(candidate: Candidate, need: Need) -> int:
    """How many kits of one kind that would do the peer has free."""
    if need.product != "either":
        return candidate.available.get(need.product, 0)
    return max(candidate.available.values(), default=0)


def rank(candidates: Sequence[Candidate], need: Need, now: datetime, rules: Rules) -> list[Ranked]:
    """Everybody, those who can be asked first: nearest first, ties to the one asked least lately.

    Those who cannot follow, nearest first, each with the reason.
    """
    night = is_night(now, rules)
    ranked = []
    for candidate in candidates:
        km = haversine_km((need.lat, need.lon), (candidate.peer.lat, candidate.peer.lon))
        ranked.append(Ranked(candidate, km, why_not(candidate, need, km, now, night)))
    able = sorted((r for r in ranked if not r.why_not), key=lambda r: r.distance_km)
    unable = sorted((r for r in ranked if r.why_not), key=lambda r: r.distance_km)
    return _fair(able) + unable


def _fair(able: list[Ranked]) -> list[Ranked]:
    """Within each group of nearly equal distance, the one asked least lately comes first."""
    result: list[Ranked] = []
    while able:
        group = [r for r in able if r.distance_km - able[0].distance_km <= TIE_KM]
        group.sort(key=lambda r: (_last_asked(r), r.distance_km))
        result += group
        able = able[len(group) :]
    return result


def _last_asked(ranked: Ranked) -> float:
    last = ranked.candidate.peer.last_offered_at
    return last.timestamp() if last else 0.0


# --- gathering the values ----------------------------------------------------------------------


def need_of(request: KitRequest) -> Need:
    """What an open request needs."""
    return Need(
        request.product,
        request.quantity,
        request.lat or 0.0,
        request.lon or 0.0,
        request.contact_id,
    )


async def candidates_for(
    work: Work, service_id: int, request: KitRequest | None
) -> list[Candidate]:
    """The peers of a service as candidates for a request (or for one not placed yet)."""
    candidates = await _candidates(work, service_id)
    if request is None:
        return candidates
    asked = {o.peer_id for o in await work.find(Offer, request_id=request.id)}
    return [replace(c, already_asked=c.peer.id in asked) for c in candidates]


async def _candidates(work: Work, service_id: int) -> list[Candidate]:
    """Looked at several times in a turn, and by many turns of a batch: kept until one changes."""
    memo_key = ("candidates", service_id)
    now = work.edition(Peer, Contact, KitRequest, Offer, Movement)
    if memo_key not in work.memo or work.memo[memo_key][0] != now:
        work.memo[memo_key] = (now, await _gathered(work, service_id))
    found: list[Candidate] = work.memo[memo_key][1]
    return found


async def _gathered(work: Work, service_id: int) -> list[Candidate]:
    peers = await work.find(Peer, service_id=service_id)
    await work.preload(Contact, "id", [peer.contact_id for peer in peers])
    contacts = {peer.id: await work.need(Contact, peer.contact_id) for peer in peers}
    lines = await stock_of(work, service_id)
    busy = await work.find(
        KitRequest, service_id=service_id, status=RequestStatus.ACCEPTED, closed_at=None
    )
    waiting = await work.find(Offer, service_id=service_id, status=OfferStatus.SENT)
    jobs = Counter([request.peer_id for request in busy] + [offer.peer_id for offer in waiting])
    return [
        Candidate(
            peer=peer,
            available=available(lines, "peer", peer.id, work.now.date()),
            open_jobs=jobs[peer.id],
            reachable=_reachable(contacts[peer.id]),
            already_asked=False,
        )
        for peer in peers
    ]


def _reachable(contact: Contact) -> bool:
    return not (contact.stopped_at or contact.blocked_at or contact.erased_at)


def available(
    lines: Sequence[StockLine], holder_kind: str, holder_id: int, today: date
) -> dict[str, int]:
    """Kits a holder has free and in date, by product."""
    found: dict[str, int] = {}
    for line in lines:
        if line.holder_kind != holder_kind or line.holder_id != holder_id:
            continue
        if line.expiry and line.expiry < today:
            continue
        found[line.product] = found.get(line.product, 0) + line.available
    return {product: n for product, n in found.items() if n > 0}

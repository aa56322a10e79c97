"""Whom to ask: ranking the peers of a service for one request. Functions of values."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from db.asks import Asks, asks_of
from db.models import (
    Address,
    Contact,
    KitRequest,
    Movement,
    Offer,
    OfferStatus,
    Peer,
    Recall,
    RequestStatus,
    Service,
)
from db.stock import StockLine, is_stale, stock_of
from db.work import Work
from handlers.services.geo import haversine_km
from handlers.services.hours import is_readable, opening
from handlers.services.products import fits
from handlers.services.rules import Rules, is_night, rules_of, uk_day
from handlers.services.standing import run_out
from handlers.services.supply_terms import Wanted, age_of, may_supply, peer_in

# Peers who are no farther off than the nearest by this much (km, or a share of the nearest's
# distance, whichever is more) are "as near": who was asked least lately goes first.
TIE_KM, TIE_SHARE = 0.3, 0.1
ANYBODY, NEVER_ASKED = Wanted(), Asks()
_RUN_OUT = {"training": "not_trained", "check": "not_checked"}
SEEN = (Peer, Contact, Address, KitRequest, Offer, Movement, Recall)
"""What candidates are made of: while none of these changes, they stay the same."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a request needs. ``product`` is a form, a product id or "either"."""

    product: str
    quantity: int
    lat: float
    lon: float
    contact_id: int
    nation: str = "England"
    wanted: Wanted = ANYBODY


@dataclass(frozen=True, slots=True)
class Candidate:
    """One peer as dispatch sees them. ``available``: product → kits not yet promised, in date.

    ``asks``: how often they were asked lately. ``stale``: their stock was not told for long.
    """

    peer: Peer
    available: dict[str, int]
    open_jobs: int
    reachable: bool
    already_asked: bool
    asks: Asks = NEVER_ASKED
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with a distance (km); ``why_not`` is empty for those who can be asked.

    ``nearest_km``: how far the nearest of those is. ``fair``: why this one goes before somebody
    nearer.
    """

    candidate: Candidate
    distance_km: float
    why_not: str = ""
    nearest_km: float = 0.0
    fair: str = ""


def on_duty(peer: Peer, now: datetime, night: bool, nation: str) -> bool:
    """ON lasts till its end; a rota counts in the day, or at night where it names the hour."""
    if peer.duty == "on":
        return peer.duty_until is None or now < peer.duty_until
    if peer.duty == "off" and (peer.duty_until is None or now < peer.duty_until):
        return False
    if not is_readable(peer.rota):  # one that cannot be read stops nobody's request
        return not night
    return opening(peer.rota, now, nation).is_open is True


def why_idle(candidate: Candidate, at: datetime, nation: str, rules: Rules) -> str:
    """The first reason a peer is asked for nothing at that time, whoever asks, or ""."""
    return next(_idle_reasons(candidate, at, nation, rules), "")


def _idle_reasons(candidate: Candidate, at: datetime, nation: str, rules: Rules) -> Iterator[str]:
    """Looked for one after the other: most who cannot be asked are found out by the first few."""
    peer = candidate.peer
    if peer.status != "active":
        yield "paused"
    if not candidate.reachable:
        yield "unreachable"
    over = run_out(peer, uk_day(at))
    if over:
        yield _RUN_OUT[over]
    if not on_duty(peer, at, is_night(at, rules), nation):
        yield "off_duty"
    if peer.rest_until is not None and at < peer.rest_until:
        yield "resting"


def why_not(candidate: Candidate, need: Need, km: float, now: datetime, rules: Rules) -> str:
    """The first reason a peer cannot be asked now, or ""."""
    return next(_reasons(candidate, need, km, now, rules), "")


def _reasons(
    candidate: Candidate, need: Need, km: float, now: datetime, rules: Rules
) -> Iterator[str]:
    peer = candidate.peer
    if peer.contact_id == need.contact_id:
        yield "is_requester"
    idle = why_idle(candidate, now, need.nation, rules)
    if idle:
        yield idle
    if candidate.already_asked:
        yield "already_asked"
    fitting = {p: n for p, n in candidate.available.items() if fits(need.product, p, rules)}
    if max(fitting.values(), default=0) < need.quantity:
        yield "no_stock"
    terms = peer_in(need.nation)
    allowed, barred = may_supply(terms, fitting, need.wanted, rules, uk_day(now))
    if max(allowed.values(), default=0) < need.quantity:
        yield barred
    if km > peer.radius_km:
        yield "too_far"
    if candidate.open_jobs >= peer.open_limit:
        yield "at_limit"
    if asked_enough(peer, candidate.asks, rules):
        yield "asked_enough"


def asked_enough(peer: Peer, asks: Asks, rules: Rules) -> bool:
    """Whether one more request would be more than the service, or they themselves, want."""
    week = min(rules.asks_per_week, peer.week_cap or rules.asks_per_week)
    return asks.day >= rules.asks_per_day or asks.week >= week


def rank(candidates: Sequence[Candidate], need: Need, now: datetime, rules: Rules) -> list[Ranked]:
    """Everybody, those who can be asked first: nearest first, ties as ``_fair`` says.

    Those who cannot follow, nearest first, each with the reason.
    """
    ranked = []
    for candidate in candidates:
        km = haversine_km((need.lat, need.lon), (candidate.peer.lat, candidate.peer.lon))
        ranked.append(Ranked(candidate, km, why_not(candidate, need, km, now, rules)))
    able = sorted((r for r in ranked if not r.why_not), key=lambda r: r.distance_km)
    unable = sorted((r for r in ranked if r.why_not), key=lambda r: r.distance_km)
    return _fair(able) + unable


def reach(nearest_km: float) -> float:
    """How far (km) somebody may be off and still count as near as the nearest."""
    return nearest_km + max(TIE_KM, TIE_SHARE * nearest_km)


def _fair(able: list[Ranked]) -> list[Ranked]:
    """Among those who are as near as each other, who told us of their stock lately comes first,
    then who was asked least lately."""
    result: list[Ranked] = []
    nearest_km = able[0].distance_km if able else 0.0
    while able:
        nearest = able[0]
        group = [r for r in able if r.distance_km <= reach(nearest.distance_km)]
        able = able[len(group) :]
        group.sort(key=lambda r: (r.candidate.stale, _last_asked(r), r.distance_km))
        result += [
            Ranked(r.candidate, r.distance_km, "", nearest_km, _reason(r, nearest)) for r in group
        ]
    return result


def _reason(ranked: Ranked, nearest: Ranked) -> str:
    if ranked.distance_km <= nearest.distance_km:
        return ""
    if nearest.candidate.stale and not ranked.candidate.stale:
        return "fresher_stock"
    return "asked_least_lately"


def _last_asked(ranked: Ranked) -> float:
    last = ranked.candidate.peer.last_offered_at
    return last.timestamp() if last else 0.0


# --- gathering the values ----------------------------------------------------------------------


async def need_of(work: Work, request: KitRequest) -> Need:
    """What an open request needs."""
    contact = await work.get(Contact, request.contact_id)
    service = await work.need(Service, request.service_id)
    return Need(
        request.product,
        request.quantity,
        request.lat or 0.0,
        request.lon or 0.0,
        request.contact_id,
        service.nation,
        Wanted(request.recipient, age_of(contact)),
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
    now = work.edition(*SEEN)
    if memo_key not in work.memo or work.memo[memo_key][0] != now:
        work.memo[memo_key] = (now, await _gathered(work, service_id))
    found: list[Candidate] = work.memo[memo_key][1]
    return found


async def _gathered(work: Work, service_id: int) -> list[Candidate]:
    await _read_together(work, service_id)
    peers = await work.find(Peer, service_id=service_id)
    contacts = {peer.id: await work.need(Contact, peer.contact_id) for peer in peers}
    bags = by_holder(await stock_of(work, service_id))
    asks = await asks_of(work, service_id)
    days = rules_of(await work.need(Service, service_id)).stock_stale_days
    busy = await work.find(
        KitRequest, service_id=service_id, status=RequestStatus.ACCEPTED, closed_at=None
    )
    waiting = await work.find(Offer, service_id=service_id, status=OfferStatus.SENT)
    jobs = Counter([request.peer_id for request in busy] + [offer.peer_id for offer in waiting])
    return [
        Candidate(
            peer=peer,
            available=available(bags["peer", peer.id], uk_day(work.now)),
            open_jobs=jobs[peer.id],
            reachable=await _reachable(work, contacts[peer.id]),
            already_asked=False,
            asks=asks.get(peer.id, NEVER_ASKED),
            stale=is_stale(bags["peer", peer.id], work.now, days),
        )
        for peer in peers
    ]


async def _read_together(work: Work, service_id: int) -> None:
    """The peers' phones, with those of the other services of this batch: two queries for all."""
    if ("phones read", service_id) in work.memo:
        return
    together = work.beside("service_id", service_id)
    peers = [peer for one in together for peer in await work.find(Peer, service_id=one)]
    await work.preload(Contact, "id", [peer.contact_id for peer in peers])
    contacts = [await work.need(Contact, peer.contact_id) for peer in peers]
    await work.preload(Address, "id", [n.address_id for n in contacts if n.address_id])
    work.memo.update({("phones read", one): True for one in together})


async def _reachable(work: Work, contact: Contact) -> bool:
    if contact.stopped_at or contact.blocked_at or contact.erased_at:
        return False
    address = await work.get(Address, contact.address_id)
    return address is not None and address.lapsed_at is None


def by_holder(lines: Sequence[StockLine]) -> defaultdict[tuple[str, int], list[StockLine]]:
    """Each holder's lines, sorted out once for everybody."""
    found: defaultdict[tuple[str, int], list[StockLine]] = defaultdict(list)
    for line in lines:
        found[line.holder_kind, line.holder_id].append(line)
    return found


def available(lines: Sequence[StockLine], today: date) -> dict[str, int]:
    """Kits a holder has free and in date, by product."""
    found: dict[str, int] = {}
    for line in lines:
        if not line.is_over(today):
            found[line.product] = found.get(line.product, 0) + line.available
    return {product: n for product, n in found.items() if n > 0}

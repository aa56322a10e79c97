"""Who could give a kit in the coming hours, and where nobody could: gaps seen before they hurt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from content import library
from content.library import Listed, Words, saying
from db.models import Outlet, Peer, Service
from db.reference.districts import Outcode
from db.reference.gazetteer import Gazetteer
from db.stock import stock_of
from db.work import Work
from handlers.services.dispatch import Candidate, available, by_holder, candidates_for, why_idle
from handlers.services.geo import haversine_km
from handlers.services.hours import opening_of
from handlers.services.outlets import KM_PER_MILE
from handlers.services.products import FORMS, form_of
from handlers.services.rules import LONDON, Rules, is_night, rules_of, uk_day

MOST_KEPT, MOST_SAID = 60, 3
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """From ``hour`` (London's clock) nobody can give this form in a district ("" = anywhere)."""

    form: str
    district: str
    hour: int

    @property
    def what(self) -> tuple[str, str]:
        """The gap, whenever it begins."""
        return self.form, self.district


@dataclass(frozen=True, slots=True)
class Giver:
    """A peer on duty or an outlet that is open: where, how far they reach (km), what they have."""

    lat: float
    lon: float
    reach_km: float
    forms: frozenset[str]


async def gaps(work: Work, service: Service, gazetteer: Gazetteer) -> list[Gap]:
    """Where and from when a form lacks in the hours ahead; nights, when people sleep, left out.

    Only forms the service has ever had are looked for.
    """
    rules = rules_of(service)
    lines = await stock_of(work, service.id)
    forms = {form_of(line.product, rules) for line in lines} & set(FORMS)
    candidates = await candidates_for(work, service.id, None)
    outlets = await work.find(Outlet, service_id=service.id, status="active")
    held = by_holder(lines)
    shelves = [
        (one, _forms(available(held["outlet", one.id], uk_day(work.now)), rules))
        for one in outlets
        if one.none_left_at is None
    ]
    districts = [place for d in service.districts if (place := gazetteer.outcode(d))]
    found: dict[tuple[str, str], Gap] = {}
    for at in hours_ahead(work.now, rules):
        givers = [
            *(g for c in candidates if (g := _peer(c, at, service, rules))),
            *(g for o, has in shelves if (g := _outlet(o, has, at, service, rules))),
        ]
        for form, district in missing(forms, districts, givers):
            clock = at.astimezone(LONDON).hour
            found.setdefault((form, district), Gap(form, district, clock))
    return sorted(found.values())


def hours_ahead(now: datetime, rules: Rules) -> list[datetime]:
    """Now and the full hours that follow, as far as a service looks ahead, without the night."""
    full = now.replace(minute=0, second=0, microsecond=0)
    ahead = [now, *(full + n * HOUR for n in range(1, rules.coverage_hours + 1))]
    return [at for at in ahead if not is_night(at, rules)]


def missing(
    forms: Iterable[str], districts: Iterable[Outcode], givers: Iterable[Giver]
) -> list[tuple[str, str]]:
    """Form and district of each gap; a form nobody has anywhere is one gap, not one a district.

    A district counts as reached if somebody reaches any part of it.
    """
    found = []
    for form in forms:
        having = [giver for giver in givers if form in giver.forms]
        if not having:
            found.append((form, ""))
            continue
        found += [
            (form, place.outcode)
            for place in districts
            if not any(_reaches(giver, place) for giver in having)
        ]
    return found


def _reaches(giver: Giver, place: Outcode) -> bool:
    away = haversine_km((place.lat, place.lon), (giver.lat, giver.lon))
    return away - place.r90_km <= giver.reach_km


def gives(candidate: Candidate, at: datetime, service: Service, rules: Rules) -> bool:
    """Whether a peer may be asked at that time, if a request comes near enough."""
    idle = why_idle(candidate, at, service.nation, rules)
    return not idle and bool(candidate.available)


def _peer(candidate: Candidate, at: datetime, service: Service, rules: Rules) -> Giver | None:
    peer: Peer = candidate.peer
    if not gives(candidate, at, service, rules):
        return None
    return Giver(peer.lat, peer.lon, peer.radius_km, _forms(candidate.available, rules))


def _outlet(
    outlet: Outlet, forms: frozenset[str], at: datetime, service: Service, rules: Rules
) -> Giver | None:
    if opening_of(outlet, at, service.nation).is_open is not True:
        return None
    return Giver(outlet.lat, outlet.lon, rules.outlet_miles * KM_PER_MILE, forms)


def _forms(stock: dict[str, int], rules: Rules) -> frozenset[str]:
    return frozenset(form_of(product, rules) for product in stock)


# --- as a flag keeps them, and as they are said ------------------------------------------------


def written(found: Iterable[Gap]) -> str:
    """Gaps as a flag's ``about``."""
    return "cover:" + ",".join(f"{g.form}/{g.district}/{g.hour}" for g in list(found)[:MOST_KEPT])


def read(about: str) -> list[Gap]:
    """Gaps back out of a flag's ``about``."""
    parts = [one.split("/") for one in about.partition(":")[2].split(",") if one]
    return [Gap(form, district, int(hour)) for form, district, hour in parts]


def gap_words(locale: str, found: Iterable[Gap]) -> str:
    """Gaps as a coordinator reads them: "nose spray: DN32, DN33 from 18:00; injection kit: ..." """
    together: dict[tuple[str, int], list[str]] = {}
    for gap in found:
        together.setdefault((gap.form, gap.hour), []).append(gap.district)
    lines: list[Words] = [
        saying(
            "saying.cover_gap",
            product=library.label(locale, "product", form),
            places=", ".join(filter(None, districts)),
            clock=f"{hour:02d}:00",
        )
        for (form, hour), districts in together.items()
    ]
    said = library.said(locale, Listed(tuple(lines[:MOST_SAID]), "; "))
    return f"{said} ..." if len(lines) > MOST_SAID else said

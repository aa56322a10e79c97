"""A service's own rules, with the defaults a small service can run on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from content.library import Words, saying
from db.models import Service

LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True)
class PublicPlace:
    """Somewhere public to meet."""

    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Product:
    """A product the service supplies. ``form``: nasal or injectable, as people ask for it.

    ``name``: what is printed on the box, where the service wants it said. ``min_age``: the youngest
    person its leaflet is for (years; 0 = none given).
    """

    id: str
    form: str
    name: str = ""
    min_age: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """The ladder's minutes and the rest. All of it can be set for a service."""

    offer_minutes: int = 10
    wave_size: int = 1
    waves: int = 2
    coordinator_after_minutes: int = 30
    next_coordinator_minutes: int = 15
    night_from: str = "22:00"
    night_to: str = "08:00"
    claim_hours: int = 72
    meeting_check_minutes: int = 30
    confirm_hours: int = 24
    outlet_miles: float = 10.0
    team: str = ""
    ring: str = "111"
    privacy_url: str = ""
    draft_languages: str = ""
    public_places: tuple[PublicPlace, ...] = ()
    products: tuple[Product, ...] = (Product("nasal", "nasal"), Product("injectable", "injectable"))
    pack: tuple[str, ...] = ("kit", "gloves", "face_shield", "card")
    asks_per_day: int = 4
    asks_per_week: int = 12
    stock_stale_days: int = 30
    low_stock: int = 1
    coverage_hours: int = 12
    check_in_days: int = 14
    expiry_notice_days: int = 60
    silent_days: int = 180
    refusal_days: int = 30

    @property
    def offer_time(self) -> timedelta:
        """How long an offer stands."""
        return timedelta(minutes=self.offer_minutes)


def rules_of(service: Service) -> Rules:
    """The rules of a service, made out once for each time its row was read."""
    for_row = _made.get(id(service.rules))
    if for_row is None or for_row[0] is not service.rules:
        if len(_made) >= 1000:
            _made.clear()
        for_row = _made[id(service.rules)] = (service.rules, _rules(service))
    return for_row[1]


_NAMES = frozenset(f.name for f in fields(Rules))
_made: dict[int, tuple[dict[str, Any], Rules]] = {}
"""A row's rules (kept, so that no other can have its id) and what was made of them."""


def _rules(service: Service) -> Rules:
    own: dict[str, Any] = {k: v for k, v in service.rules.items() if k in _NAMES}
    places = own.get("public_places", ())
    own["public_places"] = tuple(PublicPlace(**p) for p in places)
    if "products" in own:
        own["products"] = tuple(Product(**p) for p in own["products"])
    if "pack" in own:
        own["pack"] = tuple(own["pack"])
    return Rules(**own)


def uk_day(now: datetime) -> date:
    """The day it is here: in summer one in the morning in London is still yesterday in UTC."""
    return now.astimezone(LONDON).date()


def uk_month(at: datetime) -> str:
    """The month it is here, like 2026-11."""
    return f"{at.astimezone(LONDON):%Y-%m}"


def is_night(now: datetime, rules: Rules) -> bool:
    """Whether peers who did not say they are on are left to sleep."""
    start, end = time.fromisoformat(rules.night_from), time.fromisoformat(rules.night_to)
    clock = now.astimezone(LONDON).time()
    if start <= end:
        return start <= clock < end
    return clock >= start or clock < end


def night_ends(now: datetime, rules: Rules) -> datetime:
    """When the night that ``now`` lies in (or the next one) is over."""
    end = time.fromisoformat(rules.night_to)
    local = now.astimezone(LONDON)
    done = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    if done <= local:
        done += timedelta(days=1)
    return done.astimezone(now.tzinfo)


def clock_words(when: datetime, now: datetime) -> Words:
    """A time as people say it: "14:05", "tomorrow 09:00", "Mon 09:00", "01/12 09:00"."""
    local, today = when.astimezone(LONDON), uk_day(now)
    clock = local.strftime("%H:%M")
    days = (local.date() - today).days
    if days == 0:
        return clock
    if days == 1:
        return saying("saying.clock_tomorrow", clock=clock)
    if abs(days) < 7:
        return saying("saying.clock_weekday", weekday=local.weekday(), clock=clock)
    return saying("saying.clock_date", date=local.day, month=local.month, clock=clock)

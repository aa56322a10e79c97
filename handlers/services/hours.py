"""Opening hours: is an outlet open, until when, and how to say so in a few words.

Hours come in OpenStreetMap's syntax ("Mo-Fr 09:00-17:30; Sa 09:00-12:00"). The parser's own public
holidays are wrong for England, so it is never given a country; bank holidays come from `holidays`,
by nation. On a bank holiday the usual hours are not known to hold unless the outlet confirmed it.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from opening_hours import OpeningHours, validate

from content.library import Saying, Words, saying
from db.models import Outlet
from handlers.services.rules import LONDON, uk_day

if TYPE_CHECKING:
    from holidays import HolidayBase

Nation = str  # England, Scotland, Wales or Northern Ireland

_SUBDIVISIONS = {"England": "ENG", "Scotland": "SCT", "Wales": "WLS", "Northern Ireland": "NIR"}
_LOOK_AHEAD = 30  # changes of state; enough to step over any run of bank holidays
_HORIZON = timedelta(days=60)
WEEK = datetime(2024, 1, 15, tzinfo=LONDON)  # a Monday that no holiday or season is near
HOURS_HOLD = timedelta(days=180)
UNSURE = saying("saying.hours_unknown")


@dataclass(frozen=True, slots=True)
class Opening:
    """`is_open` None = not known. Times are Europe/London; `words` say it in a few words."""

    is_open: bool | None
    until: datetime | None
    opens_at: datetime | None
    words: Words


def opening(
    hours: str,
    now: datetime,
    nation: Nation,
    confirmed_holidays: frozenset[date] = frozenset(),
) -> Opening:
    """Whether a place with these hours is open at `now` (aware), and when that changes.

    `confirmed_holidays` are the bank holidays for which the outlet said that its usual hours hold.
    Empty hours are "not known". Raises ValueError for hours that `check_hours` refuses.
    """
    here = now.astimezone(LONDON)
    if not hours.strip():
        return Opening(None, None, None, UNSURE)
    parsed = parse(hours)
    if _is_unsure(here.date(), nation, confirmed_holidays):
        opens_at = _next_opening(parsed, here, nation, confirmed_holidays)
        return Opening(None, None, opens_at, saying("saying.bank_holiday"))
    if parsed.is_unknown(here):
        return Opening(None, None, None, UNSURE)
    if parsed.is_open(here):
        until = change_after(parsed, here)
        return Opening(True, until, None, _open_words(here, until))
    opens_at = _next_opening(parsed, here, nation, confirmed_holidays)
    return Opening(False, None, opens_at, _closed_words(here, opens_at))


def opening_of(outlet: Outlet, now: datetime, nation: Nation) -> Opening:
    """Whether an outlet is open, with the bank holidays it confirmed; nothing, where its hours
    cannot be read. Hours that nobody has confirmed for long are said as what they are."""
    if not is_readable(outlet.hours):
        return Opening(None, None, None, UNSURE)
    confirmed = frozenset(date.fromisoformat(day) for day in outlet.holidays_open)
    found = opening(outlet.hours, now, nation, confirmed)
    if found.is_open is None or not are_old(outlet, now):
        return found
    return replace(found, words=saying("saying.hours_old", hours=found.words))


def are_old(outlet: Outlet, now: datetime) -> bool:
    """Whether an outlet's hours were last confirmed too long ago, or never."""
    confirmed = outlet.hours_confirmed_on
    return confirmed is None or uk_day(now) - confirmed > HOURS_HOLD


def check_hours(hours: str) -> str | None:
    """What is wrong with opening hours, in plain words; None if they can be used."""
    if not hours.strip():
        return "No hours given. Write for example: Mo-Fr 09:00-17:30; Sa 09:00-12:00"
    try:
        parsed = parse(hours)
    except ValueError:
        return (
            f'"{hours}" is not understood. Write days as Mo Tu We Th Fr Sa Su and times '
            "as 09:00-17:30, for example: Mo-Fr 09:00-17:30; Sa 09:00-12:00"
        )
    if not parsed.is_open(WEEK) and parsed.next_change(WEEK) is None:
        return f'"{hours}" is never open.'
    return None


def is_readable(hours: str) -> bool:
    """Whether hours can be read at all, be it "never"."""
    return bool(hours.strip()) and validate(hours)


def is_bank_holiday(day: date, nation: Nation) -> bool:
    """Whether a day is a bank holiday in that nation, substitute days included."""
    return day in _calendar(nation)


def bank_holidays(first: date, last: date, nation: Nation) -> list[tuple[date, str]]:
    """The bank holidays of a nation from one day to another, with their names."""
    calendar = _calendar(nation)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [(day, calendar.get(day) or "") for day in days if day in calendar]


def load_calendars() -> None:
    """Load the bank holidays now: the library takes about 0.4 s the first time."""
    for nation in _SUBDIVISIONS:
        _calendar(nation)


@lru_cache(maxsize=4)
def _calendar(nation: str) -> "HolidayBase":
    from holidays import country_holidays  # slow to import, and most commands never need it

    return country_holidays("GB", subdiv=_SUBDIVISIONS[nation])


@lru_cache(maxsize=4096)
def parse(hours: str) -> OpeningHours:
    """Opening hours that can be asked; ValueError for what is none."""
    if not validate(hours):
        raise ValueError(f"not opening hours: {hours!r}")
    return OpeningHours(hours, timezone=LONDON, auto_country=False, auto_timezone=False)


def change_after(parsed: OpeningHours, at: datetime) -> datetime | None:
    """The next change of state, None if it is so far off that it does not matter."""
    change = parsed.next_change(at)
    return change if change is not None and change - at < _HORIZON else None


def _is_unsure(day: date, nation: Nation, confirmed: frozenset[date]) -> bool:
    return day not in confirmed and is_bank_holiday(day, nation)


def _next_opening(
    parsed: OpeningHours, here: datetime, nation: Nation, confirmed: frozenset[date]
) -> datetime | None:
    """The next opening that can be relied on: those of bank holidays are passed over."""
    at = here
    for _ in range(_LOOK_AHEAD):
        change = parsed.next_change(at)
        if change is None or change - here > _HORIZON:
            return None
        at = change
        if parsed.is_open(at) and not _is_unsure(at.date(), nation, confirmed):
            return at
    return None


def _open_words(here: datetime, until: datetime | None) -> Saying:
    if until is None:
        return saying("saying.always_open")
    time = _clock(until, bare=range(12, 24))
    if until - here > timedelta(hours=24):
        # Midnight belongs to the day that ends with it.
        day = _day(here, until - timedelta(seconds=1))
        return saying("saying.open_till_day", time=time, day=day)
    return saying("saying.open_till", time=time)


def _closed_words(here: datetime, opens_at: datetime | None) -> Saying:
    if opens_at is None:
        return saying("saying.closed")
    time = _clock(opens_at, bare=range(6, 18))
    if opens_at.date() == here.date():
        return saying("saying.opens_at", time=time)
    return saying("saying.opens_day", time=time, day=_day(here, opens_at))


def _day(here: datetime, then: datetime) -> Saying:
    days = (then.date() - here.date()).days
    if days == 1:
        return saying("saying.tomorrow")
    if days < 7:
        return saying("saying.weekday", weekday=then.weekday())
    return saying("saying.date", date=then.day, month=then.month)


def _clock(time: datetime, bare: range) -> Saying:
    """The time as people say it; hours in `bare` cannot be misread and need no am or pm."""
    if time.minute == 0 and time.hour in (0, 12):
        return saying("saying.noon" if time.hour else "saying.midnight")
    half = "saying.time_pm" if time.hour >= 12 else "saying.time_am"
    name = "saying.time" if time.hour in bare else half
    return saying(name, hour=time.hour, minute=time.minute)

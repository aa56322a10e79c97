"""Opening hours by the day, as lists and people write them: {"Mo": "09:00-13:00, 14:00-17:30"}."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from opening_hours import OpeningHours

from handlers.services.hours import WEEK, change_after, is_readable, parse

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
OPEN_ALL_DAY = ("00:00-00:00", "00:00-23:59", "00:00-24:00")
_TIME = r"(\d{1,2})(?:[:.]?(\d{2}))?\s*(am|pm)?"
_SPAN = re.compile(rf"{_TIME}\s*(?:-|–|—|to|till|until)\s*{_TIME}", re.IGNORECASE)
_ALWAYS = ("24h", "24 h", "24hr", "24hrs", "24 hr", "24 hrs", "24 hours", "24/7", "all day")
_FIRST_LIKELY = 6
"""A bare "2" is two in the afternoon; nobody opens before this."""


def week_of(hours: str) -> dict[str, str]:
    """Opening hours of an ordinary week by the day; seasons and single days are not in it."""
    week = dict.fromkeys(DAYS, "")
    if not is_readable(hours):
        return week
    parsed = parse(hours)
    for n, day in enumerate(DAYS):
        start = WEEK + timedelta(days=n)
        midnight = start + timedelta(days=1)
        spans = []
        for since, until, state, _ in parsed.intervals(start, midnight):
            if str(state) != "open":
                continue
            all_day = (since, until) == (start, midnight)
            if since == start and parsed.is_open(start - timedelta(minutes=1)) and not all_day:
                continue  # what the night before reaches into
            spans.append("00:00-24:00" if all_day else f"{since:%H:%M}-{_closes(parsed, until)}")
        week[day] = ", ".join(spans)
    return week


def _closes(parsed: OpeningHours, until: datetime) -> str:
    """When what is open closes, over midnight too."""
    later = change_after(parsed, until) if parsed.is_open(until) else None
    return f"{later or until:%H:%M}"


def hours_of_week(week: Mapping[str, str]) -> str:
    """Hours by the day ("Closed" or nothing: closed) in OpenStreetMap's syntax; days alike stand
    together. Raises ValueError for what cannot be read; ``check_hours`` says what is no time."""
    spans = {day: _spans(text) for day, text in week.items()}
    groups: list[tuple[str, str, str]] = []
    for day, said in spans.items():
        if groups and groups[-1][2] == said:
            groups[-1] = (groups[-1][0], day, said)
        else:
            groups.append((day, day, said))
    rules = [
        f"{first if first == last else f'{first}-{last}'} {said}"
        for first, last, said in groups
        if said
    ]
    # After ";" a rule replaces what a night before it reaches into that day; after "," it adds.
    return (", " if any(_over_midnight(s) for s in spans.values()) else "; ").join(rules)


def _spans(text: str) -> str:
    plain = text.strip()
    if plain.casefold() in ("", "closed", "shut"):
        return ""
    if plain.casefold().removeprefix("open ") in _ALWAYS:
        return "00:00-24:00"
    spans = []
    for part in re.split(r"\s*(?:[,;&/]|\band\b)\s*", plain):
        found = _SPAN.fullmatch(part)
        if not found:
            raise ValueError(f'"{text.strip()}" are not hours: 09:00-12:00,14:00-17:00 or Closed')
        opens = _hour(found[1], found[2], found[3], after=_FIRST_LIKELY - 1)
        closes = _hour(found[4], found[5], found[6], after=opens)
        span = f"{opens:02}:{found[2] or '00'}-{closes:02}:{found[5] or '00'}"
        spans.append("00:00-24:00" if span in OPEN_ALL_DAY else span)
    return ",".join(spans)


def _hour(hour: str, minute: str | None, half: str | None, after: int) -> int:
    """The hour that is meant: 9-5.30 ends in the afternoon, 17:00-09:00 and 09:00-05:00 do not."""
    n = int(hour)
    if half:
        return n % 12 + (12 if half.casefold() == "pm" else 0)
    as_clocks_show = len(hour) == 2 and minute is not None
    return n + 12 if not as_clocks_show and 1 <= n < 12 and n <= after < n + 12 else n


def is_overnight(text: str) -> bool:
    """Whether a day's hours reach over midnight: meant, or two times swapped."""
    return _over_midnight(_spans(text))


def _over_midnight(spans: str) -> bool:
    return any(end < start for start, _, end in (s.partition("-") for s in spans.split(",")))

"""A peer's weekly hours as people write them: "mon to fri 6pm-10pm, sat all day".

What comes out is OpenStreetMap's syntax ("Mo-Fr 18:00-22:00; Sa 08:00-22:00"), as for pharmacies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from handlers.services.hours import check_hours
from handlers.services.hours_by_day import DAYS
from handlers.services.rules import Rules

PARTS = {
    "morning": "09:00-12:00",
    "afternoon": "12:00-17:00",
    "evening": "18:00-22:00",
}
_EITHER = "~"  # behind an hour that may be of the morning or of the evening
_DAY_BEGINS = 9
_WEEK = {"weekday": range(5), "weekend": range(5, 7), "every day": range(7), "daily": range(7)}
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<week>weekday|weekend|every\ ?day|daily)s?\b
    |(?P<all>all\ day|any\ ?time|all\ the\ time)\b
    |(?P<part>morning|afternoon|evening)s?\b
    |(?P<clock>noon|midnight)\b
    |(?P<time>\d{1,2})(?:[:.](?P<min>\d{2}))?(?:\s*(?P<half>[ap])(?:\.?m\b\.?|\b))?
    |(?P<day>mon|mo|tues|tue|tu|wed|we|thurs|thur|thu|th|fri|fr|sat|sa|sun|su)
        (?:day|sday|nesday|rsday|urday)?s?\b
    |(?P<to>-|\u2013|to\b|till?\b|until\b)
    |(?P<and>,|;|&|\+|and\b|n\b|from\b|on\b|at\b|the\b|between\b)
    )\s*""",
    re.VERBOSE,
)


class HalfMissing(ValueError):
    """ "6-10": in the morning or in the evening?"""


@dataclass
class _Said:
    """What was said so far: days that wait for hours, and hours for days."""

    days: list[int]
    spans: dict[int, list[str]]

    def give(self, span: str) -> None:
        for day in self.days or range(7):
            self.spans.setdefault(day, []).append(span)


def read_rota(text: str, rules: Rules) -> str | None:
    """The hours somebody named, or None; "all day" is the service's day, not its night."""
    try:
        return _read(text, rules)
    except HalfMissing:
        return None


def lacks_half(text: str, rules: Rules) -> bool:
    """Whether all that is missing is "am" or "pm"."""
    try:
        _read(text, rules)
    except HalfMissing:
        return True
    return False


def _read(text: str, rules: Rules) -> str | None:
    tokens = list(_tokens(text.casefold()))
    if not tokens or ("?", "") in tokens:
        return None
    day_long = f"{rules.night_to}-{rules.night_from}"
    said, has_hours, at = _Said([], {}), True, 0
    while at < len(tokens):
        kind, value = tokens[at]
        if kind in ("day", "week"):
            if has_hours:
                said.days, has_hours = [], False
            days, at = _days(tokens, at)
            said.days += days
            continue
        if kind == "all":
            at = _days_behind(tokens, at, said) if has_hours else at
            said.give(day_long)
        elif kind == "part":
            said.give(PARTS[value])
        elif kind == "time":
            if at + 2 >= len(tokens) or tokens[at + 1][0] != "to" or tokens[at + 2][0] != "time":
                return None
            span = _span(value, tokens[at + 2][1])
            if span is None:
                return None
            said.give(span)
            at += 2
        elif kind == "to":
            return None
        has_hours = has_hours or kind != "and"
        at += 1
    if not has_hours:  # days and no hours
        said.give(day_long)
    return _as_hours(said.spans)


def _days_behind(tokens: list[tuple[str, str]], at: int, said: _Said) -> int:
    """ "all day sat and sun": the days stand behind it; returns where the last of them does."""
    following, days = at + 1, []
    while following < len(tokens) and tokens[following][0] in ("and", "day", "week"):
        if tokens[following][0] == "and":
            following += 1
        else:
            more, following = _days(tokens, following)
            days += more
    if not days:
        return at
    said.days = days
    return following - 1


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.end() == at:
            yield "?", ""
            return
        at = found.end()
        kind = next(
            name
            for name in ("week", "all", "part", "clock", "time", "day", "to", "and")
            if found[name]
        )
        if kind == "clock":
            yield "time", "12:00p" if found["clock"] == "noon" else "12:00a"
        elif kind == "time":
            either = not (found["min"] or found["half"] or found["time"].startswith("0"))
            half = found["half"] or (_EITHER if either and int(found["time"]) <= 12 else "")
            yield "time", f"{found['time']}:{found['min'] or '00'}{half}"
        else:
            yield kind, found[kind]


def _days(tokens: list[tuple[str, str]], at: int) -> tuple[list[int], int]:
    kind, value = tokens[at]
    if kind == "week":
        return list(_WEEK[value.replace("everyday", "every day")]), at + 1
    first = _day(value)
    if at + 2 < len(tokens) and tokens[at + 1][0] == "to" and tokens[at + 2][0] == "day":
        last = _day(tokens[at + 2][1])
        return [(first + n) % 7 for n in range((last - first) % 7 + 1)], at + 3
    return [first], at + 1


def _day(name: str) -> int:
    return [day.lower() for day in DAYS].index(name[:2])


def _span(start: str, end: str) -> str | None:
    """ "6-10pm" is in the evening, "10-2pm" begins in the morning, and "9-5" ends at five."""
    either = start.endswith(_EITHER) and end.endswith(_EITHER)
    start, end = start.rstrip(_EITHER), end.rstrip(_EITHER)
    first, last = _minutes(start), _minutes(end)
    if first is None or last is None:
        return None
    if either and first != last and (first < _DAY_BEGINS * 60 or _DAY_BEGINS * 60 < first > last):
        raise HalfMissing
    evening = end[-1] == "p" and start[-1] not in "ap" and first < 12 * 60
    if evening and first + 12 * 60 < last:
        first += 12 * 60
    bare = start[-1] not in "ap" and end[-1] not in "ap" and start[0] != "0" and end[0] != "0"
    if bare and 0 < last < first < 12 * 60:
        last += 12 * 60
    if last == 0:
        last = 24 * 60
    if first == last:
        return None
    return f"{first // 60:02d}:{first % 60:02d}-{last // 60:02d}:{last % 60:02d}"


def _minutes(time: str) -> int | None:
    clock, half = (time[:-1], time[-1]) if time[-1] in "ap" else (time, "")
    hour, minute = (int(part) for part in clock.split(":"))
    if minute > 59 or hour > (12 if half else 24) or (hour == 24 and minute):
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour * 60 + minute


def _as_hours(spans: dict[int, list[str]]) -> str | None:
    """Days with the same hours together: "Mo-Fr 18:00-22:00; Sa 08:00-22:00"."""
    runs: list[tuple[list[int], str]] = []
    for day in range(7):
        hours = ",".join(sorted(dict.fromkeys(spans.get(day, []))))
        if not hours:
            continue
        if runs and runs[-1][1] == hours and runs[-1][0][-1] == day - 1:
            runs[-1][0].append(day)
        else:
            runs.append(([day], hours))
    found = "; ".join(f"{_named(days)} {hours}" for days, hours in runs)
    return found if found and check_hours(found) is None else None


def _named(days: list[int]) -> str:
    return DAYS[days[0]] if len(days) == 1 else f"{DAYS[days[0]]}-{DAYS[days[-1]]}"

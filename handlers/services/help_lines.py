"""Which help lines a person may be told of now, and how.

A number that nobody has checked lately is never sent: a dead line is worse than none. Where a
sentence needs the organisation, its name goes without the number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from content import library
from content.lines import Line, lines
from db.models import Contact, Service

MOST = 3
"""Lines in one answer; more is a list nobody reads. 999 stands in the texts themselves."""
RULE = "lines_checked"
"""Where a service keeps the days on which it rang a line itself."""


def checked_here(service: Service | None, key: str) -> date | None:
    """When the service last checked a line."""
    day = service.rules.get(RULE, {}).get(key, "") if service else ""
    return date.fromisoformat(day) if day else None


def may_send(line: Line, service: Service | None, today: date, nation: str = "") -> bool:
    """Whether a line's number may go to a person of this service, or of this nation."""
    nation = nation or (service.nation if service else "")
    if line.nation and line.nation != nation:
        return False
    return line.is_fresh(today, checked_here(service, line.key))


def stale(service: Service, today: date) -> list[Line]:
    """The lines of the service's nation whose numbers are held back."""
    here = (line for line in lines().values() if line.nation in ("", service.nation))
    return [line for line in here if not may_send(line, service, today)]


def to_ring(service: Service | None, today: date, adult: bool | None) -> list[Line]:
    """The lines to tell a person of, Childline first for somebody who said they are a child."""
    found = [line for line in lines().values() if may_send(line, service, today)]
    found = [line for line in found if line.key != "999"]
    if adult is False:
        found.sort(key=lambda line: line.key != "childline")
    return found[:MOST]


def said(service: Service | None, contact: Contact, today: date, locale: str) -> str:
    """The lines for a person, in a row: "Samaritans 116 123 (free, any time). NHS 111." """
    return listed(to_ring(service, today, contact.adult), locale)


def listed(found: Sequence[Line], locale: str) -> str:
    """Lines in a row, each with its hours where they are known."""
    return " ".join(f"{line.name} {line.number}{_hours(line, locale)}." for line in found)


def number_of(key: str, service: Service | None, today: date, nation: str = "") -> str:
    """A line's number, or "" while it may not be sent: then its name alone goes."""
    line = lines()[key]
    return line.number if may_send(line, service, today, nation) else ""


def _hours(line: Line, locale: str) -> str:
    return f" ({library.label(locale, 'line_hours', line.hours)})" if line.hours else ""

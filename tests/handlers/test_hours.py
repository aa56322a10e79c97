"""Opening hours are a function of values: one table of what is said when."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from content import library
from db.models import Outlet
from handlers.services.hours import (
    Opening,
    bank_holidays,
    check_hours,
    is_bank_holiday,
    opening,
    opening_of,
)
from handlers.services.hours_by_day import hours_of_week, week_of
from tests.handlers.made import NOON, outlet

NATIONS = ("England", "Scotland", "Wales", "Northern Ireland")
SHOP = "Mo-Fr 09:00-17:30; Sa 09:00-12:00"
LUNCH = "Mo-Fr 09:00-12:00,14:00-18:00"
LATE = "Mo-Su 20:00-02:00"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def words(found: Opening, locale: str = "en") -> str:
    return str(library.said(locale, found.words))


@pytest.mark.parametrize(
    ("hours", "now", "is_open", "said"),
    [
        (SHOP, "2026-11-23 10:00", True, "open till 5:30"),
        (SHOP, "2026-11-21 11:59", True, "open till noon"),
        (SHOP, "2026-11-23 08:59", False, "opens at 9"),
        (SHOP, "2026-11-23 17:30", False, "opens tomorrow at 9"),
        (SHOP, "2026-11-21 13:00", False, "opens Monday at 9"),
        # British Summer Time: 16:15 UTC is 17:15 in the shop, 16:45 UTC is too late.
        (SHOP, "2026-07-23 16:15", True, "open till 5:30"),
        (SHOP, "2026-07-23 16:45", False, "opens tomorrow at 9"),
        (LUNCH, "2026-11-23 13:00", False, "opens at 2"),
        (LUNCH, "2026-11-23 15:00", True, "open till 6"),
        (LATE, "2026-11-23 21:00", True, "open till 2am"),
        (LATE, "2026-11-24 01:00", True, "open till 2am"),
        (LATE, "2026-11-23 10:00", False, "opens at 8pm"),
        ("Mo-Fr 18:00-24:00", "2026-11-23 20:00", True, "open till midnight"),
        ("Mo-Fr 00:00-24:00", "2026-11-23 10:00", True, "open till midnight Friday"),
        ("24/7", "2026-11-23 10:00", True, "open all day and night"),
        ("Dec 28-31 10:00-12:00", "2026-12-10 10:00", False, "opens 29 December at 10"),
        ("Aug Mo-Fr 10:00-12:00", "2026-11-23 10:00", False, "closed"),
        ("", "2026-11-23 10:00", None, "hours not known: ring first"),
        ("unknown", "2026-11-23 10:00", None, "hours not known: ring first"),
        # Christmas Day and Boxing Day's substitute (28 December 2026) are passed over.
        (SHOP, "2026-12-25 10:00", None, "bank holiday: ring first"),
        (SHOP, "2026-12-28 10:00", None, "bank holiday: ring first"),
        (SHOP, "2026-12-24 18:00", False, "opens Tuesday at 9"),
        ("24/7", "2026-12-25 10:00", None, "bank holiday: ring first"),
    ],
)
def test_what_is_said(hours: str, now: str, is_open: bool | None, said: str) -> None:
    found = opening(hours, utc(now), "England")
    assert (found.is_open, words(found)) == (is_open, said)


@pytest.mark.parametrize(
    ("day", "nations"),
    [
        ("2026-01-01", {"England", "Scotland", "Wales", "Northern Ireland"}),
        ("2026-01-02", {"Scotland"}),
        ("2026-03-17", {"Northern Ireland"}),
        ("2026-04-06", {"England", "Wales", "Northern Ireland"}),
        ("2026-08-03", {"Scotland"}),
        ("2026-08-31", {"England", "Wales", "Northern Ireland"}),
        ("2026-11-30", {"Scotland"}),
        ("2026-12-28", {"England", "Scotland", "Wales", "Northern Ireland"}),
        ("2026-11-23", set()),
    ],
)
def test_bank_holidays_by_nation(day: str, nations: set[str]) -> None:
    when = date.fromisoformat(day)
    assert {n for n in NATIONS if is_bank_holiday(when, n)} == nations


def test_a_confirmed_bank_holiday_is_an_ordinary_day() -> None:
    confirmed = frozenset({date(2026, 12, 28)})
    now = opening(SHOP, utc("2026-12-28 10:00"), "England", confirmed)
    before = opening(SHOP, utc("2026-12-24 18:00"), "England", confirmed)
    assert (now.is_open, words(now)) == (True, "open till 5:30")
    assert words(before) == "opens Monday at 9"


def test_times_are_given_in_london() -> None:
    found = opening(SHOP, utc("2026-07-23 10:00"), "England")
    assert found.until is not None
    assert found.until.isoformat() == "2026-07-23T17:30:00+01:00"
    assert found.opens_at is None


@pytest.mark.parametrize(
    "hours", [SHOP, LUNCH, LATE, "24/7", "Mo-Fr 09:00-17:30; PH off", "Aug Mo-Fr 10:00-12:00"]
)
def test_good_hours(hours: str) -> None:
    assert check_hours(hours) is None


@pytest.mark.parametrize(
    ("hours", "says"),
    [
        ("", "No hours given"),
        ("hello", "not understood"),
        ("Mo-Fr 9am-5pm", "not understood"),
        ("Mo-Fr 09:00-25:99", "not understood"),
        ("off", "never open"),
    ],
)
def test_bad_hours_are_named_in_plain_words(hours: str, says: str) -> None:
    assert says in (check_hours(hours) or "")


def test_hours_that_cannot_be_read_are_an_error() -> None:
    with pytest.raises(ValueError, match="not opening hours"):
        opening("9 till 5", utc("2026-11-23 10:00"), "England")


# --- an outlet's hours -------------------------------------------------------------------------


def shop(**values: Any) -> Outlet:
    return replace(outlet().outlet, hours="Mo-Fr 09:00-18:00", **values)


@pytest.mark.parametrize(
    ("confirmed", "said"),
    [
        (date(2026, 11, 24), "open till 6"),
        (date(2026, 5, 28), "open till 6"),
        (date(2026, 5, 27), "open till 6, hours not checked lately"),
        (None, "open till 6, hours not checked lately"),
    ],
)
def test_hours_that_nobody_confirmed_for_long_are_said_as_such(
    confirmed: date | None, said: str
) -> None:
    found = opening_of(shop(hours_confirmed_on=confirmed), NOON, "England")
    assert library.said("en", found.words) == said


def test_a_bank_holiday_is_open_where_the_outlet_said_so() -> None:
    boxing_day = datetime(2026, 12, 28, 12, tzinfo=UTC)
    today = boxing_day.date()
    assert opening_of(shop(hours_confirmed_on=today), boxing_day, "England").is_open is None
    told = shop(hours_confirmed_on=today, holidays_open=("2026-12-28",))
    assert opening_of(told, boxing_day, "England").is_open is True


@pytest.mark.parametrize(
    "hours",
    [
        "Mo-Fr 09:00-13:00,14:00-17:30; Sa 09:00-12:00",
        "Mo-Fr 22:00-06:00, Sa 09:00-12:00",
        "Mo-Su 00:00-24:00",
        "",
    ],
)
def test_hours_by_the_day_and_back(hours: str) -> None:
    assert hours_of_week(week_of(hours)) == hours


def test_bank_holidays_are_those_of_the_nation() -> None:
    spring = (date(2027, 3, 1), date(2027, 4, 30))
    assert [day.isoformat() for day, _ in bank_holidays(*spring, "England")] == [
        "2027-03-26",
        "2027-03-29",
    ]
    assert [day.isoformat() for day, _ in bank_holidays(*spring, "Scotland")] == ["2027-03-26"]


@pytest.mark.parametrize(
    ("days", "hours"),
    [
        (
            {"Mo": "09:00-17:00", "Tu": "09:00-17:00", "We": "Closed", "Th": "09:00-17:00"},
            "Mo-Tu 09:00-17:00; Th 09:00-17:00",
        ),
        ({"Mo": "9:00-17:30", "Tu": "", "We": "closed"}, "Mo 09:00-17:30"),
        ({"Mo": "00:00-23:59", "Tu": "00:00-00:00"}, "Mo-Tu 00:00-24:00"),
        ({"Mo": "0900-1730", "Tu": "09.00 - 17.30"}, "Mo-Tu 09:00-17:30"),
        ({"Mo": "", "Tu": "Closed"}, ""),
        ({"Mo": "9-5.30", "Tu": "9 till 5:30"}, "Mo-Tu 09:00-17:30"),
        ({"Mo": "9am to 1pm, 2pm-6pm", "Tu": "9-1, 2-6"}, "Mo-Tu 09:00-13:00,14:00-18:00"),
        ({"Mo": "24h", "Tu": "open 24 hours"}, "Mo-Tu 00:00-24:00"),
        ({"Mo": "6:30-18:00", "Tu": "22:00-2:00"}, "Mo 06:30-18:00, Tu 22:00-02:00"),
    ],
)
def test_hours_as_lists_and_people_write_them(days: dict[str, str], hours: str) -> None:
    assert hours_of_week(days) == hours


@pytest.mark.parametrize("typed", ["9 ish", "09:00", "09:00-17:00|Tu"])
def test_what_are_no_hours(typed: str) -> None:
    with pytest.raises(ValueError, match="are not hours"):
        hours_of_week({"Mo": typed})

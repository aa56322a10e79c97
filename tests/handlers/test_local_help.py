"""Who is there to talk to now, and by when a word passed on is to be answered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from db.models import LocalHelp
from handlers.services.local_help import due_of, phone_of

TUESDAY = datetime(2026, 11, 24, tzinfo=UTC)  # the clocks show the same in London


def somebody(hours: str = "", phone: str = "", confirmed_on: date | None = None) -> LocalHelp:
    return LocalHelp(1, 1, "clinic", "Kay", TUESDAY, hours, phone, confirmed_on=confirmed_on)


@pytest.mark.parametrize(
    ("hours", "now", "due"),
    [
        ("Mo-Fr 09:00-17:00", "10:00", "24 11:00"),  # there: within the hour
        ("Mo-Fr 09:00-17:00", "16:00", "24 17:00"),  # just long enough
        ("Mo-Fr 09:00-17:00", "16:30", "25 10:00"),  # about to leave: an hour into the next day
        ("Mo-Fr 09:00-17:00", "20:00", "25 10:00"),  # gone
        ("Mo-Fr 09:00-17:00", "07:00", "24 10:00"),  # not there yet
        ("Mo 13:00-16:00", "10:00", "30 14:00"),  # back next week
        ("24/7", "03:00", "24 04:00"),
        ("", "10:00", "24 11:00"),  # nobody knows when
    ],
)
def test_due_an_hour_into_their_next_opening(hours: str, now: str, due: str) -> None:
    hour, minute = map(int, now.split(":"))
    at = TUESDAY.replace(hour=hour, minute=minute)
    assert due_of(somebody(hours), at, "England").strftime("%d %H:%M") == due


def test_a_bank_holiday_is_passed_over() -> None:
    christmas_eve = datetime(2026, 12, 24, 18, tzinfo=UTC)
    due = due_of(somebody("Mo-Fr 09:00-17:00"), christmas_eve, "England")
    assert due.strftime("%d %H:%M") == "29 10:00"  # 25 and 28 are holidays, 26 a Saturday


@pytest.mark.parametrize(
    ("confirmed", "said"),
    [(None, ""), (-200, ""), (-180, "01632 960101"), (0, "01632 960101")],
)
def test_only_a_number_checked_lately_is_said(confirmed: int | None, said: str) -> None:
    today = TUESDAY.date()
    on = None if confirmed is None else today + timedelta(days=confirmed)
    assert phone_of(somebody(phone="01632 960101", confirmed_on=on), today) == said

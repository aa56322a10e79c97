"""Which coordinator is asked, in which order, and what happens when all sleep."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from db.models import Staff
from handlers.services.oncall_rota import ROUND_AGAIN, is_on_duty, whom_to_ask
from handlers.services.rules import Rules
from tests.handlers.made import NIGHT, NOON, staff

RULES = Rules(next_coordinator_minutes=15)
DAY, LATE = "Mo-Fr 09:00-17:00", "Mo-Su 17:00-23:00"
FIRST, SECOND, THIRD = staff(1, 1), staff(2, 2), staff(3, 3)
QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("people", "already", "expected"),
    [
        ([FIRST, SECOND], (), 1),
        ([SECOND, FIRST], (), 1),
        ([FIRST, SECOND], (1,), 2),
        ([FIRST, SECOND, THIRD], (1, 2), 3),
        ([staff(1, 0), SECOND], (), 2),  # 0 is not on call
        ([staff(1, 1, LATE), staff(2, 2, DAY)], (), 2),
    ],
)
def test_the_next_on_the_list(people: list[Staff], already: tuple[int, ...], expected: int) -> None:
    asked = whom_to_ask(people, already, NOON, RULES, "England")
    assert asked.staff
    assert (asked.staff.id, asked.until) == (expected, NOON + QUARTER)


@pytest.mark.parametrize(
    ("people", "already", "expected"),
    [
        ([FIRST, SECOND], (1, 2), 1),
        ([FIRST, SECOND], (1, 2, 1), 2),
        ([FIRST, SECOND, THIRD], (2, 1, 3), 2),
        ([staff(1, 1, DAY), staff(2, 2, LATE)], (1,), 1),
    ],
)
def test_once_all_were_asked_the_one_asked_longest_ago(
    people: list[Staff], already: tuple[int, ...], expected: int
) -> None:
    asked = whom_to_ask(people, already, NOON, RULES, "England")
    assert asked.staff
    assert (asked.staff.id, asked.until) == (expected, NOON + ROUND_AGAIN)


def test_on_a_bank_holiday_the_time_they_are_back_is_a_working_day() -> None:
    christmas = datetime.fromisoformat(
        "2026-12-25T11:00+00:00"
    )  # a Friday; Monday is a holiday too
    asked = whom_to_ask([staff(1, 1, DAY)], (), christmas, RULES, "England")
    assert asked.staff is None
    assert asked.until == datetime.fromisoformat("2026-12-29T09:00+00:00")


@pytest.mark.parametrize(
    ("people", "until"),
    [
        ([staff(1, 1, DAY)], datetime.fromisoformat("2026-11-25T09:00+00:00")),
        (
            [staff(1, 1, DAY), staff(2, 2, "Mo-Fr 07:30-12:00")],
            datetime.fromisoformat("2026-11-25T07:30+00:00"),
        ),
        ([], NIGHT + timedelta(hours=1)),
        ([staff(1, 0)], NIGHT + timedelta(hours=1)),
        ([staff(1, 1, "off")], NIGHT + timedelta(hours=1)),
    ],
)
def test_when_all_sleep_the_time_they_are_back(people: list[Staff], until: datetime) -> None:
    asked = whom_to_ask(people, (), NIGHT, RULES, "England")
    assert (asked.staff, asked.until) == (None, until)


@pytest.mark.parametrize(
    ("hours", "now", "on"),
    [("", NIGHT, True), (DAY, NOON, True), (DAY, NIGHT, False), ("nonsense", NOON, True)],
)
def test_hours(hours: str, now: datetime, on: bool) -> None:
    assert is_on_duty(staff(1, 1, hours), now, "England") is on

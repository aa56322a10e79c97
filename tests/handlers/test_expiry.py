"""When a reminder of a kit's date is worth a text, and which kits one text is about."""

from __future__ import annotations

from datetime import date

import pytest

from db.models import Holding
from handlers.expiry import next_reminder, run_out
from tests.handlers.made import NOON

JAN, FEB, MAY = date(2027, 1, 31), date(2027, 2, 14), date(2027, 5, 31)


def kit(number: int, expiry: date | None, *, remind: bool = True) -> Holding:
    return Holding(number, 1, "nasal", "N2402", expiry, NOON, remind=remind)


@pytest.mark.parametrize(
    ("kits", "after", "due"),
    [
        ([], date(2026, 11, 24), None),
        ([kit(1, None)], date(2026, 11, 24), None),
        ([kit(1, JAN)], date(2026, 11, 24), date(2026, 12, 2)),  # 60 days before
        ([kit(1, JAN)], date(2026, 12, 2), date(2027, 1, 17)),  # no answer: once more
        ([kit(1, JAN)], date(2027, 1, 17), None),
        ([kit(1, JAN, remind=False)], date(2026, 11, 24), None),
        ([kit(1, JAN), kit(2, FEB)], date(2026, 12, 2), date(2027, 1, 17)),  # one text for both
        ([kit(1, JAN), kit(2, MAY)], date(2027, 1, 17), date(2027, 4, 1)),
        ([kit(1, JAN)], date(2026, 12, 20), date(2027, 1, 17)),  # told us late
    ],
)
def test_the_next_day_worth_a_text(kits: list[Holding], after: date, due: date | None) -> None:
    assert next_reminder(kits, after, 60) == due


@pytest.mark.parametrize(
    ("kits", "today", "about"),
    [
        ([kit(1, JAN)], date(2026, 11, 24), []),
        ([kit(1, JAN)], date(2026, 12, 2), [1]),
        ([kit(1, JAN), kit(2, FEB)], date(2026, 12, 2), [1, 2]),
        ([kit(1, JAN), kit(2, MAY)], date(2026, 12, 2), [1]),
        ([kit(1, JAN, remind=False), kit(2, FEB)], date(2026, 12, 2), []),
        ([kit(1, None), kit(2, JAN)], date(2026, 12, 2), [2]),
    ],
)
def test_which_kits_one_text_is_about(kits: list[Holding], today: date, about: list[int]) -> None:
    assert [one.id for one in run_out(kits, today, 60)] == about

"""When a peer is asked how they are after a hard event; and what a tick list takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handlers.debrief import NOTHING, due_after, morning_from
from handlers.services import uses
from handlers.used_more import ticked


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "when", "due"),
    [
        (
            "own_use",
            "2026-11-24 10:00",
            {
                "today": "2026-11-24 10:20",
                "talk": "2026-11-25 10:00",
                "two_weeks": "2026-12-08 10:00",
                "year": "2027-11-24 10:00",
            },
        ),
        (
            "meeting",
            "2026-11-24 23:45",
            {
                "today": "2026-11-25 00:05",
                "talk": "2026-11-26 10:00",
                "two_weeks": "2026-12-09 10:00",
                "year": "2027-11-25 10:00",
            },
        ),
        (  # the clocks went forward in between: ten in London is nine in UTC
            "own_use",
            "2027-03-27 10:30",
            {
                "today": "2027-03-27 10:50",
                "talk": "2027-03-29 09:00",
                "two_weeks": "2027-04-11 09:00",
                "year": "2028-03-27 09:00",
            },
        ),
        (
            "death",
            "2026-11-24 10:00",
            {"two_weeks": "2026-12-08 10:00", "year": "2027-11-24 10:00"},
        ),
        (NOTHING, "2026-11-24 10:00", {}),
    ],
)
def test_what_comes_when(event: str, when: str, due: dict[str, str]) -> None:
    assert due_after(event, at(when)) == {stage: at(then) for stage, then in due.items()}


@pytest.mark.parametrize("hour", range(24))
def test_the_talk_is_offered_in_one_to_three_days_and_in_the_morning(hour: int) -> None:
    happened = at("2026-11-24 00:20") + timedelta(hours=hour)
    talk = due_after("own_use", happened)["talk"]
    assert timedelta(hours=24) <= talk - happened <= timedelta(hours=72)
    assert morning_from(talk) == talk


LABELS = {
    "heroin": "heroin",
    "benzos": "benzos",
    "cocaine": "coke or crack",
    "opioid": "other opioid",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1", ["heroin"]),
        ("1 3", ["heroin", "cocaine"]),
        ("1,2, 4", ["heroin", "benzos", "opioid"]),
        ("1 and 2", ["heroin", "benzos"]),
        ("benzos and crack", ["benzos", "cocaine"]),
        ("Heroin", ["heroin"]),
        ("9", []),
        ("dunno", []),
        ("this or other", []),
    ],
)
def test_a_tick_list(text: str, found: list[str]) -> None:
    assert ticked(text, LABELS) == found


def test_a_fact_of_a_report_is_one_of_its_list() -> None:
    with pytest.raises(ValueError, match="cannot be"):
        uses.note_fact(None, 1, "place", "the moon")  # type: ignore[arg-type]

"""What peers write about themselves, read as tables: distances, rests, money, dates, milestones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from handlers.joining import _JOIN
from handlers.lapses import notice_due
from handlers.milestones import mark_reached
from handlers.peer import until_when
from handlers.peer_notes import pounds, read_money
from handlers.peer_terms import read_radius, read_rest
from handlers.services.dispatch import why_not
from handlers.services.rules import Rules
from handlers.services.standing import run_out
from tests.handlers.made import NOON, candidate, need, peer

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "km"),
    [
        ("3", 4.828),
        ("3 miles", 4.828),
        ("0.5", 0.805),
        ("5 km", 5.0),
        ("2,5 mi", 4.023),
        ("25", 40.234),
        ("26", None),
        ("0", None),
        ("far", None),
        ("3 streets", None),
        ("on foot so 2 or 3 miles", 3.219),
        ("3 miles on foot", 4.828),
        ("8-10 km", 8.0),
        ("20 min walk", None),
        ("DN35", None),
    ],
)
def test_how_far(text: str, km: float | None) -> None:
    assert read_radius(text) == km


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("3 days", 3),
        ("a week", 7),
        ("for 2 weeks", 14),
        ("one month", 30),
        ("3 months", 90),
        ("4 months", None),
        ("0 days", None),
        ("forever", None),
        ("of the way is fine", None),
    ],
)
def test_how_long_a_rest(text: str, days: int | None) -> None:
    assert read_rest(text, NOON) == (None if days is None else NOON + timedelta(days=days))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("4.60 bus", (460, "bus")),
        ("£3 taxi home", (300, "taxi home")),
        ("80p phone box", (80, "phone box")),
        ("5 pounds top up", (500, "top up")),
        ("2.5 tram", (250, "tram")),
        ("12", (1200, "")),
        ("0 nothing", None),
        ("501 flight", None),
        ("bus 4.60", None),
    ],
)
def test_how_much(text: str, read: tuple[int, str] | None) -> None:
    assert read_money(text) == read


def test_pence_are_said_as_pounds() -> None:
    assert [pounds(n) for n in (5, 460, 12_000)] == ["0.05", "4.60", "120.00"]


@pytest.mark.parametrize(
    ("days_left", "notice"),
    [(31, None), (30, 30), (8, 30), (7, 7), (1, 7), (0, 0), (-7, 0), (-8, None)],
)
def test_which_notice_a_date_calls_for(days_left: int, notice: int | None) -> None:
    assert notice_due(days_left) == notice


@pytest.mark.parametrize(
    ("before", "now", "mark"),
    [
        (0, 1, 1),
        (0, 2, 1),
        (1, 9, 0),
        (9, 10, 10),
        (8, 12, 10),
        (24, 25, 25),
        (49, 51, 50),
        (99, 100, 100),
        (100, 199, 0),
        (195, 205, 200),
        (0, 30, 25),
        (5, 5, 0),
    ],
)
def test_milestones(before: int, now: int, mark: int) -> None:
    assert mark_reached(before, now) == mark


@pytest.mark.parametrize(
    ("trained", "checked", "over"),
    [
        (TODAY, None, ""),
        (TODAY, TODAY, ""),
        (TODAY - timedelta(days=1), None, "training"),
        (None, TODAY, "training"),
        (TODAY, TODAY - timedelta(days=1), "check"),
    ],
)
def test_the_last_day_still_counts(trained: date | None, checked: date | None, over: str) -> None:
    assert run_out(peer(trained_until=trained, checked_until=checked), TODAY) == over


@pytest.mark.parametrize(
    ("at", "reason"),
    [("2027-05-31 22:59", ""), ("2027-05-31 23:01", "not_trained")],  # midnight in London
)
def test_the_last_day_ends_at_midnight_here(at: str, reason: str) -> None:
    one = candidate(trained_until=date(2027, 5, 31))
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert why_not(one, need(), 1.0, now, Rules()) == reason


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("3 hours", "24 23:00"),
        ("90 hours", "26 20:00"),
        ("till 10", "24 22:00"),
        ("till 10pm", "24 22:00"),
        ("till 6", "25 06:00"),
        ("until 6am", "25 06:00"),
        ("till 12", "25 00:00"),
        ("till 12am", "25 00:00"),
        ("till midnight", "25 00:00"),
        ("till 12pm", "25 12:00"),
        ("till noon", "25 12:00"),
        ("till 21:30", "24 21:30"),
        ("till 25", None),
        ("the bus", None),
    ],
)
def test_till_when_somebody_is_on(text: str, until: str | None) -> None:
    evening = NOON.replace(hour=20)
    found = until_when(text, evening)
    assert (f"{found:%d %H:%M}" if found else None) == until


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("JOIN K7F-3NN", "K7F-3NN"),
        ("join k7f 3nn", "k7f 3nn"),
        ("Join: K7F3NN.", "K7F3NN"),
        ("/start JOIN-K7F3NN", "K7F3NN"),
        ("start JOIN-K7F3NN", "K7F3NN"),
        ("/start JOINK7F3NN", ""),
        ("join", ""),
        ("join us at the pier entrance", ""),
        ("i want to join", ""),
    ],
)
def test_joining_is_said_in_many_ways(text: str, code: str) -> None:
    found = _JOIN.match(text)
    assert (found.group(1) or "" if found else "") == code

"""Who is asked first, and why others are not asked at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from db.asks import Asks
from db.stock import StockLine
from handlers.services.dispatch import available, by_holder, on_duty, rank, why_not
from handlers.services.rules import Product, Rules, is_night, night_ends
from tests.handlers.made import NIGHT, NOON, candidate, need, peer

RULES = Rules()
TODAY = NOON.date()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, ""),
        ({"status": "paused"}, "paused"),
        ({"status": "left"}, "paused"),
        ({"contact_id": 1}, "is_requester"),
        ({"reachable": False}, "unreachable"),
        ({"trained_until": None}, "not_trained"),
        ({"trained_until": TODAY - timedelta(days=1)}, "not_trained"),
        ({"trained_until": TODAY}, ""),
        ({"duty": "off"}, "off_duty"),
        ({"already_asked": True}, "already_asked"),
        ({"available": {}}, "no_stock"),
        ({"available": {"nasal": 0}}, "no_stock"),
        ({"radius_km": 0.9}, "too_far"),
        ({"radius_km": 1.1}, ""),
        ({"open_limit": 2, "open_jobs": 2}, "at_limit"),
        ({"open_limit": 2, "open_jobs": 1}, ""),
        ({"checked_until": None}, ""),
        ({"checked_until": TODAY}, ""),
        ({"checked_until": TODAY - timedelta(days=1)}, "not_checked"),
        ({"rest_until": NOON + timedelta(minutes=1)}, "resting"),
        ({"rest_until": NOON}, ""),
        ({"asks": Asks(day=3, week=11)}, ""),
        ({"asks": Asks(day=4, week=4)}, "asked_enough"),
        ({"asks": Asks(day=0, week=12)}, "asked_enough"),
        ({"asks": Asks(day=1, week=2), "week_cap": 2}, "asked_enough"),
        ({"asks": Asks(day=1, week=2), "week_cap": 3}, ""),
        ({"asks": Asks(day=1, week=12), "week_cap": 40}, "asked_enough"),  # the service's holds too
    ],
)
def test_why_not(values: dict[str, Any], reason: str) -> None:
    contact_id = values.pop("contact_id", None)
    one = candidate(**values)
    asks = need(contact_id=one.peer.contact_id if contact_id else 1)
    assert why_not(one, asks, 1.0, NOON, RULES) == reason


@pytest.mark.parametrize(
    ("product", "quantity", "available", "enough"),
    [
        ("nasal", 1, {"nasal": 1}, True),
        ("nasal", 2, {"nasal": 1}, False),
        ("nasal", 1, {"injectable": 5}, False),
        ("either", 1, {"injectable": 1}, True),
        ("either", 3, {"injectable": 2, "nasal": 2}, False),
        ("either", 2, {"injectable": 1, "nasal": 2}, True),
    ],
)
def test_stock(product: str, quantity: int, available: dict[str, int], enough: bool) -> None:
    asks = need(product, quantity)
    reason = "" if enough else "no_stock"
    assert why_not(candidate(available=available), asks, 1.0, NOON, RULES) == reason


@pytest.mark.parametrize(
    ("wish", "available", "reason"),
    [
        ("nasal", {"nyxoid": 1}, ""),
        ("injectable", {"nyxoid": 1}, "no_stock"),
        ("nyxoid", {"nyxoid": 1}, ""),
        ("either", {"nyxoid": 1}, ""),
    ],
)
def test_a_service_s_own_product_answers_a_wish_for_its_form(
    wish: str, available: dict[str, int], reason: str
) -> None:
    rules = Rules(products=(Product("nyxoid", "nasal", "Nyxoid"),))
    assert why_not(candidate(available=available), need(wish), 1.0, NOON, rules) == reason


def test_what_the_law_did_not_allow_yet_is_not_offered() -> None:
    then = datetime(2018, 6, 1, 12, tzinfo=UTC)  # injections since 2015, nose sprays since 2019
    one = candidate(available={"nasal": 1})
    assert why_not(one, need("nasal"), 1.0, then, RULES) == "no_legal_route"
    both = candidate(available={"nasal": 1, "injectable": 1})
    assert why_not(both, need("either"), 1.0, then, RULES) == ""


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("values", "now", "on"),
    [
        ({"duty": "on"}, NOON, True),
        ({"duty": "on"}, NIGHT, True),
        ({"duty": "on", "duty_until": NOON + HOUR}, NOON, True),
        ({"duty": "on", "duty_until": NOON}, NOON, False),
        ({"duty": "off"}, NOON, False),
        ({"duty": "off", "duty_until": NOON + HOUR}, NOON, False),
        ({"duty": "off", "duty_until": NOON}, NOON, True),
        ({"duty": "rota"}, NOON, True),
        ({"duty": "rota"}, NIGHT, False),
        ({"duty": "rota", "rota": "Tu 10:00-14:00"}, NOON, True),
        ({"duty": "rota", "rota": "We 10:00-14:00"}, NOON, False),
        ({"duty": "rota", "rota": "Tu 22:00-24:00"}, NIGHT, True),
        ({"duty": "rota", "rota": "no such hours"}, NOON, True),
        ({"duty": "rota", "rota": "no such hours"}, NIGHT, False),
    ],
)
def test_on_duty(values: dict[str, Any], now: datetime, on: bool) -> None:
    assert on_duty(peer(**values), now, is_night(now, RULES), "England") is on


@pytest.mark.parametrize(("nation", "on"), [("England", True), ("Scotland", False)])
def test_a_rota_rests_on_the_bank_holidays_of_the_nation(nation: str, on: bool) -> None:
    saint_andrews = datetime(2026, 11, 30, 12, tzinfo=UTC)
    mondays = peer(duty="rota", rota="Mo 10:00-14:00")
    assert on_duty(mondays, saint_andrews, night=False, nation=nation) is on


@pytest.mark.parametrize(
    ("people", "order"),
    [
        ([(1, 3.0, None), (2, 1.0, None), (3, 2.0, None)], [2, 3, 1]),
        # as near as each other: the one asked least lately
        ([(1, 1.0, 5), (2, 1.2, 60), (3, 1.25, None)], [3, 2, 1]),
        # nearer by more than a tie
        ([(1, 1.0, 5), (2, 1.4, None)], [1, 2]),
        # a chain of ties is not one tie
        ([(1, 1.0, 5), (2, 1.25, 9), (3, 1.5, None)], [2, 1, 3]),
        # a tenth of a long way is more than 300 m
        ([(1, 4.0, 5), (2, 4.35, None)], [2, 1]),
        ([(1, 4.0, 5), (2, 4.45, None)], [1, 2]),
        ([], []),
    ],
)
def test_the_nearest_then_the_one_asked_least_lately(
    people: list[tuple[int, float, int | None]], order: list[int]
) -> None:
    candidates = [
        candidate(
            number, km=km, last_offered_at=NOON - timedelta(minutes=minutes) if minutes else None
        )
        for number, km, minutes in people
    ]
    assert [r.candidate.peer.id for r in rank(candidates, need(), NOON, RULES)] == order


@pytest.mark.parametrize(
    ("first", "second", "order", "fair"),
    [
        ({}, {}, [1, 2], ""),
        ({"last_offered_at": NOON - HOUR}, {}, [2, 1], "asked_least_lately"),
        ({"stale": True}, {"last_offered_at": NOON - HOUR}, [2, 1], "fresher_stock"),
        ({"stale": True}, {"stale": True}, [1, 2], ""),
    ],
)
def test_why_somebody_goes_before_a_nearer_one(
    first: dict[str, Any], second: dict[str, Any], order: list[int], fair: str
) -> None:
    asked = rank(
        [candidate(1, km=1.0, **first), candidate(2, km=1.2, **second)], need(), NOON, RULES
    )
    assert [one.candidate.peer.id for one in asked] == order
    assert asked[0].fair == fair
    assert asked[0].nearest_km == pytest.approx(1.0, abs=0.01)


def test_those_who_cannot_be_asked_come_last_with_the_reason() -> None:
    candidates = [candidate(1, km=0.1, duty="off"), candidate(2, km=3), candidate(3, km=9)]
    found = [(r.candidate.peer.id, r.why_not) for r in rank(candidates, need(), NOON, RULES)]
    assert found == [(2, ""), (1, "off_duty"), (3, "too_far")]


def test_at_night_only_those_who_said_they_are_on() -> None:
    candidates = [candidate(1, duty="rota"), candidate(2, duty="on")]
    found = [(r.candidate.peer.id, r.why_not) for r in rank(candidates, need(), NIGHT, RULES)]
    assert found == [(2, ""), (1, "off_duty")]


def test_kits_out_of_date_or_promised_are_not_there() -> None:
    def line(
        product: str, quantity: int, reserved: int, expiry: date | None, holder: int = 1
    ) -> Any:
        return StockLine("peer", holder, product, "B1", expiry, quantity, reserved)

    lines = [
        line("nasal", 3, 1, None),
        line("nasal", 2, 0, TODAY),
        line("nasal", 9, 0, TODAY - timedelta(days=1)),
        line("nasal", 9, 0, None, holder=2),
        line("injectable", 2, 2, None),
    ]
    bags = by_holder(lines)
    assert available(bags["peer", 1], TODAY) == {"nasal": 4}
    assert available(bags["peer", 2], TODAY) == {"nasal": 9}
    assert available(bags["outlet", 1], TODAY) == {}


@pytest.mark.parametrize(
    ("clock", "night"),
    [("07:59", True), ("08:00", False), ("21:59", False), ("22:00", True), ("00:00", True)],
)
def test_night_is_by_the_uk_clock(clock: str, night: bool) -> None:
    winter = datetime.fromisoformat(f"2026-11-24T{clock}:00+00:00")
    summer = datetime.fromisoformat(f"2026-07-14T{clock}:00+01:00").astimezone(UTC)
    assert is_night(winter, RULES) is night
    assert is_night(summer, RULES) is night
    if night:
        assert not is_night(night_ends(winter, RULES), RULES)


def test_a_night_within_one_day() -> None:
    rules = Rules(night_from="01:00", night_to="06:00")
    assert not is_night(NIGHT, rules)
    assert is_night(NOON.replace(hour=3), rules)

"""Which help lines may be sent: checked lately or one of the four, of the right nation, three."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.shelves import toml
from content import checks
from content.lines import Line, always, lines
from db.models import Contact, Service
from handlers.services import help_lines
from tests.handlers.made import NOON

TODAY = date(2026, 11, 22)
AMY = Contact(1, NOON, adult=True)
CHILD = Contact(2, NOON, adult=False)
FOUR = {"999", "116 123", "111", "0800 1111"}


def service(nation: str = "England", **checked: str) -> Service:
    rules = {help_lines.RULE: checked} if checked else {}
    return Service(1, "home", "Home", nation, (), 0.0, 0.0, NOON, rules=rules)


def line(days_ago: int | None, recheck: int = 90) -> Line:
    checked = None if days_ago is None else TODAY - timedelta(days=days_ago)
    return Line("x", "X", "0300 000 0000", "anyone", "x", checked_on=checked, recheck_days=recheck)


@pytest.mark.parametrize(
    ("days_ago", "fresh"), [(0, True), (90, True), (91, False), (None, False), (-1, False)]
)
def test_how_long_a_check_counts(days_ago: int | None, fresh: bool) -> None:
    assert line(days_ago).is_fresh(TODAY) is fresh


def test_the_newer_of_two_checks_counts() -> None:
    assert line(91).is_fresh(TODAY, TODAY - timedelta(days=1))
    assert line(1).is_fresh(TODAY, TODAY - timedelta(days=400))
    assert not line(91).is_fresh(TODAY, TODAY - timedelta(days=91))


def test_the_four_are_sent_whatever_the_date() -> None:
    assert set(always()) == FOUR
    for key in ("999", "samaritans", "nhs111", "childline"):
        assert lines()[key].is_fresh(date(2099, 1, 1))


@given(
    nation=st.sampled_from(["England", "Scotland", "Wales", "Northern Ireland"]),
    today=st.dates(date(2026, 11, 22), date(2040, 1, 1)),
    adult=st.sampled_from([True, False, None]),
)
def test_no_other_number_can_be_sent_unchecked(
    nation: str, today: date, adult: bool | None
) -> None:
    home = service(nation)
    found = help_lines.to_ring(home, today, adult)
    assert {one.number for one in found} <= FOUR
    assert len(found) <= help_lines.MOST
    said = help_lines.said(home, Contact(1, NOON, adult=adult), today, "en")
    assert list(checks.stray_numbers([("said", said)], always())) == []
    for one in lines().values():
        number = help_lines.number_of(one.key, home, today, nation)
        assert number in FOUR | {""}


def test_a_services_own_check_lets_a_number_out() -> None:
    home = service(frank="2026-11-20")
    assert help_lines.number_of("frank", home, TODAY) == "0300 123 6600"
    assert help_lines.said(home, AMY, TODAY, "en") == (
        "Samaritans 116 123 (free, any time). FRANK 0300 123 6600 (any time). NHS 111 (any time)."
    )
    assert help_lines.number_of("frank", service(), TODAY) == ""
    assert help_lines.number_of("frank", None, TODAY) == ""
    assert help_lines.number_of("frank", home, TODAY + timedelta(days=100)) == ""


def test_a_line_of_another_nation_is_not_sent() -> None:
    checked = {"dan247": "2026-11-20"}
    assert help_lines.number_of("dan247", service("Wales", **checked), TODAY) == "0808 808 2234"
    assert help_lines.number_of("dan247", service("England", **checked), TODAY) == ""
    assert help_lines.number_of("dan247", service("England", **checked), TODAY, "Wales")


def test_a_child_is_told_of_childline_first() -> None:
    assert help_lines.said(service(frank="2026-11-20"), CHILD, TODAY, "en").startswith(
        "Childline 0800 1111. Samaritans"
    )
    assert "Childline" in help_lines.said(service(), AMY, TODAY, "en")


def test_what_is_held_back() -> None:
    assert [one.key for one in help_lines.stale(service(), TODAY)] == ["frank", "shout", "papyrus"]
    wales = service("Wales", frank="2026-11-20", shout="2026-11-20", papyrus="2026-11-20")
    assert [one.key for one in help_lines.stale(wales, TODAY)] == ["dan247"]


def test_every_line_has_its_source() -> None:
    sources = toml("sources.toml")
    assert [one.key for one in lines().values() if one.source not in sources] == []
    assert [one.key for one in lines().values() if not one.always and not one.recheck_days] == []

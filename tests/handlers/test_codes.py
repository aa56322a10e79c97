"""Codes people read out and type: no look-alikes, and one slip is always noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.services.codes import (
    LETTERS,
    check_character,
    looks_like_claim_code,
    new_claim_code,
    new_echo_code,
    new_offer_code,
    new_ref,
    read_claim_code,
    show_claim_code,
)

BODY = st.text(LETTERS, min_size=5, max_size=5)


def test_no_two_characters_look_alike() -> None:
    for pair in ("0O", "1I", "1L", "IL", "5S", "2Z", "8B", "UV", "0Q", "6G"):
        assert not set(pair) <= set(LETTERS), pair
    assert len(set(LETTERS)) == len(LETTERS)


@given(BODY)
def test_a_code_is_read_as_it_is_shown(body: str) -> None:
    code = body + check_character(body)
    shown = show_claim_code(code)
    for typed in (code, shown, shown.lower(), f" {code[:3]} {code[3:]} ", f"{shown}."):
        assert read_claim_code(typed) == code


@given(BODY, st.integers(0, 5), st.sampled_from(LETTERS))
def test_one_wrong_character_is_noticed(body: str, at: int, wrong: str) -> None:
    code = body + check_character(body)
    if code[at] != wrong:
        assert read_claim_code(code[:at] + wrong + code[at + 1 :]) is None


@given(BODY, st.integers(0, 4))
def test_a_swap_of_neighbours_is_noticed(body: str, at: int) -> None:
    code = body + check_character(body)
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    if swapped != code:
        assert read_claim_code(swapped) is None


@pytest.mark.parametrize(
    "text", ["", "K7F", "K7F-3Q", "K7F-3QXX", "OIL-0S5", "éèàùçö", "C" * 5, "K7F 3Q\0"]
)
def test_what_is_no_code(text: str) -> None:
    assert read_claim_code(text) is None


@pytest.mark.parametrize(
    ("text", "looks"),
    [("K7F-3QX", True), ("k7f3qx", True), ("abc-def", True), ("hello!", False), ("thanks", False)],
)
def test_whether_a_code_was_meant(text: str, looks: bool) -> None:
    assert looks_like_claim_code(text) is looks


def test_new_codes_are_of_their_form() -> None:
    for _ in range(200):
        assert read_claim_code(new_claim_code())
        ref = new_ref()
        assert len(ref) == 4
        assert set(ref) <= set(LETTERS)
        assert not ref.isdigit()
        assert len(new_echo_code()) == 4
        assert new_echo_code().isdigit()


def test_an_offers_code_differs_from_the_open_ones() -> None:
    taken: set[str] = set()
    for _ in range(120):
        code = new_offer_code(taken)
        assert code not in taken
        assert len(code) in (2, 3)
        taken.add(code)

"""Codes people read out and type: no look-alikes, and one slip is always noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.services.codes import (
    LETTERS,
    check_character,
    new_claim_code,
    new_echo_code,
    new_offer_code,
    new_ref,
    read_claim_code,
    show_claim_code,
    split_claim_code,
)

BODY = st.text(LETTERS, min_size=5, max_size=5)


def test_no_two_characters_look_alike() -> None:
    for pair in ("0O", "1I", "1L", "IL", "5S", "2Z", "8B", "UV", "0Q", "6G"):
        assert not set(pair) <= set(LETTERS), pair
    assert len(set(LETTERS)) == len(LETTERS)


class Drawn:
    """Chance that gives these characters, and these figures, one after the other."""

    def __init__(self, characters: str = "", numbers: tuple[int, ...] = ()) -> None:
        self.characters, self.numbers = iter(characters), iter(numbers)

    def choice(self, _: str) -> str:
        return next(self.characters)

    def randbelow(self, _: int) -> int:
        return next(self.numbers)


def test_a_code_that_reads_like_a_cry_for_help_is_drawn_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def draw(drawn: Drawn) -> None:
        monkeypatch.setattr("handlers.services.codes.secrets", drawn)

    draw(Drawn("PDEDRAPE3467K7FP"))
    assert new_ref() == "K7FP"
    draw(Drawn("CMAD6K7F3H"))
    assert new_claim_code().startswith("K7F3H")
    draw(Drawn(numbers=(4999, 9990, 17)))
    assert new_echo_code() == "0017"


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
    ("typed", "code", "rest"),
    [
        ("K7F-3HX", "K7F-3HX", ""),
        ("K7F 3HX", "K7F3HX", ""),
        ("k7f3hx N2405", "k7f3hx", "N2405"),
        ("K7F 3HX N2405 today", "K7F3HX", "N2405 today"),
        ("K7F", "K7F", ""),
        ("1 friend DN31", "1friend", "DN31"),
        ("", "", ""),
    ],
)
def test_a_code_and_what_follows_it(typed: str, code: str, rest: str) -> None:
    assert split_claim_code(typed) == (code, rest)


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

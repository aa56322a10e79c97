"""Codes printed on packs: told from postcodes, claim codes and batches; a slip is found."""

from __future__ import annotations

import pytest

from handlers.services.codes import LETTERS, read_claim_code
from handlers.services.pack_codes import (
    looks_like_pack_code,
    new_pack_code,
    read_pack_code,
    show_pack_code,
)


def test_a_code_is_read_however_it_is_typed() -> None:
    for _ in range(200):
        code = new_pack_code()
        shown = show_pack_code(code)
        for typed in (code, shown, shown.lower(), shown.replace("-", " "), f"  {code} "):
            assert read_pack_code(typed) == code


def test_one_wrong_character_or_two_swapped_are_found() -> None:
    for _ in range(20):
        code = new_pack_code()
        for at in range(7):
            for other in LETTERS:
                slip = code[:at] + other + code[at + 1 :]
                assert slip == code or read_pack_code(slip) is None
        for at in range(6):
            swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
            assert swapped == code or read_pack_code(swapped) is None


def test_it_is_never_taken_for_another_kind_of_code() -> None:
    for _ in range(200):
        code = new_pack_code()
        assert not code.isdigit()
        for shown in (code, show_pack_code(code)):
            assert read_claim_code(shown) is None


@pytest.mark.parametrize(
    "said",
    [
        *("DN31 1AA", "dn311aa", "DN37 7AB", "N2402", "0116917", "7346679", "K7F-3QX", "24 hours"),
        *("3 people", "2 packs", "3people", "4 nasal N2402", "999", "07700 900123", "yes", ""),
    ],
)
def test_what_people_say_otherwise_is_no_pack_code(said: str) -> None:
    assert not looks_like_pack_code(said)

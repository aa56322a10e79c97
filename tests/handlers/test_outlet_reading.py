"""What an outlet's text says in its own words: the code, the batch, what was done."""

from __future__ import annotations

from datetime import date

import pytest

from handlers.outlet_reading import (
    find_code,
    number_first,
    read_box,
    says,
    shaped_like_code,
    slip,
    stock_entry,
    without,
)
from handlers.services.codes import LETTERS, check_character

PRODUCTS = {"nasal": "nasal", "injection": "injectable"}
ISSUED = {"issued": "issued", "given": "issued", "refuse": "refuse"}


def a_code(body: str) -> str:
    assert all(c in LETTERS for c in body)
    return body + check_character(body)


NINE = a_code("9DHXE")
WORD = a_code("KRXAW")


@pytest.mark.parametrize(
    "shape",
    [
        "{a}-{b}",
        "{a}{b}",
        "{a} {b}",
        "out {a}-{b}",
        "{a}{b}. thanks",
        "{a}-{b}, batch n2500",
        "{a} {b} n2500",
        "for code {a}\u2013{b} to a man from dn32",
        "1x {a}.{b}",
        "#{a}/{b}",
    ],
)
def test_a_code_is_found_anywhere(shape: str) -> None:
    for text in (shape.format(a=NINE[:3], b=NINE[3:]), shape.format(a="9dh", b=NINE[3:].lower())):
        assert find_code(text, bare=False).code == NINE


def test_six_letters_alone_count_only_where_a_code_is_meant() -> None:
    assert find_code(WORD, bare=False).code == ""
    assert find_code(WORD, bare=True).code == WORD
    assert find_code(f"{WORD[:3]}-{WORD[3:]}", bare=False).code == WORD


def test_a_sure_code_comes_before_a_word_that_passes_the_check() -> None:
    text = f"{WORD} {NINE[:3]}-{NINE[3:]}"
    assert find_code(text, bare=True).code == NINE


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("CD4-RE6", True),
        ("cd4re6", True),
        ("cd4 re6 n2499", True),
        ("one to a user from dn32, n2500", False),
        ("the lady", False),
        ("2", False),
    ],
)
def test_what_was_meant_as_a_code(text: str, meant: bool) -> None:
    assert shaped_like_code(text) is meant


@pytest.mark.parametrize(
    ("text", "batch"),
    [
        ("batch n2500", "N2500"),
        ("n2500", "N2500"),
        ("(N2500)", "N2500"),
        ("lot 4711", "4711"),
        ("lot dn32", "DN32"),
        ("thanks", ""),
        (". thanks mate", ""),
        ("to a man from dn32", ""),
        ("to a man 34yo at 10am", ""),
        ("ring me on 07700900123", ""),
        ("dn32 7aa", ""),
    ],
)
def test_only_what_looks_like_a_batch_is_one(text: str, batch: str) -> None:
    assert read_box(text, PRODUCTS, ()).batch == batch


def test_a_box_is_read_with_its_date() -> None:
    box = read_box("n2600 exp 5/28", PRODUCTS, ())
    assert (box.batch, box.expiry) == ("N2600", date(2028, 5, 31))
    assert read_box("nasal n2600 05-2028", PRODUCTS, ()).expiry == date(2028, 5, 31)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("issued", "H7K-JTM issued"),
        ("issued", "gave krx-awr to her just now"),
        ("refuse", "sorry we can't serve krx-awr"),
        ("none", "sorry we've none left today"),
        ("some", "we have some again"),
        ("hours", "we shut for xmas 24 dec to 2 jan"),
        ("page", "whats our page again"),
    ],
)
def test_what_is_said_in_passing(what: str, text: str) -> None:
    assert says("en", what, text)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("issued", "H7K-JTM not issued"),
        ("issued", "has H7K-JTM been issued?"),
        ("issued", "H7K-JTM hasn't collected"),
        ("some", "do we have some?"),
        ("none", "do you want none left showing?"),
        ("issued", "issued " + "and then we talked " * 9),
    ],
)
def test_what_is_asked_or_denied_is_not_said(what: str, text: str) -> None:
    assert not says("en", what, text)


def test_one_slip_in_a_word_we_teach() -> None:
    assert slip(f"isued {NINE.lower()}", ISSUED) == ("issued", NINE.lower())
    assert slip("isued 1 friend dn31", ISSUED) == ("issued", "1 friend dn31")
    assert slip("issues with the page", ISSUED) is None
    assert slip("issue", ISSUED) is None


def test_the_reason_is_what_is_left() -> None:
    assert without("en", "refuse", "cant serve  - no pharmacist in.") == "no pharmacist in"
    assert without("en", "refuse", "under 16") == "under 16"


@pytest.mark.parametrize(
    ("text", "is_entry"),
    [
        ("got 10 nasal n2700 exp 5/28", True),
        ("lost 1 n2402", True),
        ("got the post", False),
        ("got 10 boxes", False),
        ("sent n2700 back", False),
    ],
)
def test_stock_said_in_full_needs_no_word_before_it(text: str, is_entry: bool) -> None:
    assert stock_entry("en", text, PRODUCTS) is is_entry


def test_how_many_may_be_a_word() -> None:
    assert number_first("en", "one to a user") == "1 to a user"
    assert number_first("en", "2 friend DN31") == "2 friend DN31"
    assert number_first("en", "to a friend") == ""

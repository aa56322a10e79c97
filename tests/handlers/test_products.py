"""A service's own products: which wish they answer, how they are called."""

from __future__ import annotations

import pytest

from content import library
from handlers.services.products import fits, form_of, pack_words, product_words
from handlers.services.rules import Product, Rules

OWN = Rules(
    products=(Product("nyxoid", "nasal", "Nyxoid", 14), Product("inject", "injectable")),
    pack=("kit", "face_shield"),
)


@pytest.mark.parametrize(
    ("wanted", "product", "answer"),
    [
        ("either", "nyxoid", True),
        ("nasal", "nyxoid", True),
        ("nyxoid", "nyxoid", True),
        ("injectable", "nyxoid", False),
        ("nyxoid", "nasal", False),  # a box whose make nobody noted
        ("nasal", "nasal", True),
        ("injectable", "inject", True),
    ],
)
def test_what_answers_a_wish(wanted: str, product: str, answer: bool) -> None:
    assert fits(wanted, product, OWN) is answer


@pytest.mark.parametrize(
    ("product", "form", "words"),
    [
        ("nyxoid", "nasal", "Nyxoid"),
        ("inject", "injectable", "injection kit"),
        ("nasal", "nasal", "nose spray"),
    ],
)
def test_how_it_is_given_and_called(product: str, form: str, words: str) -> None:
    assert form_of(product, OWN) == form
    assert product_words("en", product, OWN) == words


def test_what_is_in_a_pack() -> None:
    assert library.said("en", pack_words("en", OWN)) == "kit, face shield"
    assert library.said("en", pack_words("en", Rules())) == "kit, gloves, face shield, card"

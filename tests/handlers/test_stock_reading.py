"""What somebody typed about kits, as people type it."""

from __future__ import annotations

from datetime import date

import pytest

from handlers.services.products import typed_products
from handlers.services.rules import Product, Rules
from handlers.stock_reading import Entry, read_batch, read_entry, read_month

MAY = date(2027, 5, 31)
KINDS = typed_products("en", Rules())


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("2 nasal N2402 05/2027", Entry(2, "nasal", "N2402", MAY)),
        ("2 x nose spray, batch n2402, exp 5/27", Entry(2, "nasal", "N2402", MAY)),
        ("2x prenoxad 0116917 05-2027", Entry(2, "injectable", "0116917", MAY)),
        ("yellow box 05/2027 3 AB12", Entry(3, "injectable", "AB12", MAY)),
        ("3 N2402", Entry(3, "", "N2402")),
        ("0 N2402", Entry(0, "", "N2402")),
        ("N2402", Entry(None, "", "N2402")),
        ("2 N2402 to Jo", Entry(2, "", "N2402", None, ("Jo",))),
        ("2 of N2402 Mary Ann", Entry(2, "", "N2402", None, ("Mary", "Ann"))),
        ("1 ODD", Entry(1, "", "ODD")),  # on the list, so known for a batch
        ("1 nasal OTHER", Entry(1, "nasal", "", None, ("OTHER",))),
        ("2 nasal N2402 13/2027", Entry(2, "nasal", "N2402", None, ("13/2027",))),
        ("lots", Entry(rest=("lots",))),
        ("", Entry()),
        ("4 spray N2700 may 27", Entry(4, "nasal", "N2700", MAY)),
        ("4 spray N2700 31/05/2027", Entry(4, "nasal", "N2700", MAY)),
    ],
)
def test_what_was_typed(text: str, entry: Entry) -> None:
    assert read_entry(text, KINDS, {"N2402", "ODD"}) == entry


@pytest.mark.parametrize(
    "text", ["N2402", "n2402.", "lot N2402", "Batch no. N2402", "N 2402", "it's n2402"]
)
def test_a_batch_as_somebody_copies_it(text: str) -> None:
    assert read_batch(text) == "N2402"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("05/2027", MAY),
        ("5-27", MAY),
        ("05.2027", MAY),
        ("12/2027", date(2027, 12, 31)),
        ("02/2028", date(2028, 2, 29)),
        ("13/2027", None),
        ("05/1999", None),
        ("may 27", MAY),
        ("May 2027", MAY),
        ("MAY27", MAY),
        ("05 2027", MAY),
        ("2027-05", MAY),
        ("31 05 2027", MAY),
        ("31/05/27", MAY),
        ("2027-05-31", MAY),
        ("31.13.2027", None),
        ("soon", None),
    ],
)
def test_a_month_on_a_box(text: str, day: date | None) -> None:
    assert read_month(text) == day


@pytest.mark.parametrize(
    ("products", "said", "product"),
    [
        ((), "spray", "nasal"),
        ((Product("nyxoid", "nasal"),), "spray", "nyxoid"),  # the one nose spray they have
        ((Product("nyxoid", "nasal"),), "injection", "injectable"),
        ((Product("n1", "nasal"), Product("n2", "nasal")), "spray", "nasal"),
        ((Product("n1", "nasal"), Product("n2", "nasal", "Pebble")), "pebble", "n2"),
        ((Product("n1", "nasal"), Product("n2", "nasal")), "N1", "n1"),
    ],
)
def test_what_a_service_calls_a_product(
    products: tuple[Product, ...], said: str, product: str
) -> None:
    kinds = typed_products("en", Rules(products=products))
    assert read_entry(f"1 {said} A1234", kinds).product == product


def test_a_product_is_known_in_their_language_too() -> None:
    kinds = typed_products("pl", Rules())
    assert read_entry("2 do nosa N2402 05/2027", kinds) == Entry(2, "nasal", "N2402", MAY)

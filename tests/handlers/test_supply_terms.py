"""What may be supplied to whom: by law, by label, by the outlet's own terms; each with its day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bot.commands.shelves import toml
from content.sources import sources
from content.supply_terms import age_floors, routes, wrong_terms
from handlers.services.rules import Product, Rules
from handlers.services.supply_terms import Supplier, Wanted, may_supply, supplier_of, why_not
from tests.handlers.made import outlet

TODAY = date(2026, 11, 24)
SPRAY, INJECTION = Product("nasal", "nasal"), Product("injectable", "injectable")
ADULT, CHILD, ANY_AGE = Wanted("self", 18), Wanted("self", 0), Wanted("self")


@pytest.mark.parametrize(
    ("kind", "nation", "product", "day", "reason"),
    [
        ("peer", "England", INJECTION, date(2015, 9, 30), "no_legal_route"),
        ("peer", "England", INJECTION, date(2015, 10, 1), ""),
        ("peer", "England", SPRAY, date(2019, 1, 31), "no_legal_route"),
        ("peer", "Northern Ireland", SPRAY, date(2019, 3, 1), ""),
        ("peer", "Wales", SPRAY, TODAY, ""),
        ("service", "Scotland", SPRAY, TODAY, ""),
        ("pharmacy", "England", SPRAY, date(2024, 11, 30), "no_legal_route"),
        ("pharmacy", "England", SPRAY, TODAY, ""),
        ("pharmacy", "Northern Ireland", INJECTION, TODAY, ""),
        ("technician", "England", SPRAY, TODAY, ""),
        ("technician", "Northern Ireland", SPRAY, TODAY, "no_legal_route"),
        ("hostel", "England", SPRAY, TODAY, "no_legal_route"),
        ("other", "England", INJECTION, TODAY, "no_legal_route"),
        ("peer", "England", Product("odd", "powder"), TODAY, "no_legal_route"),
    ],
)
def test_who_may_supply_what_since_when(
    kind: str, nation: str, product: Product, day: date, reason: str
) -> None:
    assert why_not(Supplier(kind, nation), product, ADULT, day) == reason


@pytest.mark.parametrize(
    ("terms", "wanted", "reason"),
    [
        ({}, ADULT, ""),
        ({"min_age": 18}, ADULT, ""),
        ({"min_age": 21}, ADULT, "outlet_age"),
        ({"min_age": 16}, CHILD, "outlet_age"),
        ({"min_age": 16}, ANY_AGE, ""),  # not asked yet: nothing is refused for it
        ({"min_age": 21, "terms_from": date(2027, 1, 1)}, ADULT, ""),
        ({"serves": ("self",)}, ADULT, ""),
        ({"serves": ("self",)}, Wanted("friend_family", 18), "does_not_serve"),
        ({"serves": ("self",)}, Wanted("", 18), ""),
        ({"serves": ("self",), "terms_from": date(2027, 1, 1)}, Wanted("friend_family", 18), ""),
        ({"kind": "hostel"}, ADULT, "no_legal_route"),
        ({"kind": "hostel", "terms_source": "agreement 7"}, ADULT, "no_legal_route"),
        ({"kind": "hostel", "terms_source": "agreement 7", "terms_from": TODAY}, ADULT, ""),
        (
            {"kind": "hostel", "terms_source": "agreement 7", "terms_from": date(2027, 1, 1)},
            ADULT,
            "no_legal_route",
        ),
    ],
)
def test_an_outlet_s_own_terms(terms: dict[str, Any], wanted: Wanted, reason: str) -> None:
    shop = outlet(**terms).outlet
    assert why_not(supplier_of(shop, "England", TODAY), SPRAY, wanted, TODAY) == reason


@pytest.mark.parametrize(
    ("product", "age", "reason"),
    [
        (Product("nyxoid", "nasal"), 14, ""),
        (Product("nyxoid", "nasal"), 13, "product_age"),
        (Product("spray", "nasal", "Nyxoid 1.8 mg"), 13, "product_age"),
        (Product("ventizolve", "nasal"), 17, "product_age"),
        (Product("ventizolve", "nasal"), 18, ""),
        (Product("nasal", "nasal"), 0, ""),  # no make noted, no label to go by
        (Product("nasal", "nasal", min_age=16), 15, "product_age"),
    ],
)
def test_the_youngest_a_label_is_for(product: Product, age: int, reason: str) -> None:
    peer = Supplier("peer", "England")
    assert why_not(peer, product, Wanted("self", age), TODAY) == reason


def test_what_of_a_shelf_may_be_given() -> None:
    rules = Rules(products=(Product("nyxoid", "nasal"), Product("for21", "nasal", min_age=21)))
    shelf = {"nyxoid": 2, "for21": 3}
    peer = Supplier("peer", "England")
    assert may_supply(peer, shelf, ADULT, rules, TODAY) == ({"nyxoid": 2}, "product_age")
    assert may_supply(peer, {}, ADULT, rules, TODAY) == ({}, "")


def test_every_entry_names_its_source_and_its_day() -> None:
    assert not list(wrong_terms(toml("supply_terms.toml"), sources()))
    assert {one.source for one in (*routes(), *age_floors())} <= sources().keys()


ENTRY = {"id": "x", "product": "p", "years": 3, "from": date(2024, 1, 1), "source": "known"}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"source": ""}, "source is missing"),
        ({"source": "unheard of"}, "unheard of is not in sources.toml"),
        ({"from": None}, "from is missing"),
        ({"from": "2024"}, "a day is written like 2024-12-31"),
        ({"until": date(2023, 1, 1)}, "ends before it begins"),
        ({"product": ""}, "product is missing"),
    ],
)
def test_an_entry_without_source_or_day_is_refused(change: dict[str, Any], what: str) -> None:
    found = list(wrong_terms({"age": [ENTRY | change]}, {"known"}))
    assert [finding.what for finding in found] == [what]

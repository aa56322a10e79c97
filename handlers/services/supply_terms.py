"""Whether a kit may be supplied: a way in law, the label's age, the outlet's own terms.

Functions of values. The facts and their sources are in content/supply_terms.toml; a service's own
terms stand at its outlets and products. A supply that a coordinator sees to by hand is theirs to
judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from content.supply_terms import age_floors, routes
from db.models import Contact, Outlet
from handlers.services.products import form_of, product_of
from handlers.services.rules import Product, Rules

ADULT = 18
RECIPIENTS = ("self", "friend_family", "professional")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who a kit is for: the recipient's category ("" = not said), the age known of who asks.

    ``age`` None: not asked (yet), so that nothing is refused for it.
    """

    recipient: str = ""
    age: int | None = None


@dataclass(frozen=True, slots=True)
class Supplier:
    """Who would hand it over. ``own_terms``: an arrangement that names its source has begun."""

    kind: str
    nation: str
    min_age: int = 0
    serves: tuple[str, ...] = ()
    own_terms: bool = False


def age_of(contact: Contact | None) -> int:
    """The age we know somebody to be at least."""
    return ADULT if contact and contact.adult else 0


def peer_in(nation: str) -> Supplier:
    """A peer of a service in this nation."""
    return Supplier("peer", nation)


def supplier_of(outlet: Outlet, nation: str, today: date) -> Supplier:
    """An outlet as supplier; its own terms count from their day on."""
    begun = outlet.terms_from is None or outlet.terms_from <= today
    return Supplier(
        kind=outlet.kind,
        nation=nation,
        min_age=outlet.min_age if begun else 0,
        serves=outlet.serves if begun else (),
        own_terms=bool(outlet.terms_source and outlet.terms_from and begun),
    )


@lru_cache(maxsize=1000)  # asked of every peer and outlet a request looks at
def why_not(supplier: Supplier, product: Product, wanted: Wanted, today: date) -> str:
    """The first reason this kit may not be supplied by them to this person, or ""."""
    lawful = supplier.own_terms or any(
        route.allows(supplier.kind, product.form, supplier.nation, today) for route in routes()
    )
    if not lawful:
        return "no_legal_route"
    if wanted.recipient and supplier.serves and wanted.recipient not in supplier.serves:
        return "does_not_serve"
    if wanted.age is not None and supplier.min_age > wanted.age:
        return "outlet_age"
    if wanted.age is not None and youngest(product, today) > wanted.age:
        return "product_age"
    return ""


def youngest(product: Product, today: date) -> int:
    """The youngest person (years) a product is for: the service's word, or the label's."""
    called = f"{product.id} {product.name}".casefold()
    labels = (n.years for n in age_floors() if n.product in called and n.holds_on(today))
    return max(product.min_age, *labels, 0)


def may_supply(
    supplier: Supplier, stock: Mapping[str, int], wanted: Wanted, rules: Rules, today: date
) -> tuple[dict[str, int], str]:
    """The kits of a stock (product → number) they may give this person, and why not the others."""
    reasons = {n: why_not(supplier, _product(n, rules), wanted, today) for n in stock}
    allowed = {name: number for name, number in stock.items() if not reasons[name]}
    return allowed, next(filter(None, reasons.values()), "")


def _product(name: str, rules: Rules) -> Product:
    return product_of(name, rules) or Product(name, form_of(name, rules))

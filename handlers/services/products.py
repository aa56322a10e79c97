"""What a service supplies: its own products by form, how they are said, what is in the pack."""

from __future__ import annotations

from content import library
from content.library import Listed, Words
from handlers.services.rules import Product, Rules

EITHER = "either"
FORMS = ("nasal", "injectable")


def product_of(product_id: str, rules: Rules) -> Product | None:
    """The service's own product of this id."""
    return next((one for one in rules.products if one.id == product_id), None)


def form_of(product_id: str, rules: Rules) -> str:
    """How it is given: "nyxoid" is nasal. A form (or "either") stands for itself."""
    known = product_of(product_id, rules)
    return known.form if known else product_id


def fits(wanted: str, product_id: str, rules: Rules) -> bool:
    """Whether a product answers a wish for a form, for one product, or for any kit."""
    return wanted in (EITHER, product_id, form_of(product_id, rules))


def product_words(locale: str, product_id: str, rules: Rules) -> str:
    """What it is called: the name on the box where the service gave one, else its form."""
    known = product_of(product_id, rules)
    if known and known.name:
        return known.name
    return library.label(locale, "product", form_of(product_id, rules))


def typed_products(locale: str, rules: Rules) -> dict[str, str]:
    """What people type for a product → its id. A form is the one product the service has of it."""
    found = {}
    for form in FORMS:
        own = [one.id for one in rules.products if one.form == form]
        meant = own[0] if len(own) == 1 else form
        found.update(dict.fromkeys(library.option(locale, "street.kit", form).words, meant))
    for one in rules.products:
        found[one.id.casefold()] = one.id
        if one.name:
            found[one.name.casefold()] = one.id
    return found


def pack_words(locale: str, rules: Rules) -> Words:
    """What comes with a kit: "kit, gloves, face shield"."""
    return Listed(tuple(library.label(locale, "pack", part) for part in rules.pack))

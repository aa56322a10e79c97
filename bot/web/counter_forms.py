"""What is typed at the counter page, read strictly; ``Wrong`` names what to mend."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from content import library
from db.models import Outlet
from db.stock import StockLine
from db.work import Work
from handlers.services.places import PlaceFound, find_place
from handlers.services.products import product_words
from handlers.services.rules import Rules
from handlers.services.supplies import To

Form = Mapping[str, str]
MOST_KITS = 20
MOST_ON_SHELF = 500
OTHER = "other"
RECIPIENTS = ("self", "friend_family", "professional")
REASONS = ("first", "used", "lost", "expired", "damaged", "other")
TRAINED = ("yes", "before", "declined")
_NUMBER = re.compile(r"[0-9]{1,9}")


class Wrong(ValueError):
    """Something on a form, by the name that counter_base.html has the words for.

    ``values`` are what those words are about. ``ask``: it may be right, and is if this is ticked.
    """

    def __init__(self, name: str, ask: str = "", **values: Any) -> None:
        super().__init__(name)
        self.name, self.ask, self.values = name, ask, values


def sure(form: Form, name: str, what: str, **values: Any) -> None:
    """Ask whether something odd is meant; the tick holds for this very thing and no other."""
    if form.get(f"sure-{name}") != what:
        raise Wrong(name, what, **values)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The lines of a shelf a form offers, by the value of their button."""

    lines: Sequence[StockLine]
    rules: Rules
    today: date

    def options(self, chosen: StockLine | None = None) -> list[dict[str, Any]]:
        """As the page shows them."""
        return [
            {
                "value": line_value(line),
                "product": product_words("en", line.product, self.rules),
                "batch": line.batch,
                "expiry": f"{line.expiry:%m/%Y}" if line.expiry else "",
                "held": line.reserved if line.available <= 0 else 0,
                "checked": chosen is not None and line_value(line) == line_value(chosen),
            }
            for line in self.lines
        ]

    def named(self, value: str) -> StockLine:
        """The line of a button."""
        for line in self.lines:
            if line_value(line) == value:
                return line
        raise Wrong("line")


def line_value(line: StockLine) -> str:
    """How a form names a line of the shelf."""
    return f"{line.product}|{line.batch}|{line.expiry or ''}"


def number(form: Form, name: str, least: int, most: int) -> int:
    """A whole number in a range."""
    typed = form.get(name, "").strip()
    if not (_NUMBER.fullmatch(typed) and least <= int(typed) <= most):
        raise Wrong("number")
    return int(typed)


def recipient_of(form: Form, outlet: Outlet, gazetteer: Any) -> To:
    """Who a kit without a code went to, as a category, and where, as a district."""
    return To(
        recipient=_one_of(form, "recipient", RECIPIENTS),
        district=_district(form.get("district", ""), outlet, gazetteer),
        reason=_one_of(form, "reason", REASONS),
        trained=trained_of(form),
    )


def trained_of(form: Form) -> str:
    """Whether they were shown how to use it; nobody has to say."""
    return _one_of(form, "trained", (*TRAINED, "not_said"), "not_said")


def _one_of(form: Form, name: str, known: Sequence[str], default: str = "") -> str:
    chosen = form.get(name, default)
    if chosen not in known:
        raise Wrong(name)
    return chosen


def _district(text: str, outlet: Outlet, gazetteer: Any) -> str:
    """Where they live; nothing, where nobody said."""
    if not text.strip():
        return ""
    found = find_place(text, gazetteer, near=(outlet.lat, outlet.lon))
    if not isinstance(found, PlaceFound):
        raise Wrong("district")
    return found.district


# --- a form that can be sent in once -----------------------------------------------------------


def new_form_key(work: Work, outlet: Outlet) -> str:
    """A number for the row that a form will add to a log, so that a double click adds it once."""
    number_ = work.new_id()
    return f"{number_}-{_proof(work, outlet, number_)}"


def form_key(form: Form, work: Work, outlet: Outlet) -> int:
    """The number of a form we made for this outlet."""
    typed, _, proof = form.get("key", "").partition("-")
    is_number = typed.isascii() and typed.isdigit() and len(typed) < 19 and proof.isascii()
    if is_number and hmac.compare_digest(proof, _proof(work, outlet, int(typed))):
        return int(typed)
    raise Wrong("old_page")


def _proof(work: Work, outlet: Outlet, number_: int) -> str:
    secret = work.db.keyring.signing_secret("counter form")
    return hmac.new(secret.encode(), f"{outlet.id}:{number_}".encode(), "sha256").hexdigest()[:32]


# --- what the forms offer ----------------------------------------------------------------------


def choices(question: str, names: Sequence[str]) -> dict[str, str]:
    """The options of a question of the text line, as the page labels them."""
    return {name: library.option("en", question, name).label for name in names}


def products(rules: Rules) -> dict[str, str]:
    """The kinds of kit of a service."""
    return {one.id: product_words("en", one.id, rules) for one in rules.products}

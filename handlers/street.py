"""A kit given out with no request, in the street or at a counter: "ISSUED 2 friend B97"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from content import library
from db.models import Service
from db.stock import StockLine
from handlers import milestones
from handlers.engine.flow import END, Again, Choose, Do, Enter, Flow, Go, Next, leads_to
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.services.places import PlaceFound, find_place, mentioned_place
from handlers.services.products import EITHER, FORMS, form_of, product_words, typed_products
from handlers.services.roles import outlet_of, peer_of
from handlers.services.rules import Rules, rules_of, uk_day
from handlers.services.supplies import (
    Holder,
    NoStock,
    To,
    fitting,
    issue,
    left_of,
    outlet_holder,
    peer_holder,
    pick_several,
)
from handlers.services.trainings import note_answer

MOST = 20
RECIPIENTS = ("self", "friend_family", "professional")
TRAINED = ("yes", "before", "declined")
_ARTICLES = ("a", "an")
_BATCH = re.compile(r"(?=.*\d{4})[A-Z0-9-]{5,20}")
"""A batch as most look; no postcode has four figures in a row."""


def read_line(locale: str, words: list[str]) -> dict[str, Any]:
    """What a one-line report says: how many, who to, which kind or batch, trained, where.

    ``words`` come after ISSUED, in any order; what is missing is asked.
    """
    found: dict[str, Any] = {}
    rest = list(words)
    if counted := count_said(locale, rest):
        at, number = counted
        rest.pop(at)
        if 1 <= number <= MOST:
            found["quantity"] = number
    left = []
    for word in rest:
        said, big = plain(word), plain(word).upper()
        who = _named(locale, "street.who", RECIPIENTS, said)
        kind = _named(locale, "street.kit", FORMS, said)
        trained = trained_word(locale, word)
        if who and "who" not in found:
            found["who"] = who
        elif kind and "product" not in found:
            found["product"] = kind
        elif trained and "trained" not in found:
            found["trained"] = trained
        elif _BATCH.fullmatch(big) and "batch" not in found:
            found["batch"] = big
        else:
            left.append(word)
    if left:
        found["where"] = " ".join(left)
    return found


def count_said(locale: str, words: list[str]) -> tuple[int, int] | None:
    """Where a number of kits stands, and the number: "2", "2x", "two", "a kit"; None for none."""
    numbers = library.after_words(locale, "number")
    for at, word in enumerate(words):
        if re.fullmatch(r"\d{1,2}x?", word.lower()):
            return at, int(word.lower().rstrip("x"))
    for at, word in enumerate(words):
        said = plain(word)
        if said in numbers and (said not in _ARTICLES or _is_kit(locale, words[at + 1 : at + 2])):
            return at, int(numbers[said])
    return None


def _is_kit(locale: str, words: list[str]) -> bool:
    """Whether the next word is one for a kit."""
    known = library.after_words(locale, "own_kits")
    return any(
        known.get(plain(word)) == "kits" or _named(locale, "street.kit", FORMS, plain(word))
        for word in words
    )


def trained_word(locale: str, word: str) -> str:
    """Whether they were shown how, said in a word ("trained"), or ""."""
    said = plain(word)
    return (_named(locale, "training.ask", TRAINED, said) or "") if len(said) > 1 else ""


def _named(locale: str, question: str, names: tuple[str, ...], said: str) -> str | None:
    for name in names:
        if said in library.option(locale, question, name).words:
            return name
    return None


async def _holder(turn: Turn) -> Holder:
    """Whose kits they are: the peer's own, or those of the outlet this phone speaks for."""
    peer = await peer_of(turn.work, turn.id)
    if peer:
        return peer_holder(peer)
    outlet = await outlet_of(turn.work, turn.contact)
    if outlet is None:
        raise LookupError("a street supply by nobody who holds kits")
    return outlet_holder(outlet)


async def _rules(turn: Turn, holder: Holder) -> Rules:
    return rules_of(await turn.work.need(Service, holder.service_id))


@leads_to("how_many", "who", "where", "kit", "batch", "log")
async def start(turn: Turn, _: str) -> Next:
    """Ask only what was not said and the list of kits does not tell."""
    data = turn.data
    if isinstance(data.get("where"), str):
        _take_place(turn, await _take_product(turn, data.pop("where")))
    if not data.get("quantity"):
        return "how_many"
    if not data.get("who"):
        return "who"
    if not data.get("district"):
        return "where"
    if not data.get("product") and not data.get("batch"):
        kinds = await _kinds(turn)
        if len(kinds) > 1:
            return "kit"
        data["product"] = next(iter(kinds), EITHER)
    if not data.get("batch") and len(await batches_carried(turn)) > 1:
        return "batch"
    return "log"


async def _take_product(turn: Turn, text: str) -> str:
    """One of the service's own products, named in the line; returns the words that are left."""
    products = typed_products(turn.tongue, await _rules(turn, await _holder(turn)))
    words = text.split()
    named = [word for word in words if plain(word) in products]
    if named and not turn.data.get("product"):
        turn.data["product"] = products[plain(named[0])]
        words.remove(named[0])
    return " ".join(words)


def _take_place(turn: Turn, text: str) -> bool:
    service = turn.home()
    around = (service.lat, service.lon)
    found = find_place(text, turn.world.gazetteer, near=around)
    if not isinstance(found, PlaceFound):  # "to a user from dn32"
        found = mentioned_place(text, turn.world.gazetteer, around) or found
    if isinstance(found, PlaceFound):
        turn.data["district"] = found.district
        return True
    return False


async def _free(turn: Turn) -> list[StockLine]:
    """Kits in date of the wanted kind, not promised."""
    product = turn.data.get("product", EITHER)
    today = uk_day(turn.now)
    lines = await fitting(turn.work, await _holder(turn), product)
    return [n for n in lines if n.available > 0 and not n.is_over(today)]


@leads_to("start")
async def how_many(turn: Turn, text: str) -> Next:
    """A number of kits."""
    digits = "".join(c for c in text if c.isdecimal())[:3]
    if not digits or not 1 <= int(digits) <= MOST:
        return Again("how_many_wrong")
    turn.data["quantity"] = int(digits)
    return "start"


@leads_to("start")
async def who(turn: Turn, answer: str) -> Next:
    """Who got it, as a category."""
    turn.data["who"] = answer
    return "start"


@leads_to("start")
async def where(turn: Turn, text: str) -> Next:
    """The district; never more."""
    return "start" if _take_place(turn, text) else Again("where_wrong")


@leads_to("start")
async def kit(turn: Turn, answer: str) -> Next:
    """Which kind, where there are both."""
    turn.data["product"] = answer
    return "start"


@leads_to("start")
async def batch(turn: Turn, answer: str) -> Next:
    """Which batch, where there are several."""
    turn.data["batch"] = answer.upper()
    return "start"


@leads_to("flow:training", END)
async def log(turn: Turn, _: str) -> Next:
    """Into the same log as every other supply.

    The terms of supply are not asked here: they are checked before a kit is offered, held or handed
    over against a code. This one is in somebody's hands already, and a supply that happened must
    be in the log, or stock and counts are wrong for everybody else.
    """
    holder, data = await _holder(turn), turn.data
    rules = await _rules(turn, holder)
    to = To(data["who"], data["district"], trained="not_said")
    product, wanted = data.get("product", EITHER), data.get("batch", "")
    try:
        shares = await pick_several(turn.work, holder, product, data["quantity"], wanted)
    except NoStock as why:
        if why.reason == "over":
            turn.say("street.over")
        elif why.reason == "frozen":
            turn.say("street.frozen")
        else:
            turn.say("street.no_stock", batch=wanted)
        return END
    supplies = [
        await issue(turn.work, holder, line, n, to, by_contact_id=turn.id) for line, n in shares
    ]
    for supply in supplies:
        turn.journal("StreetSupply", supply=supply.id)
        turn.say(
            "street.logged",
            quantity=supply.quantity,
            product=product_words(turn.locale, supply.product, rules),
            batch=supply.batch,
            district=supply.district,
            left=await left_of(turn.work, holder, supply.product),
            trained=data.get("trained", ""),
        )
    if peer := await peer_of(turn.work, turn.id):
        await milestones.kit_given(turn, peer, data["quantity"])
    if data.get("trained"):
        await note_answer(turn.work, supplies[0].id, data["trained"])
        return END
    return Go("training", data={"supply": supplies[0].id})


async def _kinds(turn: Turn) -> list[str]:
    """The forms they have enough of; several batches together, if need be."""
    rules = await _rules(turn, await _holder(turn))
    have = Counter[str]()
    for line in await _free(turn):
        have[line.product] += line.available
    least = turn.data.get("quantity", 1)
    enough = {form_of(product, rules) for product, n in have.items() if n >= least}
    return [form for form in FORMS if form in enough]


async def kinds_carried(turn: Turn) -> Mapping[str, str | None]:
    """The kinds there are; all of them, once none is left."""
    return dict.fromkeys(await _kinds(turn) or FORMS)


async def batches_carried(turn: Turn) -> Mapping[str, str | None]:
    """The batches with enough of the kind, with the date on the box."""
    least = turn.data.get("quantity", 1)
    return {
        line.batch.lower(): f"{line.batch} {line.expiry:%m/%Y}" if line.expiry else line.batch
        for line in await _free(turn)
        if line.available >= least
    }


STREET = Flow(
    "street",
    (
        Do("start", start),
        Enter("how_many", how_many),
        Choose("who", RECIPIENTS, who),
        Enter("where", where),
        Choose("kit", FORMS, kit, options_now=kinds_carried),
        Choose("batch", (), batch, options_now=batches_carried),
        Do("log", log),
    ),
)

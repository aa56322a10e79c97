"""A kit given out in the street, with no request: "ISSUED 2 friend B97"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from content import library
from db.models import Peer
from handlers.engine.flow import END, Again, Choose, Do, Enter, Flow, Go, Next, leads_to
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.services.places import PlaceFound, find_place
from handlers.services.roles import peer_of
from handlers.services.supplies import NoStock, To, issue, left_of, lines_of, peer_holder, pick

MOST = 20
RECIPIENTS = ("self", "friend_family", "professional")
PRODUCTS = ("nasal", "injectable")


def read_line(locale: str, words: list[str]) -> dict[str, Any]:
    """What a one-line report says: how many, who to, which kind, where; the rest is asked.

    ``words`` come after ISSUED. The first is the number of kits.
    """
    found: dict[str, Any] = {}
    rest = list(words)
    if rest and re.fullmatch(r"\d{1,2}x?", rest[0].lower()):
        number = int(rest.pop(0).lower().rstrip("x"))
        if 1 <= number <= MOST:
            found["quantity"] = number
    left = []
    for word in rest:
        said = plain(word)
        who = _named(locale, "street.who", RECIPIENTS, said)
        kind = _named(locale, "street.kit", PRODUCTS, said)
        if who and "who" not in found:
            found["who"] = who
        elif kind and "product" not in found:
            found["product"] = kind
        else:
            left.append(word)
    if left:
        found["where"] = " ".join(left)
    return found


def _named(locale: str, question: str, names: tuple[str, ...], said: str) -> str | None:
    for name in names:
        if said in library.option(locale, question, name).words:
            return name
    return None


async def _peer(turn: Turn) -> Peer:
    peer = await peer_of(turn.work, turn.id)
    if peer is None:
        raise LookupError("a street supply without a peer")
    return peer


@leads_to("how_many", "who", "where", "kit", "log")
async def start(turn: Turn, _: str) -> Next:
    """Ask only what was not said."""
    data = turn.data
    if isinstance(data.get("where"), str):
        _take_place(turn, data.pop("where"))
    if not data.get("quantity"):
        return "how_many"
    if not data.get("who"):
        return "who"
    if not data.get("district"):
        return "where"
    if not data.get("product"):
        lines = await lines_of(turn.work, peer_holder(await _peer(turn)))
        kinds = {line.product for line in lines if line.available > 0}
        if len(kinds) > 1:
            return "kit"
        data["product"] = next(iter(kinds), "either")
    return "log"


def _take_place(turn: Turn, text: str) -> bool:
    service = turn.home()
    found = find_place(text, turn.world.gazetteer, near=(service.lat, service.lon))
    if isinstance(found, PlaceFound):
        turn.data["district"] = found.district
        return True
    return False


@leads_to("start")
async def how_many(turn: Turn, text: str) -> Next:
    """A number of kits."""
    digits = "".join(c for c in text if c.isdigit())[:3]
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
    """Which kind, where the peer carries both."""
    turn.data["product"] = answer
    return "start"


@leads_to("flow:training", END)
async def log(turn: Turn, _: str) -> Next:
    """Into the same log as every other supply."""
    peer, data = await _peer(turn), turn.data
    holder = peer_holder(peer)
    to = To(data["who"], data["district"], trained="not_said")
    try:
        line = await pick(turn.work, holder, data["product"], data["quantity"])
        supply = await issue(turn.work, holder, line, data["quantity"], to, by_contact_id=turn.id)
    except NoStock:
        turn.say("street.no_stock")
        return END
    turn.journal("StreetSupply", supply=supply.id)
    left = await left_of(turn.work, holder, supply.product)
    turn.say(
        "street.logged",
        quantity=supply.quantity,
        product=library.label(turn.locale, "product", supply.product),
        batch=supply.batch,
        district=supply.district,
        left=left,
    )
    return Go("training", data={"supply": supply.id})


async def kinds_carried(turn: Turn) -> Mapping[str, str | None]:
    """The kinds this peer has."""
    lines = await lines_of(turn.work, peer_holder(await _peer(turn)))
    have = {line.product for line in lines if line.available > 0}
    return {name: None for name in PRODUCTS if name in have} or dict.fromkeys(PRODUCTS)


STREET = Flow(
    "street",
    (
        Do("start", start),
        Enter("how_many", how_many),
        Choose("who", RECIPIENTS, who),
        Enter("where", where),
        Choose("kit", PRODUCTS, kit, options_now=kinds_carried),
        Do("log", log),
    ),
)

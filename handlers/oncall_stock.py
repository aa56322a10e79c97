"""STOCK, from a coordinator: who has no kit left, and who runs low."""

from __future__ import annotations

from db.models import Outlet, Peer, Service, Staff
from db.stock import stock_of
from handlers.engine.turn import Turn
from handlers.services.dispatch import available, by_holder
from handlers.services.rules import rules_of, uk_day
from handlers.services.supplies import store_holder

NAMED = 4
"""Of each kind: with the longest names they fit into two segments."""


async def say(turn: Turn, staff: Staff) -> None:
    """What can be given out, counted by who has it."""
    home = await turn.work.need(Service, staff.service_id)
    held, today = by_holder(await stock_of(turn.work, home.id)), uk_day(turn.now)
    names: dict[tuple[str, int], str] = {}
    for peer in await turn.work.find(Peer, service_id=home.id, status="active"):
        names["peer", peer.id] = peer.name
    for outlet in await turn.work.find(Outlet, service_id=home.id, status="active"):
        names["outlet", outlet.id] = outlet.name
    free = {key: sum(available(held[key], today).values()) for key in names}
    store = store_holder(home)
    turn.say(
        "oncall.stock",
        out=_some([names[key] for key, n in free.items() if n == 0]),
        low=_some(
            [f"{names[k]} {n}" for k, n in free.items() if 0 < n <= rules_of(home).low_stock]
        ),
        left=sum(available(held[store.kind, store.id], today).values()),
    )


def _some(names: list[str]) -> str:
    more = f" +{len(names) - NAMED}" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more

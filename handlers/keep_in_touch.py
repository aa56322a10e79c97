"""After a kit: may we text about a fault, before it runs out, in two weeks? Three separate yeses.

What somebody has is noted only with one of the first two. Nobody is asked again within a year.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from db.models import Holding, KitRequest
from handlers import expiry, follow_up, recalls
from handlers.engine.flow import END, Choose, Do, Flow, Go, Next, Say, leads_to
from handlers.engine.turn import Turn
from handlers.services.contacts import give_consent, has_consent
from handlers.services.holdings import (
    held_by,
    may_keep,
    note,
    standing_supply,
    swapped,
    to_ask,
)
from handlers.services.rules import rules_of

PURPOSES = ("recall", "reminders", "follow_up")


@leads_to("next", "thanks")
async def start(turn: Turn, _: str) -> Next:
    """What it is about: a supply just made, or a kit they told us of."""
    if "supply" in turn.data:
        supply = await standing_supply(turn.work, turn.data["supply"])
        if supply is None:
            return "thanks"
        turn.data["kit"] = {
            "product": supply.product,
            "batch": supply.batch,
            "expiry": supply.expiry.isoformat() if supply.expiry else "",
            "quantity": supply.quantity,
            "supply_id": supply.id,
        }
        request = await turn.work.get(KitRequest, supply.request_id)
        turn.data["reason"] = request.reason if request else "first"
    return "next"


@leads_to(*PURPOSES, "keep")
async def following(turn: Turn, _: str) -> Next:
    """The next yes that makes sense for this kit, and was not asked for lately."""
    asked = turn.data.setdefault("asked", [])
    for purpose in PURPOSES:
        if purpose in asked or not _makes_sense(turn.data["kit"], purpose):
            continue
        asked.append(purpose)
        if await to_ask(turn.work, turn.contact, purpose) or await _wants_it(turn, purpose):
            return purpose
    return "keep"


async def _wants_it(turn: Turn, purpose: str) -> bool:
    """Who tells us of a kit themselves may have changed their mind since a no."""
    told_us = "supply" not in turn.data
    return told_us and not await has_consent(turn.work, turn.contact, purpose)


def _makes_sense(kit: dict[str, Any], purpose: str) -> bool:
    """A recall needs a batch, a reminder a date; two weeks are counted from a supply."""
    needs = {"recall": "batch", "reminders": "expiry", "follow_up": "supply_id"}
    return bool(kit.get(needs[purpose]))


def _ask(purpose: str) -> Choose:
    @leads_to("next", "keep")
    async def answered(turn: Turn, answer: str) -> Next:
        if answer == "skip":
            return "keep"  # the others may be asked another time
        given = answer == "yes"
        give_consent(turn.work, turn.contact, purpose, given, f"keep_in_touch.{purpose}")
        turn.journal("ConsentGiven" if given else "ConsentRefused", purpose=purpose)
        return "next"

    return Choose(purpose, ("yes", "no", "skip"), answered, "words", values=_values, careful=True)


async def _values(turn: Turn) -> dict[str, Any]:
    return {"days": rules_of(turn.home()).check_in_days}


@leads_to("thanks", "flow:recalled")
async def keep(turn: Turn, _: str) -> Next:
    """Note the kit if we may, and set what was said yes to."""
    kit = turn.data["kit"]
    await swapped(turn.work, turn.id, turn.data.get("reason", ""))
    if kit.get("supply_id") and await has_consent(turn.work, turn.contact, "follow_up"):
        follow_up.plan(turn)
    if await may_keep(turn.work, turn.contact):
        holding = await _noted(turn, kit)
        await expiry.plan(turn.scene, turn.id)
        if told := await recalls.notice_of_new(turn, holding):
            return Go("recalled", data=told)
    return "thanks"


async def _noted(turn: Turn, kit: dict[str, Any]) -> Holding:
    """The kit, unless the same supply or the same pack is noted already."""
    for known in await held_by(turn.work, turn.id):
        same_supply = kit.get("supply_id") and known.supply_id == kit["supply_id"]
        if same_supply or (kit.get("code") and known.code == kit["code"]):
            return known
    turn.journal("KitNoted")
    until = date.fromisoformat(kit["expiry"]) if kit.get("expiry") else None
    return note(turn.work, turn.contact, **{**kit, "expiry": until})


async def thanks_values(turn: Turn) -> dict[str, Any]:
    """Whether there is something that a word could end."""
    return {"keeps": await may_keep(turn.work, turn.contact)}


KEEP_IN_TOUCH = Flow(
    "keep_in_touch",
    (
        Do("start", start),
        Do("next", following),
        *(_ask(purpose) for purpose in PURPOSES),
        Do("keep", keep),
        Say("thanks", END, values=thanks_values),
    ),
    slight=True,
)

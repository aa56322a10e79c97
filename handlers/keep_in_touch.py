"""After a kit: may we text about a fault, before it runs out, in two weeks? Three separate yeses.

What somebody has is noted only with one of the first two, at each yes: whoever leaves the next
question open has said it. Nobody is asked again within a year.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from db.models import Holding, Supply
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


async def got_it(turn: Turn, supply_id: int, reason: str) -> dict[str, Any] | None:
    """The new kit is there: the old one is swapped, and what they said yes to earlier is kept.

    Before anything else is asked: who leaves the next question open has said yes all the same.
    Returns what ``recalled`` needs, if its batch is being recalled.
    """
    await swapped(turn.work, turn.id, reason)
    holding = await keep_supply(turn, supply_id)
    return await recalls.notice_of_new(turn, holding) if holding else None


async def keep_supply(turn: Turn, supply_id: int) -> Holding | None:
    """What they said yes to, for a kit handed over to them; returns the kit if it is noted now."""
    supply = await standing_supply(turn.work, supply_id)
    if supply is None:
        return None
    if await has_consent(turn.work, turn.contact, "follow_up"):
        follow_up.plan(turn)
    return await _keep(turn, _kit(supply))


def _kit(supply: Supply) -> dict[str, Any]:
    return {
        "product": supply.product,
        "batch": supply.batch,
        "expiry": supply.expiry.isoformat() if supply.expiry else "",
        "quantity": supply.quantity,
        "supply_id": supply.id,
    }


async def _keep(turn: Turn, kit: dict[str, Any]) -> Holding | None:
    """Note the kit if we may, unless it is noted, and set the reminder; returns it if it is new."""
    if not await may_keep(turn.work, turn.contact):
        return None
    holding = None
    if not await _known(turn, kit):
        turn.journal("KitNoted")
        until = date.fromisoformat(kit["expiry"]) if kit.get("expiry") else None
        holding = note(turn.work, turn.contact, **{**kit, "expiry": until})
    await expiry.plan(turn.scene, turn.id)
    return holding


async def _known(turn: Turn, kit: dict[str, Any]) -> bool:
    """Whether the same supply or the same pack is noted already."""
    return any(
        (kit.get("supply_id") and known.supply_id == kit["supply_id"])
        or (kit.get("code") and known.code == kit["code"])
        for known in await held_by(turn.work, turn.id)
    )


@leads_to("next", "thanks", "flow:recalled")
async def start(turn: Turn, _: str) -> Next:
    """What it is about: a supply just made, or a kit they told us of."""
    if "supply" in turn.data:
        supply = await standing_supply(turn.work, turn.data["supply"])
        if supply is None:
            return "thanks"
        turn.data["kit"] = _kit(supply)
    return await _kept(turn, "next")


async def _kept(turn: Turn, following: str) -> Next:
    """What we may keep is kept as it is said; a fault that is known comes first."""
    if turn.data.get("noted"):
        await expiry.plan(turn.scene, turn.id)
        return following
    holding = await _keep(turn, turn.data["kit"])
    turn.data["noted"] = holding is not None
    if holding and (told := await recalls.notice_of_new(turn, holding)):
        return Go("recalled", data=told)
    return following


@leads_to(*PURPOSES, "thanks")
async def following(turn: Turn, _: str) -> Next:
    """The next yes that makes sense for this kit, and was not asked for lately."""
    asked = turn.data.setdefault("asked", [])
    for purpose in PURPOSES:
        if purpose in asked or not _makes_sense(turn.data["kit"], purpose):
            continue
        asked.append(purpose)
        if await to_ask(turn.work, turn.contact, purpose) or await _wants_it(turn, purpose):
            return purpose
    return "thanks"


async def _wants_it(turn: Turn, purpose: str) -> bool:
    """Who tells us of a kit themselves may have changed their mind since a no."""
    told_us = "supply" not in turn.data
    return told_us and not await has_consent(turn.work, turn.contact, purpose)


def _makes_sense(kit: dict[str, Any], purpose: str) -> bool:
    """A recall needs a batch, a reminder a date; two weeks are counted from a supply."""
    needs = {"recall": "batch", "reminders": "expiry", "follow_up": "supply_id"}
    return bool(kit.get(needs[purpose]))


def _ask(purpose: str) -> Choose:
    @leads_to("next", "thanks", "flow:recalled")
    async def answered(turn: Turn, answer: str) -> Next:
        if answer == "skip":
            return "thanks"  # the others may be asked another time
        given = answer == "yes"
        give_consent(turn.work, turn.contact, purpose, given, f"keep_in_touch.{purpose}")
        turn.journal("ConsentGiven" if given else "ConsentRefused", purpose=purpose)
        if given and purpose == "follow_up":
            follow_up.plan(turn)
        return await _kept(turn, "next")

    return Choose(purpose, ("yes", "no", "skip"), answered, "words", values=_values, careful=True)


async def _values(turn: Turn) -> dict[str, Any]:
    return {"days": rules_of(turn.home()).check_in_days}


async def thanks_values(turn: Turn) -> dict[str, Any]:
    """Whether there is something that a word could end."""
    return {"keeps": await may_keep(turn.work, turn.contact)}


KEEP_IN_TOUCH = Flow(
    "keep_in_touch",
    (
        Do("start", start),
        Do("next", following),
        *(_ask(purpose) for purpose in PURPOSES),
        Say("thanks", END, values=thanks_values),
    ),
    slight=True,
)

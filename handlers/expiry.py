"""Before a kit's date: a reminder in quiet words, and a new one for one word. One text for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from db.models import Contact, Holding, KitRequest, Service, Timer
from handlers.consent import place_data
from handlers.engine.conversation import begin, by_day
from handlers.engine.flow import END, Choose, Flow, Go, Next, leads_to
from handlers.engine.turn import Scene, Turn
from handlers.flags import in_emergency, team_name
from handlers.mourning import in_mourning
from handlers.services import requests
from handlers.services.contacts import has_consent
from handlers.services.holdings import held_by
from handlers.services.places import PlaceFound, find_place
from handlers.services.rules import LONDON, rules_of
from handlers.still_you import LOOK_AGAIN, may_say_personal

LAST_CALL_DAYS = 14
TOGETHER = timedelta(days=30)
AT = time(10)


# --- when --------------------------------------------------------------------------------------


def next_reminder(kits: Sequence[Holding], after: date, notice_days: int) -> date | None:
    """The next day worth a text: one early, and one near the end where the first had no answer."""
    dates = sorted(kit.expiry for kit in kits if kit.expiry and kit.remind)
    days = [
        day - timedelta(days=before)
        for before in (notice_days, LAST_CALL_DAYS)
        for day in _first_of_each_month(dates)
    ]
    return min((day for day in days if day > after), default=None)


def _first_of_each_month(dates: Sequence[date]) -> list[date]:
    """Of dates close together the first: the text about that one is about the others too."""
    first: list[date] = []
    for day in dates:
        if not first or day - first[-1] > TOGETHER:
            first.append(day)
    return first


def run_out(kits: Sequence[Holding], today: date, notice_days: int) -> list[Holding]:
    """The kits one text is about: those due now, and those that soon would be."""
    until = today + timedelta(days=notice_days)
    if not any(kit.remind and kit.expiry and kit.expiry <= until for kit in kits):
        return []
    until += TOGETHER
    return [kit for kit in kits if kit.remind and kit.expiry and kit.expiry <= until]


async def plan(scene: Scene, contact_id: int) -> None:
    """Set the next reminder of everything a contact has."""
    contact = await scene.work.need(Contact, contact_id)
    service = await scene.work.get(Service, contact.service_id)
    if service is None or not await has_consent(scene.work, contact, "reminders"):
        return
    kits = await held_by(scene.work, contact_id)
    today = scene.now.astimezone(LONDON).date()
    day = next_reminder(kits, today, rules_of(service).expiry_notice_days)
    if day:
        due = datetime.combine(day, AT, LONDON).astimezone(scene.now.tzinfo)
        scene.set_timer(f"expiry:{contact_id}", "expiry", due, contact=contact_id)


async def expiry_due(scene: Scene, timer: Timer) -> None:
    """Remind, if they still have it and still want to hear; what comes at a bad time, later."""
    contact = await scene.work.get(Contact, timer.payload["contact"])
    if contact is None or contact.erased_at or not contact.service_id:
        return
    await plan(scene, contact.id)
    if not await has_consent(scene.work, contact, "reminders"):
        return
    if contact.stopped_at or contact.blocked_at:
        return
    turn = await scene.person(contact.id)
    waits = in_mourning(turn) or in_emergency(turn)
    waits = waits or bool(await requests.open_request_of(scene.work, contact.id))  # on its way
    if waits or not await may_say_personal(turn):
        later = by_day(scene.now + LOOK_AGAIN)
        scene.set_timer(timer.key, timer.kind, later, **timer.payload)
        return
    kits = await held_by(scene.work, contact.id)
    today = scene.now.astimezone(LONDON).date()
    due = run_out(kits, today, rules_of(turn.home()).expiry_notice_days)
    if due:
        turn.journal("ExpiryReminded", kits=len(due))
        await begin(turn, "expiry", kits=[kit.id for kit in due])


# --- what they say -----------------------------------------------------------------------------


async def ask_values(turn: Turn) -> dict[str, Any]:
    """How many, and by when, in words that tell nobody what."""
    kits = await _kits(turn)
    return {
        "team": team_name(turn.home()),
        "n": sum(kit.quantity for kit in kits),
        "expiry": min((f"{k.expiry:%m/%Y}" for k in kits if k.expiry), default=""),
    }


async def _kits(turn: Turn) -> list[Holding]:
    mine = await held_by(turn.work, turn.id)
    return [kit for kit in mine if kit.id in turn.data["kits"]]


@leads_to("flow:resupply", END)
async def answered(turn: Turn, answer: str) -> Next:
    """A new one, where they were before; or swapped; or let be. Only a no, or a swap, ends it: who
    asks for a new one and never gets it still hears before the date."""
    kits = await _kits(turn)
    for kit in kits:
        status = "replaced" if answer == "done" else kit.status
        turn.work.save(replace(kit, remind=answer == "yes", status=status))
    turn.journal("ExpiryAnswered", answer=answer)
    if answer == "yes":
        wanted = max(1, sum(kit.quantity for kit in kits))
        return Go("resupply", data=await again(turn, "expired", wanted))
    turn.say("expiry.done" if answer == "done" else "expiry.no")
    return END


async def again(turn: Turn, reason: str = "", quantity: int = 1) -> dict[str, Any]:
    """What a new request needs, from their last one: who for, and the district, which was kept."""
    data: dict[str, Any] = {"reason": reason} if reason else {}
    mine = await turn.work.find(KitRequest, contact_id=turn.id)
    if not mine:
        return data
    last = mine[-1]
    data["who"] = last.recipient
    if last.recipient == "professional":
        data["quantity"] = quantity
    around = (turn.service.lat, turn.service.lon) if turn.service else None
    found = find_place(last.district, turn.world.gazetteer, near=around)
    if isinstance(found, PlaceFound):
        data["place"] = place_data(found)
    return data


EXPIRY = Flow(
    "expiry",
    (Choose("ask", ("yes", "done", "no"), answered, "words", values=ask_values),),
    unasked="reminder",
    slight=True,
)

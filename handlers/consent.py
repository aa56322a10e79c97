"""The notice and its yes; STOP and START; what we hold, and erasing it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from content import library
from content.library import Words, saying
from db import messages
from db.erasure import erase_contact
from db.models import (
    OPEN_STATUSES,
    Consent,
    Contact,
    KitRequest,
    RequestStatus,
    Service,
    Timer,
)
from handlers import ladder, stand_down
from handlers.engine.conversation import leave
from handlers.engine.flow import END, Again, Choose, Do, Enter, Flow, Go, Next, Say, leads_to
from handlers.engine.turn import Scene, Turn
from handlers.flags import raise_flag, stopped, team_name
from handlers.services import help_lines, requests
from handlers.services.contacts import (
    all_services,
    give_consent,
    has_consent,
    holdings_of,
    services_of_line,
)
from handlers.services.holdings import close_unwanted
from handlers.services.places import PlaceFound, find_place
from handlers.services.roles import peer_of
from handlers.services.rules import rules_of

ERASED_AFTER = timedelta(seconds=30)
_NAME = re.compile(r"[^\W\d_][\w' -]{0,19}")


# --- the notice --------------------------------------------------------------------------------


@leads_to("area", "notice", "flow:request_kit")
async def start(turn: Turn, _: str) -> Next:
    """Which service, then its notice, then on with what was asked for."""
    if turn.service is None:
        return "area"
    if await has_consent(turn.work, turn.contact, "service"):
        return Go(turn.data.get("then", "request_kit"), data=_rest(turn))
    return "notice"


def _rest(turn: Turn) -> dict[str, Any]:
    return {k: v for k, v in turn.data.items() if k != "then"}


@leads_to("notice", "area", "flow:request_kit")
async def area(turn: Turn, text: str) -> Next:
    """Several services share the line: the place says which one it is."""
    found = find_place(text, turn.world.gazetteer, near=None)
    if not isinstance(found, PlaceFound):
        return Again("area_unknown")
    service = service_for(
        found.district, await services_of_line(turn.work, turn.channel, _line(turn))
    )
    turn.data["place"] = place_data(found)
    if service is None:
        return Go("request_kit", "covered", data=_rest(turn))
    turn.join(service)
    return "notice"


def _line(turn: Turn) -> str:
    return turn.address.line if turn.address else ""


def service_for(district: str, services: list[Service]) -> Service | None:
    """The service whose area a district lies in."""
    return next((s for s in services if district in s.districts), None)


def place_data(found: PlaceFound) -> dict[str, Any]:
    """What of a place is kept while the request is open: no house, no street."""
    return {
        "label": found.label,
        "district": found.district,
        "lat": round(found.lat, 4),
        "lon": round(found.lon, 4),
        "error_km": round(found.error_km, 2),
        "country": found.country,
    }


async def notice_values(turn: Turn) -> dict[str, str]:
    """Who we are, and where to read more."""
    rules = rules_of(turn.home())
    privacy = rules.privacy_url or f"{turn.world.public_url}/about"
    return {"team": team_name(turn.home()), "privacy": privacy}


@leads_to("declined", "flow:request_kit")
async def answered(turn: Turn, answer: str) -> Next:
    """Yes or no to being a contact of this service."""
    given = answer == "yes"
    give_consent(turn.work, turn.contact, "service", given, "consent.ok")
    turn.journal("ConsentGiven" if given else "ConsentRefused", purpose="service")
    if not given:
        return "declined"
    return Go(turn.data.get("then", "request_kit"), data=_rest(turn))


async def declined_values(turn: Turn) -> dict[str, str]:
    """Who else can help."""
    return {"number": help_lines.number_of("frank", turn.service, turn.now.date())}


CONSENT = Flow(
    "consent",
    (
        Do("start", start),
        Enter("area", area, ask_location=True),
        Say("notice", "ok", values=notice_values),
        Choose("ok", ("yes", "no"), answered, "words", values=notice_values, careful=True),
        Say("declined", END, values=declined_values),
    ),
)


# --- STOP and START ----------------------------------------------------------------------------


async def stop(turn: Turn) -> None:
    """Everything ends but an answer to an emergency. Only START undoes it."""
    leave(turn)
    await messages.drop_queued(turn.work.tx, turn.id, turn.now)
    ended, kits = False, ""
    for request in await requests.open_request_of(turn.work, turn.id):
        await ladder.end_request(turn.scene, request, RequestStatus.CANCELLED)
        ended = True
    if turn.contact.stopped_at is None:
        await stopped(turn.scene, turn.id)
        give_consent(turn.work, turn.contact, "messages", False, "word.stop")
        turn.change(stopped_at=turn.now)
        turn.journal("Stopped")
        await stand_down.from_duties(turn)
        kits = await stand_down.kits_of(turn)
    turn.say("consent.stopped", kind="stop", team=_team(turn))
    if kits:
        turn.say("consent.stopped_kits", kind="stop", kits=kits)
    if ended:
        turn.say("consent.stopped_request", kind="stop")


def _team(turn: Turn) -> Words:
    return team_name(turn.service) if turn.service else saying("saying.this_line")


async def start_again(turn: Turn) -> None:
    """START: messages again; other consents stay as they were."""
    was_off = turn.contact.stopped_at or turn.contact.blocked_at
    if not was_off:
        turn.say("consent.already_on")
        return
    if turn.address and turn.message and not turn.address.address:  # erased, but for the STOP
        turn.address = turn.work.save(replace(turn.address, address=turn.message.address))
    turn.change(stopped_at=None, blocked_at=None)
    give_consent(turn.work, turn.contact, "messages", True, "word.start")
    turn.journal("Started")
    turn.say("consent.started", kind="stop")
    if await peer_of(turn.work, turn.id):
        turn.say("peer.started", kind="stop")


def hint_once_a_day(turn: Turn) -> None:
    """After STOP, any other word gets one line a day."""
    last = turn.memory.get("hinted", "")
    today = turn.now.date().isoformat()
    if last != today:
        turn.memory["hinted"] = today
        turn.say("consent.start_hint", kind="stop")


async def stop_purpose(turn: Turn, purpose: str) -> None:
    """STOP ALERTS, STOP REMINDERS, STOP RECALLS: just those, and what we need not know for them."""
    both = ("reminders", "follow_up") if purpose == "reminders" else (purpose,)
    for one in both:
        give_consent(turn.work, turn.contact, one, False, f"word.stop_{purpose}")
    await close_unwanted(turn.work, turn.contact)
    turn.journal("ConsentWithdrawn", purpose=purpose)
    turn.say(f"consent.stop_{purpose}")


# --- data rights -------------------------------------------------------------------------------


async def my_data(turn: Turn) -> None:
    """What is held, in one text."""
    mine = await turn.work.find(KitRequest, contact_id=turn.id)
    rows = await turn.work.find(Consent, contact_id=turn.id)
    open_now = [r.ref for r in mine if r.status in OPEN_STATUSES]
    turn.say(
        "consent.mydata",
        channel=library.label(turn.locale, "channel", turn.channel),
        alias=turn.contact.alias,
        requests=len(mine),
        open=", ".join(open_now),
        yeses=sum({row.purpose: row.given for row in rows}.values()),
        holdings=len(await holdings_of(turn.work, turn.id)),
        privacy=f"{turn.world.public_url}/about",
    )


async def erase(turn: Turn) -> None:
    """The code was echoed: end what is open, say so, and erase a moment later."""
    await let_go(turn)
    turn.say("consent.deleted", kind="stop")
    due = turn.now + ERASED_AFTER
    turn.scene.set_timer(f"erase:{turn.id}", "erase", due, contact=turn.id)
    turn.journal("ErasureAsked")


async def let_go(turn: Turn) -> None:
    """Before somebody is erased: what is open ends, and who is concerned is told."""
    leave(turn)
    for request in await requests.open_request_of(turn.work, turn.id):
        await ladder.end_request(turn.scene, request, RequestStatus.CANCELLED)
    await stand_down.from_duties(turn)


async def erase_due(scene: Scene, timer: Timer) -> None:
    """Erase a contact; the supply log keeps its rows, which hold no person."""
    contact = await scene.work.get(Contact, timer.payload["contact"])
    if contact is None or contact.erased_at:
        return
    await erase_contact(scene.work, contact)
    scene.journal("ContactErased", service_id=contact.service_id)


async def complain(turn: Turn) -> None:
    """A data complaint: noted with its clock, and a coordinator told."""
    service = turn.service or (await all_services(turn.work))[0]
    flag, _ = await raise_flag(turn.scene, service, "complaint", contact_id=turn.id)
    turn.say("consent.complain", ref=flag.ref)


def rename(turn: Turn, name: str) -> None:
    """NAME Amy: what the other side of a relay calls this person."""
    found = _NAME.match(name.strip())
    if found:
        turn.change(alias=found.group().strip())
        turn.say("consent.named", alias=turn.contact.alias)
    else:
        turn.say("menu.help", team=_team(turn))

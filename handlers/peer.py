"""A peer's own words: on and off duty, support, one identity on two channels."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from content import library
from db.models import Contact, Flag, Peer, Service, Timer
from handlers import coverage, lapses, stand_down
from handlers.engine.turn import Scene, Turn
from handlers.flags import OPEN, close_flag, raise_flag
from handlers.services import requests
from handlers.services.roles import peer_of
from handlers.services.rules import LONDON, clock_words, uk_day
from handlers.services.standing import run_out
from handlers.services.supplies import lines_of, peer_holder

LINK_FOR = timedelta(minutes=10)
_HOURS = re.compile(r"\b(\d{1,2})\s*(?:h|hr|hrs|hour|hours)\b")
_TILL = re.compile(r"\b(?:till?|until)\s*(\d{1,2})(?::(\d{2}))?\s*(am|pm)?\b")


async def on(turn: Turn, peer: Peer, rest: str) -> None:
    """ON, "ON 3 hours", "ON till 6"."""
    if peer.status == "new":
        turn.say("peer.on_new")
        return
    until = until_when(rest, turn.now)
    back = replace(peer, duty="on", duty_until=until, status="active", rest_until=None)
    peer = turn.work.save(back)
    turn.journal("PeerOn")
    await _keeps_kits(turn, peer)
    if over := run_out(peer, uk_day(turn.now)):
        await lapses.flag(turn.scene, await turn.work.need(Service, peer.service_id), peer)
        turn.say("peer.on_over", what=library.label(turn.locale, "standing", over))
        return
    turn.say("peer.on", until=clock_words(until, turn.now) if until else "")


async def _keeps_kits(turn: Turn, peer: Peer) -> None:
    """Who is back needs nobody to fetch their kits."""
    about = {"service_id": peer.service_id, "about": f"peer:{peer.id}"}
    kinds = ("stock_back", "peer_stopped")
    for flag in await turn.work.find(Flag, **about, kind=kinds, status=OPEN):
        close_flag(turn.scene, flag)


def until_when(text: str, now: datetime) -> datetime | None:
    """The end of a duty somebody names, or None."""
    said = text.casefold().replace("midnight", "12am").replace("noon", "12pm")
    if hours := _HOURS.search(said):
        return now + timedelta(hours=min(int(hours.group(1)), 48))
    if till := _TILL.search(said):
        hour, minute = int(till.group(1)), int(till.group(2) or 0)
        if till.group(3) and 1 <= hour <= 12:
            hour = hour % 12 + (12 if till.group(3) == "pm" else 0)
        if hour > 23 or minute > 59:
            return None
        local = now.astimezone(LONDON).replace(hour=hour, minute=minute, second=0, microsecond=0)
        if local <= now and not till.group(3) and hour <= 12:
            local += timedelta(hours=12)
        if local <= now:
            local += timedelta(hours=12 if hour <= 12 and not till.group(3) else 24)
        return local.astimezone(now.tzinfo)
    return None


async def off(turn: Turn, peer: Peer) -> None:
    """OFF till they say ON."""
    turn.work.save(replace(peer, duty="off", duty_until=None))
    turn.journal("PeerOff")
    turn.say("peer.off")
    await stand_down.from_offers(turn, peer)
    await coverage.went_off(turn.scene, peer)


async def pause(turn: Turn, peer: Peer) -> None:
    """Step back, with one word and no reproach."""
    turn.work.save(replace(peer, status="paused", duty="off", duty_until=None))
    turn.journal("PeerPaused")
    kits = sum(line.quantity for line in await lines_of(turn.work, peer_holder(peer)))
    if kits:
        service = await turn.work.need(Service, peer.service_id)
        about = f"peer:{peer.id}"
        await raise_flag(turn.scene, service, "stock_back", contact_id=turn.id, about=about)
    turn.say("peer.paused", kits=kits)
    await stand_down.from_requests(turn, peer)


async def support(turn: Turn, peer: Peer) -> None:
    """A peer asks for support: a person, soon."""
    service = await turn.work.need(Service, peer.service_id)
    _, asked = await raise_flag(turn.scene, service, "peer_support", contact_id=turn.id)
    until = clock_words(asked.until, turn.now) if asked.staff else ""
    turn.say("peer.support", until=until)


async def words(turn: Turn, peer: Peer) -> None:
    """WORDS: what else a peer can text, in two texts."""
    turn.say("menu.peer")
    turn.say("menu.peer_more")


# --- one person, two channels ------------------------------------------------------------------


async def link_code(turn: Turn, peer: Peer) -> None:
    """LINK: a code to send from the other chat."""
    code = f"{secrets.randbelow(1_000_000):06d}"
    turn.scene.set_timer(f"link:{code}", "link", turn.now + LINK_FOR, contact=turn.id)
    turn.say("peer.link_code", code=code)


async def link_here(turn: Turn, code: str) -> None:
    """LINK 123456: this chat becomes the peer's too."""
    timer = await turn.work.get(Timer, f"link:{code}")
    if timer is None or timer.due_at <= turn.now or turn.address is None:
        turn.say("peer.link_wrong")
        return
    owner = await turn.work.need(Contact, timer.payload["contact"])
    peer = await peer_of(turn.work, owner.id)
    turn.work.cancel_timer(timer.key)
    if peer is None or owner.id == turn.id:
        turn.say("peer.link_wrong")
        return
    turn.address = turn.work.save(replace(turn.address, contact_id=owner.id))
    for request in await requests.open_request_of(turn.work, turn.id):  # and what they asked for
        turn.work.save(replace(request, contact_id=owner.id))
    other = await turn.scene.person(owner.id)
    other.address = turn.address
    other.change(address_id=turn.address.id)
    other.journal("AddressLinked", channel=turn.channel)
    other.say("peer.linked", name=peer.name)


async def link_expired(scene: Scene, timer: Timer) -> None:
    """A link code that nobody used."""

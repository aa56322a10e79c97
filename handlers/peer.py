"""A peer's own words: on and off duty, kits carried, support, one identity on two channels."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from datetime import date, datetime, timedelta

from content import library
from content.library import Listed, Saying, saying
from db.models import Contact, Peer, Service, Timer
from handlers import meeting, offer
from handlers.engine.turn import Scene, Turn
from handlers.flags import raise_flag
from handlers.services.roles import peer_of
from handlers.services.rules import LONDON, clock_words
from handlers.services.supplies import lines_of, peer_holder, receive

LINK_FOR = timedelta(minutes=10)
_HOURS = re.compile(r"\b(\d{1,2})\s*(?:h|hr|hrs|hour|hours)\b")
_TILL = re.compile(r"\b(?:till?|until)\s*(\d{1,2})(?::(\d{2}))?\s*(am|pm)?\b")
_ADD = re.compile(
    r"add\s+(\d{1,3})\s+(nasal|spray|injectable|injection|prenoxad|nyxoid)\s+"
    r"([a-z0-9-]{3,20})\s+(\d{1,2})[/-](\d{4}|\d{2})",
    re.IGNORECASE,
)
_KINDS = {"spray": "nasal", "nyxoid": "nasal", "injection": "injectable", "prenoxad": "injectable"}


async def on(turn: Turn, peer: Peer, rest: str) -> None:
    """ON, "ON 3 hours", "ON till 6"."""
    until = until_when(rest, turn.now)
    turn.work.save(replace(peer, duty="on", duty_until=until, status="active"))
    turn.journal("PeerOn")
    turn.say("peer.on", until=clock_words(until, turn.now) if until else "")


def until_when(text: str, now: datetime) -> datetime | None:
    """The end of a duty somebody names, or None."""
    said = text.casefold()
    if hours := _HOURS.search(said):
        return now + timedelta(hours=min(int(hours.group(1)), 48))
    if till := _TILL.search(said):
        hour, minute = int(till.group(1)), int(till.group(2) or 0)
        if till.group(3) == "pm" and hour < 12:
            hour += 12
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
    await _decline_all(turn, peer)


async def pause(turn: Turn, peer: Peer) -> None:
    """Step back, with one word and no reproach."""
    turn.work.save(replace(peer, status="paused", duty="off", duty_until=None))
    turn.journal("PeerPaused")
    turn.say("peer.paused")
    await _decline_all(turn, peer)
    for request in await meeting.meetings(turn, peer):
        await meeting.hand_over(turn, peer, request)


async def _decline_all(turn: Turn, peer: Peer) -> None:
    for waiting in await offer.open_offers(turn, peer):
        await offer.decline(turn, peer, waiting)


async def stock(turn: Turn, peer: Peer, rest: str) -> None:
    """STOCK, or STOCK ADD 2 nasal N2402 05/2027."""
    holder = peer_holder(peer)
    if rest.strip():
        read = read_add(rest)
        if read is None:
            turn.say("peer.stock_how")
            return
        quantity, product, batch, expiry = read
        await receive(turn.work, holder, product, batch, expiry, quantity, by_contact_id=turn.id)
        turn.journal("StockReceived", product=product, quantity=quantity)
        turn.say(
            "peer.stock_added",
            quantity=quantity,
            product=library.label(turn.locale, "product", product),
            batch=batch,
            lines=Listed(await stock_lines(turn, peer)),
        )
        return
    lines = await stock_lines(turn, peer)
    if lines:
        turn.say("peer.stock", lines=Listed(lines))
    else:
        turn.say("peer.stock_none")


def read_add(text: str) -> tuple[int, str, str, date] | None:
    """How many, which product, batch and the last day of the month on the box."""
    found = _ADD.search(text)
    if not found:
        return None
    quantity, kind, batch = int(found.group(1)), found.group(2).lower(), found.group(3).upper()
    expiry = read_month(f"{found.group(4)}/{found.group(5)}")
    if not expiry or not 1 <= quantity <= 200:
        return None
    return quantity, _KINDS.get(kind, kind), batch, expiry


def read_month(text: str) -> date | None:
    """The last day of a month as printed on a box ("05/2027", "5-27")."""
    found = re.search(r"(\d{1,2})\s*[/.-]\s*(\d{4}|\d{2})\b", text)
    if not found:
        return None
    month, year = int(found.group(1)), int(found.group(2))
    year += 2000 if year < 100 else 0
    if not 1 <= month <= 12 or not 2020 <= year <= 2060:
        return None
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return first_of_next - timedelta(days=1)


async def stock_lines(turn: Turn, peer: Peer) -> tuple[Saying, ...]:
    """What a peer carries, batch by batch."""
    return tuple(
        saying(
            "saying.stock_line",
            quantity=line.quantity,
            product=library.label(turn.locale, "product", line.product),
            batch=line.batch,
            expiry=f"{line.expiry:%m/%Y}" if line.expiry else "",
            promised=line.reserved,
        )
        for line in await lines_of(turn.work, peer_holder(peer))
    )


async def support(turn: Turn, peer: Peer) -> None:
    """A peer asks for support: a person, soon."""
    service = await turn.work.need(Service, peer.service_id)
    _, asked = await raise_flag(turn.scene, service, "peer_support", contact_id=turn.id)
    until = clock_words(asked.until, turn.now) if asked.staff else ""
    turn.say("peer.support", until=until)


async def hotspot(turn: Turn, peer: Peer) -> None:
    """A place that needs outreach."""
    service = await turn.work.need(Service, peer.service_id)
    await raise_flag(turn.scene, service, "hotspot", contact_id=turn.id)
    turn.say("peer.hotspot")


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
    other = await turn.scene.person(owner.id)
    other.address = turn.address
    other.change(address_id=turn.address.id)
    other.journal("AddressLinked", channel=turn.channel)
    other.say("peer.linked", name=peer.name)


async def link_expired(scene: Scene, timer: Timer) -> None:
    """A link code that nobody used."""

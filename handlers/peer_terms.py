"""A peer's terms for being asked: ROTA, RADIUS, WHERE, LIMIT, REST. Theirs to set, by text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from content import library
from db.models import Peer
from handlers import meeting, stand_down
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.services.geo import KM_PER_MILE, miles
from handlers.services.places import PlaceFound, find_place, mentioned_place, place_from_pin
from handlers.services.rota import lacks_half, read_rota
from handlers.services.rules import LONDON, clock_words, rules_of

LEAST_MILES, MOST_MILES = 0.5, 25.0
MOST_ASKS = 50
MOST_REST = timedelta(days=90)
REST = timedelta(days=7)
ROUGHLY = 2  # decimals of a position: about a kilometre, so that no front door is kept
_MILES = re.compile(r"\b(\d{1,3}(?:[.,]\d)?)\s*(km|kilometres?|kms|miles?|mi|m)?\b")
_NO_MILES = re.compile(r"\d\s*(?:min|hour|hr)|\d[.,]?\d{3}")
MOST_WORDS = 9
LONGEST_NAME, NAME_WORDS = 20, 2
_NAME = re.compile(r"[^\W\d_][^\W\d_' -]*(?:[' -][^\W\d_]+)*")
_POSTCODE = re.compile(r"(?i)[a-z]{1,2}\d[a-z\d]?(?:\s*\d(?:[a-z]{2})?)?")
_REST = re.compile(r"(?:for\s+)?(\d{1,2}|an?|one|two)\s*(hour|hr|h|day|d|week|wk|w|month)s?\b")
_NONE = ("any", "anytime", "any time", "none", "no", "not now", "skip", "i will say", "on")
_CLEAR = ("off", "none", "clear", "no", "stop")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_UNITS |= {"m": timedelta(days=30)}
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2}


# --- reading -----------------------------------------------------------------------------------


def read_radius(text: str) -> float | None:
    """A distance as kilometres: "3", "5 km", "on foot so 2 or 3 miles"; of two the shorter."""
    said = plain(text)
    found = list(_MILES.finditer(said))
    if len(said.split()) > MOST_WORDS or len(found) not in (1, 2) or _NO_MILES.search(said):
        return None
    if not found[-1].group(2) and not _MILES.fullmatch(said):  # "3 streets"
        return None
    number = min(float(one.group(1).replace(",", ".")) for one in found)
    in_miles = miles(number) if (found[-1].group(2) or "").startswith("k") else number
    if not LEAST_MILES <= in_miles <= MOST_MILES:
        return None
    return round(in_miles * KM_PER_MILE, 3)


def read_rest(text: str, now: datetime) -> datetime | None:
    """ "3 days", "a week", "till Monday" is not read: the end of a rest, or None."""
    found = _REST.fullmatch(plain(text))
    if not found:
        return None
    count = _COUNTS.get(found.group(1)) or int(found.group(1))
    length = count * _UNITS[found.group(2)[0]]
    return now + length if timedelta() < length <= MOST_REST else None


def says_none(text: str) -> bool:
    """No set hours: they will say ON themselves."""
    return plain(text) in _NONE


def hours_said(turn: Turn, text: str) -> str | None:
    """Weekly hours, in the syntax we keep them in."""
    return read_rota(text, rules_of(turn.home()))


def half_missing(turn: Turn, text: str) -> bool:
    """Whether hours lack only "am" or "pm"."""
    return lacks_half(text, rules_of(turn.home()))


def name_in(locale: str, text: str) -> str:
    """The name in an answer like "yeah dean is fine", "" where it is only a yes."""
    known = library.after_words(locale, "name")
    words = text.split()
    while words and known.get(plain(words[0])) == "before":
        words.pop(0)
    while words and known.get(plain(words[-1])) in ("before", "behind"):
        words.pop()
    return " ".join(words).strip(" .,!?")


async def wrong_name(turn: Turn, name: str, own: Peer | None = None) -> str:
    """Why nobody here can be called so: "wrong", "taken", or ""."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME or len(name.split()) > NAME_WORDS:
        return "wrong"
    others = [p for p in await turn.work.find(Peer, service_id=turn.home().id) if p != own]
    same = any(p.name.casefold() == name.casefold() for p in others if p.status != "left")
    return "taken" if same else ""


def place_said(turn: Turn, text: str) -> dict[str, Any] | None:
    """Roughly where a peer is: a name to read back and a blurred position; None if not clear."""
    message, service = turn.message, turn.home()
    if message and message.lat is not None and message.lon is not None:
        found: object = place_from_pin(message.lat, message.lon, turn.world.gazetteer)
    else:
        found = find_place(text, turn.world.gazetteer, near=(service.lat, service.lon))
    return _blurred(found) if isinstance(found, PlaceFound) else None


def _blurred(found: PlaceFound) -> dict[str, Any]:
    name = found.label.partition(" (")[0]
    label = f"{name} ({found.district})" if found.district else name
    return {"place": label, "lat": round(found.lat, ROUGHLY), "lon": round(found.lon, ROUGHLY)}


# --- the words ---------------------------------------------------------------------------------


async def rota(turn: Turn, peer: Peer, rest: str) -> bool:
    """ROTA shows it, ROTA OFF ends it, ROTA and hours sets it."""
    if not rest:
        turn.say("peer_terms.rota" if peer.rota else "peer_terms.rota_none", rota=peer.rota)
        return True
    if plain(rest) in _CLEAR:
        duty = "off" if peer.duty == "rota" else peer.duty
        turn.work.save(replace(peer, rota="", duty=duty))
        turn.journal("RotaChanged")
        turn.say("peer_terms.rota_off")
        return True
    hours = hours_said(turn, rest)
    if hours is None:
        turn.say("peer_terms.rota_half" if half_missing(turn, rest) else "peer_terms.rota_how")
        return True
    was_on = peer.duty == "on" and (peer.duty_until is None or turn.now < peer.duty_until)
    turn.work.save(replace(peer, rota=hours, duty="rota", duty_until=None))
    turn.journal("RotaChanged")
    turn.say("peer_terms.rota_set", rota=hours, was_on=was_on)
    return True


async def rename(turn: Turn, peer: Peer, name: str) -> None:
    """NAME Dean: what requesters read from now on."""
    name = " ".join(name.split())
    if wrong := await wrong_name(turn, name, peer):
        turn.say(f"joining.name_{wrong}", name=name)
        return
    turn.work.save(replace(peer, name=name))
    turn.change(alias=name)
    turn.journal("PeerRenamed")
    turn.say("peer_terms.named", name=name)


async def radius(turn: Turn, peer: Peer, rest: str) -> bool:
    """RADIUS 3: how far they go, in miles."""
    km = read_radius(rest) if rest else peer.radius_km
    if km is None:
        turn.say("peer_terms.radius_how")
        return True
    if rest:
        peer = turn.work.save(replace(peer, radius_km=km))
        turn.journal("RadiusChanged")
    turn.say("peer_terms.radius", miles=_miles(km), place=peer.place)
    return True


def _miles(km: float) -> str:
    return f"{miles(km):.1f}".removesuffix(".0")


async def where(turn: Turn, peer: Peer, rest: str) -> bool:
    """WHERE DN35: where they are now. "Where are you?" is for the other side of a meeting."""
    in_meeting = bool(await meeting.meetings(turn, peer))
    service = turn.home()
    if rest and in_meeting and not _POSTCODE.fullmatch(rest.strip()):
        return False  # "where in Cleethorpes are you": for the other side
    if rest:
        near = (service.lat, service.lon)
        found = mentioned_place(rest, turn.world.gazetteer, near)
        if found is None:
            turn.say("peer_terms.where_how")
            return True
        peer = turn.work.save(replace(peer, **_blurred(found)))
        turn.journal("PlaceChanged")
    elif in_meeting:
        return False
    turn.say("peer_terms.where", place=peer.place, miles=_miles(peer.radius_km))
    return True


async def limit(turn: Turn, peer: Peer, rest: str) -> bool:
    """LIMIT 2: asked at most twice a week; LIMIT OFF: as often as the service asks anybody."""
    said = plain(rest)
    number = re.fullmatch(r"(\d{1,2})(?: times)?(?: (?:a|per) week)?", said)
    if said in _CLEAR or (number and int(number.group(1)) == 0):
        peer = turn.work.save(replace(peer, week_cap=0))
        turn.journal("LimitChanged")
    elif number and int(number.group(1)) <= MOST_ASKS:
        peer = turn.work.save(replace(peer, week_cap=int(number.group(1))))
        turn.journal("LimitChanged")
    elif rest:
        turn.say("peer_terms.limit_how")
        return True
    rules = rules_of(turn.home())
    turn.say("peer_terms.limit", n=peer.week_cap, most=rules.asks_per_week)
    return True


async def rest(turn: Turn, peer: Peer, said: str) -> bool:
    """REST, REST 3 days: nothing is asked till then; ON ends it sooner."""
    until = read_rest(said, turn.now) if said else turn.now + REST
    if until is None:
        if await meeting.meetings(turn, peer):
            return False  # "rest of the way is fine": for the other side
        turn.say("peer_terms.rest_how")
        return True
    turn.work.save(replace(peer, rest_until=until))
    turn.journal("PeerRests")
    turn.say("peer_terms.rest", until=_day_words(turn, until))
    await stand_down.from_offers(turn, peer)
    return True


def _day_words(turn: Turn, until: datetime) -> Any:
    """A time within the week as people say it, later ones as a date."""
    if until - turn.now < timedelta(days=6):
        return clock_words(until, turn.now)
    return f"{until.astimezone(LONDON):%d/%m}"

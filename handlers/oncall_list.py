"""REQUESTS: what is open, dangers first, a page a text."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from content import library
from content.library import Listed, Words, saying
from db.models import Flag, KitRequest, Staff
from handlers.engine.turn import Turn
from handlers.flags import OPEN, URGENT

PAGE = 5
"""Lines in a text: with the longest values they fit into two segments (see samples.toml)."""
CALLS = ("never_came", "peer_support", "call_back", "referral")
A_REQUEST = "stuck_request"

Entry = KitRequest | Flag


async def say(turn: Turn, staff: Staff, rest: str) -> None:
    """A page of everything open; "REQUESTS 2" is the second."""
    entries = await _open_now(turn, staff.service_id)
    if not entries:
        turn.say("oncall.requests_none")
        return
    pages = -(-len(entries) // PAGE)
    page = min(max(int(rest), 1), pages) if rest.isdecimal() else 1
    shown = entries[(page - 1) * PAGE : page * PAGE]
    lines = [await line(turn, entry) for entry in shown]
    turn.say(
        "oncall.requests",
        n=len(entries),
        urgent=sum(isinstance(e, Flag) and e.kind in URGENT for e in entries),
        lines=Listed(tuple(lines), "; ", "."),
        following=page + 1 if page < pages else 0,
    )


async def _open_now(turn: Turn, service_id: int) -> list[Entry]:
    """One entry a reference: a request that has an open flag too is listed as the worse of them."""
    found: list[Entry] = []
    found += await turn.work.find(KitRequest, service_id=service_id, closed_at=None)
    found += await turn.work.find(Flag, service_id=service_id, status=OPEN)
    by_ref = groupby(sorted(found, key=lambda e: e.ref), key=lambda e: e.ref)
    worst = [min(same, key=_rank) for _, same in by_ref]
    return sorted(worst, key=lambda e: (_rank(e), _since(e)))


def _rank(entry: Entry) -> tuple[int, int]:
    """Dangers, people who wait for a person, requests, the rest; a request before its own flag."""
    if isinstance(entry, KitRequest):
        return 2, 0
    if entry.kind in URGENT:
        return 0, URGENT.index(entry.kind)
    if entry.kind.startswith(CALLS):
        return 1, 0
    return (2, 1) if entry.kind == A_REQUEST else (3, 0)


def _since(entry: Entry) -> datetime:
    return entry.asked_at if isinstance(entry, KitRequest) else entry.created_at


async def line(turn: Turn, entry: Entry) -> Words:
    """One open matter: its reference, what it is, how long it has waited, who has it."""
    age = _age(turn.now, _since(entry))
    if isinstance(entry, KitRequest):
        status = library.label(turn.locale, "status", entry.status)
        where = entry.district
        return saying("saying.request_line", ref=entry.ref, district=where, status=status, age=age)
    owner = await turn.work.get(Staff, entry.staff_id)
    return saying(
        "saying.flag_line",
        ref=entry.ref,
        what=library.label(turn.locale, "flag_short", entry.kind),
        age=age,
        name=owner.name if owner else "",
    )


def _age(now: datetime, since: datetime) -> Words:
    """How long ago, in minutes, hours or days."""
    return saying("saying.age", minutes=int((now - since).total_seconds() // 60))

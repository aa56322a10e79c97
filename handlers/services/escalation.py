"""What is tried next for an open request. Functions of values: no clock, no database.

The ladder: the nearest peer or peers (in waves), then an outlet that can hold a kit, then a
coordinator; the coordinator also once ``coordinator_after_minutes`` have gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.services.dispatch import Ranked
from handlers.services.outlets import NearOutlet
from handlers.services.rules import Rules

SOON = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Situation:
    """An open request with nobody on it. ``waves_made`` counts offers that came to nothing.

    ``peers`` and ``outlets`` hold those too who cannot help, with the reason.
    """

    now: datetime
    asked_at: datetime
    route: str
    waves_made: int
    outlets_tried: frozenset[int]
    peers: Sequence[Ranked]
    outlets: Sequence[NearOutlet]


@dataclass(frozen=True, slots=True)
class AskPeers:
    """Offer it to these peers; the answer is due at ``until``."""

    peers: tuple[Ranked, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class HoldKit:
    """Hold a kit at this outlet under a code."""

    outlet: NearOutlet
    until: datetime


@dataclass(frozen=True, slots=True)
class TellCoordinator:
    """Nothing automatic is left; ``reason`` says why."""

    reason: str


NextThing = AskPeers | HoldKit | TellCoordinator


def coordinator_due(asked_at: datetime, rules: Rules) -> datetime:
    """When a coordinator hears of a request that nobody has taken."""
    return asked_at + timedelta(minutes=rules.coordinator_after_minutes)


def opens_soon(near: NearOutlet, now: datetime) -> bool:
    """Open, or open before a coordinator could do better; hours nobody knows do not count."""
    opening = near.opening
    return bool(opening.is_open or (opening.opens_at and opening.opens_at - now <= SOON))


def next_thing(situation: Situation, rules: Rules) -> NextThing:
    """The next rung of the ladder."""
    late = coordinator_due(situation.asked_at, rules)
    if situation.now >= late:
        return TellCoordinator("late")
    asked_to_collect = situation.route == "outlet"
    able_outlets = [n for n in situation.outlets if not n.why_not]
    soon = [n for n in able_outlets if asked_to_collect or opens_soon(n, situation.now)]
    soon = [n for n in soon if n.outlet.id not in situation.outlets_tried]
    if situation.route == "peer" and (situation.waves_made < rules.waves or not soon):
        able = [ranked for ranked in situation.peers if not ranked.why_not]
        if able:
            until = min(situation.now + rules.offer_time, late)
            return AskPeers(tuple(able[: rules.wave_size]), until)
    if soon:
        return HoldKit(soon[0], situation.now + timedelta(hours=rules.claim_hours))
    return TellCoordinator("nobody_left")

"""People a peer showed what to do, with no kit: "TRAINED 3 DN31"."""

from __future__ import annotations

import re

from db.models import Peer
from handlers import meeting
from handlers.engine.turn import Turn
from handlers.services.places import PlaceFound, find_place
from handlers.services.trainings import train_without_kit

MOST = 50
_LINE = re.compile(r"(?i)(\d{1,2})\b[\s,]*(?:(?:people|person)\b)?\s*(.*)")


async def trained(turn: Turn, peer: Peer, rest: str) -> bool:
    """How many, and roughly where."""
    read = _LINE.fullmatch(rest.strip())
    people = int(read.group(1)) if read else 0
    if read is None or not 1 <= people <= MOST:
        if rest and await meeting.meetings(turn, peer):
            return False  # "trained as a nurse": for the other side
        turn.say("trained.how")
        return True
    service = turn.home()
    near = (service.lat, service.lon)
    found = find_place(read.group(2), turn.world.gazetteer, near=near) if read.group(2) else None
    if read.group(2) and not isinstance(found, PlaceFound):
        turn.say("trained.how")
        return True
    district = found.district if isinstance(found, PlaceFound) else ""
    row = train_without_kit(turn.work, peer, people, district)
    turn.journal("PeopleTrained", training=row.id)
    turn.say("trained.noted", people=people, district=district)
    return True

"""A peer's own honest numbers, and a few warm words at the 1st, 10th, 25th … kit."""

from __future__ import annotations

from db.models import Fact, Offer, OfferStatus, Peer, PeerNote, Supply, Training
from handlers.engine.turn import Turn
from handlers.mourning import in_mourning
from handlers.services.rules import uk_month

FIRST_MARKS = (1, 10, 25, 50)
THEN_EVERY = 100


def mark_reached(before: int, now: int) -> int:
    """The highest milestone that lies after ``before`` and not after ``now``, or 0."""
    marks = [*FIRST_MARKS, now // THEN_EVERY * THEN_EVERY]
    return max((mark for mark in marks if before < mark <= now), default=0)


async def kit_given(turn: Turn, peer: Peer, quantity: int) -> None:
    """A supply has just been logged: said once for each milestone, and never on a hard day."""
    given = sum(s.quantity for s in await _supplies(turn, peer))
    mark = mark_reached(given - quantity, given)
    if not mark or in_mourning(turn) or await _hard_day(turn, peer):
        return
    said = await turn.work.find(Fact, contact_id=turn.id, fact="MilestoneReached")
    if any(fact.data.get("kits") == mark for fact in said):
        return
    turn.journal("MilestoneReached", kits=mark)
    turn.say("milestone.first" if mark == 1 else "milestone.reached", n=mark)


async def _hard_day(turn: Turn, peer: Peer) -> bool:
    """Something hard happened to them in the last day: no cheering."""
    notes = await turn.work.find(PeerNote, peer_id=peer.id, kind="hard_event")
    return any((turn.now - note.at).days < 1 for note in notes)


async def _supplies(turn: Turn, peer: Peer) -> list[Supply]:
    return await turn.work.find(Supply, by_kind="peer", by_id=peer.id)


async def numbers(turn: Turn, peer: Peer) -> None:
    """MY NUMBERS: kits, people shown how, how often asked and how often a yes."""
    supplies = await _supplies(turn, peer)
    trainings = await turn.work.find(Training, by_kind="peer", by_id=peer.id)
    offers = await turn.work.find(Offer, peer_id=peer.id)
    turn.say(
        "milestone.numbers",
        month=sum(s.quantity for s in supplies if uk_month(s.at) == uk_month(turn.now)),
        kits=sum(s.quantity for s in supplies),
        trained=sum(t.people for t in trainings),
        asked=len(offers),
        accepted=sum(o.status == OfferStatus.ACCEPTED for o in offers),
    )

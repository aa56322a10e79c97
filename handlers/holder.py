""" "I already have one": a kit at home, noted for a recall or a reminder."""

from __future__ import annotations

from content import library
from db.models import Holding
from handlers.engine.flow import END, Again, Choose, Do, Enter, Flow, Go, Next, Say, leads_to
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.peer import read_month
from handlers.services.contacts import give_consent, has_consent


def _skipped(turn: Turn, text: str) -> bool:
    """SKIP, or a no, in their language or in English."""
    words = (library.option(turn.tongue, "", name).words for name in ("skip", "no"))
    return any(plain(text) in said for said in words)


@leads_to("flow:consent", "kind")
async def start(turn: Turn, _: str) -> Next:
    """Something is kept here, so the notice comes first."""
    if turn.service is None or not await has_consent(turn.work, turn.contact, "service"):
        return Go("consent", data={"then": "holder"})
    return "kind"


@leads_to("batch")
async def kind(turn: Turn, answer: str) -> Next:
    """Which kind of kit."""
    turn.data["product"] = answer
    return "batch"


@leads_to("expiry")
async def batch(turn: Turn, text: str) -> Next:
    """The batch on the box, or nothing."""
    turn.data["batch"] = "" if _skipped(turn, text) else plain(text).upper()[:20]
    return "expiry"


@leads_to("recall")
async def expiry(turn: Turn, text: str) -> Next:
    """The date on the box, or nothing."""
    skipped = _skipped(turn, text)
    until = None if skipped else read_month(text)
    if until is None and not skipped:
        return Again("expiry_wrong")
    turn.work.save(
        Holding(
            id=turn.work.new_id(),
            contact_id=turn.id,
            product=turn.data["product"],
            batch=turn.data["batch"],
            expiry=until,
            at=turn.now,
        )
    )
    turn.journal("KitNoted")
    return "recall"


@leads_to("remind")
async def recall(turn: Turn, answer: str) -> Next:
    """A yes or no of its own."""
    give_consent(turn.work, turn.contact, "recall", answer == "yes", "holder.recall")
    return "remind"


@leads_to("done")
async def remind(turn: Turn, answer: str) -> Next:
    """A yes or no of its own."""
    give_consent(turn.work, turn.contact, "reminders", answer == "yes", "holder.remind")
    return "done"


HOLDER = Flow(
    "holder",
    (
        Do("start", start),
        Choose("kind", ("nasal", "injectable", "other"), kind),
        Enter("batch", batch),
        Enter("expiry", expiry),
        Choose("recall", ("yes", "no"), recall, "words", careful=True),
        Choose("remind", ("yes", "no"), remind, "words", careful=True),
        Say("done", END),
    ),
)

""" "I already have one": a kit at home, noted for a recall or a reminder."""

from __future__ import annotations

from content import library
from handlers.engine.flow import END, Again, Choose, Do, Enter, Flow, Go, Next, Say, leads_to
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.services.contacts import has_consent
from handlers.services.holdings import is_over
from handlers.services.pack_codes import pack_of
from handlers.services.rules import uk_day
from handlers.stock_reading import read_batch, read_month


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


@leads_to("expiry", "flow:pack")
async def batch(turn: Turn, text: str) -> Next:
    """The batch on the box, or the code on our label, which tells the rest; or nothing."""
    if pack := await pack_of(turn.work, text):
        return Go("pack", data={"pack": pack.id})
    turn.data["batch"] = "" if _skipped(turn, text) else read_batch(text)
    return "expiry"


@leads_to("over", "nothing", "flow:keep_in_touch")
async def expiry(turn: Turn, text: str) -> Next:
    """The date on the box, or nothing."""
    skipped = _skipped(turn, text)
    until = None if skipped else read_month(text)
    if until is None and not skipped:
        return Again("expiry_wrong")
    if is_over(until, uk_day(turn.now)):
        return "over"
    if not turn.data["batch"] and until is None:
        return "nothing"
    kit = {
        "product": turn.data["product"],
        "batch": turn.data["batch"],
        "expiry": until.isoformat() if until else "",
    }
    return Go("keep_in_touch", data={"kit": kit})


HOLDER = Flow(
    "holder",
    (
        Do("start", start),
        Choose("kind", ("nasal", "injectable", "other"), kind),
        Enter("batch", batch),
        Enter("expiry", expiry),
        Say("over", END),
        Say("nothing", END),
    ),
)

"""A few last questions about a kit that was used, so that the national returns can be filled."""

from __future__ import annotations

import re

from content import library
from content.library import Listed, Words, saying
from db.models import Administration
from handlers import used_report
from handlers.engine.flow import Again, Choose, Do, Enter, Flow, Go, Next, leads_to
from handlers.engine.matching import bare, whole_option
from handlers.engine.turn import Turn
from handlers.services import uses

LAST = (
    *("place", "who_gave", "cpr", "ambulance_came", "crew_naloxone", "hospital"),
    *("police_came", "drugs"),
)

SHARED_WORDS = {"or", "other", "new", "drug"}
"""Words of the drugs' labels that name none of them."""


@leads_to("further", "flow:used")
async def offer(turn: Turn, answer: str) -> Next:
    """Offered once; a no is fine."""
    return "further" if answer == "yes" else Go("used", "new_kit", turn.data)


@leads_to(*LAST, "flow:used")
async def further(turn: Turn, _: str) -> Next:
    """The next one that fits what was told."""
    told = turn.data["report"]
    row = await turn.work.need(Administration, told["id"])
    crew = turn.data.get("crew") == "yes"
    fits = {
        "ambulance_came": row.ambulance != "no",
        "crew_naloxone": crew,
        "hospital": crew and row.outcome != "hospital",
    }
    left = [name for name in LAST if name not in told["asked"] and fits.get(name, True)]
    return left[0] if left else Go("used", "new_kit", turn.data)


def _asked(turn: Turn, name: str) -> int:
    told = turn.data["report"]
    used_report.remember(turn, asked=[*told["asked"], name])
    report: int = told["id"]
    return report


@leads_to("further")
async def answered(turn: Turn, answer: str) -> Next:
    """One of them; what is skipped leaves no row."""
    report = _asked(turn, turn.step)
    if answer != "skip":
        uses.note_fact(turn.work, report, turn.step, answer)
    if turn.step == "ambulance_came":
        turn.data["crew"] = answer
    return "further"


@leads_to("further")
async def drugs(turn: Turn, text: str) -> Next:
    """What was taken, as far as they know: as many as they name."""
    found = ticked(text, {name: library.label(turn.locale, "drug", name) for name in uses.DRUGS})
    skipped = whole_option(text, {"skip": library.option(turn.tongue, "", "skip").words})
    if not found and not skipped:
        return Again("drugs_unclear")
    report = _asked(turn, "drugs")
    for name in found:
        uses.note_fact(turn.work, report, "drug", name)
    return "further"


def ticked(text: str, labels: dict[str, str]) -> list[str]:
    """Which of a numbered list somebody names, by number ("1 4", "1,4") or by word."""
    numbers = {int(n) for n in re.findall(r"\d+", text)}
    words = set(bare(text).split())
    return [
        name
        for n, (name, label) in enumerate(labels.items(), 1)
        if n in numbers or words & (set(bare(label).split()) - SHARED_WORDS)
    ]


async def drug_values(turn: Turn) -> dict[str, Words]:
    """The list, numbered."""
    lines = [
        saying("saying.numbered", n=n, what=library.label(turn.locale, "drug", name))
        for n, name in enumerate(uses.DRUGS, 1)
    ]
    return {"list": Listed(tuple(lines), ", ")}


USED_MORE = Flow(
    "used_more",
    (
        Choose("offer", ("yes", "no"), offer, "words"),
        Do("further", further),
        Choose("place", uses.PLACES, answered),
        Choose("who_gave", uses.WHO_GAVE, answered),
        Choose("cpr", uses.YES_NO, answered, "words"),
        Choose("ambulance_came", uses.YES_NO, answered, "words"),
        Choose("crew_naloxone", uses.YES_NO, answered, "words"),
        Choose("hospital", uses.YES_NO, answered, "words"),
        Choose("police_came", uses.YES_NO, answered, "words"),
        Enter("drugs", drugs, drug_values),
    ),
)

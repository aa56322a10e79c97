"""A kit was used: is anyone still unwell, then a report in a minute, care, and the next kit.

Every question may be skipped, and what was said so far is kept as it is said. No person is in a
report: the row knows no contact.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from content import library
from db.models import Administration
from handlers import overdose
from handlers.coaching import OVERDOSE
from handlers.consent import place_data
from handlers.emergency_card import say_card
from handlers.engine.flow import END, Again, Choose, Do, Enter, Flow, Go, Next, Say, leads_to
from handlers.engine.matching import whole_option
from handlers.engine.turn import Turn
from handlers.flags import raise_flag
from handlers.services.contacts import service_to_tell
from handlers.services.places import PlaceFound, find_place
from handlers.services.roles import peer_of

QUESTIONS = ("outcome", "doses", "ambulance", "product", "used_on", "relation", "where")
"""In this order: after the third a report is useful."""

OUTCOMES = ("better", "hospital", "died", "unknown", "self", "skip")
DOSES = ("one", "two", "three", "more", "skip")
AMBULANCE = ("yes", "no", "skip")
PRODUCTS = ("nasal", "injectable", "skip")
USED_ON = ("today", "yesterday", "week", "earlier", "skip")
RELATIONS = ("friend", "family", "stranger", "client", "skip")

GO_ON_WITHIN = timedelta(hours=24)
NOT_SAID = "not_said"


@leads_to("flow:overdose", "report")
async def unwell(turn: Turn, answer: str) -> Next:
    """Is anyone still unwell? Yes is an emergency."""
    if answer == "yes":
        say_card(turn)
        await overdose.note(turn, ("used: still unwell",), again=False)
        return Go(OVERDOSE.name)
    return "report"


@leads_to(*QUESTIONS, "thanks", "thanks_self", "thanks_died")
async def report(turn: Turn, _: str) -> Next:
    """The next thing not known yet; what an emergency or an earlier start told is not asked."""
    known = await _known(turn)
    missing = [question for question in QUESTIONS if question not in known]
    if missing:
        return missing[0]
    return {"self": "thanks_self", "died": "thanks_died"}.get(known["outcome"], "thanks")


async def _known(turn: Turn) -> dict[str, str]:
    """What this report holds already; the row is made with the first look."""
    noted: dict[str, Any] = turn.memory.get("report") or {}
    if noted and turn.now - datetime.fromisoformat(noted["at"]) < GO_ON_WITHIN:
        known: dict[str, str] = noted["known"]
        return known
    service = await service_to_tell(turn.work, turn.service)
    known = {name: turn.data[name] for name in QUESTIONS if turn.data.get(name)}
    if service:
        row = turn.work.save(
            Administration(
                id=turn.work.new_id(),
                service_id=service.id,
                reported_at=turn.now,
                by_kind="peer" if await peer_of(turn.work, turn.id) else "public",
            )
        )
        row = turn.work.save(_with(row, known))
        turn.memory["report"] = {"id": row.id, "known": known, "at": turn.now.isoformat()}
        turn.journal("KitUsedReported", report=row.id)
    return known


def _with(row: Administration, answers: dict[str, str]) -> Administration:
    named: dict[str, Any] = {"district" if n == "where" else n: v for n, v in answers.items()}
    return replace(row, **named)


async def _note(turn: Turn, question: str, value: str) -> None:
    """Keep one answer at once."""
    noted = turn.memory["report"]
    noted["known"] = {**noted["known"], question: value}
    row = await turn.work.need(Administration, noted["id"])
    turn.work.save(_with(row, {question: value}))


@leads_to("report")
async def answered(turn: Turn, answer: str) -> Next:
    """One answer; SKIP is one too."""
    await _note(turn, turn.step, NOT_SAID if answer == "skip" else answer)
    if turn.step == "outcome" and answer == "self":
        await _note(turn, "relation", "self")
    return "report"


@leads_to("report")
async def where(turn: Turn, text: str) -> Next:
    """Roughly where: only the district is kept in the report."""
    if whole_option(text, {"skip": library.option(turn.tongue, "", "skip").words}):
        await _note(turn, "where", NOT_SAID)
        return "report"
    around = (turn.service.lat, turn.service.lon) if turn.service else None
    found = find_place(text, turn.world.gazetteer, near=around)
    if not isinstance(found, PlaceFound):
        return Again("where_unknown")
    place = place_data(found)
    turn.data["place"] = place
    await _note(turn, "where", str(place["district"]))
    return "report"


@leads_to("call_back", "new_kit_or_on")
async def care(turn: Turn, _: str) -> Next:
    """A peer's debrief is the coordinator's to offer; anybody else is asked."""
    turn.memory["report"] = {}
    if await peer_of(turn.work, turn.id) and turn.service:
        await raise_flag(turn.scene, turn.service, "debrief", contact_id=turn.id)
        return "new_kit_or_on"
    return "call_back"


@leads_to("new_kit_or_on")
async def call_back(turn: Turn, answer: str) -> Next:
    """Somebody to talk to, if they want."""
    service = await service_to_tell(turn.work, turn.service)
    if answer == "yes" and service:
        await raise_flag(turn.scene, service, "call_back", contact_id=turn.id)
    return "new_kit_or_on"


@leads_to("new_kit", "flow:request_kit")
async def new_kit_or_on(turn: Turn, _: str) -> Next:
    """Who asked for a kit in the same breath is not asked whether they want one."""
    return await new_kit(turn, "yes") if turn.data.get("wants_kit") else "new_kit"


@leads_to("flow:request_kit", "no_kit")
async def new_kit(turn: Turn, answer: str) -> Next:
    """The next kit, at the place already known."""
    if answer == "no":
        return "no_kit"
    kept: dict[str, Any] = {"reason": "used"}
    kept |= {name: turn.data[name] for name in ("place", "who") if name in turn.data}
    return Go("request_kit", data=kept)


USED = Flow(
    "used",
    (
        Choose("unwell", ("yes", "no"), unwell, "words", careful=True),
        Do("report", report),
        Choose("outcome", OUTCOMES, answered),
        Choose("doses", DOSES, answered, "words"),
        Choose("ambulance", AMBULANCE, answered, "words"),
        Choose("product", PRODUCTS, answered),
        Choose("used_on", USED_ON, answered),
        Choose("relation", RELATIONS, answered),
        Enter("where", where),
        Say("thanks", care),
        Say("thanks_self", care),
        Say("thanks_died", care),
        Choose("call_back", ("yes", "no"), call_back, "words"),
        Do("new_kit_or_on", new_kit_or_on),
        Choose("new_kit", ("yes", "no"), new_kit, "words"),
        Say("no_kit", END),
    ),
)

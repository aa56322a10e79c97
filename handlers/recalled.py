"""Somebody has a kit of a batch that is being recalled: what they find, and a new one if wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from db.models import Holding, Recall, RecallNotice, Service
from handlers.engine.flow import END, Choose, Flow, Go, Next, leads_to
from handlers.engine.turn import Turn
from handlers.expiry import again
from handlers.flags import team_name
from handlers.services import recalls

ANSWERS = ("fine", "faulty", "gone", "new", "more")


async def _recall(turn: Turn) -> Recall:
    return await turn.work.need(Recall, turn.data["recall"])


async def values(turn: Turn) -> dict[str, Any]:
    """The batch and what to do; what to look for is left out where the phone is to be quiet."""
    recall = await _recall(turn)
    service = await turn.work.need(Service, recall.service_id)
    told = turn.data.get("told") or not turn.contact.quiet
    return {
        "team": team_name(service),
        "batch": turn.data["batch"],
        "action": recall.action,
        "advice": recalls.advice_in(recall, turn.locale) if told else "",
    }


async def options(turn: Turn) -> Mapping[str, str | None]:
    """Fine is no answer where all are swapped; more, only where something was left out."""
    recall = await _recall(turn)
    left_out = turn.contact.quiet and recall.advice and not turn.data.get("told")
    without = {"fine"} if recall.action == "replace" else set()
    without |= set() if left_out else {"more"}
    return {name: None for name in ANSWERS if name not in without}


@leads_to("ask", "flow:resupply", END)
async def answered(turn: Turn, answer: str) -> Next:
    """What they found goes to the count; a new one is asked for where they were before."""
    if answer == "more":
        turn.data["told"] = True
        return "ask"
    recall = await _recall(turn)
    turn.journal("RecallAnswered", recall=recall.ref, answer=answer)
    mine = await _notices(turn, recall, answer)
    for notice in mine:
        said = notice.answer if answer == "new" else answer
        notice = turn.work.save(replace(notice, status="reached", answer=said))
        if answer == "gone":
            await _let_go(turn, notice)
    if answer in ("faulty", "new"):
        count = sum(notice.quantity for notice in mine)
        return Go("resupply", data=await again(turn, "recalled", max(1, count)))
    turn.say("recalled.fine" if answer == "fine" else "recalled.gone")
    return END


async def _notices(turn: Turn, recall: Recall, answer: str) -> list[RecallNotice]:
    """Theirs. A kit with no name is theirs once they ask for a new one, so that it is counted."""
    mine = [await turn.work.need(RecallNotice, one) for one in turn.data["notices"]]
    if answer not in ("faulty", "new"):
        return mine
    if not mine:
        batch = turn.data["batch"]
        mine = [recalls.note_nameless(turn.work, recall, batch, contact_id=turn.id)]
    return [
        notice if notice.contact_id else turn.work.save(replace(notice, contact_id=turn.id))
        for notice in mine
    ]


async def _let_go(turn: Turn, notice: RecallNotice) -> None:
    holding = await turn.work.get(Holding, notice.holding_id)
    if holding and holding.contact_id == turn.id:
        turn.work.save(replace(holding, status="gone"))


RECALLED = Flow(
    "recalled",
    (Choose("ask", ANSWERS, answered, values=values, options_now=options),),
    unasked=recalls.KIND,
    slight=True,
)

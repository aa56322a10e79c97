"""Optional facts for the returns (age band, sex), asked after the supply; each may be skipped."""

from __future__ import annotations

from db.models import SupplyFact
from handlers.engine.flow import Choose, Do, Flow, Go, Next, leads_to
from handlers.engine.turn import Turn


def facts_step(name: str, options: tuple[str, ...], following: str) -> Choose:
    """One optional question for the returns, kept beside the supply and not with the person."""

    @leads_to(following)
    async def answered(turn: Turn, answer: str) -> Next:
        if answer != "skip":
            turn.work.save(
                SupplyFact(
                    id=turn.work.new_id(),
                    supply_id=turn.data["supply"],
                    name="age_band" if name == "age" else name,
                    value=answer,
                    at=turn.now,
                )
            )
        return following

    return Choose(name, (*options, "skip"), then=answered)


@leads_to("flow:keep_in_touch")
async def done(turn: Turn, _: str) -> Next:
    """Then what they may want of us later."""
    return Go("keep_in_touch", data={"supply": turn.data["supply"]})


FACTS = Flow(
    "facts",
    (
        facts_step("age", ("under25", "from25", "from35", "from45"), "sex"),
        facts_step("sex", ("man", "woman", "another"), "done"),
        Do("done", done),
    ),
    slight=True,
)

"""While they wait: four short cards, one check question, then the separate yeses.

Learning never delays a supply: this begins after the request is placed, and all of it may be
skipped.
"""

from __future__ import annotations

from handlers.engine.flow import END, Choose, Do, Flow, Next, Say, leads_to
from handlers.engine.turn import Turn
from handlers.services.contacts import give_consent
from handlers.services.holdings import to_ask


def _card(name: str, following: str) -> Choose:
    return Choose(
        name, ("next", "skip"), then={"next": following, "skip": "skipped"}, style="words"
    )


@leads_to("right", "teach")
async def checked(turn: Turn, answer: str) -> Next:
    """A wrong answer teaches; nobody fails."""
    turn.journal("AwarenessDone", right=answer == "call999")
    return "right" if answer == "call999" else "teach"


PURPOSES = ("recall", "reminders", "follow_up", "alerts")


def _ask(purpose: str) -> Choose:
    @leads_to("next_yes")
    async def answered(turn: Turn, answer: str) -> Next:
        give_consent(turn.work, turn.contact, purpose, answer == "yes", f"awareness.ask_{purpose}")
        turn.journal("ConsentGiven" if answer == "yes" else "ConsentRefused", purpose=purpose)
        return "next_yes"

    return Choose(f"ask_{purpose}", ("yes", "no"), then=answered, style="words", careful=True)


@leads_to(*(f"ask_{purpose}" for purpose in PURPOSES), "all_asked", END)
async def next_yes(turn: Turn, _: str) -> Next:
    """The separate yeses, each asked once a year; here or after the kit (keep_in_touch)."""
    for purpose in PURPOSES:
        if await to_ask(turn.work, turn.contact, purpose):
            turn.data["asked"] = True
            return f"ask_{purpose}"
    return "all_asked" if turn.data.get("asked") else END


AWARENESS = Flow(
    "awareness",
    (
        _card("signs", "call"),
        _card("call", "give"),
        _card("give", "wait"),
        Say("wait", "check"),
        Choose("check", ("call999", "wait", "walk"), then=checked, careful=True),
        Say("right", "next_yes"),
        Say("teach", "next_yes"),
        Say("skipped", "next_yes"),
        Do("next_yes", next_yes),
        *(_ask(purpose) for purpose in PURPOSES),
        Say("all_asked"),
    ),
    slight=True,
)

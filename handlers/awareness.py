"""While they wait: four short cards, one check question, then the separate yeses.

Learning never delays a supply: this begins after the request is placed, and all of it may be
skipped.
"""

from __future__ import annotations

from handlers.engine.flow import END, Choose, Flow, Next, Say, leads_to
from handlers.engine.turn import Turn
from handlers.services.contacts import give_consent, was_asked


def _card(name: str, following: str) -> Choose:
    return Choose(
        name, ("next", "skip"), then={"next": following, "skip": "skipped"}, style="words"
    )


@leads_to("right", "teach")
async def checked(turn: Turn, answer: str) -> Next:
    """A wrong answer teaches; nobody fails."""
    turn.journal("AwarenessDone", right=answer == "call999")
    return "right" if answer == "call999" else "teach"


def _ask(purpose: str, following: str) -> Choose:
    @leads_to(following)
    async def answered(turn: Turn, answer: str) -> Next:
        give_consent(turn.work, turn.contact, purpose, answer == "yes", f"awareness.ask_{purpose}")
        turn.journal("ConsentGiven" if answer == "yes" else "ConsentRefused", purpose=purpose)
        return following

    return Choose(f"ask_{purpose}", ("yes", "no"), then=answered, style="words", careful=True)


@leads_to("ask_recall", END)
async def first_yes(turn: Turn, _: str) -> Next:
    """The separate yeses are asked once."""
    return END if await was_asked(turn.work, turn.contact, "alerts") else "ask_recall"


AWARENESS = Flow(
    "awareness",
    (
        _card("signs", "call"),
        _card("call", "give"),
        _card("give", "wait"),
        Say("wait", "check"),
        Choose("check", ("call999", "wait", "walk"), then=checked, careful=True),
        Say("right", first_yes),
        Say("teach", first_yes),
        Say("skipped", first_yes),
        _ask("recall", "ask_reminders"),
        _ask("reminders", "ask_follow_up"),
        _ask("follow_up", "ask_alerts"),
        _ask("alerts", "all_asked"),
        Say("all_asked"),
    ),
)

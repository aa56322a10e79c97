"""A person to talk to: a call-back with an owner and a due time, or help lines; and crisis."""

from __future__ import annotations

from handlers.engine.flow import END, Choose, Flow, Next, leads_to
from handlers.engine.turn import EMERGENCY, Turn
from handlers.flags import raise_flag, team_name
from handlers.services.contacts import all_services
from handlers.services.rules import clock_words


@leads_to(END)
async def choose(turn: Turn, answer: str) -> Next:
    """A call-back or lines."""
    service = turn.service or next(iter(await all_services(turn.work)), None)
    if answer == "lines" or service is None:
        turn.say("talk.lines")
        return END
    flag, asked = await raise_flag(turn.scene, service, "call_back", contact_id=turn.id)
    until = clock_words(asked.until, turn.now) if asked.staff else ""
    turn.say("talk.asked", ref=flag.ref, until=until)
    return END


async def team(turn: Turn) -> dict[str, str]:
    """Whose coordinators they are."""
    return {"team": team_name(turn.service) if turn.service else "the team"}


TALK = Flow("talk", (Choose("choose", ("callback", "lines"), choose, values=team),))


async def crisis(turn: Turn, why: tuple[str, ...]) -> None:
    """Suicidal words, a child, violence at home: the right lines at once, and a person told."""
    turn.say("crisis.lines", kind="emergency", priority=EMERGENCY)
    service = turn.service or next(iter(await all_services(turn.work)), None)
    turn.journal("CrisisAnswered", why=list(why))
    if service:
        await raise_flag(turn.scene, service, "crisis", contact_id=turn.id)
        turn.say("crisis.person", kind="emergency", priority=EMERGENCY)

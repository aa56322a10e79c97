"""A person to talk to: a call-back with an owner and a due time, or help lines."""

from __future__ import annotations

from content.library import Words, saying
from handlers.engine.flow import END, Choose, Flow, Next, leads_to
from handlers.engine.turn import Turn
from handlers.flags import raise_flag, team_name
from handlers.language import call_back_kind
from handlers.services import help_lines
from handlers.services.contacts import service_to_tell
from handlers.services.rules import clock_words


@leads_to(END)
async def choose(turn: Turn, answer: str) -> Next:
    """A call-back or lines."""
    service = await service_to_tell(turn.work, turn.service)
    if answer == "lines" or service is None:
        lines = help_lines.said(turn.service, turn.contact, turn.now.date(), turn.locale)
        turn.say("talk.lines", lines=lines)
        return END
    kind = call_back_kind(turn.tongue)
    flag, asked = await raise_flag(turn.scene, service, kind, contact_id=turn.id)
    until = clock_words(asked.until, turn.now) if asked.staff else ""
    turn.say("talk.asked", ref=flag.ref, until=until)
    return END


async def team(turn: Turn) -> dict[str, Words]:
    """Whose coordinators they are."""
    return {"team": team_name(turn.service) if turn.service else saying("saying.the_team")}


TALK = Flow("talk", (Choose("choose", ("callback", "lines"), choose, values=team),))

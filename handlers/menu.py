"""The menu, help, and what is said when nothing fits."""

from __future__ import annotations

from content import library
from content.library import Words, saying
from db.models import Button
from handlers import staff_chat
from handlers.engine.conversation import ask, current
from handlers.engine.turn import Turn
from handlers.flags import team_name
from handlers.services.roles import outlet_of, peer_of, staff_of

WORDS = ("kit", "status", "used", "lost", "advice", "near", "talk")


def buttons(turn: Turn) -> tuple[Button, ...]:
    """The words of the menu as buttons, labelled in the person's language."""
    return tuple(
        Button(library.label(turn.locale, "menu", word), f"={word.upper()}") for word in WORDS
    )


def team(turn: Turn) -> Words:
    """Whose line this is."""
    return team_name(turn.service) if turn.service else saying("saying.naloxone_line")


async def show(turn: Turn) -> None:
    """MENU, with the words of whatever role the person has."""
    turn.say("menu.main", buttons=buttons(turn), team=team(turn))
    if await peer_of(turn.work, turn.id):
        turn.say("menu.peer")
    if await staff_of(turn.work, turn.id):
        turn.say("menu.staff")
    if await outlet_of(turn.work, turn.contact):
        turn.say("menu.outlet")


async def help_(turn: Turn) -> None:
    """HELP at any step: what this is, then the question again."""
    turn.say("menu.help", team=team(turn))
    if await peer_of(turn.work, turn.id):
        turn.say("menu.peer")
    if await staff_of(turn.work, turn.id):
        turn.say("menu.staff")
    if await outlet_of(turn.work, turn.contact):
        turn.say("menu.outlet")
    if current(turn):
        await ask(turn)


def greet(turn: Turn) -> None:
    """ "Hello": who this is, unless they were talking to one of the team a moment ago."""
    if not staff_chat.was_over(turn):
        turn.say("menu.greeting", team=team(turn), buttons=buttons(turn))


async def fed_up(turn: Turn) -> None:
    """Cross words; a coordinator is never invited to stop the line that wakes them."""
    if await staff_of(turn.work, turn.id):
        turn.say("menu.unmatched_staff")
    else:
        turn.say("menu.abuse")


async def unmatched(turn: Turn) -> None:
    """Nothing fitted."""
    turn.journal("Unmatched")
    if staff_chat.was_over(turn):
        return
    if await staff_of(turn.work, turn.id):
        turn.say("menu.unmatched_staff")
        return
    if turn.contact.quiet:
        turn.say("menu.unmatched_quiet")
    elif await peer_of(turn.work, turn.id):
        turn.say("menu.unmatched_peer")
    else:
        turn.say("menu.unmatched", buttons=buttons(turn))

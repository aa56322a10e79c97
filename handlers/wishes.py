"""A clear wish, said at a question that is about something else: it is acted on, not asked again.

"I need another kit" at a card, "whats the code" at the counter, "mine says N2403" weeks later. It
does what the word for it would do (LOST, STATUS, CHANGE); the question waits, unless it is old.
"""

from __future__ import annotations

import re
from datetime import timedelta

from handlers import awareness, change_route, meaning, packs
from handlers.engine import conversation
from handlers.engine.flow import Choose, Enter, Step
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.services import requests
from handlers.services.contacts import give_consent

LAPSES_AFTER = timedelta(hours=12)
"""A night later nobody remembers what a card or a survey had asked."""
A_KIT = ("report_used", "replace_kit", "request_kit")
FEWEST = 3  # words: "another", "spray" may be an answer
_READ_BY_OTHERS = re.compile(
    r"\b(?:reads?|sees?|checks?|looks? at|goes? through|has|have|got) (?:my|this|the)"
    r" (?:phone|texts|messages)\b"
)
_CHANGES = re.compile(
    r"\b(?:chang(?:e|ed|ing) (?:my|our) minds?|(?:chemist|pharmacy|peer|shop) instead"
    r"|back to the (?:chemist|pharmacy|peer|shop)|go with the (?:chemist|pharmacy|peer))\b"
)


async def leads_away(turn: Turn, text: str) -> bool:
    """Whether a clear wish was said, and has been acted on."""
    here = conversation.current(turn)
    if here and (isinstance(here[1], Enter) or here[0].urgent or _is_grave(here[1])):
        return False
    if await _is_answer(turn, text):
        return False
    if await packs.named(turn, text):
        return True
    if await _changes(turn, text) or await meaning.asks_for_news(turn, text):
        return True
    return await _no_texts(turn, text) or await _kit(turn, text)


async def _no_texts(turn: Turn, text: str) -> bool:
    """ "no dont text me, he reads my phone": a no to this question, and quiet; STOP is named."""
    here = conversation.current(turn)
    if here is None or not here[0].slight or not isinstance(here[1], Choose):
        return False
    if not {"yes", "no"} <= set(here[1].options):
        return False
    if meaning.understood(turn, text).intent != "stop":
        return False
    read = _READ_BY_OTHERS.search(plain(text))
    if read:
        turn.change(quiet=True)
        turn.say("consent.quiet_on")
    elif not plain(text).startswith("no"):
        turn.say("consent.left")
    purpose = here[1].name.removeprefix("ask_")
    if purpose not in awareness.PURPOSES:
        await conversation.answer(turn, "no")
        return True
    give_consent(turn.work, turn.contact, purpose, False, f"{here[0].name}.{here[1].name}")
    turn.journal("ConsentRefused", purpose=purpose)
    if "skip" in here[1].options:
        await conversation.answer(turn, "skip")  # not asked for the next text either
    else:
        conversation.drop(turn, here[0].name)
    return True


def _is_grave(step: Step) -> bool:
    """Whether a message that is no answer decides something there."""
    return isinstance(step, Choose) and bool(step.otherwise)


async def _kit(turn: Turn, text: str) -> bool:
    """Used, lost, another one: by what was said, never by a hunch."""
    here = conversation.current(turn)
    if here is None or not here[0].slight or len(text.split()) < FEWEST:
        return False
    seen = meaning.understood(turn, text)
    if seen.intent not in A_KIT or seen.why[0].startswith("sounds like"):
        return False
    lapse(turn)
    await meaning.meant(turn, text)
    return True


async def _changes(turn: Turn, text: str) -> bool:
    """ "can i change my mind back to the chemist": CHANGE, where a request is open."""
    if turn.flow in ("request_kit", "change_route") or not _CHANGES.search(plain(text)):
        return False
    if not await requests.open_request_of(turn.work, turn.id):
        return False
    await change_route.change(turn)
    return True


async def _is_answer(turn: Turn, text: str) -> bool:
    """Whether it answers the question; a sentence that only holds an option's word may not."""
    here = conversation.current(turn)
    if here is None:
        return False
    sure = bool(here[0].unasked) or len(text.split()) < FEWEST
    return sure and await conversation.chosen_here(turn, text) is not None


def note_figure(turn: Turn, step: Choose, text: str) -> None:
    """A figure chosen from a list, in case it comes twice."""
    chosen = plain(text) if step.style == "numbers" else ""
    turn.memory["figure"] = [chosen, turn.seq] if chosen.isdigit() else []


def is_repeated(turn: Turn, step: Choose, text: str) -> bool:
    """The "2" that chose from the list before, sent again: it is no NO to the next question."""
    before = turn.memory.pop("figure", None)
    return step.style == "words" and before == [plain(text), turn.seq - 1]


def lapse(turn: Turn) -> bool:
    """Let go of a slight question that nobody answered in time; what was written is read as new."""
    here = conversation.current(turn)
    asked = turn.asked_at
    if here is None or not here[0].slight or asked is None or turn.now - asked < LAPSES_AFTER:
        return False
    conversation.drop(turn, here[0].name)
    return True

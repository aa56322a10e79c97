"""Whether somebody can be reached: who blocks the bot, who is back, whose dead number writes."""

from __future__ import annotations

from dataclasses import replace

from content import library
from db.models import InboundMessage
from handlers import open_request, stand_down
from handlers.engine.matching import first_word
from handlers.engine.turn import Turn
from handlers.services import requests


async def by_writing(turn: Turn, message: InboundMessage) -> None:
    """Who writes has not blocked us, and their number is not dead. STOP is another matter."""
    lapsed = turn.address is not None and turn.address.lapsed_at is not None
    if turn.address and lapsed:
        back = replace(turn.address, lapsed_at=None, lapse_reason="")
        turn.address = turn.work.save(back)
    if turn.contact.blocked_at and (lapsed or message.channel == "telegram"):
        turn.change(blocked_at=None)
        await stand_down.back(turn)
        said = first_word(message.text, library.role_words(turn.tongue, "peer"))
        if said is None or said[0] != "on":
            await stand_down.say_off_duty(turn)


async def blocked(turn: Turn) -> None:
    """The bot was blocked: nobody waits for them."""
    if turn.contact.blocked_at is None:
        turn.change(blocked_at=turn.now)
        turn.journal("BlockedUs")
        await stand_down.from_duties(turn)
        await stand_down.requests_wait_for_nobody(turn.scene, turn.id)


async def unblocked(turn: Turn) -> None:
    """They are back: how their request stands, if one is open."""
    turn.change(blocked_at=None)
    turn.journal("UnblockedUs")
    await stand_down.say_off_duty(turn)
    if await stand_down.back(turn):
        return
    if await requests.open_request_of(turn.work, turn.id):
        await open_request.say_status(turn)

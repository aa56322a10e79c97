"""The words that work for anybody at every step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache

from content import library
from db.models import KitRequest
from handlers import (
    advice,
    arrived,
    change_route,
    consent,
    echo,
    language,
    meeting,
    menu,
    open_request,
    refusals,
    report_use,
    still_you,
)
from handlers.engine import conversation
from handlers.engine.matching import first_word, plain
from handlers.engine.turn import Turn
from handlers.services import requests
from handlers.services.roles import peer_of


async def global_word(turn: Turn, text: str) -> bool:
    """The words that work at every step."""
    word = library.global_words(turn.tongue).get(plain(text))
    if word is None:
        if await report_use.told_at_unwell(turn, text):
            return True
        if await refusals.told(turn, text) or await _cancels_one(turn, text):
            return True
        return await advice.asked_by_name(turn, text) or await language.asked_for(turn, text)
    if word == "back":
        if await conversation.back(turn):
            return True
        if conversation.current(turn) is None and await report_use.death_told(turn):
            await report_use.ask_again(turn)
        else:
            turn.say("common.no_back")
            await conversation.ask(turn)
        return True
    simple: dict[str, Callable[[Turn], Awaitable[None]]] = {
        "menu": _menu,
        "help": menu.help_,
        "cancel": open_request.cancel,
        "status": open_request.say_status,
        "change": change_route.change,
        "mydata": consent.my_data,
        "complain": consent.complain,
        "came": _came,
        "never_came": _never_came,
        "refused": refusals.word,
        "next_card": _next_card,
        "delete": echo.ask_delete,
        "sos": _sos,
        "not_me": still_you.not_me,
    }
    begins = {
        "kit": "request_kit",
        "have": "holder",
        "used": "used",
        "lost": "resupply",
        "advice": "advice",
        "near": "near",
        "talk": "talk",
    }
    if word in begins:
        if word == "talk" and turn.flow == "talk":
            return False
        if await _is_option_here(turn, text):
            return False
        await conversation.begin(turn, begins[word])
    elif word in simple:
        if word == "next_card" and turn.flow == "awareness":
            return False
        if await _is_option_here(turn, text):
            return False
        await simple[word](turn)
    elif word in ("stop_alerts", "stop_reminders", "stop_recall"):
        await consent.stop_purpose(turn, word.removeprefix("stop_"))
    elif word == "quit":
        turn.say("consent.quit")
    elif word in ("quiet", "loud"):
        turn.change(quiet=word == "quiet")
        turn.say("consent.quiet_on" if word == "quiet" else "consent.quiet_off")
    elif word == "language":
        await conversation.begin(turn, "language")
    return True


async def _cancels_one(turn: Turn, text: str) -> bool:
    """CANCEL and the code of one of several open requests."""
    found = first_word(text, _cancel_words(turn.tongue))
    ref = found[1].strip().upper() if found else ""
    mine = await requests.open_request_of(turn.work, turn.id) if ref else []
    if ref not in [request.ref for request in mine]:
        return False
    await open_request.cancel(turn, ref)
    return True


@cache
def _cancel_words(tongue: str) -> dict[str, str]:
    return {said: name for said, name in library.global_words(tongue).items() if name == "cancel"}


async def _is_option_here(turn: Turn, text: str) -> bool:
    """ "used" may be an answer to the question on the table."""
    return await conversation.chosen_here(turn, text) is not None


async def _menu(turn: Turn) -> None:
    conversation.leave(turn)
    await menu.show(turn)


async def _sos(turn: Turn) -> None:
    one = await peer_of(turn.work, turn.id)
    if one:
        await meeting.word(turn, one, "sos", "")
    else:
        turn.say("meeting.danger")


async def _came(turn: Turn) -> None:
    if turn.flow == "arrived" and turn.step == "ask":
        await conversation.answer(turn, "yes")
    elif last := await arrived.last_handed(turn):
        await conversation.begin(turn, "arrived", "came", request=last.id)
    else:
        await open_request.say_status(turn)


async def _never_came(turn: Turn) -> None:
    if turn.flow == "arrived" and turn.step == "ask":
        await conversation.answer(turn, "no")
    elif last := await arrived.last_handed(turn):
        await conversation.begin(turn, "arrived", "never", request=last.id)
    elif mine := await turn.work.find(KitRequest, contact_id=turn.id):
        await arrived.nobody_came(turn, mine[-1])
    else:
        await open_request.say_status(turn)


async def _next_card(turn: Turn) -> None:
    await conversation.begin(turn, "awareness")

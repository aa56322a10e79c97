"""Which conversation a message belongs to. The order is here and nowhere else:

1 emergency words, then words of crisis, from any state; 2 STOP and START; 3 an answer that names
its question (a button, a code); 4 words that work anywhere; 5 the open question; 6 a meeting's
relay; 7 what was meant; 8 the menu.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from content import library
from content.phrasebook import fold
from db.models import InboundMessage, KitRequest
from handlers import (
    check_in,
    consent,
    echo,
    emergency_card,
    global_words,
    joining,
    language,
    loops,
    meaning,
    meeting,
    overdose,
    own_words,
    packs,
    peer,
    peer_terms,
    peer_words,
    reachable,
    relay,
    role_words,
    staff_chat,
    still_you,
    wishes,
)
from handlers.engine import conversation
from handlers.engine.emergency import emergency
from handlers.engine.flow import Choose, Enter
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.services.places import PlaceFound, place_from_pin
from handlers.services.roles import peer_of, staff_of

OLD = timedelta(minutes=30)
CHAT = ("greeting", "thanks", "unclear", "yes", "no", "abuse", "help")
_LINK = re.compile(r"(?i)^\W*link\s*(\d{6})?\W*$")
_NAME = re.compile(r"(?i)^\s*name\s+(\S.*)$")


async def route(turn: Turn, message: InboundMessage) -> None:
    """Handle one message of one person."""
    turn.message = message
    await still_you.notice(turn)
    turn.last_in_at = turn.now
    if message.kind == "blocked":
        await reachable.blocked(turn)
        return
    if message.kind == "unblocked":
        await reachable.unblocked(turn)
        return
    if message.kind == "call":
        _rang(turn)
        return
    await reachable.by_writing(turn, message)
    if message.choice.startswith("="):  # a button that stands for a word
        message = replace(message, kind="text", text=message.choice[1:], choice="")
    text = message.text
    await language.before(turn, message, text)
    if text and await _emergency(turn, text):
        return
    await _handle(turn, message, text)
    if waited := await still_you.kept(turn):
        turn, text = waited
        await _handle(turn, replace(message, kind="text", text=text, choice=""), text)
    await language.after(turn)


async def _handle(turn: Turn, message: InboundMessage, text: str) -> None:
    if not _is_first_stop(turn, text) and await loops.too_many(turn, text):
        return
    if message.kind == "text" and await meaning.in_crisis(turn, text):
        return
    if await _stop_or_start(turn, text):
        return
    if await loops.is_left_alone(turn, text) or await still_you.asked_first(turn, message):
        return
    if _is_old(turn, message):
        _was_away(turn)
    if message.choice:
        await _pressed(turn, message.choice)
        return
    await _said(turn, message, text)


async def _emergency(turn: Turn, text: str) -> bool:
    if emergency_card.is_sos(text) and (one := await peer_of(turn.work, turn.id)):
        await meeting.word(turn, one, "sos", "")
        if overdose.is_open(turn):
            emergency_card.send_card(turn)
        return True
    verdict = emergency(text)
    open_now = overdose.is_open(turn)
    chat = await staff_chat.chat_of(turn) if open_now else None
    if open_now and await overdose.answered(turn, text, verdict):
        await _told_staff(turn, chat)
        return True
    if verdict.is_emergency or turn.scene.answered:
        await overdose.now(turn, text, verdict.why)
        await _told_staff(turn, chat)
        return True
    if open_now and not _leaves(turn, text) and not overdose.leaves_silence(turn):
        if await loops.too_many(turn, text) or await language.asked_now(turn, text):
            return True
        if not await _told_staff(turn, chat):
            await overdose.still(turn, text)
        return True
    return False


async def _told_staff(turn: Turn, chat: staff_chat.Chat | None) -> bool:
    """A coordinator who writes to somebody in an emergency reads everything they write."""
    if chat is None or turn.message is None or turn.message.kind != "text":
        return False
    await staff_chat.pass_on(turn, chat, turn.message)
    return True


def _leaves(turn: Turn, text: str) -> bool:
    """A word that leaves the open emergency, or moves in it. Only English ones do: in another
    language "stop" may be said of somebody's breathing."""
    word = library.global_words(library.DEFAULT).get(plain(text))
    return word in ("stop", "start", "menu", "cancel", "back", "quiet")


def _is_old(turn: Turn, message: InboundMessage) -> bool:
    """Written while we were away, and only read now."""
    return message.sent_at is not None and turn.now - message.sent_at > OLD


def _was_away(turn: Turn) -> None:
    """Said once for everything that waited, before it is answered."""
    last = turn.memory.get("away", "")
    if not last or turn.now - datetime.fromisoformat(last) > timedelta(hours=6):
        turn.memory["away"] = turn.now.isoformat()
        turn.say("common.was_away", kind="notice")


def _rang(turn: Turn) -> None:
    """Somebody rang a line that works by text: one neutral text back, once a day."""
    today = turn.now.date().isoformat()
    if turn.memory.get("rang") != today:
        turn.memory["rang"] = today
        turn.say("voice.call", kind="notice")
        turn.journal("RangTextedBack")


def _is_first_stop(turn: Turn, text: str) -> bool:
    """STOP is heard however many messages came before it; said over and over, it is a loop too."""
    return _word(turn, text) == "stop" and turn.contact.stopped_at is None


def _word(turn: Turn, text: str) -> str:
    said = plain(text)
    stop = "stop" if fold(said) in library.stop_words() else ""
    return library.global_words(turn.tongue).get(said, stop)


async def _stop_or_start(turn: Turn, text: str) -> bool:
    word = _word(turn, text)
    if word == "stop":
        await consent.stop(turn)
    elif word == "start" and not (turn.contact.stopped_at or turn.contact.blocked_at):
        if turn.channel == "telegram" or text.startswith("/start"):
            await conversation.begin(turn, "request_kit")  # how a Telegram chat begins
        else:
            await consent.start_again(turn)
    elif word == "start":
        await consent.start_again(turn)
    elif turn.contact.stopped_at:
        consent.hint_once_a_day(turn)
    else:
        return False
    return True


async def _pressed(turn: Turn, choice: str) -> None:
    """A button names its question; an old or double press changes nothing."""
    parts = choice.split(".")
    here = conversation.current(turn)
    if here and len(parts) == 4:
        flow, step = here
        fits = (parts[0], parts[1], parts[2]) == (flow.name, step.name, str(turn.seq))
        options = (
            await conversation.options(turn, flow, step, turn.locale)
            if isinstance(step, Choose)
            else {}
        )
        if fits and parts[3] in options:
            await conversation.answer(turn, parts[3])
            return
    turn.say("common.stale")
    if here:
        await conversation.ask(turn)


async def _said(turn: Turn, message: InboundMessage, text: str) -> None:
    one_peer = await peer_of(turn.work, turn.id)
    staff = await staff_of(turn.work, turn.id)
    if await echo.answered(turn, text):
        return
    if message.kind == "text" and await joining.join_word(turn, text):
        return
    if message.kind == "text" and await packs.asked(turn, text):
        return
    if found := _LINK.match(text):
        if found.group(1):
            await peer.link_here(turn, found.group(1))
            return
        if one_peer:
            await peer.link_code(turn, one_peer)
            return
    if found := _NAME.match(text):
        if one_peer:
            await peer_terms.rename(turn, one_peer, found.group(1))
        else:
            consent.rename(turn, found.group(1))
        return
    if message.kind == "text" and text:
        if one_peer and await own_words.said(turn, one_peer, text):
            return
        if await role_words.outlet_word(turn, text) or (
            staff and await role_words.staff_word(turn, staff, text)
        ):
            return
        if await global_words.global_word(turn, text):
            return
    chat = await staff_chat.chat_of(turn)
    if chat and not one_peer and await peer_words.of_former_peer(turn, text):
        return
    if chat and turn.memory.get("last") == "staff" and not _plain_answer(turn, text):
        await staff_chat.pass_on(turn, chat, message)
        return
    relays = await relay.open_relays(turn, one_peer)
    if relays and turn.memory.get("last") == "relay" and not _plain_answer(turn, text):
        await _to_other_side(turn, message, relays)  # they spoke last
        return
    if not (relays or chat) and text and await loops.is_machine(turn, text):
        return
    if text and await joining.aside(turn, text):
        return
    alone = not (relays or chat) and message.kind == "text"
    if alone and await wishes.leads_away(turn, text):
        return
    if await _open_question(turn, message, text):
        return
    if relays:
        await _to_other_side(turn, message, relays)
        return
    if chat and conversation.current(turn) is None:
        await staff_chat.pass_on(turn, chat, message)
        return
    if message.kind != "text":
        await _not_words(turn, message)
        return
    if one_peer and await peer_words.offer_in_own_words(turn, one_peer, text):
        return
    if conversation.current(turn) and not wishes.lapse(turn):
        if await meaning.another_place(turn, text) or await meaning.kept_for_later(turn, text):
            return
        if not await meaning.aside(turn, text):
            await conversation.not_understood(turn)
        return
    if _is_old(turn, message) and meaning.understood(turn, text).intent in CHAT:
        return  # old chit-chat has had its one line
    await meaning.meant(turn, text)


async def _to_other_side(turn: Turn, message: InboundMessage, relays: list[KitRequest]) -> None:
    """What is said in a meeting; that nobody has come is seen to as well."""
    await relay.pass_on(turn, message, relays)
    if len(relays) == 1 and relays[0].contact_id == turn.id and message.kind == "text":
        await check_in.if_no_show(turn, relays[0], message.text)


async def _not_words(turn: Turn, message: InboundMessage) -> None:
    if message.kind == "location" and message.lat is not None and message.lon is not None:
        found = place_from_pin(message.lat, message.lon, turn.world.gazetteer)
        data = {"place": consent.place_data(found)} if isinstance(found, PlaceFound) else {}
        if turn.flow == "request_kit" and data:  # kept for when it is asked
            turn.data.update(data)
            await conversation.ask(turn)
            return
        await conversation.begin(turn, "request_kit", **data)
        return
    name = {"edited": "edited", "text": "empty"}.get(message.kind, "unsupported")
    turn.say(f"common.{name}")
    if conversation.current(turn):
        await conversation.ask(turn)


def _plain_answer(turn: Turn, text: str) -> bool:
    """An answer that can only be meant for our question, not for the other side of a meeting."""
    said = fold(plain(text))
    labels = {
        fold(library.option(language, "awareness.signs", name).label)
        for language in (library.DEFAULT, turn.tongue)
        for name in ("next", "skip")
    }
    return said.isdigit() or said in labels


async def _open_question(turn: Turn, message: InboundMessage, text: str) -> bool:
    """An answer to the question on the table."""
    here = conversation.current(turn)
    if here is None:
        return False
    step = here[1]
    if isinstance(step, Choose):
        option = await conversation.chosen_here(turn, text) if text else None
        option = option or await meaning.yes_or_no(turn, step, text)
        option = option or await meaning.by_meaning(turn, step, text)
        if option == "no" and wishes.is_repeated(turn, step, text):
            await conversation.ask(turn)
            return True
        if option is None:
            return False
        wishes.note_figure(turn, step, text)
        meaning.note_age(turn, step, text)
        await conversation.answer(turn, option)
        return True
    if isinstance(step, Enter):
        if message.kind == "location":
            if not step.ask_location:
                return False
            await conversation.answer(turn, "")
            return True
        if not text.strip() or message.kind != "text":
            return False
        names_place = not step.ask_location or meaning.place_in(turn, text)
        if names_place or not await meaning.aside(turn, text):
            await conversation.answer(turn, text)
        return True
    return False

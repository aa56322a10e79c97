"""Which conversation a message belongs to. The order is here and nowhere else:

1 emergency words, from any state; 2 STOP and START; 3 an answer that names its question (a button,
a code); 4 words that work anywhere; 5 the open question; 6 a meeting's relay; 7 what was meant;
8 the menu.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from content import library
from db.models import InboundMessage, KitRequest, Peer, Staff
from handlers import (
    advice,
    consent,
    echo,
    meeting,
    menu,
    near,
    offer,
    oncall,
    outlet,
    overdose,
    peer,
    relay,
    request_kit,
    talk,
)
from handlers.engine import conversation
from handlers.engine.emergency import emergency
from handlers.engine.flow import Choose, Enter
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.engine.understanding import understand
from handlers.flags import raise_flag
from handlers.services.places import PlaceFound, mentioned_place, place_from_pin
from handlers.services.roles import outlet_of, peer_of, staff_of
from handlers.street import read_line

ANSWERED_PER_WINDOW = 40
WINDOW = timedelta(minutes=10)
OLD = timedelta(minutes=30)
CHAT = ("greeting", "thanks", "unclear", "yes", "no", "abuse", "help")
_LINK = re.compile(r"(?i)^\W*link\s*(\d{6})?\W*$")
_NAME = re.compile(r"(?i)^\s*name\s+(\S.*)$")
_OFFER_CODE = re.compile(r"^(\S+?)[\s:,.#-]*(\d{2,3})\W*$")


async def route(turn: Turn, message: InboundMessage) -> None:
    """Handle one message of one person."""
    turn.message = message
    turn.last_in_at = turn.now
    if message.kind in ("blocked", "unblocked"):
        _blocked(turn, message.kind == "blocked")
        return
    if message.kind == "call":
        _rang(turn)
        return
    if turn.contact.blocked_at and message.channel == "telegram":
        turn.change(blocked_at=None)  # who writes has not blocked us
    text = message.text
    if message.choice.startswith("="):
        text = message.choice[1:]
    if text and await _emergency(turn, text):
        return
    if await _too_many(turn):
        return
    if await _stop_or_start(turn, text):
        return
    if _is_old(turn, message):
        _was_away(turn)
    if message.choice and not message.choice.startswith("="):
        await _pressed(turn, message.choice)
        return
    await _said(turn, message, text)


# --- 1, and what is decided before words -------------------------------------------------------


async def _emergency(turn: Turn, text: str) -> bool:
    if plain(text) == "sos" and (one := await peer_of(turn.work, turn.id)):
        overdose.record_if_in_place(turn)
        await meeting.word(turn, one, "sos", "")
        return True
    open_now = turn.flow == "overdose"
    if open_now and (option := await _chosen(turn, text)):
        overdose.record_if_in_place(turn)
        await conversation.answer(turn, option)
        return True
    verdict = emergency(text)
    if verdict.is_emergency or turn.scene.answered:
        await overdose.now(turn, text, verdict.why)
        return True
    if open_now and not _leaves(turn, text):
        await overdose.still(turn)
        return True
    return False


async def _chosen(turn: Turn, text: str) -> str | None:
    here = conversation.current(turn)
    if here is None or not isinstance(here[1], Choose):
        return None
    return await conversation.chosen(turn, here[0], here[1], text)


def _leaves(turn: Turn, text: str) -> bool:
    """A word that leaves the open emergency, or moves in it."""
    word = library.global_words(turn.locale).get(plain(text))
    return word in ("stop", "start", "menu", "cancel", "back")


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


def _blocked(turn: Turn, blocked: bool) -> None:
    turn.change(blocked_at=turn.now if blocked else None)
    turn.journal("BlockedUs" if blocked else "UnblockedUs")


async def _too_many(turn: Turn) -> bool:
    """Answered at most so often, so that a loop of auto-replies ends. Emergencies came before."""
    if turn.window_at is None or turn.now - turn.window_at > WINDOW:
        turn.window_at, turn.window_n = turn.now, 0
    turn.window_n += 1
    if turn.window_n <= ANSWERED_PER_WINDOW:
        return False
    if turn.window_n == ANSWERED_PER_WINDOW + 1:
        turn.say("common.too_many")
        turn.journal("LoopStopped")
        if turn.service:
            await raise_flag(turn.scene, turn.service, "loop", contact_id=turn.id)
    return True


# --- 2 -----------------------------------------------------------------------------------------


async def _stop_or_start(turn: Turn, text: str) -> bool:
    word = library.global_words(turn.locale).get(plain(text))
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


# --- 3 -----------------------------------------------------------------------------------------


async def _pressed(turn: Turn, choice: str) -> None:
    """A button names its question; an old or double press changes nothing."""
    parts = choice.split(".")
    here = conversation.current(turn)
    if here and len(parts) == 4:
        flow, step = here
        fits = (parts[0], parts[1], parts[2]) == (flow.name, step.name, str(turn.seq))
        options = await conversation.options(turn, flow, step) if isinstance(step, Choose) else {}
        if fits and parts[3] in options:
            await conversation.answer(turn, parts[3])
            return
    turn.say("common.stale")
    if here:
        await conversation.ask(turn)


# --- 4 to 8 ------------------------------------------------------------------------------------


async def _said(turn: Turn, message: InboundMessage, text: str) -> None:
    one_peer = await peer_of(turn.work, turn.id)
    staff = await staff_of(turn.work, turn.id)
    if await echo.answered(turn, text):
        return
    if found := _LINK.match(text):
        if found.group(1):
            await peer.link_here(turn, found.group(1))
            return
        if one_peer:
            await peer.link_code(turn, one_peer)
            return
    if found := _NAME.match(text):
        consent.rename(turn, found.group(1))
        return
    if message.kind == "text" and text:
        if one_peer and await _peer_word(turn, one_peer, text):
            return
        if await _outlet_word(turn, text) or (staff and await _staff_word(turn, staff, text)):
            return
        if await _global_word(turn, text):
            return
    relays = await relay.open_relays(turn, one_peer)
    if relays and turn.memory.get("last") == "relay" and not _plain_answer(text):
        await relay.pass_on(turn, message, relays)  # the other side spoke last
        return
    if await _open_question(turn, message, text):
        return
    if relays:
        await relay.pass_on(turn, message, relays)
        return
    if message.kind != "text":
        await _not_words(turn, message)
        return
    if conversation.current(turn):
        if not await _aside(turn, text):
            await conversation.not_understood(turn)
        return
    if _is_old(turn, message) and understand(text).intent in CHAT:
        return  # old chit-chat has had its one line
    await _meant(turn, text)


async def _not_words(turn: Turn, message: InboundMessage) -> None:
    if message.kind == "location" and message.lat is not None and message.lon is not None:
        found = place_from_pin(message.lat, message.lon, turn.world.gazetteer)
        data = {"place": consent.place_data(found)} if isinstance(found, PlaceFound) else {}
        await conversation.begin(turn, "request_kit", **data)
        return
    name = {"edited": "edited", "text": "empty"}.get(message.kind, "unsupported")
    turn.say(f"common.{name}")
    if conversation.current(turn):
        await conversation.ask(turn)


def _first_word(text: str, words: dict[str, str]) -> tuple[str, str] | None:
    """The role's word a text begins with, and the rest; the longest word wins."""
    said = plain(text)
    if said in words:
        return words[said], ""
    tokens = text.split()
    for n in (3, 2, 1):
        start = plain(" ".join(tokens[:n]))
        if len(tokens) > n and start in words:
            return words[start], " ".join(tokens[n:])
    return None


async def _peer_word(turn: Turn, one: Peer, text: str) -> bool:
    """ACCEPT, ISSUED, ON … for a peer; a bare YES for the question that was sent last."""
    if await _yes_to_offer(turn, one, text):
        return True
    found = _first_word(text, library.role_words(turn.locale, "peer"))
    if found is None:
        return False
    name, rest = found
    alone = not rest
    if name in ("accept", "decline"):
        code = re.sub(r"\D", "", rest)
        if rest and not code:
            return False
        await offer.answer(turn, one, name == "accept", code)
    elif name == "issued":
        await _issued(turn, one, rest)
    elif name in ("onway", "here", "cant", "handover"):
        if rest and not await _names_meeting(turn, one, rest):
            return False  # a sentence for the other side, not a word for us
        await meeting.word(turn, one, name, rest)
    elif name == "on":
        if not alone and peer.until_when(rest, turn.now) is None:
            return False
        await peer.on(turn, one, rest)
    elif name == "stock":
        await peer.stock(turn, one, rest)
    elif alone and await _answers_own_check(turn, text):
        return False
    elif alone:
        plain_words: dict[str, Callable[[Turn, Peer], Awaitable[None]]] = {
            "off": peer.off,
            "pause": peer.pause,
            "safe": meeting.safe,
            "support": peer.support,
            "undo": meeting.undo,
        }
        await plain_words[name](turn, one) if name in plain_words else await peer.hotspot(turn, one)
    else:
        if name == "hotspot":
            await peer.hotspot(turn, one)
            return True
        return False
    return True


async def _answers_own_check(turn: Turn, text: str) -> bool:
    return turn.flow == "meeting_check" and await _chosen(turn, text) is not None


async def _names_meeting(turn: Turn, one: Peer, rest: str) -> bool:
    refs = {request.ref for request in await meeting.meetings(turn, one)}
    return plain(rest).upper() in refs


async def _yes_to_offer(turn: Turn, one: Peer, text: str) -> bool:
    """A bare YES or NO answers whichever question was sent last; "YES 42" names its offer."""
    words = {
        **dict.fromkeys(library.option(turn.locale, "", "yes").words, True),
        **dict.fromkeys(library.option(turn.locale, "", "no").words, False),
    }
    waiting = await offer.open_offers(turn, one)
    coded = _OFFER_CODE.match(plain(text))
    if coded and coded.group(1) in words:
        await offer.answer(turn, one, words[coded.group(1)], coded.group(2))
        return True
    said = plain(text)
    if said not in words or not waiting:
        return False
    if turn.flow and turn.memory.get("last") == "flow":
        return False
    if turn.memory.get("last") == "relay":  # for the other side, or for the offer? Ask.
        offer.ask_which(turn, waiting)
        return True
    await offer.answer(turn, one, words[said])
    return True


async def _issued(turn: Turn, one: Peer, rest: str) -> None:
    """Alone or with a request's code: that request. With a number: the street. Else: ask."""
    open_now = await meeting.meetings(turn, one)
    words = rest.split()
    by_ref = {request.ref: request for request in open_now}
    if words and words[0].upper() in by_ref:
        batch = words[1].upper() if len(words) > 1 else ""
        await meeting.issued(turn, one, by_ref[words[0].upper()], batch)
    elif words and words[0].lower().rstrip("x").isdigit():
        await conversation.begin(turn, "street", **read_line(turn.locale, words))
    elif not words and len(open_now) == 1:
        await meeting.issued(turn, one, open_now[0])
    elif not words and not open_now:
        await conversation.begin(turn, "street")
    elif len(open_now) == 1 and len(words) == 1 and any(c.isdigit() for c in words[0]):
        await meeting.issued(turn, one, open_now[0], words[0].upper())
    elif not words:
        refs = [request.ref for request in open_now]
        turn.say("meeting.which", refs=", ".join(refs), first=refs[0], word="ISSUED")
    else:
        first = open_now[0].ref if open_now else "K7FP"
        turn.say("meeting.issued_unclear", first=first)


async def _outlet_word(turn: Turn, text: str) -> bool:
    shop = await outlet_of(turn.work, turn.contact)
    if shop is None:
        return False
    found = _first_word(text, library.role_words(turn.locale, "outlet"))
    if found is None:
        return False
    name, rest = found
    if name == "issued":
        await outlet.issued(turn, shop, rest)
    elif name == "none":
        await outlet.none_left(turn, shop)
    else:
        await outlet.stock(turn, shop)
    return True


async def _staff_word(turn: Turn, staff: Staff, text: str) -> bool:
    found = _first_word(text, library.role_words(turn.locale, "staff"))
    if found is None:
        return False
    name, rest = found
    if name in ("take", "assign", "done") and not await echo.allowed(turn, staff, name, rest):
        return True
    await oncall.word(turn, staff, name, echo.without_pin(staff, rest))
    return True


async def _global_word(turn: Turn, text: str) -> bool:
    """The words that work at every step."""
    word = library.global_words(turn.locale).get(plain(text))
    if word is None:
        return False
    if word in ("back",):
        if not await conversation.back(turn):
            turn.say("common.no_back")
            await conversation.ask(turn)
        return True
    simple: dict[str, Callable[[Turn], Awaitable[None]]] = {
        "menu": _menu,
        "help": menu.help_,
        "cancel": request_kit.cancel,
        "status": request_kit.say_status,
        "mydata": consent.my_data,
        "complain": consent.complain,
        "came": _came,
        "never_came": _never_came,
        "next_card": _next_card,
        "delete": echo.ask_delete,
        "sos": _sos,
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
    elif word in ("stop_alerts", "stop_reminders"):
        await consent.stop_purpose(turn, word.removeprefix("stop_"))
    elif word == "quit":
        turn.say("consent.quit")
    elif word in ("quiet", "loud"):
        turn.change(quiet=word == "quiet")
        turn.say("consent.quiet_on" if word == "quiet" else "consent.quiet_off")
    elif word == "language":
        turn.say("consent.language")
    return True


async def _is_option_here(turn: Turn, text: str) -> bool:
    """ "used" may be an answer to the question on the table."""
    return await _chosen(turn, text) is not None


async def _menu(turn: Turn) -> None:
    conversation.leave(turn)
    await menu.show(turn)


async def _sos(turn: Turn) -> None:
    one = await peer_of(turn.work, turn.id)
    if one:
        await meeting.word(turn, one, "sos", "")
    else:
        turn.say("meeting.sos_nobody")


async def _came(turn: Turn) -> None:
    if turn.flow == "arrived":
        await conversation.answer(turn, "yes")
    else:
        await request_kit.say_status(turn)


async def _never_came(turn: Turn) -> None:
    if turn.flow == "arrived":
        await conversation.answer(turn, "no")
        return
    mine = await turn.work.find(KitRequest, contact_id=turn.id)
    if mine:
        await meeting.never_came(turn, mine[-1])
    else:
        await request_kit.say_status(turn)


async def _next_card(turn: Turn) -> None:
    await conversation.begin(turn, "awareness")


def _plain_answer(text: str) -> bool:
    """An answer that can only be meant for our question, not for the other side of a meeting."""
    said = plain(text)
    return said.isdigit() or said in ("next", "skip")


async def _open_question(turn: Turn, message: InboundMessage, text: str) -> bool:
    """An answer to the question on the table."""
    here = conversation.current(turn)
    if here is None:
        return False
    step = here[1]
    if isinstance(step, Choose):
        option = await _chosen(turn, text) if text else None
        option = option or await _yes_or_no(turn, step, text)
        if option is None:
            return False
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
        names_place = not step.ask_location or _place(turn, text)
        if names_place or not await _aside(turn, text):
            await conversation.answer(turn, text)
        return True
    return False


async def _yes_or_no(turn: Turn, step: Choose, text: str) -> str | None:
    """ "aye go on then": understood as a yes, where a yes is what is asked."""
    if not text or not {"yes", "no"} <= set(step.options) or len(text) > 60:
        return None
    intent = understand(text).intent
    return intent if intent in ("yes", "no") else None


async def _aside(turn: Turn, text: str) -> bool:
    """A side question in the middle ("what are the signs again?"): answered, then the question."""
    seen = understand(text)
    if seen.intent == "crisis":
        await talk.crisis(turn, seen.why)
    elif seen.intent == "advice":
        advice.say_card(turn, advice.CARD_TOPICS.get(seen.slots.get("topic", ""), "signs"))
    elif seen.intent == "talk_to_human":
        await conversation.begin(turn, "talk")
        return True
    elif seen.intent == "stop":
        turn.say("consent.quit")
    else:
        return False
    await conversation.ask(turn)
    return True


async def _meant(turn: Turn, text: str) -> None:
    """No question is open: what was meant, or the menu."""
    if not text.strip():
        turn.say("common.empty")
        return
    seen = understand(text)
    intents = (seen.intent, *seen.also)
    data = _slots(turn, text, seen.slots)
    if seen.intent == "crisis":
        await talk.crisis(turn, seen.why)
    elif "replace_kit" in intents or (data.get("reason") and "request_kit" in intents):
        if data.get("reason") == "used":
            await conversation.begin(turn, "used", **data)
        elif data.get("reason"):
            await conversation.begin(turn, "request_kit", **data)
        else:
            await conversation.begin(turn, "resupply", **data)
    elif seen.intent == "report_used":
        await conversation.begin(turn, "used", **data)
    elif "request_kit" in intents or seen.intent == "location":
        await conversation.begin(turn, "request_kit", **data)
    elif seen.intent == "find_pharmacy":
        found = _place(turn, text)
        if found:
            await near.say_near(turn, found)
        else:
            await conversation.begin(turn, "near")
    elif seen.intent == "advice":
        topic = advice.CARD_TOPICS.get(seen.slots.get("topic", ""))
        if topic:
            advice.say_card(turn, topic)
            turn.say("advice.more")
        else:
            await conversation.begin(turn, "advice")
    elif seen.intent == "talk_to_human":
        await conversation.begin(turn, "talk")
    elif seen.intent == "help":
        await menu.help_(turn)
    elif seen.intent == "greeting":
        turn.say("menu.greeting", team=menu.team(turn), buttons=menu.BUTTONS)
    elif seen.intent == "thanks":
        turn.say("common.thanks")
    elif seen.intent == "stop":
        turn.say("consent.quit")
    elif seen.intent == "start":
        await consent.start_again(turn)
    elif seen.intent == "delete_data":
        await consent.my_data(turn)
    elif seen.intent == "language_change":
        turn.say("consent.language")
    elif seen.intent == "abuse":
        turn.say("menu.abuse")
    elif seen.intent == "spam":
        turn.journal("SpamIgnored")
    else:
        menu.unmatched(turn)


def _slots(turn: Turn, text: str, slots: dict[str, str]) -> dict[str, Any]:
    """What was already said and need not be asked: place, kind, who for, reason."""
    data: dict[str, Any] = {}
    if found := _place(turn, text):
        data["place"] = consent.place_data(found)
    for slot, name in (("kit", "kit"), ("reason", "reason")):
        if slots.get(slot):
            data[name] = slots[slot]
    if slots.get("who") in ("self", "friend_family"):
        data["who"] = slots["who"]
    return data


def _place(turn: Turn, text: str) -> PlaceFound | None:
    around = (turn.service.lat, turn.service.lon) if turn.service else None
    return mentioned_place(text, turn.world.gazetteer, around)

"""The words that only a peer, an outlet or a coordinator uses."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from content import library
from db.models import Peer, Staff
from handlers import echo, meeting, offer, oncall, outlet, peer, undo
from handlers.engine import conversation
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.engine.understanding import understand
from handlers.services.roles import outlet_of
from handlers.street import read_line

_OFFER_CODE = re.compile(r"^(\S+?)[\s:,.#-]*(\d{2,3})\W*$")


async def peer_word(turn: Turn, one: Peer, text: str) -> bool:
    """ACCEPT, ISSUED, ON … for a peer; a bare YES for the question that was sent last."""
    if await _yes_to_offer(turn, one, text):
        return True
    if turn.memory.get("last") == "flow" and await conversation.chosen_here(turn, text):
        return False  # PASS at a question of ours is an answer, not a no to an offer
    found = _first_word(text, library.role_words(turn.tongue, "peer"))
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
            "undo": undo.undo,
        }
        await plain_words[name](turn, one) if name in plain_words else await peer.hotspot(turn, one)
    else:
        if name == "hotspot":
            await peer.hotspot(turn, one)
            return True
        return False
    return True


async def offer_in_own_words(turn: Turn, one: Peer, text: str) -> bool:
    """An offer is open and nothing else fits: "yes can do", "sorry cant tonight", or ask."""
    waiting = await offer.open_offers(turn, one)
    if not waiting or (turn.flow and turn.memory.get("last") == "flow"):
        return False
    intent = understand(text).intent
    if intent in ("yes", "peer_accept"):
        await offer.answer(turn, one, True)
    elif intent in ("no", "peer_decline"):
        await offer.answer(turn, one, False)
    else:
        offer.ask_which(turn, waiting)
    return True


async def _answers_own_check(turn: Turn, text: str) -> bool:
    return turn.flow == "meeting_check" and await conversation.chosen_here(turn, text) is not None


async def _names_meeting(turn: Turn, one: Peer, rest: str) -> bool:
    refs = {request.ref for request in await meeting.meetings(turn, one)}
    return plain(rest).upper() in refs


async def _yes_to_offer(turn: Turn, one: Peer, text: str) -> bool:
    """A bare YES or NO answers whichever question was sent last; "YES 42" names its offer."""
    words = {
        **dict.fromkeys(library.option(turn.tongue, "", "yes").words, True),
        **dict.fromkeys(library.option(turn.tongue, "", "no").words, False),
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
        await conversation.begin(turn, "street", **read_line(turn.tongue, words))
    elif not words and len(open_now) == 1:
        await meeting.issued(turn, one, open_now[0])
    elif not words and not open_now:
        waiting = await offer.open_offers(turn, one)
        if waiting:
            offer.ask_which(turn, waiting)  # the offer comes first: nothing is handed over yet
        else:
            await conversation.begin(turn, "street")
    elif len(open_now) == 1 and len(words) == 1 and any(c.isdigit() for c in words[0]):
        await meeting.issued(turn, one, open_now[0], words[0].upper())
    elif not words:
        refs = [request.ref for request in open_now]
        turn.say("meeting.which", refs=", ".join(refs), first=refs[0], word="ISSUED")
    else:
        first = open_now[0].ref if open_now else "K7FP"
        turn.say("meeting.issued_unclear", first=first)


async def outlet_word(turn: Turn, text: str) -> bool:
    shop = await outlet_of(turn.work, turn.contact)
    if shop is None:
        return False
    found = _first_word(text, library.role_words(turn.tongue, "outlet"))
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


async def staff_word(turn: Turn, staff: Staff, text: str) -> bool:
    found = _first_word(text, library.role_words(turn.tongue, "staff"))
    if found is None:
        return False
    name, rest = found
    acts = name in ("take", "assign", "tell", "done")
    if acts and not await echo.allowed(turn, staff, name, rest):
        return True
    await oncall.word(turn, staff, name, echo.without_pin(staff, rest))
    return True


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

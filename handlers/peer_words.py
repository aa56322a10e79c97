"""The words that only a peer uses: ACCEPT, ONWAY, ISSUED, ON ... one line of a table each."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from content import library
from db.models import Offer, Peer
from handlers import (
    check_in,
    handovers,
    meeting,
    milestones,
    offer,
    pairs,
    peer,
    peer_notes,
    peer_terms,
    stock_words,
    sure,
    trained_words,
    undo,
)
from handlers.engine import conversation
from handlers.engine.matching import first_word, plain
from handlers.engine.turn import Turn
from handlers.engine.understanding import understand
from handlers.street import read_line, trained_word

Word = Callable[[Turn, Peer, str], Awaitable[bool]]
"""What a word does with what follows it; False: it only began a sentence and was not for us."""

MAY_BEGIN_AN_ANSWER = ("where", "rest", "note", "pair", "limit", "radius", "rota")
"""Words that a sentence may begin with too, where we have just asked for one."""
BEATS_A_QUESTION = ("stock", "note", "handover")
"""With more behind them they are never the answer to an open question ..."""
WITH_A_FIGURE = (
    "issued",
    "trained",
    "limit",
    "radius",
    "rota",
    "on",
    "expenses",
    *BEATS_A_QUESTION,
)
"""... and these are not once a figure follows."""
_A_CODE = re.compile(r"\d{2,3}|(?=[A-Z]*\d)[A-Z\d]{4}")
"""An offer's code, or one like a request's: no sentence for anybody."""
_OFFER_CODE = re.compile(r"^(\S+?)[\s:,.#-]*(\d{2,3})\W*$")


async def peer_word(turn: Turn, one: Peer, text: str) -> bool:
    """A word of the table; a bare YES for the question that was sent last."""
    if await _yes_to_offer(turn, one, text):
        return True
    found = first_word(text, library.role_words(turn.tongue, "peer"))
    if found is None:
        return False
    name, rest = found
    if not _beats_a_question(name, rest):
        if turn.memory.get("last") == "flow" and await conversation.chosen_here(turn, text):
            return False  # PASS at a question of ours is an answer, not a no to an offer
        if rest and name in MAY_BEGIN_AN_ANSWER and conversation.awaits_words(turn):
            return False
    return await WORDS[name](turn, one, rest)


def _beats_a_question(name: str, rest: str) -> bool:
    """Whether a word with what follows it reports or sets something, whatever we asked."""
    figure = any(c.isdecimal() for c in rest)
    return bool(rest) and (name in BEATS_A_QUESTION or (figure and name in WITH_A_FIGURE))


async def of_former_peer(turn: Turn, text: str) -> bool:
    """A peer's word from somebody who has left: it does nothing, and is no line of a talk."""
    if plain(text) not in library.role_words(turn.tongue, "peer"):
        return False
    if not await turn.work.find(Peer, contact_id=turn.id, status="left"):
        return False
    turn.say("peer.left_word")
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


# --- forms of words ----------------------------------------------------------------------------


def alone(act: Callable[[Turn, Peer], Awaitable[None]]) -> Word:
    """A word that stands by itself; with more behind it, it is a sentence."""

    async def word(turn: Turn, one: Peer, rest: str) -> bool:
        if rest:
            return False
        await act(turn, one)
        return True

    return word


def with_rest(act: Callable[[Turn, Peer, str], Awaitable[None]]) -> Word:
    """A word that whatever follows belongs to."""

    async def word(turn: Turn, one: Peer, rest: str) -> bool:
        await act(turn, one, rest)
        return True

    return word


def _answers_offer(yes: bool) -> Word:
    async def word(turn: Turn, one: Peer, rest: str) -> bool:
        code = re.sub(r"\D", "", rest)
        if rest and not code:
            return False
        await offer.answer(turn, one, yes, code)
        return True

    return word


def _of_meeting(name: str) -> Word:
    async def word(turn: Turn, one: Peer, rest: str) -> bool:
        open_now = await meeting.meetings(turn, one)
        refs = {request.ref for request in open_now}
        said = plain(rest).upper()
        if said in refs or not rest:
            await meeting.word(turn, one, name, rest)
            return True
        if not _A_CODE.fullmatch(said):
            return False  # a sentence for the other side, not a word for us
        for offered in await turn.work.find(Offer, peer_id=one.id, code=said):  # HERE 42
            for request in open_now:
                if request.id == offered.request_id:
                    await meeting.word(turn, one, name, request.ref)
                    return True
        meeting.say_which(turn, open_now, name)
        return True

    return word


# --- the words ---------------------------------------------------------------------------------


async def _on(turn: Turn, one: Peer, rest: str) -> bool:
    if rest and peer.until_when(rest, turn.now) is None:
        return False
    await peer.on(turn, one, rest)
    return True


async def _safe(turn: Turn, one: Peer, rest: str) -> bool:
    if rest:
        return False
    if turn.flow == "meeting_check":
        await conversation.answer(turn, "ok")
    else:
        await check_in.safe(turn, one)
    return True


async def _handover(turn: Turn, one: Peer, rest: str) -> bool:
    """Alone or with a code: to whoever is next. With a name: to that peer, if they will."""
    words = rest.split()
    open_now = await meeting.meetings(turn, one)
    by_ref = {request.ref: request for request in open_now}
    chosen = by_ref.get(words[0].upper()) if words else None
    name = " ".join(word for word in words[1 if chosen else 0 :] if word.lower() != "to")
    if not name:
        await meeting.word(turn, one, "handover", rest)
        return True
    other = pairs.named(await pairs.colleagues(turn.work, one), name)
    if other is None:
        if len(words) > 2:
            return False  # a sentence for the other side
        turn.say("handover.unknown", name=name)
    elif chosen is None and len(open_now) != 1:
        await meeting.word(turn, one, "handover", "")  # none, or which one?
    else:
        request = chosen or open_now[0]
        await meeting.heard_from(turn)
        await handovers.to_peer(turn, one, request, other)
    return True


async def _leave(turn: Turn, one: Peer) -> None:
    turn.say("sure.leave", buttons=sure.expects(turn, "leave"))


async def _issued(turn: Turn, one: Peer, rest: str) -> None:
    """Alone or with a request's code: that request. With a number: the street. Else: ask."""
    open_now = await meeting.meetings(turn, one)
    words = [word for word in rest.split() if not trained_word(turn.tongue, word)]
    trained = next(filter(None, (trained_word(turn.tongue, w) for w in rest.split())), "")
    by_ref = {request.ref: request for request in open_now}
    if words and words[0].upper() in by_ref:
        batch = words[1].upper() if len(words) > 1 else ""
        await meeting.issued(turn, one, by_ref[words[0].upper()], batch, trained)
    elif (said := read_line(turn.tongue, rest.split())).get("quantity"):
        await conversation.begin(turn, "street", **said)
    elif not words and len(open_now) == 1:
        await meeting.issued(turn, one, open_now[0], trained=trained)
    elif said.get("who") and not open_now:
        await conversation.begin(turn, "street", **said)
    elif not words and not open_now:
        waiting = await offer.open_offers(turn, one)
        if waiting:
            offer.ask_which(turn, waiting)  # the offer comes first: nothing is handed over yet
        else:
            await conversation.begin(turn, "street", trained=trained)
    elif len(open_now) == 1 and len(words) == 1 and any(c.isdigit() for c in words[0]):
        await meeting.issued(turn, one, open_now[0], words[0].upper(), trained)
    elif not words:
        meeting.say_which(turn, open_now, "issued")
    else:
        first = open_now[0].ref if open_now else "K7FP"
        turn.say("meeting.issued_unclear", first=first)


WORDS: dict[str, Word] = {
    "accept": _answers_offer(True),
    "decline": _answers_offer(False),
    "on": _on,
    "off": alone(peer.off),
    "pause": alone(peer.pause),
    "leave": alone(_leave),
    "onway": _of_meeting("onway"),
    "here": _of_meeting("here"),
    "issued": with_rest(_issued),
    "cant": _of_meeting("cant"),
    "handover": _handover,
    "stock": with_rest(stock_words.stock),
    "safe": _safe,
    "support": alone(peer.support),
    "hotspot": with_rest(peer_notes.hotspot),
    "undo": alone(undo.undo),
    "rota": peer_terms.rota,
    "radius": peer_terms.radius,
    "where": peer_terms.where,
    "limit": peer_terms.limit,
    "rest": peer_terms.rest,
    "pair": pairs.pair,
    "expenses": with_rest(peer_notes.expenses),
    "note": with_rest(peer_notes.supervision),
    "numbers": alone(milestones.numbers),
    "words": alone(peer.words),
    "trained": trained_words.trained,
}
"""``[role.peer]`` of words.toml → what the word does."""

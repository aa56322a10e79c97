"""What a peer says in their own words of kits and of being a peer: asked back as one of our words.

Nothing here is done without a YES: "gave 2 to a mate in dn31" becomes "ISSUED 2 mate DN31?".
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from content import library
from db.models import Peer, Service
from handlers import meeting, peer, peer_words, sure, undo
from handlers.engine import conversation
from handlers.engine.flow import Again, Choose, Enter
from handlers.engine.matching import bare, first_word, plain
from handlers.engine.turn import Turn
from handlers.engine.understanding import understand
from handlers.services.places import mentioned_place
from handlers.services.products import typed_products
from handlers.services.roles import alias_of
from handlers.services.rules import rules_of, uk_day
from handlers.services.stock_moves import last_entry
from handlers.services.supplies import line_of, peer_holder
from handlers.stock_bag import Bag, the_line
from handlers.stock_reading import read_entry
from handlers.street import count_said, read_line

MOST_HANDED = 9  # words: a longer sentence is for the other side of the meeting
_NOT_DURING = (
    "overdose",
    "aftercare",
    "used",
    "used_more",
    "debrief",
    "crisis",
    "talk",
    "resupply",
)
"""There "gave 2" and "lost him" are answers, and about a life."""
_ELSE = ("emergency", "crisis", "report_used")
MOST_FARE = 8  # words
OLD = timedelta(days=1)
_NOT = re.compile(r"(?i)\b(\d{1,3}),? (?:and )?not (\d{1,3})\b")
_MONEY = re.compile(r"£?\s?(\d{1,3}[.:]\d{2})\b|£\s?(\d{1,3})\b")


async def said(turn: Turn, one: Peer, text: str) -> bool:
    """The words of the table, and what stands for one of them."""
    return (
        await answered(turn, one, text)
        or await _number_for_an_old_question(turn, text)
        or await handed_over(turn, one, text)
        or await peer_words.peer_word(turn, one, text)
        or await of_kits(turn, one, text)
    )


async def _number_for_an_old_question(turn: Turn, text: str) -> bool:
    """A number is hardly meant for what was asked days ago: that is asked again."""
    here = conversation.current(turn)
    old = turn.asked_at is not None and turn.now - turn.asked_at > OLD
    if not here or not old or not text.strip().isdecimal() or here[0].unasked:
        return False
    if not isinstance(here[1], Choose):
        return False
    await conversation.ask(turn, Again("back_to"))
    return True


async def answered(turn: Turn, one: Peer, text: str) -> bool:
    """Whether the text is the yes or no to what was asked back; if so, it is done or left."""
    found = sure.taken(turn, text)
    if found is None:
        return False
    act, data = found
    if act:
        await ACTS[act](turn, one, data)
    else:
        turn.say("sure.left")
    return True


async def handed_over(turn: Turn, one: Peer, text: str) -> bool:
    """ "gave it him, issued" in a meeting: asked back, not passed on to the other side."""
    if not _says_handed(turn, text):
        return False
    open_now = [r for r in await meeting.meetings(turn, one) if r.meeting != "paused"]
    if not open_now:
        return False
    refs = [request.ref for request in open_now]
    if len(refs) > 1:
        turn.say("meeting.which", refs=", ".join(refs), first=refs[0], word="ISSUED")
        return True
    requester = await turn.scene.person(open_now[0].contact_id)
    buttons = sure.expects(turn, "handed", refs[0])
    turn.say("sure.handed", buttons=buttons, ref=refs[0], alias=alias_of(requester.contact))
    return True


def _says_handed(turn: Turn, text: str) -> bool:
    """Nothing is said but that a kit changed hands."""
    words = library.after_words(turn.tongue, "handed")
    said = bare(text)
    if plain(text) in library.role_words(turn.tongue, "peer") or said in words:
        return words.get(said) == "phrase"
    tokens = [token.replace("'", "") for token in said.split()]
    kinds = [words.get(token, "") for token in tokens]
    return len(tokens) in range(2, MOST_HANDED + 1) and "verb" in kinds and all(kinds)


async def of_kits(turn: Turn, one: Peer, text: str) -> bool:
    """Kits given out, lost or out of date, and a fare: asked back as the word for it."""
    here = conversation.current(turn)
    if here and (isinstance(here[1], Enter) or here[0].name in _NOT_DURING):
        return False
    if await meeting.meetings(turn, one) or understand(text).intent in _ELSE:
        return False
    straight = _straight(text)
    words = [plain(word) for word in straight.split()]
    known = library.after_words(turn.tongue, "own_kits")
    if any(known.get(word) == "used" for word in words):
        return False
    if any(known.get(word) == "fare" for word in words) and _fare(turn, text):
        return True
    if await _another_number(turn, one, text):
        return True
    name, rest = first_word(straight, known) or ("", "")
    if name == "given":
        return _given(turn, rest)
    return name in ("lost", "expired", "found") and await _of_stock(turn, one, name, rest)


def _straight(text: str) -> str:
    """Without the dots that people write for a pause, and without apostrophes."""
    return re.sub(r"\u2026|\.{2,}", " ", text).replace("'", "").replace("\u2019", "")


def _fare(turn: Turn, text: str) -> bool:
    money = _MONEY.search(text)
    if not money or len(text.split()) > MOST_FARE:
        return False
    what = " ".join((text[: money.start()] + text[money.end() :]).split())
    _ask_word(turn, "EXPENSES", money.group(1) or money.group(2), what)
    return True


def _given(turn: Turn, rest: str) -> bool:
    said = read_line(turn.tongue, rest.split())
    service = turn.home()
    place = mentioned_place(rest, turn.world.gazetteer, (service.lat, service.lon))
    if not said.get("quantity") or not (place or said.get("who")):
        return False
    who = library.option(turn.tongue, "street.who", said["who"]).words[0] if "who" in said else ""
    kit = said.get("batch") or said.get("product", "")
    district = place.district if place else ""
    _ask_word(turn, "ISSUED", str(said["quantity"]), kit, who, district)
    return True


async def _of_stock(turn: Turn, one: Peer, name: str, rest: str) -> bool:
    """One of their own lines; what is missing is said as STOCK says it."""
    bag = Bag(turn, peer_holder(one), rules_of(await turn.work.need(Service, one.service_id)))
    batches = {line.batch for line in await bag.known()}
    entry = read_entry(rest, typed_products(turn.tongue, bag.rules), batches)
    counted = count_said(turn.tongue, rest.split())
    entry = replace(entry, quantity=entry.quantity or (counted[1] if counted else 1))
    known = library.after_words(turn.tongue, "own_kits")
    of_kits = any(known.get(plain(word)) == "kits" for word in rest.split())
    alone = re.fullmatch(r"\d{1,2}", rest.strip())
    if not (entry.product or entry.batch or entry.expiry or of_kits or alone):
        return False
    over = entry.expiry is not None and entry.expiry < uk_day(turn.now)
    if name == "found" and not over:
        turn.say("stock.how")
        return True
    word = "LOST" if name == "lost" else "EXPIRED"
    line = await the_line(bag, entry, word)
    if line is None:
        return True
    same = [other for other in await bag.lines() if other.batch == line.batch]
    date = f"{line.expiry:%m/%Y}" if len(same) > 1 and line.expiry else ""
    _ask_word(turn, "STOCK", word, str(entry.quantity), line.batch, date)
    return True


async def _another_number(turn: Turn, one: Peer, text: str) -> bool:
    """ "actually its 5 not 6", after a count or an addition of 6."""
    said = _NOT.search(text)
    if not said or len(text.split()) > MOST_FARE:
        return False
    right, wrong = int(said.group(1)), int(said.group(2))
    holder = peer_holder(one)
    entry = await last_entry(turn.work, holder, turn.id, turn.now - OLD)
    if not entry or entry[0].kind not in ("counted", "received"):
        return False
    line = await line_of(turn.work, holder, entry[0].product, entry[0].batch, entry[0].expiry)
    was = line.quantity if entry[0].kind == "counted" else entry[0].quantity
    if was != wrong:
        return False
    _ask_word(turn, "STOCK COUNT", str(line.quantity + right - wrong), line.batch)
    return True


def _ask_word(turn: Turn, *parts: str) -> None:
    words = " ".join(filter(None, parts))
    turn.say("sure.word", buttons=sure.expects(turn, "word", words), words=words)


# --- after a yes -------------------------------------------------------------------------------


async def _word(turn: Turn, one: Peer, words: str) -> None:
    await peer_words.peer_word(turn, one, words)


async def _handed(turn: Turn, one: Peer, ref: str) -> None:
    for request in await meeting.meetings(turn, one):
        if request.ref == ref:
            await meeting.issued(turn, one, request)
            return
    turn.say("meeting.none")


async def _leave(turn: Turn, one: Peer, _: str) -> None:
    await peer.pause(turn, one)


async def _undo(turn: Turn, one: Peer, supply_id: str) -> None:
    await undo.undo_confirmed(turn, one, int(supply_id))


ACTS: dict[str, Callable[[Turn, Peer, str], Awaitable[None]]] = {
    "word": _word,
    "handed": _handed,
    "leave": _leave,
    "undo": _undo,
}
"""What was asked → what a yes does; the question is the text ``sure.<name>``."""

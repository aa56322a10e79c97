"""What peers write down: HOTSPOT for outreach, EXPENSES, NOTE for their own supervision."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from db.models import Contact, Peer, PeerNote, Service
from handlers.engine.conversation import begin
from handlers.engine.flow import END, Again, Do, Enter, Flow, Next, leads_to
from handlers.engine.matching import plain
from handlers.engine.turn import Scene, Turn
from handlers.flags import raise_flag
from handlers.relay import mask
from handlers.services.places import PlaceFound, find_place, mentioned_place
from handlers.services.roles import peer_of
from handlers.services.rules import uk_day, uk_month

LONGEST = 300
MOST_PENCE = 50_000
NEW_FOR_DAYS = 14  # nobody is asked for notes in their first two weeks
ASKED_TILL_DAY = 7  # of the month; later means that we were away, and it can wait for the next
_MONEY = re.compile(
    r"(?:£|gbp)?\s*(\d{1,4})(?:[.,:](\d{1,2}))?\s*(p|pence|pounds?|quid)?\b\s*(.*)", re.IGNORECASE
)


def note_of(turn: Turn, peer: Peer, kind: str, text: str, **values: object) -> PeerNote:
    """Keep a note; phone numbers and links are taken out, as in a relay."""
    words = mask(" ".join(text.split())[:LONGEST], turn.locale)
    return turn.work.save(
        PeerNote(
            id=turn.work.new_id(),
            service_id=peer.service_id,
            peer_id=peer.id,
            kind=kind,
            at=turn.now,
            note=words,
            **values,  # type: ignore[arg-type]
        )
    )


# --- a place that needs outreach ---------------------------------------------------------------


async def hotspot(turn: Turn, peer: Peer, rest: str) -> None:
    """HOTSPOT and where; what is missing is asked."""
    data = {"words": rest} if rest.strip(" ?!.") else {}
    await begin(turn, "hotspot", **data)


@leads_to("what", "area", "log")
async def spot_start(turn: Turn, _: str) -> Next:
    """Ask only what was not said."""
    if not turn.data.get("words"):
        return "what"
    if "district" not in turn.data:
        service = turn.home()
        near = (service.lat, service.lon)
        found = mentioned_place(turn.data["words"], turn.world.gazetteer, near)
        if found is None:
            return "area"
        turn.data["district"] = found.district
    return "log"


@leads_to("start")
async def what(turn: Turn, text: str) -> Next:
    """The place, in their words."""
    turn.data["words"] = text
    return "start"


@leads_to("start")
async def area(turn: Turn, text: str) -> Next:
    """Its district."""
    service = turn.home()
    found = find_place(text, turn.world.gazetteer, near=(service.lat, service.lon))
    if not isinstance(found, PlaceFound):
        return Again("area_wrong")
    turn.data["district"] = found.district
    return "start"


@leads_to(END)
async def log(turn: Turn, _: str) -> Next:
    """The coordinator is told, and reads the words with SHOW."""
    peer = await peer_of(turn.work, turn.id)
    if peer is None:
        return END
    note = note_of(turn, peer, "hotspot", turn.data["words"], district=turn.data["district"])
    service = await turn.work.need(Service, peer.service_id)
    about = f"note:{note.id}"
    await raise_flag(turn.scene, service, "hotspot", contact_id=turn.id, about=about)
    turn.say("hotspot.thanks", district=note.district)
    return END


HOTSPOT = Flow(
    "hotspot",
    (Do("start", spot_start), Enter("what", what), Enter("area", area), Do("log", log)),
)


# --- expenses ----------------------------------------------------------------------------------


def read_money(text: str) -> tuple[int, str] | None:
    """ "4.60 bus" → 460 pence and what for."""
    found = _MONEY.match(text.strip())
    if not found:
        return None
    whole, part, unit, what_for = found.groups()
    pence = int(whole) if unit in ("p", "pence") else int(whole) * 100
    pence += int((part or "0").ljust(2, "0"))
    return (pence, what_for.strip()) if 0 < pence <= MOST_PENCE else None


def pounds(pence: int) -> str:
    """460 → "4.60"."""
    return f"{pence // 100}.{pence % 100:02d}"


async def expenses(turn: Turn, peer: Peer, rest: str) -> None:
    """EXPENSES 4.60 bus notes it, EXPENSES shows the month, EXPENSES UNDO takes the last back."""
    kept = await turn.work.find(PeerNote, peer_id=peer.id, kind="expense", status="open")
    if plain(rest) == "undo":
        if kept:
            turn.work.save(replace(kept[-1], status="undone"))
            turn.journal("ExpenseUndone")
            kept = kept[:-1]
        turn.say("expenses.shown", total=_month(kept, turn.now))
        return
    if not rest:
        turn.say("expenses.shown", total=_month(kept, turn.now))
        return
    read = read_money(rest)
    if read is None or not read[1]:
        turn.say("expenses.how")
        return
    note = note_of(turn, peer, "expense", read[1], pence=read[0])
    turn.journal("ExpenseNoted")
    total = _month([*kept, note], turn.now)
    turn.say("expenses.noted", amount=pounds(note.pence), note=note.note, total=total)


def _month(notes: list[PeerNote], now: datetime) -> str:
    return pounds(sum(note.pence for note in notes if uk_month(note.at) == uk_month(now)))


# --- for supervision ---------------------------------------------------------------------------


async def supervision(turn: Turn, peer: Peer, rest: str) -> None:
    """NOTE and words: for the next talk with the coordinator."""
    if not rest:
        turn.say("supervision.how")
        return
    if turn.memory.get("last") == "relay" and not _is_marked(turn):
        turn.say("supervision.for_whom")  # "note I wear a red coat" is for the other side
        return
    note_of(turn, peer, "supervision", rest)
    turn.journal("SupervisionNoted")
    turn.say("supervision.noted")


def _is_marked(turn: Turn) -> bool:
    return turn.message is not None and bool(re.match(r"(?i)\W*\w+\s*:", turn.message.text))


async def ask_for_notes(scene: Scene, service: Service) -> None:
    """Once a month, by day: anything for your next talk? Nothing comes of not answering."""
    if uk_day(scene.now).day > ASKED_TILL_DAY:
        return
    for peer in await scene.work.find(Peer, service_id=service.id, status="active"):
        contact = await scene.work.need(Contact, peer.contact_id)
        resting = peer.rest_until and scene.now < peer.rest_until
        if resting or contact.erased_at or (scene.now - peer.created_at).days < NEW_FOR_DAYS:
            continue
        turn = await scene.person(peer.contact_id)
        key = f"supervision:{peer.id}:{uk_month(scene.now)}"
        turn.say("supervision.ask", kind="notice", dedupe=key)

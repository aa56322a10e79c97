"""Becoming a peer: the code a coordinator handed out, sent from one's own phone.

JOIN K7F-3QX, a name, what a yes commits to, roughly where, how far, when. No home address.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from content import library
from content.library import Words
from db.models import Invitation, Peer, Service
from handlers import peer_terms
from handlers.engine.conversation import ask, begin
from handlers.engine.flow import END, Again, Choose, Do, Enter, Flow, Next, Say, leads_to
from handlers.engine.matching import bare, plain
from handlers.engine.turn import Turn
from handlers.flags import raise_flag, team_name
from handlers.services.codes import read_claim_code
from handlers.services.contacts import give_consent
from handlers.services.roles import peer_of
from handlers.services.rules import rules_of, uk_day
from handlers.services.standing import run_out

INVITED_FOR = timedelta(days=14)
MOST_WRONG = 5
WRONG_FOR = timedelta(days=1)
_JOIN = re.compile(r"(?i)^\W*(?:/?start[\s_]+)?join(?:[\s:_-]+([a-z0-9][a-z0-9\s-]{4,9}))?\W*$")
MOST_WORDS, MOST_CODES = 12, 3  # of a sentence with a code in it
_OWN = ("ok", "yes", "same", "that")


async def join_word(turn: Turn, text: str) -> bool:
    """JOIN and a code, /start with it behind, or the code by itself; JOIN alone says how."""
    found = _JOIN.match(text)
    if not found:
        return await _bare_code(turn, text)
    if await peer_of(turn.work, turn.id):
        turn.say("joining.already")
    elif not found.group(1):
        turn.say("joining.how")
    elif _wrong_lately(turn) >= MOST_WRONG:
        turn.say("joining.blocked")
    else:
        await _take(turn, found.group(1))
    return True


async def _bare_code(turn: Turn, text: str) -> bool:
    """The code without its word; any other code of ours is not meant for here."""
    code = read_claim_code(text)
    codes = [code] if code else _codes_inside(turn, text)
    if not codes or await peer_of(turn.work, turn.id) or _wrong_lately(turn) >= MOST_WRONG:
        return False
    for code in codes:
        if await turn.work.find(Invitation, code=code):
            await _take(turn, code)
            return True
    _count_wrong(turn)
    return False


def _codes_inside(turn: Turn, text: str) -> list[str]:
    """ "hiya, my code is k7f 3nn": what may be one in a sentence that speaks of a code."""
    words = text.split()
    speaks = library.after_words(turn.tongue, "join")
    if len(words) > MOST_WORDS or not any(plain(word) in speaks for word in words):
        return []
    pieces = (*words, *(a + b for a, b in pairwise(words)))
    return [code for piece in pieces if (code := read_claim_code(piece))][:MOST_CODES]


async def _take(turn: Turn, typed: str) -> None:
    code = read_claim_code(typed)
    known = await turn.work.find(Invitation, code=code) if code else []
    if not known:
        _count_wrong(turn)
        blocked = _wrong_lately(turn) >= MOST_WRONG
        turn.journal("InvitationBlocked" if blocked else "InvitationUnknown")
        turn.say("joining.blocked" if blocked else "joining.unknown")
        return
    invitation = known[0]
    if over := _over(invitation, turn.now):
        turn.say(f"joining.over_{over}")
        return
    service = await turn.work.need(Service, invitation.service_id)
    if turn.contact.service_id != service.id:
        turn.join(service)
    await begin(turn, "joining", invitation=invitation.id)


def _count_wrong(turn: Turn) -> None:
    turn.memory["wrong_joins"] = [*turn.memory.get("wrong_joins", []), turn.now.isoformat()]


def _wrong_lately(turn: Turn) -> int:
    """Unknown codes from this phone in the last day."""
    tried = [datetime.fromisoformat(at) for at in turn.memory.get("wrong_joins", [])]
    recent = [at.isoformat() for at in tried if turn.now - at < WRONG_FOR]
    turn.memory["wrong_joins"] = recent
    return len(recent)


def _over(invitation: Invitation, now: datetime) -> str:
    """Why an invitation no longer works: "used", "expired", or ""."""
    if invitation.used_at:
        return "used"
    return "expired" if invitation.expires_at <= now else ""


async def aside(turn: Turn, text: str) -> bool:
    """ "what if i relapse": answered kindly, and the question comes again."""
    if turn.flow != "joining" or turn.step not in ("agree", "where", "radius", "rota"):
        return False
    said = f" {bare(text)} "
    if not any(
        f" {phrase} " in said for phrase in library.phrases(turn.tongue, "joining", "using")
    ):
        return False
    turn.say("joining.using")
    await ask(turn)
    return True


# --- the questions -----------------------------------------------------------------------------


async def team_value(turn: Turn) -> dict[str, Words]:
    """Whose peers these are."""
    return {"team": team_name(turn.home())}


async def name_value(turn: Turn) -> dict[str, str]:
    """What the coordinator wrote on the invitation."""
    invitation = await turn.work.need(Invitation, turn.data["invitation"])
    return {"name": invitation.name}


@leads_to("promise")
async def name(turn: Turn, text: str) -> Next:
    """The name people will read: theirs to choose."""
    invitation = await turn.work.need(Invitation, turn.data["invitation"])
    own = plain(text) in _OWN
    chosen = "" if own else peer_terms.name_in(turn.tongue, text)
    chosen = chosen or invitation.name
    if wrong := await peer_terms.wrong_name(turn, chosen):
        return Again(f"name_{wrong}", {"name": chosen})
    turn.data["name"] = chosen
    return "promise"


async def notice_values(turn: Turn) -> dict[str, Words]:
    """Where to read what is kept."""
    rules = rules_of(turn.home())
    return {"privacy": rules.privacy_url or f"{turn.world.public_url}/about"}


@leads_to("no_thanks", "where")
async def agreed(turn: Turn, answer: str) -> Next:
    """What a peer promises, and that we keep what is needed for it."""
    if answer == "no":
        turn.journal("InvitationDeclined")
        return "no_thanks"
    give_consent(turn.work, turn.contact, "service", True, "joining.agree")
    return "where"


@leads_to("radius")
async def where(turn: Turn, text: str) -> Next:
    """A district or a town; a pin is taken for the place it is in."""
    found = peer_terms.place_said(turn, text)
    if found is None:
        return Again("where_wrong")
    turn.data["place"] = found
    return "radius"


async def place_value(turn: Turn) -> dict[str, str]:
    """The place, read back."""
    return {"place": turn.data["place"]["place"]}


@leads_to("rota")
async def radius(turn: Turn, text: str) -> Next:
    """How far they go."""
    km = peer_terms.read_radius(text)
    if km is None:
        return Again("radius_wrong")
    turn.data["radius_km"] = km
    return "rota"


@leads_to("done")
async def rota(turn: Turn, text: str) -> Next:
    """When they can be asked, or that they will say ON."""
    if peer_terms.says_none(text):
        turn.data["rota"] = ""
        return "done"
    hours = peer_terms.hours_said(turn, text)
    if hours is None:
        return Again("rota_half" if peer_terms.half_missing(turn, text) else "rota_wrong")
    turn.data["rota"] = hours
    return "done"


@leads_to(END)
async def done(turn: Turn, _: str) -> Next:
    """The invitation is used up, and there is one peer more."""
    invitation = await turn.work.need(Invitation, turn.data["invitation"])
    if over := _over(invitation, turn.now):
        turn.say(f"joining.over_{over}")
        return END
    if await peer_of(turn.work, turn.id):  # a coordinator was quicker
        turn.say("joining.already")
        return END
    service = turn.home()
    peer = _peer(turn, invitation, turn.data)
    ready = not run_out(peer, uk_day(turn.now))
    peer = turn.work.save(replace(peer, status="active" if ready else "new"))
    turn.work.save(replace(invitation, used_at=turn.now, peer_id=peer.id, name=""))
    turn.journal("PeerJoined", peer=peer.id, ready=ready)
    kind = "peer_joined" if ready else "peer_untrained"
    about = f"peer:{peer.id}"
    await raise_flag(turn.scene, service, kind, contact_id=turn.id, about=about)
    turn.say("joining.ready" if ready else "joining.not_yet", name=peer.name, rota=peer.rota)
    turn.say("menu.peer")
    return END


def _peer(turn: Turn, invitation: Invitation, said: dict[str, Any]) -> Peer:
    return Peer(
        id=turn.work.new_id(),
        service_id=invitation.service_id,
        contact_id=turn.id,
        name=said["name"],
        created_at=turn.now,
        duty="rota" if said["rota"] else "off",
        rota=said["rota"],
        radius_km=said["radius_km"],
        trained_until=invitation.trained_until,
        checked_until=invitation.checked_until,
        **said["place"],
    )


JOINING = Flow(
    "joining",
    (
        Say("welcome", "name", values=team_value),
        Enter("name", name, values=name_value),
        Say("promise", "boundaries"),
        Say("boundaries", "agree"),
        Choose("agree", ("yes", "no"), agreed, "words", values=notice_values, careful=True),
        Say("no_thanks", END),
        Enter("where", where, ask_location=True),
        Enter("radius", radius, values=place_value),
        Enter("rota", rota),
        Do("done", done),
    ),
)

"""Is this still the same person? A number gets a new owner, or several people share a phone.

After a long silence nothing personal is said before they have told us that it was them who wrote
before. NOT ME says it without being asked.
"""

from __future__ import annotations

from datetime import timedelta

from content import library
from content.library import Words, saying
from db import messages
from db.models import Consent, Contact, InboundMessage, KitRequest
from handlers import stand_down
from handlers.engine import conversation
from handlers.engine.flow import END, Again, Choose, Flow, Next, Say, leads_to
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.flags import team_name
from handlers.services.contacts import begin_anew, holdings_of
from handlers.services.roles import outlet_of, peer_of, staff_of
from handlers.services.rules import rules_of

FIRST = ("overdose", "aftercare", "crisis", "language")
"""Conversations that come before the question who they are."""
ASKED_TWICE = 2
LOOK_AGAIN = timedelta(hours=6)
"""Whoever may not say something personal yet looks again so often: they may have answered."""


# --- whether it may be somebody else -------------------------------------------------------------


async def notice(turn: Turn) -> None:
    """Their first message after a long silence; what was left open then is no question now."""
    if not turn.memory.get("unsure") and await _may_be_another(turn):
        conversation.leave(turn)
        turn.memory["unsure"] = True


async def may_say_personal(turn: Turn) -> bool:
    """Before something personal is said that nobody asked for: if we are not sure, we ask first.

    It is asked once. Once they have said that it is them, the next round says it.
    """
    if turn.memory.get("unsure"):
        return False
    if not await _may_be_another(turn):
        return True
    if not (turn.contact.stopped_at or turn.contact.blocked_at):
        conversation.leave(turn)
        turn.memory["unsure"] = True
        await conversation.begin(turn, STILL_YOU.name)
    return False


async def _may_be_another(turn: Turn) -> bool:
    if turn.service is None or turn.channel != "sms":
        return False  # a Telegram chat is never given to somebody else
    last = turn.last_in_at or turn.contact.created_at
    if turn.now - last < timedelta(days=rules_of(turn.service).silent_days):
        return False
    return await _is_known(turn) and not await _has_a_part(turn)


async def _is_known(turn: Turn) -> bool:
    """Whether we hold anything that is this person's and nobody else's."""
    return bool(
        turn.contact.alias
        or await turn.work.find(KitRequest, contact_id=turn.id)
        or any(row.given for row in await turn.work.find(Consent, contact_id=turn.id))
        or await holdings_of(turn.work, turn.id)
    )


async def _has_a_part(turn: Turn) -> bool:
    """Peers, staff and outlets: the service knows whose phone it is."""
    return bool(
        await peer_of(turn.work, turn.id)
        or await staff_of(turn.work, turn.id)
        or await outlet_of(turn.work, turn.contact)
    )


# --- around a message ----------------------------------------------------------------------------


async def asked_first(turn: Turn, message: InboundMessage) -> bool:
    """Whether this message has to wait until they have said who they are. It is kept for then."""
    if not turn.memory.get("unsure") or turn.flow in FIRST:
        return False
    if library.global_words(turn.tongue).get(plain(message.text)) == "not_me":
        await answered(turn, "no")
        return True
    if turn.flow != STILL_YOU.name:
        _keep(turn, message)
        await conversation.begin(turn, STILL_YOU.name)
        return True
    if message.choice or await conversation.chosen_here(turn, message.text):
        return False
    _keep(turn, message)
    turn.tries += 1
    if turn.tries >= ASKED_TWICE:
        await answered(turn, "no")  # not sure: nothing personal is said
    else:
        await conversation.ask(turn, Again("not_understood_choose"))
    return True


def _keep(turn: Turn, message: InboundMessage) -> None:
    if message.kind == "text" and message.text:
        turn.memory["kept"] = {"text": message.text}


async def kept(turn: Turn) -> tuple[Turn, str] | None:
    """Once they have answered: whose the message is that had to wait, and what it says."""
    if turn.memory.get("unsure"):
        return None
    waited = turn.memory.pop("kept", {})
    if "text" not in waited:
        return None
    whose = await turn.scene.person(waited["contact"]) if "contact" in waited else turn
    return whose, waited["text"]


# --- the answers ---------------------------------------------------------------------------------


@leads_to(END, "welcome_back")
async def answered(turn: Turn, answer: str) -> Next:
    """Yes: as before. No, or not sure: whoever it is begins anew."""
    turn.memory["unsure"] = False
    if answer == "no":
        await _somebody_else(turn)
        return END
    turn.journal("StillTheSamePerson")
    return END if turn.memory.get("kept") else "welcome_back"


async def _somebody_else(turn: Turn) -> None:
    """The former owner loses the number; what they had open goes to a coordinator."""
    if turn.address is None:
        return
    conversation.leave(turn)
    await messages.drop_queued(turn.work.tx, turn.id, turn.now)
    turn.journal("NumberHasNewOwner")
    fresh = await begin_anew(turn.work, turn.address, "recycled")
    turn.contact, turn.address = await turn.work.need(Contact, turn.id), None
    turn.memory["kept"] = {**turn.memory.get("kept", {}), "contact": fresh.id}
    if turn.contact.address_id is None:
        await stand_down.requests_wait_for_nobody(turn.scene, turn.id)
    theirs = await turn.scene.person(fresh.id)
    theirs.message, theirs.last_in_at = turn.message, turn.now
    theirs.say("still_you.somebody_else")


async def team(turn: Turn) -> dict[str, Words]:
    """Whose line this is."""
    return {"team": team_name(turn.service) if turn.service else saying("saying.this_line")}


STILL_YOU = Flow(
    "still_you",
    (
        Choose("ask", ("yes", "no"), answered, values=team, careful=True),
        Say("welcome_back", END),
    ),
)


# --- NOT ME --------------------------------------------------------------------------------------


async def not_me(turn: Turn) -> None:
    """Somebody else reads what was meant for one person."""
    if await _is_known(turn) and not await _has_a_part(turn):
        await conversation.begin(turn, NOT_ME.name)
    else:
        turn.say("still_you.nobody_known")


@leads_to(END, "mistake")
async def whose_phone(turn: Turn, answer: str) -> Next:
    """A new owner begins anew; on a shared phone the words are quiet, and codes tell kits apart."""
    if answer == "mine":
        await _somebody_else(turn)
        return END
    if answer == "shared":
        conversation.leave(turn)
        turn.change(quiet=True)
        turn.journal("PhoneIsShared")
        turn.say("not_me.shared")
        return END
    return "mistake"


NOT_ME = Flow(
    "not_me",
    (
        Choose("whose", ("mine", "shared", "mistake"), whose_phone, careful=True),
        Say("mistake", END),
    ),
)

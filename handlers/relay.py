"""Two people talk through us; neither sees the other's number.

Numbers, links and contact cards are masked. Texts are kept encrypted and go 48 hours after the
request closes.
"""

from __future__ import annotations

import re
from datetime import timedelta

from content import library
from content.library import Listed, Words, saying
from db.models import InboundMessage, KitRequest, Peer, RelayMessage, RequestStatus
from handlers.engine.turn import NOTICE, Turn
from handlers.services import requests
from handlers.services.roles import alias_of

KEPT_AFTER_CLOSE = timedelta(hours=48)

_LINK = re.compile(
    r"(?i)\b(?:https?://|www\.)\S+|\b(?:[\w-]+\.)+(?:com|org|net|me|io|uk|app|gg|link)\b(?:/\S*)?"
)
_EMAIL = re.compile(r"\S+@\S+\.\w+")
_HANDLE = re.compile(r"(?<!\w)@\w{4,}")
_NUMBER = re.compile(r"(?:\+|00)?\d(?:[\s().-]{0,2}\d){6,}")


def mask(text: str, locale: str) -> str:
    """The text without phone numbers, links, e-mail addresses and handles, for its reader."""
    for pattern, instead in (
        (_EMAIL, "saying.hidden_address"),
        (_LINK, "saying.hidden_link"),
        (_HANDLE, "saying.hidden_name"),
        (_NUMBER, "saying.hidden_number"),
    ):
        text = pattern.sub(library.text(locale, instead), text)
    return text


async def open_relays(turn: Turn, peer: Peer | None) -> list[KitRequest]:
    """The meetings this person can talk in: as the requester first, then as the peer."""
    mine = [
        r
        for r in await requests.open_request_of(turn.work, turn.id)
        if r.status == RequestStatus.ACCEPTED
    ]
    return mine + (await requests.meetings_of(turn.work, [peer.id]) if peer else [])


async def pass_on(turn: Turn, message: InboundMessage, relays: list[KitRequest]) -> None:
    """Pass a message to the other side of the meeting it is meant for."""
    if message.kind != "text" or not message.text.strip():
        turn.say("relay.no_pictures")
        return
    request, text = _meant_for(message.text, relays)
    if request is None:
        turn.memory["unsent"] = text
        turn.say("relay.which", refs=Listed(tuple([await _other_side(turn, r) for r in relays])))
        return
    if not text:  # the code alone: what was written before is meant for this one
        text = turn.memory.get("unsent", "")
    turn.memory["unsent"] = ""
    if not text:
        turn.say("relay.empty", ref=request.ref)
        return
    if request.meeting == "paused":
        turn.say("relay.paused")
        return
    owner = await turn.work.need(Peer, request.peer_id)
    from_peer = owner.contact_id == turn.id
    to = await turn.scene.person(request.contact_id if from_peer else owner.contact_id)
    name = owner.name if from_peer else alias_of(turn.contact)
    if await _has_several(turn, request, owner, from_peer):
        name = saying("saying.name_ref", name=name, ref=request.ref)
    body = mask(text, to.locale)
    turn.work.save(
        RelayMessage(
            id=turn.work.new_id(),
            request_id=request.id,
            from_contact_id=turn.id,
            body=body,
            at=turn.now,
        )
    )
    to.memory["last"] = "relay"
    to.say("relay.from", kind="relay", priority=NOTICE, alias=name, body=body)
    turn.journal("RelayPassedOn", request_id=request.id)


async def _has_several(turn: Turn, request: KitRequest, owner: Peer, from_peer: bool) -> bool:
    """Whether the one who reads it talks in more meetings than this one."""
    if not from_peer:
        return len(await requests.meetings_of(turn.work, [owner.id])) > 1
    theirs = await requests.open_request_of(turn.work, request.contact_id)
    return len([one for one in theirs if one.status == RequestStatus.ACCEPTED]) > 1


async def _other_side(turn: Turn, request: KitRequest) -> Words:
    """Whom a meeting is with, and its code."""
    owner = await turn.work.need(Peer, request.peer_id)
    requester = await turn.scene.person(request.contact_id)
    name = alias_of(requester.contact) if owner.contact_id == turn.id else owner.name
    return saying("saying.name_ref", name=name, ref=request.ref)


def _meant_for(text: str, relays: list[KitRequest]) -> tuple[KitRequest | None, str]:
    """The request a text starts with the code of, or the only one."""
    first, _, rest = text.strip().partition(" ")
    for request in relays:
        if first.strip(":,.@").upper() == request.ref:
            return request, rest.strip()
    return (relays[0], text) if len(relays) == 1 else (None, text)

"""A turn: one message or one fired timer, handled inside one transaction.

A ``Scene`` is the whole of it; a ``Turn`` is one person in it. Nothing is sent here: what is said
becomes outbox rows, what must happen later becomes timers, and all of it commits once.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from content import library
from db.models import (
    Address,
    Button,
    Contact,
    Conversation,
    Fact,
    InboundMessage,
    OutboundMessage,
    OutboxRow,
    OutboxStatus,
    Service,
    Timer,
)
from db.work import Work
from handlers.engine.flow import Flow
from handlers.engine.speech import Ears
from handlers.services.rules import rules_of
from handlers.services.sign_offs import signed_names

RIDE_LEASE = timedelta(seconds=15)
EMERGENCY, REPLY, NOTICE, BULK = 0, 1, 2, 3


@dataclass(frozen=True)
class World:
    """What does not change while the program runs."""

    flows: dict[str, Flow]
    gazetteer: Any
    public_url: str = ""
    demo: bool = False


@dataclass
class Scene:
    """One message or timer being handled. ``rides_as`` is set while a webhook waits for replies."""

    work: Work
    world: World
    inbox_id: int | None = None
    rides_as: str = ""
    answered: bool = False
    people: dict[int, Turn] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """The time of this turn."""
        return self.work.now

    async def person(self, contact_id: int) -> Turn:
        """A person in this scene, with their conversation."""
        if contact_id not in self.people:
            contact = await self.work.need(Contact, contact_id)
            talk = await self.work.get(Conversation, contact_id) or Conversation(contact_id)
            service = await self.work.get(Service, contact.service_id)
            address = await self.work.get(Address, contact.address_id)
            turn = self.people[contact_id] = Turn(self, contact, talk, service, address)
            await turn.learn_signed()
        return self.people[contact_id]

    def journal(
        self,
        fact: str,
        *,
        service_id: int | None = None,
        request_id: int | None = None,
        contact_id: int | None = None,
        **data: Any,
    ) -> None:
        """Record that something happened. ``data`` holds ids and codes, never words or places."""
        self.work.save(
            Fact(
                id=self.work.new_id(),
                at=self.now,
                fact=fact,
                service_id=service_id,
                request_id=request_id,
                contact_id=contact_id,
                data=data,
            )
        )

    def set_timer(self, key: str, kind: str, due_at: datetime, **payload: Any) -> None:
        """Have ``kind`` happen at ``due_at``; the same ``key`` again moves it."""
        self.work.set_timer(Timer(key=key, kind=kind, due_at=due_at, payload=payload))

    def close(self) -> None:
        """Store what the people in it now know."""
        for turn in self.people.values():
            turn.store()


class Turn:
    """One person in a scene: who they are, where their conversation stands, what we say to them."""

    def __init__(
        self,
        scene: Scene,
        contact: Contact,
        talk: Conversation,
        service: Service | None,
        address: Address | None,
    ) -> None:
        self.scene = scene
        self.contact = contact
        self.talk = talk
        self.service = service
        self.address = address
        self.message: InboundMessage | None = None
        self.memory: dict[str, Any] = copy.deepcopy(talk.memory)
        self.flow, self.step, self.seq, self.tries = talk.flow, talk.step, talk.seq, talk.tries
        self.asked_at = talk.asked_at
        self.last_in_at, self.window_at, self.window_n = (
            talk.last_in_at,
            talk.window_at,
            talk.window_n,
        )
        self.said = 0
        self.signed: frozenset[str] = frozenset()
        self.heard = ""  # the language of the message being handled, if it can be told
        self.said_urgent = False

    # --- short names ---------------------------------------------------------------------------

    @property
    def work(self) -> Work:
        """The batch's reads and writes."""
        return self.scene.work

    @property
    def now(self) -> datetime:
        """The time of this turn."""
        return self.scene.now

    @property
    def world(self) -> World:
        """What does not change while the program runs."""
        return self.scene.world

    @property
    def id(self) -> int:
        """The contact's id."""
        return self.contact.id

    @property
    def ears(self) -> Ears:
        """What they read, and what they may be told in it."""
        heard = Ears(self.contact.locale, self.memory.get("tongue", ""), signed=self.signed)
        if heard.tongue == library.DEFAULT:
            return heard
        return replace(heard, drafts_on=self.drafts_in(heard.tongue))

    def drafts_in(self, language: str) -> bool:
        """Whether unsigned translations into it are switched on: in the demo, or by a rule."""
        on = rules_of(self.service).draft_languages.split() if self.service else []
        return self.world.demo or language in on

    @property
    def locale(self) -> str:
        """The language of labels and short words said to this person."""
        return self.ears.labels

    @property
    def tongue(self) -> str:
        """The language they type in; English words always work too."""
        return self.ears.tongue

    @property
    def channel(self) -> str:
        """The channel they are on."""
        return self.address.channel if self.address else ""

    @property
    def data(self) -> dict[str, Any]:
        """Answers given so far in the open conversation."""
        found: dict[str, Any] = self.memory.setdefault("data", {})
        return found

    @property
    def parked(self) -> list[dict[str, Any]]:
        """Conversations put aside, the latest last."""
        found: list[dict[str, Any]] = self.memory.setdefault("parked", [])
        return found

    def home(self) -> Service:
        """The person's service; only after it is known."""
        if self.service is None:
            raise LookupError("this contact has no service yet")
        return self.service

    # --- changing ------------------------------------------------------------------------------

    def change(self, **values: Any) -> None:
        """Change the contact."""
        self.contact = self.work.save(replace(self.contact, **values))

    def join(self, service: Service) -> None:
        """Make this person one of a service's."""
        self.service = service
        self.change(service_id=service.id)

    def journal(self, fact: str, *, request_id: int | None = None, **data: Any) -> None:
        """Record that something happened to this person."""
        self.scene.journal(
            fact,
            service_id=self.contact.service_id,
            request_id=request_id,
            contact_id=self.id,
            **data,
        )

    def store(self) -> None:
        """Save the conversation if it moved."""
        memory = {k: v for k, v in self.memory.items() if v}
        now = replace(
            self.talk,
            flow=self.flow,
            step=self.step,
            seq=self.seq,
            tries=self.tries,
            memory=memory,
            asked_at=self.asked_at,
            last_in_at=self.last_in_at,
            window_at=self.window_at,
            window_n=self.window_n,
        )
        if now != self.talk:
            self.talk = self.work.save(now)

    # --- saying --------------------------------------------------------------------------------

    async def hear(self, language: str) -> None:
        """The message at hand is in this language; it stays theirs until they choose one."""
        self.heard = language
        if self.overhear(language):
            await self.learn_signed()

    def overhear(self, language: str) -> bool:
        """Like ``hear``, in a hurry: until the sign-offs are looked up, all of it are drafts."""
        before = self.tongue
        self.memory["tongue"] = language or self.memory.get("tongue", "")
        changed = self.tongue != before
        if changed:
            self.signed = frozenset()
        return changed

    async def learn_signed(self) -> None:
        """Look up what is signed off in their language; English needs no look."""
        tongue = self.tongue
        self.signed = frozenset()
        if tongue != library.DEFAULT:
            self.signed = await signed_names(self.work, tongue, self.contact.service_id)

    def text(self, name: str, /, **values: Any) -> str:
        """A text in this person's language, for their channel."""
        return library.text(self.ears.languages_for(name)[0], name, self.channel, **values)

    def say(
        self,
        name: str,
        /,
        *,
        buttons: tuple[Button, ...] = (),
        style: str = "words",
        kind: str = "reply",
        priority: int = REPLY,
        ask_location: bool = False,
        in_place: bool = False,
        dedupe: str | None = None,
        picture: str = "",
        **values: Any,
    ) -> None:
        """Say a text of content/ to this person (see ``send``), in each language it takes."""
        for locale in self.ears.languages_for(name):
            message = OutboundMessage(
                text=library.text(locale, name, self.channel, **values),
                buttons=buttons,
                style=style,
                ask_location=ask_location,
                picture=picture,
            )
            self.send(message, kind=kind, priority=priority, in_place=in_place, dedupe=dedupe)

    def send(
        self,
        message: OutboundMessage,
        *,
        kind: str = "reply",
        priority: int = REPLY,
        in_place: bool = False,
        dedupe: str | None = None,
    ) -> None:
        """Put a message in the outbox, unless the person has stopped us or blocked us.

        ``in_place``: the webhook's own answer already held it, so it is only recorded.
        """
        if self.address is None or self.contact.erased_at:
            return
        silent = self.contact.stopped_at or self.contact.blocked_at
        if silent and kind not in ("emergency", "stop"):
            return
        message = replace(message, quiet=self.contact.quiet, locale=self.locale)
        self.said_urgent = self.said_urgent or kind == "emergency"
        answers = self.message is not None and self.scene.inbox_id is not None
        rides = answers and bool(self.scene.rides_as) and self.channel == "sms" and not in_place
        status = (
            OutboxStatus.SENT
            if in_place
            else OutboxStatus.SENDING
            if rides
            else OutboxStatus.QUEUED
        )
        self.said += 1
        self.work.save(
            OutboxRow(
                id=self.work.new_id(),
                contact_id=self.id,
                address_id=self.address.id,
                lane=str(self.address.id),
                channel=self.channel,
                kind=kind,
                priority=priority,
                status=status,
                body=_body(message),
                created_at=self.now,
                due_at=self.now,
                service_id=self.contact.service_id,
                inbox_id=self.scene.inbox_id if answers else None,
                dedupe=dedupe,
                lease_until=self.now + RIDE_LEASE if rides else None,
                owner=self.scene.rides_as if rides else "",
                tries=1 if rides or in_place else 0,
                sent_at=self.now if in_place else None,
                done_at=self.now if in_place else None,
            )
        )


_PARTS = tuple(f.name for f in fields(OutboundMessage))


def _body(message: OutboundMessage) -> dict[str, Any]:
    """A message as it is stored; dataclasses.asdict copies what need not be copied."""
    body = {name: getattr(message, name) for name in _PARTS}
    body["buttons"] = [{"label": b.label, "choice": b.choice} for b in message.buttons]
    return body

"""The nouns: what Kitline remembers, as frozen dataclasses. No SQL here.

Times are aware UTC datetimes, distances kilometres, positions WGS84 degrees.
A class with a ``version`` is changed by compare-and-set; one without is only ever added.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

# --- messages, the same for every channel ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """What a person sent us. ``line`` is our own number or bot they wrote to.

    ``kind``: text, choice (a pressed button), location, media, contact, edited, unsupported,
    blocked, unblocked, call (they rang). ``address`` is a phone number or ``tg:<chat id>``.
    """

    channel: str
    external_id: str
    line: str
    address: str
    kind: str
    text: str = ""
    choice: str = ""
    lat: float | None = None
    lon: float | None = None
    name: str = ""
    callback_id: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """One option as the person sees it; ``choice`` names conversation, question and option."""

    label: str
    choice: str


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """What we send, before a channel draws it.

    ``style``: "numbers" = SMS lists the buttons as numbered lines; "words" = the text itself says
    what to type; "buttons" is like "numbers". Telegram shows buttons for all three. ``locale``: of
    the words a channel adds by itself. ``picture``: a drawing's name, for channels that show them.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    style: str = "buttons"
    ask_location: bool = False
    quiet: bool = False
    emergency: bool = False
    locale: str = "en"
    picture: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What a provider says became of a message: sent, delivered or failed."""

    channel: str
    provider_id: str
    status: str
    error_code: str = ""
    at: datetime | None = None


# --- states ------------------------------------------------------------------------------------


class RequestStatus(StrEnum):
    """Where a kit request stands."""

    OPEN = "open"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    WAITING_CLAIM = "waiting_claim"
    WITH_COORDINATOR = "with_coordinator"
    SUPPLIED = "supplied"
    CONFIRMED = "confirmed"
    UNFILLED = "unfilled"
    CANCELLED = "cancelled"


OPEN_STATUSES = (
    RequestStatus.OPEN,
    RequestStatus.OFFERED,
    RequestStatus.ACCEPTED,
    RequestStatus.WAITING_CLAIM,
    RequestStatus.WITH_COORDINATOR,
)


class OfferStatus(StrEnum):
    """Where one offer to one peer stands."""

    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class OutboxStatus(StrEnum):
    """Where an outbound message stands; ``rank`` only ever rises."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


# --- people and places -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Service:
    """A local project: its own area, team, lines and rules. One service is one data controller."""

    id: int
    slug: str
    name: str
    nation: str
    districts: tuple[str, ...]
    lat: float
    lon: float
    created_at: datetime
    sms_line: str = ""
    telegram_line: str = ""
    rules: dict[str, Any] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as known to us. ``address_id`` is where they last wrote from."""

    id: int
    created_at: datetime
    service_id: int | None = None
    address_id: int | None = None
    outlet_id: int | None = None
    alias: str = ""
    locale: str = "en"
    quiet: bool = False
    adult: bool | None = None
    stopped_at: datetime | None = None
    blocked_at: datetime | None = None
    erased_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Address:
    """A contact's id on one channel, at one of our lines; found by keyed hash.

    ``lapsed_at``: nothing can be sent there (``lapse_reason``: landline, gone, recycled).
    """

    id: int
    contact_id: int
    channel: str
    line: str
    address: str
    address_hash: str
    created_at: datetime
    lapsed_at: datetime | None = None
    lapse_reason: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Conversation:
    """One contact's open exchange. ``id`` is the contact's.

    ``memory`` holds answers so far, the path for BACK, parked conversations and codes to echo.
    ``window_*`` count recent messages, so that a loop of auto-replies ends.
    """

    id: int
    flow: str = ""
    step: str = ""
    seq: int = 0
    tries: int = 0
    memory: dict[str, Any] = field(default_factory=dict)
    asked_at: datetime | None = None
    last_in_at: datetime | None = None
    window_at: datetime | None = None
    window_n: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True)
class Consent:
    """A yes or a no to one purpose, under one wording. Never changed: a new row takes over."""

    id: int
    contact_id: int
    purpose: str
    wording: str
    given: bool
    at: datetime
    how: str
    service_id: int | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """A volunteer with living experience who carries kits.

    ``trained_until`` and ``checked_until`` are the last days training and checks hold.
    ``week_cap``: how often they want to be asked in a week (0 = as the service says).
    ``rest_until``: nothing is asked of them before. ``partner_id``: who they go out with.
    """

    id: int
    service_id: int
    contact_id: int
    name: str
    created_at: datetime
    status: str = "active"
    duty: str = "rota"
    duty_until: datetime | None = None
    rota: str = ""
    place: str = ""
    lat: float = 0.0
    lon: float = 0.0
    radius_km: float = 5.0
    trained_until: date | None = None
    open_limit: int = 2
    last_offered_at: datetime | None = None
    checked_until: date | None = None
    week_cap: int = 0
    rest_until: datetime | None = None
    partner_id: int | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Outlet:
    """A pharmacy, hostel or service that hands out kits.

    ``status``: active, listed (known, not joined), doubted (refused people; ``trusted_at``: when a
    coordinator last said it may be offered again), left.
    ``holidays_open``: bank holidays (ISO dates) its usual hours hold for. ``counter_key`` makes its
    counter page's link; a new key ends the old link. ``wrong_codes`` since ``wrong_since``: typed
    at the counter or by SMS. ``min_age``, ``serves`` (recipients; empty = all) are its own terms,
    from the day ``terms_from``, as ``terms_source`` says.
    """

    id: int
    service_id: int
    name: str
    kind: str
    address: str
    district: str
    lat: float
    lon: float
    created_at: datetime
    hours: str = ""
    phone: str = ""
    status: str = "active"
    none_left_at: datetime | None = None
    ods_code: str = ""
    hours_confirmed_on: date | None = None
    holidays_open: tuple[str, ...] = ()
    counter_key: str = ""
    wrong_codes: int = 0
    wrong_since: datetime | None = None
    min_age: int = 0
    serves: tuple[str, ...] = ()
    terms_source: str = ""
    terms_from: date | None = None
    trusted_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Staff:
    """A coordinator or other paid person of the service. ``call_order`` 0 = not on call."""

    id: int
    service_id: int
    name: str
    role: str
    created_at: datetime
    contact_id: int | None = None
    call_order: int = 0
    hours: str = ""
    pin_hash: str = ""
    status: str = "active"
    version: int = 1


# --- the work ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KitRequest:
    """Someone asks for naloxone. While open it has one owner and one timer (rule 2).

    ``owner_kind``: offer, peer, claim, coordinator. ``meeting``: "", agreed, onway, here, paused.
    The place is a label people would say; ``lat``/``lon`` go when the request closes.
    ``reopened_at``: when the ladder began again, because a peer could not or a code ran out.
    """

    id: int
    service_id: int
    contact_id: int
    ref: str
    status: str
    asked_at: datetime
    reopened_at: datetime | None = None
    owner_kind: str = ""
    owner_id: int | None = None
    next_timer_at: datetime | None = None
    route: str = "peer"
    product: str = "either"
    quantity: int = 1
    recipient: str = "self"
    reason: str = "first"
    place: str = ""
    district: str = ""
    lat: float | None = None
    lon: float | None = None
    error_km: float = 0.0
    peer_id: int | None = None
    outlet_id: int | None = None
    meeting: str = ""
    missed: int = 0
    accepted_at: datetime | None = None
    handed_at: datetime | None = None
    confirmed_at: datetime | None = None
    closed_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Offer:
    """Asking one peer to take one request. ``code`` is what they type when several are open."""

    id: int
    service_id: int
    request_id: int
    peer_id: int
    code: str
    status: str
    distance_km: float
    sent_at: datetime
    expires_at: datetime
    answered_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """A kit held at an outlet under a short code."""

    id: int
    service_id: int
    request_id: int
    outlet_id: int
    code: str
    status: str
    product: str
    batch: str
    expiry: date | None
    created_at: datetime
    expires_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of a holder's stock. Stock is only ever the sum of these.

    ``quantity`` changes what is in the bag; ``reserved`` what of it is promised.
    ``kind``: received, transferred, reserved, released, issued, returned, expired, lost,
    recalled, counted. The two sides of a transfer share a ``transfer_id``.
    """

    id: int
    service_id: int
    holder_kind: str
    holder_id: int
    product: str
    batch: str
    expiry: date | None
    quantity: int
    reserved: int
    kind: str
    at: datetime
    request_id: int | None = None
    supply_id: int | None = None
    by_contact_id: int | None = None
    reverses: int | None = None
    transfer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Supply:
    """A kit handed over. No person in it. A mistake is put right by a row that ``reverses`` it.

    ``nth``: the how many-eth try for its request; each try stands in the log at most once.
    """

    id: int
    service_id: int
    by_kind: str
    by_id: int
    product: str
    batch: str
    expiry: date | None
    quantity: int
    recipient: str
    reason: str
    trained: str
    district: str
    at: datetime
    request_id: int | None = None
    reverses: int | None = None
    nth: int = 1


@dataclass(frozen=True, slots=True)
class Administration:
    """Naloxone given to a person, as reported. No person in it.

    ``by_kind``: peer or public. Values are codes; "not_said" where a question was skipped or not
    reached. ``doses``: one, two, three, more.
    """

    id: int
    service_id: int
    reported_at: datetime
    by_kind: str
    outcome: str = "not_said"
    doses: str = "not_said"
    ambulance: str = "not_said"
    product: str = "not_said"
    used_on: str = "not_said"
    relation: str = "not_said"
    district: str = "not_said"
    version: int = 0


@dataclass(frozen=True, slots=True)
class SupplyFact:
    """What was told after the supply, beside it; no person in it. The newest of a name holds.

    For the returns: age_band, sex, trained. ``arrived``: yes, or no (disputed).
    """

    id: int
    supply_id: int
    name: str
    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AdministrationFact:
    """A further fact of a used-kit report, for the national returns; no person in it."""

    id: int
    administration_id: int
    name: str
    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Training:
    """People shown what to do, with or without a kit. ``supply_id``: it came with that supply.

    Append-only: a mistake is put right by a row that ``reverses`` it.
    """

    id: int
    service_id: int
    by_kind: str
    by_id: int
    people: int
    district: str
    at: datetime
    supply_id: int | None = None
    reverses: int | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """Kits of one batch somebody has, kept only with their yes: for the reminder and for a recall.

    ``status``: held, used, lost, replaced, expired, gone. ``code``: of the pack, if known.
    ``remind``: a reminder of its date is worth it: not swapped, and no "no" to one yet.
    """

    id: int
    contact_id: int
    product: str
    batch: str
    expiry: date | None
    at: datetime
    service_id: int | None = None
    supply_id: int | None = None
    code: str = ""
    status: str = "held"
    quantity: int = 1
    remind: bool = True
    version: int = 1


@dataclass(frozen=True, slots=True)
class PackCode:
    """A code printed on a kit's pack, so that somebody who gave no name can ask about it.

    ``status``: printed, replaced.
    """

    id: int
    service_id: int
    code: str
    product: str
    batch: str
    expiry: date | None
    made_at: datetime
    status: str = "printed"
    version: int = 1


@dataclass(frozen=True, slots=True)
class Recall:
    """A fault in some batches. ``action``: check (look at it) or replace (hand it in).

    ``status``: open, ended. ``advice``: language → the service's own short words on what to look
    for.
    """

    id: int
    service_id: int
    ref: str
    product: str
    batches: tuple[str, ...]
    action: str
    started_at: datetime
    source: str = ""
    advice: dict[str, str] = field(default_factory=dict)
    status: str = "open"
    ended_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class RecallNotice:
    """One holder told of a recall. ``status``: waiting, reached, not_reached, opted_out; gone: they
    had none of it any more when they were to be told.

    ``answer``: "", fine, faulty, gone. ``replaced_at``: they have another kit for it.
    ``quantity``: kits of the batch they hold.
    """

    id: int
    service_id: int
    recall_id: int
    batch: str
    quantity: int
    status: str
    at: datetime
    contact_id: int | None = None
    holding_id: int | None = None
    code: str = ""
    answer: str = ""
    replaced_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a requester says went wrong at an outlet: closed, none_left, refused, asked_id, other.

    No person in it.
    """

    id: int
    service_id: int
    outlet_id: int
    reason: str
    at: datetime
    request_id: int | None = None


@dataclass(frozen=True, slots=True)
class LocalHelp:
    """Somebody of the service, or a place near, that people can be put in touch with (J8).

    ``kind``: outreach_nurse, clinic, recovery_worker, hospital_link, prison_link, exchange, other.
    ``staff_id``: who answers a call-back for it; without one the coordinator on call does.
    """

    id: int
    service_id: int
    kind: str
    name: str
    created_at: datetime
    hours: str = ""
    phone: str = ""
    place: str = ""
    staff_id: int | None = None
    status: str = "active"
    confirmed_on: date | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class PeerNote:
    """Something noted for or by a peer. ``kind``: expense, hotspot, supervision, hard_event.

    ``status``: open, done, undone. ``pence``: of an expense.
    """

    id: int
    service_id: int
    peer_id: int
    kind: str
    at: datetime
    note: str = ""
    district: str = ""
    pence: int = 0
    status: str = "open"
    version: int = 1


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code with which somebody becomes a peer from their own phone. Used once.

    ``name``: as the coordinator wrote it, till it is used.
    """

    id: int
    service_id: int
    code: str
    name: str
    created_at: datetime
    expires_at: datetime
    trained_until: date | None = None
    checked_until: date | None = None
    used_at: datetime | None = None
    peer_id: int | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class RelayMessage:
    """What one side wrote to the other; gone 48 hours after the request closes."""

    id: int
    request_id: int
    from_contact_id: int
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a coordinator must look at. ``asked`` lists the staff already told.

    ``about``: what it is about where that is neither a request nor a contact ("outlet:17").
    """

    id: int
    service_id: int
    kind: str
    status: str
    created_at: datetime
    due_at: datetime
    ref: str
    request_id: int | None = None
    contact_id: int | None = None
    staff_id: int | None = None
    asked: tuple[int, ...] = ()
    about: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Fact:
    """A journal entry: something that happened, named in the past tense. Append-only."""

    id: int
    at: datetime
    fact: str
    service_id: int | None = None
    request_id: int | None = None
    contact_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignOff:
    """Somebody has read a text, or a drawing, and answers for it. Append-only: the newest counts.

    It holds for the words as they were: ``fingerprint`` no longer fits once they are changed.
    ``service_id``: the one service it holds for; None for every one.
    """

    id: int
    at: datetime
    locale: str
    name: str
    fingerprint: str
    reviewer: str
    role: str
    review_by: date
    service_id: int | None = None


# --- the job tables ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InboxRow:
    """An inbound message as stored; ``lane`` keeps one contact's messages in order."""

    id: int
    channel: str
    external_id: str
    lane: str
    body: dict[str, Any]
    received_at: datetime
    due_at: datetime
    answered: bool = False
    tries: int = 0
    error: str = ""
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An outbound message as stored. ``lane`` is the address; ``priority`` 0 is an emergency."""

    id: int
    contact_id: int
    address_id: int
    lane: str
    channel: str
    kind: str
    priority: int
    status: str
    body: dict[str, Any]
    created_at: datetime
    due_at: datetime
    service_id: int | None = None
    inbox_id: int | None = None
    dedupe: str | None = None
    lease_until: datetime | None = None
    owner: str = ""
    tries: int = 0
    provider_id: str = ""
    error: str = ""
    sent_at: datetime | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that must happen later. ``key`` names what it is about: setting it again moves it.

    ``payload`` says what it was set for; when that has moved on, firing does nothing.
    """

    key: str
    kind: str
    due_at: datetime
    payload: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    error: str = ""

"""The schema: one MetaData for SQLite and PostgreSQL.

A column whose ``info`` says ``sealed`` is stored encrypted (see keys.py): it names a person, says
where somebody is, or holds what they wrote.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Big = BigInteger().with_variant(Integer(), "sqlite")


class Utc(TypeDecorator[datetime]):
    """An aware UTC time on both databases; SQLite keeps it without an offset."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone was about to be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        found: datetime = value
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _id() -> Column[Any]:
    return Column("id", Big, primary_key=True, autoincrement=False)


def _to(table: str, name: str, *, null: bool = True) -> Column[Any]:
    return Column(name, Big, ForeignKey(f"{table}.id"), nullable=null)


def _sealed(name: str, *, json: bool = False) -> Column[Any]:
    return Column(name, LargeBinary, nullable=True, info={"sealed": "json" if json else "text"})


def _text(name: str, length: int = 200, **more: Any) -> Column[Any]:
    return Column(name, String(length), nullable=more.pop("nullable", False), **more)


def _when(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Utc, nullable=null)


def _number(name: str, kind: Any = Integer, *, null: bool = False) -> Column[Any]:
    return Column(name, kind, nullable=null)


def _version() -> Column[Any]:
    return Column("version", Integer, nullable=False)


def _open_only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


meta = Table("meta", metadata, _text("key", 60, primary_key=True), Column("value", Text))

services = Table(
    "services",
    metadata,
    _id(),
    _text("slug", 60, unique=True),
    _text("name"),
    _text("nation", 30),
    Column("districts", JSON, nullable=False),
    _number("lat", Float),
    _number("lon", Float),
    _when("created_at"),
    _text("sms_line", 40),
    _text("telegram_line", 80),
    Column("rules", JSON, nullable=False),
    _version(),
)

contacts = Table(
    "contacts",
    metadata,
    _id(),
    _when("created_at"),
    _to("services", "service_id"),
    Column("address_id", Big, nullable=True),
    _to("outlets", "outlet_id"),
    _sealed("alias"),
    _text("locale", 12),
    Column("quiet", Boolean, nullable=False),
    Column("adult", Boolean, nullable=True),
    _when("stopped_at", null=True),
    _when("blocked_at", null=True),
    _when("erased_at", null=True),
    _version(),
)

addresses = Table(
    "addresses",
    metadata,
    _id(),
    _to("contacts", "contact_id", null=False),
    _text("channel", 20),
    _text("line", 80),
    _sealed("address"),
    _text("address_hash", 40),
    _when("created_at"),
    _when("lapsed_at", null=True),
    _text("lapse_reason", 20),
    _version(),
    UniqueConstraint("channel", "line", "address_hash"),
    Index(None, "contact_id"),
    Index(None, "address_hash"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Big, ForeignKey("contacts.id"), primary_key=True, autoincrement=False),
    _text("flow", 60),
    _text("step", 60),
    _number("seq"),
    _number("tries"),
    _sealed("memory", json=True),
    _when("asked_at", null=True),
    _when("last_in_at", null=True),
    _when("window_at", null=True),
    _number("window_n"),
    _version(),
)

consents = Table(
    "consents",
    metadata,
    _id(),
    _to("contacts", "contact_id", null=False),
    _text("purpose", 40),
    _text("wording", 40),
    Column("given", Boolean, nullable=False),
    _when("at"),
    _text("how", 60),
    _to("services", "service_id"),
    Index(None, "contact_id"),
)

peers = Table(
    "peers",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _to("contacts", "contact_id", null=False),
    _sealed("name"),
    _when("created_at"),
    _text("status", 20),
    _text("duty", 20),
    _when("duty_until", null=True),
    _text("rota", 400),
    _sealed("place"),
    _number("lat", Float),
    _number("lon", Float),
    _number("radius_km", Float),
    Column("trained_until", Date, nullable=True),
    _number("open_limit"),
    _when("last_offered_at", null=True),
    Column("checked_until", Date, nullable=True),
    _number("week_cap"),
    _when("rest_until", null=True),
    Column("partner_id", Big, nullable=True),
    _version(),
    Index(None, "service_id"),
    Index(None, "contact_id"),
)

outlets = Table(
    "outlets",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _text("name"),
    _text("kind", 30),
    _text("address", 300),
    _text("district", 8),
    _number("lat", Float),
    _number("lon", Float),
    _when("created_at"),
    _text("hours", 300),
    _text("phone", 40),
    _text("status", 20),
    _when("none_left_at", null=True),
    _text("ods_code", 12),
    Column("hours_confirmed_on", Date, nullable=True),
    Column("holidays_open", JSON, nullable=False),
    _text("counter_key", 60),
    _number("wrong_codes"),
    _when("wrong_since", null=True),
    _number("min_age"),
    Column("serves", JSON, nullable=False),
    _text("terms_source"),
    Column("terms_from", Date, nullable=True),
    _when("trusted_at", null=True),
    _version(),
    Index(None, "service_id"),
)

staff = Table(
    "staff",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _text("name"),
    _text("role", 30),
    _when("created_at"),
    _to("contacts", "contact_id"),
    _number("call_order"),
    _text("hours", 300),
    _text("pin_hash", 200),
    _text("status", 20),
    _version(),
    Index(None, "service_id"),
    Index(None, "contact_id"),
)

_OPEN_REQUEST = "closed_at is null"

requests = Table(
    "requests",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _to("contacts", "contact_id", null=False),
    _text("ref", 12, unique=True),
    _text("status", 20),
    _when("asked_at"),
    _when("reopened_at", null=True),
    _text("owner_kind", 20),
    Column("owner_id", Big, nullable=True),
    _when("next_timer_at", null=True),
    _text("route", 20),
    _text("product", 40),
    _number("quantity"),
    _text("recipient", 20),
    _text("reason", 20),
    _sealed("place"),
    _text("district", 8),
    _number("lat", Float, null=True),
    _number("lon", Float, null=True),
    _number("error_km", Float),
    _to("peers", "peer_id"),
    _to("outlets", "outlet_id"),
    _text("meeting", 20),
    _number("missed"),
    _when("accepted_at", null=True),
    _when("handed_at", null=True),
    _when("confirmed_at", null=True),
    _when("closed_at", null=True),
    _version(),
    Index(None, "contact_id"),
    Index(None, "peer_id"),
    Index("ix_requests_open", "service_id", **_open_only(_OPEN_REQUEST)),
)

offers = Table(
    "offers",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _to("requests", "request_id", null=False),
    _to("peers", "peer_id", null=False),
    _text("code", 12),
    _text("status", 20),
    _number("distance_km", Float),
    _when("sent_at"),
    _when("expires_at"),
    _when("answered_at", null=True),
    _version(),
    Index(None, "request_id"),
    Index(None, "peer_id", "status"),
    Index(None, "service_id", "status"),
    Index(None, "service_id", "sent_at"),
)

claims = Table(
    "claims",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _to("requests", "request_id", null=False),
    _to("outlets", "outlet_id", null=False),
    _text("code", 12, unique=True),
    _text("status", 20),
    _text("product", 40),
    _text("batch", 40),
    Column("expiry", Date, nullable=True),
    _when("created_at"),
    _when("expires_at"),
    _version(),
    Index(None, "request_id"),
)

movements = Table(
    "movements",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _text("holder_kind", 20),
    Column("holder_id", Big, nullable=False),
    _text("product", 40),
    _text("batch", 40),
    Column("expiry", Date, nullable=True),
    _number("quantity"),
    _number("reserved"),
    _text("kind", 20),
    _when("at"),
    _to("requests", "request_id"),
    Column("supply_id", Big, nullable=True),
    Column("by_contact_id", Big, nullable=True),
    Column("reverses", Big, nullable=True, unique=True),
    Column("transfer_id", Big, nullable=True),
    Index(  # all that summing a service's stock reads, in the order it is summed in
        "ix_movements_sums",
        *("service_id", "holder_kind", "holder_id", "product", "batch", "expiry"),
        *("quantity", "reserved", "kind", "at"),
    ),
    Index(None, "request_id"),
)

supplies = Table(
    "supplies",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _text("by_kind", 20),
    Column("by_id", Big, nullable=False),
    _text("product", 40),
    _text("batch", 40),
    Column("expiry", Date, nullable=True),
    _number("quantity"),
    _text("recipient", 20),
    _text("reason", 20),
    _text("trained", 20),
    _text("district", 8),
    _when("at"),
    _to("requests", "request_id"),
    Column("reverses", Big, nullable=True, unique=True),
    _number("nth"),
    Index(None, "service_id", "at"),
    Index(
        "uq_supplies_request",
        "request_id",
        "nth",
        unique=True,
        **_open_only("request_id is not null and reverses is null"),
    ),
)

administrations = Table(
    "administrations",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _when("reported_at"),
    _text("by_kind", 20),
    _text("outcome", 20),
    _text("doses", 20),
    _text("ambulance", 20),
    _text("product", 40),
    _text("used_on", 20),
    _text("relation", 20),
    _text("district", 20),
    _version(),
    Index(None, "service_id", "reported_at"),
)

supply_facts = Table(
    "supply_facts",
    metadata,
    _id(),
    _to("supplies", "supply_id", null=False),
    _text("name", 20),
    _text("value", 40),
    _when("at"),
    Index(None, "supply_id"),
)

administration_facts = Table(
    "administration_facts",
    metadata,
    _id(),
    _to("administrations", "administration_id", null=False),
    _text("name", 20),
    _text("value", 40),
    _when("at"),
    Index(None, "administration_id"),
)

trainings = Table(
    "trainings",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _text("by_kind", 20),
    Column("by_id", Big, nullable=False),
    _number("people"),
    _text("district", 8),
    _when("at"),
    Column("supply_id", Big, nullable=True),
    Column("reverses", Big, nullable=True, unique=True),
    Index(None, "service_id", "at"),
)

holdings = Table(
    "holdings",
    metadata,
    _id(),
    _to("contacts", "contact_id", null=False),
    _text("product", 40),
    _text("batch", 40),
    Column("expiry", Date, nullable=True),
    _when("at"),
    _to("services", "service_id"),
    Column("supply_id", Big, nullable=True),
    _text("code", 12),
    _text("status", 20),
    _number("quantity"),
    Column("remind", Boolean, nullable=False),
    _version(),
    Index(None, "contact_id"),
    Index(None, "service_id", "batch"),
)

pack_codes = Table(
    "pack_codes",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _text("code", 12, unique=True),
    _text("product", 40),
    _text("batch", 40),
    Column("expiry", Date, nullable=True),
    _when("made_at"),
    _text("status", 20),
    _version(),
    Index(None, "service_id", "batch"),
)

recalls = Table(
    "recalls",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _text("ref", 12),
    _text("product", 40),
    Column("batches", JSON, nullable=False),
    _text("action", 20),
    _when("started_at"),
    _text("source"),
    Column("advice", JSON, nullable=False),
    _text("status", 20),
    _when("ended_at", null=True),
    _version(),
    Index(None, "service_id"),
)

recall_notices = Table(
    "recall_notices",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _to("recalls", "recall_id", null=False),
    _text("batch", 40),
    _number("quantity"),
    _text("status", 20),
    _when("at"),
    Column("contact_id", Big, nullable=True),
    Column("holding_id", Big, nullable=True),
    _text("code", 12),
    _text("answer", 20),
    _when("replaced_at", null=True),
    _version(),
    Index(None, "recall_id"),
    Index(None, "contact_id"),
)

refusals = Table(
    "refusals",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _to("outlets", "outlet_id", null=False),
    _text("reason", 20),
    _when("at"),
    Column("request_id", Big, nullable=True),
    Index(None, "service_id", "at"),
)

local_help = Table(
    "local_help",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _text("kind", 30),
    _text("name"),
    _when("created_at"),
    _text("hours", 300),
    _text("phone", 40),
    _text("place", 300),
    _to("staff", "staff_id"),
    _text("status", 20),
    Column("confirmed_on", Date, nullable=True),
    _version(),
    Index(None, "service_id"),
)

peer_notes = Table(
    "peer_notes",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _to("peers", "peer_id", null=False),
    _text("kind", 20),
    _when("at"),
    _sealed("note"),
    _text("district", 8),
    _number("pence"),
    _text("status", 20),
    _version(),
    Index(None, "peer_id", "kind"),
    Index(None, "service_id", "kind", "at"),
)

invitations = Table(
    "invitations",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _text("code", 12, unique=True),
    _sealed("name"),
    _when("created_at"),
    _when("expires_at"),
    Column("trained_until", Date, nullable=True),
    Column("checked_until", Date, nullable=True),
    _when("used_at", null=True),
    Column("peer_id", Big, nullable=True),
    _version(),
    Index(None, "service_id"),
)

relay_messages = Table(
    "relay_messages",
    metadata,
    _id(),
    _to("requests", "request_id", null=False),
    _to("contacts", "from_contact_id", null=False),
    _sealed("body"),
    _when("at"),
    Index(None, "request_id"),
)

flags = Table(
    "flags",
    metadata,
    _id(),
    _to("services", "service_id", null=False),
    _text("kind", 40),
    _text("status", 20),
    _when("created_at"),
    _when("due_at"),
    _text("ref", 12),
    _to("requests", "request_id"),
    Column("contact_id", Big, nullable=True),
    _to("staff", "staff_id"),
    Column("asked", JSON, nullable=False),
    _text("about", 1000),
    _version(),
    Index("ix_flags_open", "service_id", **_open_only("status <> 'done'")),
    Index(None, "request_id"),
)

journal = Table(
    "journal",
    metadata,
    _id(),
    _when("at"),
    _text("fact", 60),
    Column("service_id", Big, nullable=True),
    Column("request_id", Big, nullable=True),
    Column("contact_id", Big, nullable=True),
    Column("data", JSON, nullable=False),
    Index(None, "request_id"),
)

sign_offs = Table(
    "sign_offs",
    metadata,
    _id(),
    _when("at"),
    _text("locale", 12),
    _text("name", 120),
    _text("fingerprint", 64),
    _text("reviewer"),
    _text("role", 40),
    Column("review_by", Date, nullable=False),
    _to("services", "service_id"),
    Index(None, "locale"),
)

_NOT_DONE = "done_at is null"

inbox = Table(
    "inbox",
    metadata,
    _id(),
    _text("channel", 20),
    _text("external_id", 80),
    _text("lane", 60),
    _sealed("body", json=True),
    _when("received_at"),
    _when("due_at"),
    Column("answered", Boolean, nullable=False),
    _number("tries"),
    _text("error", 400),
    _when("done_at", null=True),
    UniqueConstraint("channel", "external_id"),
    Index("ix_inbox_due", "due_at", **_open_only(_NOT_DONE)),
    Index("ix_inbox_lane", "lane", "id", **_open_only(_NOT_DONE)),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    _to("contacts", "contact_id", null=False),
    _to("addresses", "address_id", null=False),
    _text("lane", 60),
    _text("channel", 20),
    _text("kind", 20),
    _number("priority"),
    _text("status", 20),
    _sealed("body", json=True),
    _when("created_at"),
    _when("due_at"),
    Column("service_id", Big, nullable=True),
    Column("inbox_id", Big, nullable=True),
    _text("dedupe", 120, nullable=True, unique=True),
    _when("lease_until", null=True),
    _text("owner", 40),
    _number("tries"),
    _text("provider_id", 80),
    _text("error", 400),
    _when("sent_at", null=True),
    _when("done_at", null=True),
    Index("ix_outbox_due", "due_at", **_open_only(_NOT_DONE)),
    Index("ix_outbox_lane", "lane", "id", **_open_only(_NOT_DONE)),
    Index("ix_outbox_provider", "provider_id", **_open_only("provider_id <> ''")),
    Index(None, "address_id"),
    Index("ix_outbox_inbox", "inbox_id", **_open_only("inbox_id is not null")),
)

timers = Table(
    "timers",
    metadata,
    _text("key", 80, primary_key=True),
    _text("kind", 40),
    _when("due_at"),
    Column("payload", JSON, nullable=False),
    _number("tries"),
    _text("error", 400),
    Index(None, "due_at"),
)

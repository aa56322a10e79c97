"""Contacts as staff enter them: found by address, made if new."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from bot.bootstrap import App
from bot.commands.shared import UserError
from db.models import Address, Contact, LocalHelp, Peer, Service, Staff
from db.work import Work
from handlers.services.contacts import address_at, new_contact

T = TypeVar("T", LocalHelp, Peer, Staff)


def called(found: Iterable[T], name: str) -> T | None:
    """The one of that name; capitals do not count."""
    return next((one for one in found if one.name.casefold() == name.casefold()), None)


def line_of(app: App, service: Service, channel: str) -> str:
    """Which of our numbers or bots a service's people write to; "" if there is none."""
    settings = app.settings
    if channel == "telegram":
        return service.telegram_line or settings.telegram_bot_token.partition(":")[0]
    return service.sms_line or settings.twilio_from


def _need_line(app: App, service: Service, channel: str) -> str:
    line = line_of(app, service, channel)
    if not line and channel == "sms" and app.settings.has_sms:
        raise UserError(
            f"{service.slug} has no number of its own, and TWILIO_FROM is not set. "
            f"Set it first: kitline services set {service.slug} --number +44..."
        )
    return line


async def contact_for(
    work: Work, app: App, service: Service, channel: str, address: str
) -> tuple[Contact, bool]:
    """The contact at an address of this service's line, and whether they are new."""
    line = _need_line(app, service, channel)
    known = await address_at(work, channel, line, address)
    if known is None:
        return await new_contact(work, channel, line, address, service.id), True
    contact = await work.need(Contact, known.contact_id)
    if contact.service_id is None:
        contact = work.save(replace(contact, service_id=service.id))
    elif contact.service_id != service.id:
        raise ValueError(f"{address} already belongs to another service on the same number")
    return contact, False


async def addresses_of(work: Work, contact_id: int | None) -> str:
    """A contact's addresses, for a list that staff read."""
    if contact_id is None:
        return "-"
    found = await work.find(Address, contact_id=contact_id)
    return ", ".join(a.address for a in found if a.address) or "-"


def can_be_written_to(contact: Contact) -> str:
    """Why a contact hears nothing from us; "" if they do."""
    if contact.erased_at:
        return "erased"
    if contact.stopped_at:
        return "texted STOP (only their START undoes it)"
    return "blocked us, or their number fails" if contact.blocked_at else ""

"""People as known to us: finding them by address, consents, stopping, starting, erasing."""

from __future__ import annotations

from dataclasses import replace

from db.models import Address, Consent, Contact, Conversation, Holding, InboundMessage, Service
from db.work import Work
from handlers.services.roles import peer_of

NOTICE_WORDING = "2026-11"


async def contact_at(work: Work, message: InboundMessage) -> Contact:
    """The contact who wrote a message; made if new, and remembered as writing from here."""
    address = await address_at(work, message.channel, message.line, message.address)
    if address:
        contact = await work.need(Contact, address.contact_id)
        if contact.address_id != address.id:
            contact = work.save(replace(contact, address_id=address.id))
        return contact
    return await _stranger(work, message.channel, message.line, message.address)


async def _stranger(work: Work, channel: str, line: str, address: str) -> Contact:
    """Nothing is known of them; where one service alone answers, they are its contact."""
    services = await services_of_line(work, channel, line)
    service_id = services[0].id if len(services) == 1 else None
    return await new_contact(work, channel, line, address, service_id)


async def address_at(work: Work, channel: str, line: str, address: str) -> Address | None:
    """An address of ours, under any key."""
    for blind in work.db.keyring.blinds(f"{channel}:{address}"):
        for found in await work.find(Address, address_hash=blind):
            if (found.channel, found.line) == (channel, line):
                return found
    return None


async def is_a_peer(work: Work, message: InboundMessage) -> bool:
    """Whether a message comes from a peer's phone."""
    address = await address_at(work, message.channel, message.line, message.address)
    return address is not None and await peer_of(work, address.contact_id) is not None


async def new_contact(
    work: Work, channel: str, line: str, address: str, service_id: int | None = None
) -> Contact:
    """A contact with one address."""
    contact_id, address_id = work.new_id(), work.new_id()
    contact = work.save(
        Contact(id=contact_id, created_at=work.now, address_id=address_id, service_id=service_id)
    )
    work.save(
        Address(
            id=address_id,
            contact_id=contact_id,
            channel=channel,
            line=line,
            address=address,
            address_hash=work.db.keyring.blind(f"{channel}:{address}"),
            created_at=work.now,
        )
    )
    work.save(Conversation(contact_id))
    return contact


async def begin_anew(work: Work, address: Address, reason: str) -> Contact:
    """Somebody else has this number now: a fresh contact for it; the former one loses it.

    The former contact keeps what only counts. Nothing here can be sent to them any more unless they
    have another address.
    """
    gone = f"gone:{address.id}"
    lapsed = replace(address, address="", address_hash=gone, lapsed_at=work.now)
    work.save(replace(lapsed, lapse_reason=reason))
    former = await work.need(Contact, address.contact_id)
    others = await work.find(Address, contact_id=former.id)
    reachable = [one.id for one in others if one.id != address.id and one.lapsed_at is None]
    work.save(replace(former, address_id=reachable[0] if reachable else None))
    if not reachable:
        await _withdraw(work, former)
    return await _stranger(work, address.channel, address.line, address.address)


async def _withdraw(work: Work, contact: Contact) -> None:
    """Nobody is there any more to be reminded of anything, or to be told of a recall."""
    rows = await work.find(Consent, contact_id=contact.id)
    latest = {(row.purpose, row.service_id): row for row in rows}
    for purpose in sorted({purpose for (purpose, _), row in latest.items() if row.given}):
        give_consent(work, contact, purpose, False, "number_gone")
    for holding in await work.find(Holding, contact_id=contact.id, status="held"):
        work.save(replace(holding, status="gone"))


async def services_of_line(work: Work, channel: str, line: str) -> list[Service]:
    """The services that answer at one of our numbers or bots."""
    services = await all_services(work)
    if channel == "telegram":
        return [s for s in services if s.telegram_line in (line, "")]
    return [s for s in services if s.sms_line in (line, "")]


async def all_services(work: Work) -> list[Service]:
    """Every service of this deployment."""
    if "services" not in work.memo:
        work.memo["services"] = [s.id for s in await work.find(Service)]
    return [await work.need(Service, service_id) for service_id in work.memo["services"]]


async def service_to_tell(work: Work, own: Service | None) -> Service | None:
    """Whose coordinators hear of a danger: the person's own service, else the first there is."""
    return own or next(iter(await all_services(work)), None)


async def has_consent(work: Work, contact: Contact, purpose: str) -> bool:
    """Whether the latest word on a purpose, to the contact's own service, is a yes."""
    rows = await work.find(Consent, contact_id=contact.id)
    mine = [r for r in rows if (r.purpose, r.service_id) == (purpose, contact.service_id)]
    return bool(mine) and mine[-1].given


def give_consent(work: Work, contact: Contact, purpose: str, given: bool, how: str) -> Consent:
    """Record a yes or a no; ``how`` names the deliberate act (a step, a word)."""
    return work.save(
        Consent(
            id=work.new_id(),
            contact_id=contact.id,
            service_id=contact.service_id,
            purpose=purpose,
            wording=NOTICE_WORDING,
            given=given,
            at=work.now,
            how=how,
        )
    )


async def holdings_of(work: Work, contact_id: int) -> list[Holding]:
    """The kits a contact says they have."""
    return await work.find(Holding, contact_id=contact_id)

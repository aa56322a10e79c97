"""Who somebody is to us besides a requester: peer, staff, outlet."""

from __future__ import annotations

from content.library import Words, saying
from db.models import Contact, Outlet, Peer, Staff
from db.work import Work


async def peer_of(work: Work, contact_id: int) -> Peer | None:
    """The peer this contact is, unless they have left."""
    peers = await work.find(Peer, contact_id=contact_id)
    return next((peer for peer in peers if peer.status != "left"), None)


async def staff_of(work: Work, contact_id: int) -> Staff | None:
    """The member of staff this contact is."""
    found = await work.find(Staff, contact_id=contact_id)
    return next((one for one in found if one.status == "active"), None)


async def outlet_of(work: Work, contact: Contact) -> Outlet | None:
    """The outlet this phone speaks for."""
    return await work.get(Outlet, contact.outlet_id)


def alias_of(contact: Contact) -> Words:
    """What the other side of a relay calls this person."""
    return contact.alias or saying("saying.friend")

"""Kit requests: placing one, who owns it and what happens next (rule 2), closing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from db.models import KitRequest, Offer, OfferStatus, RequestStatus, Timer
from db.reference.gazetteer import Gazetteer
from db.work import Work
from handlers.services.codes import new_ref
from handlers.services.places import PlaceFound, find_place
from handlers.services.supplies import release


def timer_key(request_id: int) -> str:
    """The key of the one timer an open request has."""
    return f"request:{request_id}"


async def place(work: Work, **values: Any) -> KitRequest:
    """A new request; the caller gives it an owner and a timer in the same turn (``hold``)."""
    ref = new_ref()
    while await work.find(KitRequest, ref=ref):
        ref = new_ref()
    request = KitRequest(
        id=work.new_id(), ref=ref, status=RequestStatus.OPEN, asked_at=work.now, **values
    )
    return work.save(request)


def hold(
    work: Work,
    request: KitRequest,
    status: RequestStatus,
    owner: tuple[str, int],
    due: datetime,
    **changes: Any,
) -> KitRequest:
    """Give an open request its owner and its next timer, both at once."""
    work.set_timer(Timer(timer_key(request.id), "request", due, {"request": request.id}))
    return work.save(
        replace(
            request,
            status=status,
            owner_kind=owner[0],
            owner_id=owner[1],
            next_timer_at=due,
            **changes,
        )
    )


def ask_anew(work: Work, request: KitRequest, route: str = "peer") -> KitRequest:
    """The ladder begins again: its minutes and waves count from now. The caller goes on."""
    return work.save(
        replace(
            request,
            status=RequestStatus.OPEN,
            reopened_at=work.now,
            peer_id=None,
            outlet_id=None,
            meeting="",
            missed=0,
            route=route,
        )
    )


def close(work: Work, request: KitRequest, status: RequestStatus, **changes: Any) -> KitRequest:
    """Close a request: no owner, no timer, and of the place only the district is kept."""
    work.cancel_timer(timer_key(request.id))
    return work.save(
        replace(
            request,
            status=status,
            owner_kind="",
            owner_id=None,
            next_timer_at=None,
            closed_at=work.now,
            meeting="",
            place="",
            lat=None,
            lon=None,
            **changes,
        )
    )


def reopen(request: KitRequest, gazetteer: Gazetteer) -> KitRequest:
    """A supply was taken back. Of the place only the district was kept: the next rung looks around
    its middle. The caller gives it an owner and a timer (``hold``)."""
    request = replace(request, closed_at=None, handed_at=None)
    found = find_place(request.district, gazetteer, near=None)
    if request.lat is not None or not isinstance(found, PlaceFound):
        return request
    return replace(
        request, place=found.label, lat=found.lat, lon=found.lon, error_km=found.error_km
    )


async def open_request_of(work: Work, contact_id: int) -> list[KitRequest]:
    """A contact's open requests, oldest first."""
    return await work.find(KitRequest, contact_id=contact_id, closed_at=None)


async def meetings_of(work: Work, peer_ids: Sequence[int]) -> list[KitRequest]:
    """The requests these peers have accepted and not closed, oldest first."""
    found: list[KitRequest] = []
    for peer_id in peer_ids:
        found += await work.find(
            KitRequest, peer_id=peer_id, status=RequestStatus.ACCEPTED, closed_at=None
        )
    return found


async def withdraw_offers(work: Work, request: KitRequest, but: int | None = None) -> list[Offer]:
    """Take back every offer that still waits; returns them so that the peers can be told."""
    withdrawn = []
    for offer in await work.find(Offer, request_id=request.id, status=OfferStatus.SENT):
        if offer.id != but:
            withdrawn.append(
                work.save(replace(offer, status=OfferStatus.WITHDRAWN, answered_at=work.now))
            )
    return withdrawn


async def cancel(work: Work, request: KitRequest, status: RequestStatus) -> list[Offer]:
    """End an open request: promises go back to stock, offers are withdrawn (and returned)."""
    await release(work, request)
    withdrawn = await withdraw_offers(work, request)
    close(work, request, status)
    return withdrawn

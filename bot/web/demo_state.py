"""What the story left behind, as GET /demo/state shows it. Demo only."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from db.models import (
    Address,
    Administration,
    Claim,
    Consent,
    Contact,
    Fact,
    Flag,
    KitRequest,
    Offer,
    OutboxRow,
    Outlet,
    Peer,
    Recall,
    Service,
    Staff,
    Supply,
    SupplyFact,
    Timer,
)
from db.stock import stock_of
from db.work import Work
from handlers.services.counter_links import token_of

LAST_FACTS = 400


def _time(value: datetime | date | None) -> str | None:
    return value.isoformat() if value else None


def _exact(value: Any) -> Any:
    """Ids are longer than the numbers a browser keeps exactly."""
    return str(value) if isinstance(value, int) and abs(value) > 2**53 else value


async def state(work: Work, now: datetime, timers: list[Timer]) -> dict[str, Any]:
    """Everything, as lists."""
    services = {s.id: s for s in await work.find(Service)}
    contacts = {c.id: c for c in await work.find(Contact)}
    addresses = {a.id: a for a in await work.find(Address)}
    peers = {p.id: p for p in await work.find(Peer)}
    outlets = {o.id: o for o in await work.find(Outlet)}
    staff = {s.id: s for s in await work.find(Staff)}
    requests = {r.id: r for r in await work.find(KitRequest)}
    by_contact = {p.contact_id: p for p in peers.values()}
    staff_by_contact = {s.contact_id: s for s in staff.values()}

    def address_of(contact_id: int | None) -> str:
        contact = contacts.get(contact_id or 0)
        found = addresses.get(contact.address_id or 0) if contact else None
        return found.address if found else ""

    def slug(service_id: int | None) -> str:
        return services[service_id].slug if service_id in services else ""

    def holder(kind: str, holder_id: int) -> str:
        if kind == "peer":
            return peers[holder_id].name
        if kind == "outlet":
            return outlets[holder_id].name
        return staff[holder_id].name if holder_id in staff else kind

    def role(contact: Contact) -> tuple[str, str]:
        if contact.id in by_contact:
            return "peer", by_contact[contact.id].name
        if contact.id in staff_by_contact:
            one = staff_by_contact[contact.id]
            return ("coordinator" if one.role == "safeguarding" else one.role), one.name
        if contact.outlet_id:
            return "pharmacy", outlets[contact.outlet_id].name
        return "requester", contact.alias or "Requester"

    def counter(contact: Contact) -> dict[str, str]:
        """Where an outlet's counter page is."""
        shop = outlets.get(contact.outlet_id or 0)
        return {"counter": f"/c/{token_of(work, shop)}"} if shop else {}

    people = []
    for found in sorted(addresses.values(), key=lambda a: a.id):
        contact = contacts[found.contact_id]
        kind, name = role(contact)
        people.append(
            {
                "role": kind,
                "name": name,
                "address": found.address,
                "channel": found.channel,
                "service": slug(contact.service_id),
                **counter(contact),
            }
        )

    def owner(request: KitRequest) -> str:
        if request.owner_kind == "coordinator":
            one = staff.get(request.owner_id or 0)
            return f"coordinator {one.name}" if one else "coordinator"
        if request.owner_kind == "peer":
            return f"peer {peers[request.owner_id or 0].name}"
        if request.owner_kind == "claim" and request.outlet_id:
            return f"claim at {outlets[request.outlet_id].name}"
        return request.owner_kind

    facts: dict[int, dict[str, str]] = {}
    for told in await work.find(SupplyFact):
        facts.setdefault(told.supply_id, {})[told.name] = told.value
    stock = []
    for service_id in services:
        stock += [line for line in await stock_of(work, service_id) if line.quantity]
    journal = await work.find(Fact)
    outbox = await work.find(OutboxRow)
    return {
        "now": _time(now),
        "services": [{"slug": s.slug, "name": s.name} for s in services.values()],
        "people": people,
        "requests": [
            {
                "ref": r.ref,
                "status": r.status,
                "owner": owner(r),
                "next_timer_at": _time(r.next_timer_at),
                "address": address_of(r.contact_id),
                "product": r.product,
                "route": r.route,
                "quantity": r.quantity,
                "recipient": r.recipient,
                "reason": r.reason,
                "district": r.district,
                "meeting": r.meeting,
                "service": slug(r.service_id),
                "at": _time(r.asked_at),
                "accepted_at": _time(r.accepted_at),
                "handed_at": _time(r.handed_at),
                "confirmed_at": _time(r.confirmed_at),
            }
            for r in requests.values()
        ],
        "offers": [
            {
                "request": requests[o.request_id].ref,
                "address": address_of(peers[o.peer_id].contact_id),
                "peer": peers[o.peer_id].name,
                "code": o.code,
                "status": o.status,
                "expires_at": _time(o.expires_at),
                "km": o.distance_km,
            }
            for o in await work.find(Offer)
        ],
        "supplies": [
            {
                "id": str(s.id),
                "request": requests[s.request_id].ref if s.request_id else None,
                "by": holder(s.by_kind, s.by_id),
                "by_role": s.by_kind,
                "product": s.product,
                "batch": s.batch,
                "expiry": _time(s.expiry),
                "quantity": s.quantity,
                "recipient": s.recipient,
                "reason": s.reason,
                "trained": facts.get(s.id, {}).get("trained", s.trained),
                "district": s.district,
                "at": _time(s.at),
                "disputed": facts.get(s.id, {}).get("arrived") == "no",
                "reverses": str(s.reverses) if s.reverses else None,
            }
            for s in await work.find(Supply)
        ],
        "administrations": [
            {
                "product": a.product,
                "doses": a.doses,
                "ambulance": a.ambulance,
                "outcome": a.outcome,
                "relation": a.relation,
                "when": a.used_on,
                "district": a.district,
                "by_role": a.by_kind,
                "at": _time(a.reported_at),
            }
            for a in await work.find(Administration)
        ],
        "stock": [
            {
                "holder": holder(n.holder_kind, n.holder_id),
                "holder_kind": n.holder_kind,
                "product": n.product,
                "batch": n.batch,
                "expiry": _time(n.expiry),
                "quantity": n.quantity,
                "reserved": n.reserved,
            }
            for n in stock
        ],
        "recalls": [
            {
                "ref": r.ref,
                "service": slug(r.service_id),
                "product": r.product,
                "batches": list(r.batches),
                "action": r.action,
                "status": r.status,
                "started_at": _time(r.started_at),
                "ended_at": _time(r.ended_at),
            }
            for r in await work.find(Recall)
        ],
        "claims": [
            {
                "request": requests[c.request_id].ref,
                "outlet": outlets[c.outlet_id].name,
                "code": c.code,
                "status": c.status,
                "expires_at": _time(c.expires_at),
            }
            for c in await work.find(Claim)
        ],
        "consents": [
            {
                "address": address_of(c.contact_id),
                "purpose": c.purpose,
                "wording": c.wording,
                "given": c.given,
                "at": _time(c.at),
                "how": c.how,
            }
            for c in await work.find(Consent)
        ],
        "flags": [
            {
                "kind": f.kind,
                "ref": f.ref,
                "status": f.status,
                "owner": staff[f.staff_id].name if f.staff_id in staff else "",
                "due_at": _time(f.due_at),
                "created_at": _time(f.created_at),
            }
            for f in await work.find(Flag)
        ],
        "outbox": [
            {
                "address": addresses[o.address_id].address,
                "status": o.status,
                "kind": o.kind,
                "at": _time(o.created_at),
            }
            for o in outbox
        ],
        "timers": [{"key": t.key, "kind": t.kind, "due_at": _time(t.due_at)} for t in timers],
        "journal": [
            {
                "at": _time(f.at),
                "fact": f.fact,
                "request": requests[f.request_id].ref if f.request_id in requests else None,
                "who": role(contacts[f.contact_id])[1] if f.contact_id in contacts else None,
                **{key: _exact(value) for key, value in f.data.items()},
            }
            for f in journal[-LAST_FACTS:]
        ],
    }

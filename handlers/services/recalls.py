"""Recalls: whom one concerns, who was reached, and sums that add up to the kits out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from content.library import DEFAULT
from db.deliveries import deliveries
from db.models import (
    Address,
    Contact,
    Holding,
    KitRequest,
    Movement,
    OutboxStatus,
    PackCode,
    Recall,
    RecallNotice,
    RequestStatus,
    Service,
    Supply,
)
from db.stock import StockLine, alike, stock_of
from db.work import Work
from handlers.services.batches import spellings
from handlers.services.codes import new_ref
from handlers.services.contacts import has_consent
from handlers.services.products import form_of
from handlers.services.rules import rules_of

KIND = "recall"  # of its messages in the outbox
GIVEN_UP_AFTER = timedelta(hours=24)
REPORTS_NOTHING = ("telegram",)
"""Channels that never say "delivered": what they took in lies in the person's chat."""


# --- which ones --------------------------------------------------------------------------------


async def open_recalls(work: Work, service_id: int) -> list[Recall]:
    """A service's recalls that are not over."""
    return await work.find(Recall, service_id=service_id, status="open")


async def new(
    work: Work, service: Service, product: str, batches: tuple[str, ...], **values: Any
) -> Recall:
    """A new recall; from now on these batches are frozen wherever they are."""
    ref = new_ref()
    while await work.find(Recall, ref=ref):
        ref = new_ref()
    return work.save(
        Recall(
            id=work.new_id(),
            service_id=service.id,
            ref=ref,
            product=product,
            batches=batches,
            started_at=work.now,
            **values,
        )
    )


def advice_in(recall: Recall, locale: str) -> str:
    """What to look for, in somebody's language; in English where nobody wrote it in theirs."""
    return recall.advice.get(locale) or recall.advice.get(DEFAULT, "")


def concerns(recall: Recall, service: Service, product: str, batch: str) -> bool:
    """Whether a kit is one of these. Somebody not sure of the kind is told, rather than not."""
    rules = rules_of(service)
    named = alike(batch) in map(alike, recall.batches)
    same_form = form_of(product, rules) == form_of(recall.product, rules)
    return named and (same_form or product == "other")


async def recall_of(work: Work, service: Service, product: str, batch: str) -> Recall | None:
    """The open recall that names a kit."""
    for recall in await open_recalls(work, service.id):
        if concerns(recall, service, product, batch):
            return recall
    return None


# --- who has one -------------------------------------------------------------------------------


async def holdings_in(work: Work, recall: Recall, service: Service) -> list[Holding]:
    """Every kit noted of these batches, whatever became of it."""
    batches = await spellings(work, service.id, recall.batches)
    rows = await work.find(Holding, service_id=service.id, batch=batches)
    return [row for row in rows if concerns(recall, service, row.product, row.batch)]


async def known_kits(
    work: Work, service: Service, batches: tuple[str, ...]
) -> list[Supply | StockLine]:
    """What our stock and our log know of some batches."""
    found: list[Supply | StockLine] = []
    found += await work.find(Supply, service_id=service.id, batch=batches)
    found += [line for line in await stock_of(work, service.id) if line.batch in batches]
    return found


async def supplies_in(work: Work, recall: Recall, service: Service) -> list[Supply]:
    """Every supply of these batches, taken-back ones and what took them back included."""
    batches = await spellings(work, service.id, recall.batches)
    rows = await work.find(Supply, service_id=service.id, batch=batches)
    return [row for row in rows if concerns(recall, service, row.product, row.batch)]


async def reach_of(work: Work, contact: Contact) -> str:
    """How somebody stands to being told: waiting (can be), not_reached, opted_out."""
    if contact.stopped_at or not await has_consent(work, contact, "recall"):
        return "opted_out"
    address = await work.get(Address, contact.address_id)
    gone = address is None or address.lapsed_at or contact.blocked_at
    return "not_reached" if gone else "waiting"


async def note_all(work: Work, recall: Recall, service: Service) -> list[RecallNotice]:
    """One row for each kit noted and still held, unless it has one."""
    known = {n.holding_id for n in await work.find(RecallNotice, recall_id=recall.id)}
    held = [h for h in await holdings_in(work, recall, service) if h.status == "held"]
    fresh = [h for h in held if h.id not in known]
    await work.preload(Contact, "id", [h.contact_id for h in fresh])
    made = []
    for holding in fresh:
        contact = await work.need(Contact, holding.contact_id)
        status = await reach_of(work, contact)
        made.append(note_holding(work, recall, holding, status))
    return made


def note_holding(work: Work, recall: Recall, holding: Holding, status: str) -> RecallNotice:
    """Somebody who has one of these, and how they stand to being told."""
    return _note(
        work,
        recall,
        holding.batch,
        status,
        quantity=holding.quantity,
        contact_id=holding.contact_id,
        holding_id=holding.id,
        code=holding.code,
    )


def _note(
    work: Work, recall: Recall, batch: str, status: str, *, quantity: int = 1, **more: Any
) -> RecallNotice:
    return work.save(
        RecallNotice(
            id=work.new_id(),
            service_id=recall.service_id,
            recall_id=recall.id,
            batch=batch,
            quantity=quantity,
            status=status,
            at=work.now,
            **more,
        )
    )


async def still_to_tell(work: Work, recall: Recall, contact_id: int) -> list[RecallNotice]:
    """What somebody is to be told of: not what they asked about, nor a kit they no longer have."""
    waiting = []
    for notice in await work.find(RecallNotice, recall_id=recall.id, contact_id=contact_id):
        holding = await work.get(Holding, notice.holding_id)
        if notice.status == "reached":
            continue
        if holding and holding.status != "held":
            work.save(replace(notice, status="gone"))
        else:
            waiting.append(notice)
    return waiting


async def note_asked(work: Work, recall: Recall, batch: str, contact_id: int) -> list[RecallNotice]:
    """Somebody asks about a batch; if they have one noted, they know of the recall from now on."""
    mine = await work.find(RecallNotice, recall_id=recall.id, contact_id=contact_id, batch=batch)
    return [work.save(replace(notice, status="reached")) for notice in mine]


async def note_code(work: Work, recall: Recall, batch: str, code: str) -> RecallNotice:
    """Somebody with no name asked about the pack in their hand: that one is reached."""
    for known in await work.find(RecallNotice, recall_id=recall.id, code=code):
        return known if known.status == "reached" else work.save(replace(known, status="reached"))
    return note_nameless(work, recall, batch, code)


def note_nameless(
    work: Work, recall: Recall, batch: str, code: str = "", contact_id: int | None = None
) -> RecallNotice:
    """A kit that was out with no name, until somebody spoke of it."""
    return _note(work, recall, batch, "reached", code=code, contact_id=contact_id)


# --- how far it has come -----------------------------------------------------------------------


def settled(
    notice: RecallNotice, sent: tuple[str, str] | None, told_at: datetime, now: datetime
) -> str:
    """What a notice has come to. "Sent" is not "reached", unless the channel says no more."""
    if notice.status in ("reached", "opted_out", "gone"):
        return notice.status
    status, channel = sent or ("", "")
    taken_in = status == OutboxStatus.SENT and channel in REPORTS_NOTHING
    if notice.answer or status == OutboxStatus.DELIVERED or taken_in:
        return "reached"
    if status == OutboxStatus.FAILED or now - told_at > GIVEN_UP_AFTER:
        return "not_reached"
    return notice.status


async def settle(work: Work, recall: Recall) -> list[RecallNotice]:
    """Bring every notice up to what is known by now: delivered, failed, replaced."""
    notices = await work.find(RecallNotice, recall_id=recall.id)
    sent = await deliveries(work.tx, recall.service_id, KIND, recall.started_at)
    asked = await work.find(KitRequest, service_id=recall.service_id, reason="recalled")
    had = {r.contact_id: r for r in asked if r.asked_at >= recall.started_at and _supplied(r)}
    for notice in notices:
        text = sent.get((notice.contact_id or 0, notice.at))  # of this recall, not of another
        status = settled(notice, text, notice.at, work.now)
        anew = had.get(notice.contact_id or 0)
        replaced_at = notice.replaced_at or (anew.handed_at or anew.closed_at if anew else None)
        if (status, replaced_at) != (notice.status, notice.replaced_at):
            work.save(replace(notice, status=status, replaced_at=replaced_at))
            await _mark_pack(work, notice, replaced=replaced_at is not None)
    return await work.find(RecallNotice, recall_id=recall.id)


async def _mark_pack(work: Work, notice: RecallNotice, *, replaced: bool) -> None:
    """The code of a pack that was swapped says so from now on."""
    for pack in await work.find(PackCode, code=notice.code) if notice.code and replaced else ():
        work.save(replace(pack, status="replaced"))


def _supplied(request: KitRequest) -> bool:
    return request.status in (RequestStatus.SUPPLIED, RequestStatus.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Standing:
    """Kits of a recall, counted. Those out are one of the six that follow, and no other.

    ``extra``: noted by people beyond what our log says went out (from another service, say).
    """

    out: int
    reached: int
    waiting: int
    not_reached: int
    opted_out: int
    gone: int
    anonymous: int
    extra: int
    answers: dict[str, int]
    replaced: int
    stock: dict[str, int]
    handed_in: int


async def standing(work: Work, recall: Recall, service: Service) -> Standing:
    """Where a recall stands, in kits."""
    by_status: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    replaced = 0
    notices = await settle(work, recall)
    for notice in notices:
        by_status[notice.status] += notice.quantity
        answers[notice.answer or "none"] += notice.quantity
        replaced += notice.quantity if notice.replaced_at else 0
    told_of = {n.holding_id for n in notices}
    held = await holdings_in(work, recall, service)
    before = (h for h in held if h.status != "held" and h.id not in told_of)
    by_status["gone"] += sum(h.quantity for h in before)
    out = sum(s.quantity for s in await supplies_in(work, recall, service))
    rest = out - sum(by_status.values())
    return Standing(
        out=out,
        reached=by_status["reached"],
        waiting=by_status["waiting"],
        not_reached=by_status["not_reached"],
        opted_out=by_status["opted_out"],
        gone=by_status["gone"],
        anonymous=max(0, rest),
        extra=max(0, -rest),
        answers=dict(answers),
        replaced=replaced,
        stock=await stock_in(work, recall, service),
        handed_in=await _handed_in(work, recall, service),
    )


async def stock_in(work: Work, recall: Recall, service: Service) -> dict[str, int]:
    """Kits of these batches still in stocks, by kind of holder."""
    found: Counter[str] = Counter()
    for line in await stock_of(work, service.id):
        if concerns(recall, service, line.product, line.batch) and line.quantity:
            found[line.holder_kind] += line.quantity
    return dict(found)


async def _handed_in(work: Work, recall: Recall, service: Service) -> int:
    """What peers and outlets have given back to the store, or sent off, since it began."""
    kinds = ("transferred", "recalled")
    batches = await spellings(work, service.id, recall.batches)
    moved = await work.find(Movement, service_id=service.id, batch=batches, kind=kinds)
    since = [m for m in moved if m.at >= recall.started_at]
    to_store = sum(m.quantity for m in since if m.kind == kinds[0] and m.holder_kind == "service")
    sent_off = -sum(m.quantity for m in since if m.kind == kinds[1] and m.holder_kind != "service")
    return to_store + sent_off

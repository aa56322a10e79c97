"""What an outlet does at its counter, by text or on its page: the same acts, each done once.

``how`` ("sms", "counter") goes into the journal with the outlet's id.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from db.models import Claim, KitRequest, Outlet, RequestStatus, Service, Supply
from db.stock import StockLine
from handlers.counter_holds import (
    HELD_AFTER_UNDO,
    free_up,
    hold_again,
    promised_line,
    take_back_receipt,
)
from handlers.engine.conversation import finish
from handlers.engine.turn import Scene
from handlers.flags import raise_flag
from handlers.meeting import ask_if_arrived
from handlers.refusals import move_on
from handlers.services import requests
from handlers.services.batches import as_known
from handlers.services.codes import read_claim_code, show_claim_code
from handlers.services.permits import barred
from handlers.services.reversals import standing, standing_supply
from handlers.services.rules import clock_words
from handlers.services.supplies import (
    NoStock,
    To,
    issue,
    line_of,
    outlet_holder,
    pick,
    receive,
    release,
    reverse,
)
from handlers.services.trainings import note_training

MOST_WRONG = 10
WRONG_WITHIN = timedelta(hours=1)
BLOCKED_FOR = timedelta(hours=1)
_NOBODY_ON_THE_WAY = (
    RequestStatus.OPEN,
    RequestStatus.WAITING_CLAIM,
    RequestStatus.WITH_COORDINATOR,
)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a typed code is: open, repeat, expired, other (another outlet's), unknown, typo
    (its check character does not fit), blocked (too many wrong ones).

    ``moved``: it has not run out, the kit was moved elsewhere since, and is still to be had.
    """

    kind: str
    claim: Claim | None = None
    supply: Supply | None = None
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the outlet names it.

    ``product`` "" is the one that was asked for. ``from_box``: typed off the box in hand, so it is
    there whatever our list says.
    """

    product: str
    batch: str
    expiry: date | None = None
    from_box: bool = False


# --- codes -------------------------------------------------------------------------------------


async def try_code(scene: Scene, outlet: Outlet, typed: str) -> Tried:
    """What a code is, looked up for this outlet. Wrong ones are counted, so that none is guessed:
    a code alone is worth nothing, and ten wrong ones in an hour close the door for an hour."""
    if blocked_till(outlet, scene.now):
        return Tried("blocked")
    code = read_claim_code(typed)
    found = await scene.work.find(Claim, code=code) if code else []
    claim = next((one for one in found if one.service_id == outlet.service_id), None)
    if claim is None or claim.outlet_id != outlet.id:
        outlet = await _count_wrong(scene, outlet)
        if blocked_till(outlet, scene.now):
            return Tried("blocked")
        return Tried("other" if claim else "unknown" if code else "typo")
    if claim.status == "redeemed":
        return Tried("repeat", claim, await standing_supply(scene.work, claim.request_id))
    if claim.status == "open":
        return Tried("open", claim)
    request = await scene.work.get(KitRequest, claim.request_id)
    moved = request is not None and request.status in _NOBODY_ON_THE_WAY
    return Tried("expired", claim, moved=moved and claim.status in ("refused", "cancelled"))


def blocked_till(outlet: Outlet, now: datetime) -> datetime | None:
    """Until when codes are shut off at this outlet, because too many wrong ones were typed."""
    if outlet.wrong_codes < MOST_WRONG or outlet.wrong_since is None:
        return None
    till = outlet.wrong_since + BLOCKED_FOR
    return till if now < till else None


async def _count_wrong(scene: Scene, outlet: Outlet) -> Outlet:
    since = outlet.wrong_since
    if since is None or scene.now - since >= WRONG_WITHIN:
        return scene.work.save(replace(outlet, wrong_codes=1, wrong_since=scene.now))
    outlet = replace(outlet, wrong_codes=outlet.wrong_codes + 1)
    if outlet.wrong_codes >= MOST_WRONG:  # the hour of the block begins now
        outlet = replace(outlet, wrong_since=scene.now)
        scene.journal("CodesBlocked", service_id=outlet.service_id, outlet=outlet.id)
        service = await scene.work.need(Service, outlet.service_id)
        await raise_flag(scene, service, "wrong_codes", about=f"outlet:{outlet.id}")
    return scene.work.save(outlet)


# --- handing over ------------------------------------------------------------------------------


async def hand_over(
    scene: Scene,
    outlet: Outlet,
    claim: Claim,
    *,
    how: str,
    batch: Batch | None = None,
    trained: str = "not_said",
    by_contact_id: int | None = None,
) -> Supply:
    """The kit held under an open code changes hands; the requester is asked whether it arrived.

    Raises NoStock where the batch may not be given; nothing has changed then.
    """
    work = scene.work
    request = await work.need(KitRequest, claim.request_id)
    to = To(request.recipient, request.district, request.reason, trained)
    line = await promised_line(scene, claim)
    supply_id = work.new_id()
    if batch:
        batch = await _as_known(scene, outlet, batch)
    mark = work.mark()
    try:
        if line is None or (batch and not _is_of(line, batch)):
            await release(work, request)
            line = await _shelf_line(
                scene, outlet, request.product, request.quantity, batch, supply_id
            )
        if line.product in await barred(work, outlet_holder(outlet), request):
            raise NoStock("terms")
        supply = await issue(
            work,
            outlet_holder(outlet),
            line,
            request.quantity,
            to,
            request=request,
            by_contact_id=by_contact_id,
            supply_id=supply_id,
        )
    except NoStock:
        work.undo(mark)
        raise
    await _note_shown(scene, supply)
    work.save(replace(claim, status="redeemed"))
    request = requests.close(scene.work, request, RequestStatus.SUPPLIED, handed_at=scene.now)
    _journal(scene, "KitSupplied", outlet, how, request.id, supply=supply.id)
    await ask_if_arrived(scene, request, outlet.name)
    return supply


async def walk_in(
    scene: Scene,
    outlet: Outlet,
    batch: Batch,
    quantity: int,
    to: To,
    *,
    how: str,
    supply_id: int | None = None,
    held_too: bool = False,
) -> Supply:
    """A kit for somebody who came without a code: into the same log.

    The terms of supply are for the counter to judge: what has happened must be loggable.
    ``held_too``: knowingly one that is held for a code; who holds it is sent elsewhere.
    """
    mark = scene.work.mark()
    supply_id = supply_id or scene.work.new_id()
    batch = await _as_known(scene, outlet, batch)
    try:
        line = await _shelf_line(
            scene, outlet, batch.product, quantity, batch, supply_id, held_too=held_too
        )
        supply = await issue(
            scene.work, outlet_holder(outlet), line, quantity, to, supply_id=supply_id
        )
    except NoStock:
        scene.work.undo(mark)
        raise
    await _note_shown(scene, supply)
    _journal(scene, "KitSupplied", outlet, how, None, supply=supply.id, route="walk_in")
    return supply


async def _note_shown(scene: Scene, supply: Supply) -> None:
    """Somebody was shown what to do: counted as every training is."""
    if supply.trained == "yes":
        await note_training(scene.work, supply.id)


async def _shelf_line(
    scene: Scene,
    outlet: Outlet,
    product: str,
    quantity: int,
    batch: Batch | None,
    supply_id: int,
    *,
    held_too: bool = False,
) -> StockLine:
    """The line to take kits from; a batch with its date that is not on the list has come in."""
    holder = outlet_holder(outlet)
    if batch is None or batch.expiry is None:
        return await pick(scene.work, holder, product, quantity, batch.batch if batch else "")
    this = (batch.product, batch.batch, batch.expiry)
    line = await line_of(scene.work, holder, *this)
    if line.quantity == 0 and batch.from_box:
        await receive(scene.work, holder, *this, quantity, supply_id=supply_id)
    elif line.quantity >= quantity > line.available and not line.frozen:
        await free_up(scene, outlet, line, quantity, held_too=held_too)
    return await line_of(scene.work, holder, *this)


async def _as_known(scene: Scene, outlet: Outlet, batch: Batch) -> Batch:
    """However it was copied from the box, it is the batch we know: a recall must find it."""
    known = await as_known(scene.work, outlet.service_id, batch.batch)
    return replace(batch, batch=known)


def _is_of(line: StockLine, batch: Batch) -> bool:
    if batch.expiry is None:
        return line.batch == batch.batch
    return line.box == (batch.product, batch.batch, batch.expiry)


# --- taking back -------------------------------------------------------------------------------


async def last_supply(scene: Scene, outlet: Outlet, within: timedelta) -> Supply | None:
    """The outlet's last supply that still stands, if it is not older than this."""
    mine = standing(await scene.work.find(Supply, by_kind="outlet", by_id=outlet.id))
    return mine[-1] if mine and scene.now - mine[-1].at <= within else None


async def take_back(
    scene: Scene, outlet: Outlet, supply: Supply, *, how: str, by_contact_id: int | None = None
) -> None:
    """It was logged by mistake: a row against it, the kit back on the shelf, the code open again
    unless the person has said that the kit came."""
    against = await reverse(scene.work, supply, by_contact_id)
    await take_back_receipt(scene, outlet, supply, by_contact_id)
    _journal(scene, "SupplyReversed", outlet, how, supply.request_id, supply=against.id)
    request = await scene.work.get(KitRequest, supply.request_id)
    if request is None or request.status != RequestStatus.SUPPLIED:
        return
    scene.work.cancel_timer(f"arrived:{request.id}")
    requester = await scene.person(request.contact_id)
    if requester.flow == "arrived":
        await finish(requester)
    claim = (await scene.work.find(Claim, request_id=request.id, outlet_id=outlet.id))[-1]
    until = max(claim.expires_at, scene.now + HELD_AFTER_UNDO)
    scene.work.save(replace(claim, status="open", expires_at=until))
    request = requests.reopen(request, scene.world.gazetteer)
    request = requests.hold(
        scene.work, request, RequestStatus.WAITING_CLAIM, ("claim", claim.id), until
    )
    try:
        with suppress(NoStock):
            await hold_again(scene, outlet, request, claim.batch)
        if await promised_line(scene, claim) is None:
            await hold_again(scene, outlet, request, "")
    except NoStock:  # recalled or out of date meanwhile
        await move_on(scene, request)
        return
    requester.say(
        "outlet.undone_requester",
        kind="notice",
        name=outlet.name,
        ref=request.ref,
        code=show_claim_code(claim.code),
        until=clock_words(until, scene.now),
    )


# --- none left, some again ---------------------------------------------------------------------


async def none_left(scene: Scene, outlet: Outlet, *, how: str) -> int:
    """Nobody is sent there from now on; returns how many held a code and were sent elsewhere."""
    outlet = scene.work.save(replace(outlet, none_left_at=scene.now))
    _journal(scene, "OutletHasNone", outlet, how, None)
    moved = 0
    for claim in await scene.work.find(Claim, outlet_id=outlet.id, status="open"):
        request = await scene.work.need(KitRequest, claim.request_id)
        await move_on(scene, request, outlet)
        moved += 1
    return moved


def some_again(scene: Scene, outlet: Outlet, *, how: str) -> Outlet:
    """People are sent there again."""
    if outlet.none_left_at is None:
        return outlet
    _journal(scene, "OutletHasSome", outlet, how, None)
    return scene.work.save(replace(outlet, none_left_at=None))


def _journal(
    scene: Scene, fact: str, outlet: Outlet, how: str, request_id: int | None, **data: Any
) -> None:
    scene.journal(
        fact,
        service_id=outlet.service_id,
        request_id=request_id,
        outlet=outlet.id,
        how=how,
        **data,
    )

"""An outlet's shelf and hours, seen and put right on its counter page."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from bot.web.counter_box import typed_batch
from bot.web.counter_forms import (
    MOST_ON_SHELF,
    Wrong,
    form_key,
    line_value,
    new_form_key,
    number,
    products,
    sure,
)
from bot.web.counter_visit import HOW, Door, Visit, clock
from db.models import Claim, Movement, Outlet
from db.stock import StockLine
from handlers import counter
from handlers.counter import Batch
from handlers.services.hours import are_old, bank_holidays, check_hours
from handlers.services.hours_by_day import DAYS, hours_of_week, is_overnight, week_of
from handlers.services.products import product_words
from handlers.services.rules import uk_day
from handlers.services.stock_moves import (
    OWN_WORDS,
    confirm,
    count,
    promised_to,
    take_back,
    take_out,
    transfer,
)
from handlers.services.supplies import NoStock, line_of, outlet_holder, receive, store_holder
from handlers.stock_undo import UNDO_WITHIN

MANY = 100
GONE = {"lost": "StockLost", "expired": "StockExpired", "back": "StockTransferred"}
"""Why kits are not on the shelf any more → the fact, as the words of a phone write it down."""
DAY_NAMES = dict(zip(DAYS, calendar.day_name, strict=True))
SOON = timedelta(days=60)
AHEAD = timedelta(days=150)


def shelf_routes(door: Door) -> list[Route]:
    """What is on the shelf, and when the shop is open."""
    return [
        Route("/c/{token}/shelf", door.opens(shelf)),
        Route("/c/{token}/shelf/right", door.opens(right), methods=["POST"]),
        Route("/c/{token}/shelf/count", door.opens(counted), methods=["POST"]),
        Route("/c/{token}/shelf/add", door.opens(add), methods=["POST"]),
        Route("/c/{token}/shelf/gone", door.opens(gone), methods=["POST"]),
        Route("/c/{token}/shelf/undo", door.opens(undo), methods=["POST"]),
        Route("/c/{token}/hours", door.opens(hours)),
        Route("/c/{token}/hours", door.opens(set_hours), methods=["POST"]),
    ]


# --- the shelf ---------------------------------------------------------------------------------


async def shelf(visit: Visit, wrong: Wrong | None = None) -> Response:
    """GET …/shelf: each batch, how many, when it runs out, when it was last told of."""
    on_it = await visit.shelf(only_free=False)
    soon = on_it.today + SOON
    return await visit.page(
        "counter_shelf.html",
        tab="shelf",
        wrong=wrong,
        did=await _did(visit),
        ways=GONE,
        typed=visit.form,
        products=products(visit.rules),
        key=visit.form.get("key") or new_form_key(visit.work, visit.outlet),
        lines=[
            {
                "value": line_value(line),
                "product": product_words("en", line.product, visit.rules),
                "batch": line.batch,
                "expiry": f"{line.expiry:%m/%Y}" if line.expiry else "",
                "quantity": line.quantity,
                "held": line.reserved,
                "over": line.is_over(on_it.today),
                "soon": bool(line.expiry and line.expiry <= soon),
                "frozen": line.frozen,
                "told": clock(line.as_of, visit.now) if line.as_of else "",
            }
            for line in on_it.lines
        ],
    )


async def right(visit: Visit) -> Response:
    """POST …/shelf/right: everything is as the list says."""
    lines = await confirm(visit.work, outlet_holder(visit.outlet))
    _stock_fact(visit, "StockConfirmed", lines=lines)
    return visit.go("/shelf?did=right")


async def counted(visit: Visit) -> Response:
    """POST …/shelf/count: a count sets the truth, but never below what is promised."""
    holder, on_it = outlet_holder(visit.outlet), await visit.shelf(only_free=False)
    try:
        line = on_it.named(visit.form.get("line", ""))
        there = number(visit.form, "n", 0, MOST_ON_SHELF)
        if there > MANY and there > line.quantity:
            sure(visit.form, "many", f"{line.batch} {there}", n=there)
        moved = await count(visit.work, holder, line, there)
    except Wrong as wrong:
        return await shelf(visit, wrong)
    except NoStock:
        return await shelf(visit, await _held(visit, line))
    _stock_fact(visit, "StockCounted", product=line.product, batch=line.batch, quantity=there)
    line = replace(line, quantity=there)
    if line.available > 0 and not line.is_over(on_it.today):
        await _some_again(visit)
    return visit.go(f"/shelf?did={moved.id}")


async def _held(visit: Visit, line: StockLine) -> Wrong:
    """Too few would be left for the codes that these are held for."""
    requests = await promised_to(visit.work, outlet_holder(visit.outlet), line)
    ids = tuple(one.id for one in requests)
    claims = await visit.work.find(Claim, request_id=ids, status="open")
    return Wrong("promised", ends=", ".join(claim.code[-2:] for claim in claims))


async def add(visit: Visit) -> Response:
    """POST …/shelf/add: kits have come in; the same form twice adds them once."""
    try:
        key = form_key(visit.form, visit.work, visit.outlet)
        is_new = await visit.work.get(Movement, key) is None  # else a double click
        came = await typed_batch(visit, over="over_add")
        n = number(visit.form, "n", 1, MOST_ON_SHELF)
        if n > MANY:
            sure(visit.form, "many", f"{came.batch} {n}", n=n)
        if is_new and (at := await _added_just_now(visit, came, n)):
            sure(visit.form, "again", f"{came.batch} {n}", n=n, batch=came.batch, at=at)
    except Wrong as wrong:
        return await shelf(visit, wrong)
    if is_new:
        holder = outlet_holder(visit.outlet)
        box = (came.product, came.batch, came.expiry)
        await receive(visit.work, holder, *box, n, movement_id=key)
        _stock_fact(visit, "StockReceived", product=came.product, batch=came.batch, quantity=n)
        await _some_again(visit)
    return visit.go(f"/shelf?did={key}")


async def _added_just_now(visit: Visit, came: Batch, n: int) -> str:
    """When as many of the same batch were added a few minutes ago, if they were."""
    holder = outlet_holder(visit.outlet)
    mine = {"holder_kind": holder.kind, "holder_id": holder.id, "batch": came.batch}
    rows = await visit.work.find(Movement, service_id=holder.service_id, kind="received", **mine)
    back = {row.reverses for row in rows}
    for row in rows:
        stands = row.id not in back and row.supply_id is None and row.reverses is None
        if stands and row.quantity == n and visit.now - row.at <= UNDO_WITHIN:
            return clock(row.at, visit.now)
    return ""


async def gone(visit: Visit) -> Response:
    """POST …/shelf/gone: lost, out of date, or handed back to the team."""
    holder, on_it = outlet_holder(visit.outlet), await visit.shelf(only_free=False)
    try:
        line = on_it.named(visit.form.get("line", ""))
        why = visit.form.get("why", "")
        if why not in GONE:
            raise Wrong("why")
        n = number(visit.form, "gone", 1, MOST_ON_SHELF)
        if why == "back":
            pair = await transfer(visit.work, holder, store_holder(visit.service), line, n)
            rows = await visit.work.find(
                Movement, service_id=holder.service_id, transfer_id=pair, holder_kind=holder.kind
            )
            moved = rows[0]
        else:
            moved = await take_out(visit.work, holder, line, why, n)
    except Wrong as wrong:
        return await shelf(visit, wrong)
    except NoStock as no:
        promised = no.reason == "promised"
        return await shelf(visit, await _held(visit, line) if promised else Wrong("none"))
    _stock_fact(visit, GONE[why], product=line.product, batch=line.batch, quantity=n)
    return visit.go(f"/shelf?did={moved.id}")


# --- what was just done, and taking it back ------------------------------------------------------


async def undo(visit: Visit) -> Response:
    """POST …/shelf/undo: the entry just made, taken back."""
    moved = await _own_entry(visit, visit.form.get("did", ""))
    if moved is None:
        return visit.nothing()
    if not await visit.work.find(Movement, service_id=moved.service_id, reverses=moved.id):
        entry = [moved]
        if moved.transfer_id:
            both = {"service_id": moved.service_id, "transfer_id": moved.transfer_id}
            entry = await visit.work.find(Movement, **both)
        try:
            await take_back(visit.work, entry, None)
        except NoStock:
            return await shelf(visit, Wrong("cannot_undo"))
        _stock_fact(visit, "StockEntryReversed", entry=moved.id)
    return visit.go(f"/shelf?did={moved.id}")


async def _did(visit: Visit) -> dict[str, Any]:
    """What was just done here, in words for the page; {} if nothing was."""
    asked = visit.request.query_params.get("did", "")
    if asked == "right":
        return {"kind": "right"}
    moved = await _own_entry(visit, asked)
    if moved is None:
        return {}
    back = await visit.work.find(Movement, service_id=moved.service_id, reverses=moved.id)
    box = (moved.product, moved.batch, moved.expiry)
    line = await line_of(visit.work, outlet_holder(visit.outlet), *box)
    return {
        "kind": "undone" if back else moved.kind,
        "n": abs(moved.quantity),
        "batch": moved.batch,
        "now": line.quantity,
        "id": moved.id,
    }


async def _own_entry(visit: Visit, typed: str) -> Movement | None:
    """An entry of this shelf that may still be taken back."""
    if not (typed.isascii() and typed.isdigit() and len(typed) < 19):
        return None
    moved = await visit.work.get(Movement, int(typed))
    if moved is None or moved.supply_id or moved.reverses or moved.kind not in OWN_WORDS:
        return None
    own = (moved.holder_kind, moved.holder_id) == ("outlet", visit.outlet.id)
    return moved if own and visit.now - moved.at <= UNDO_WITHIN else None


def _stock_fact(visit: Visit, fact: str, **data: Any) -> None:
    """As the words of a phone write it down."""
    holder = f"outlet:{visit.outlet.id}"
    visit.journal(fact, service_id=visit.service.id, holder=holder, how=HOW, **data)


async def _some_again(visit: Visit) -> None:
    outlet = await visit.work.need(Outlet, visit.outlet.id)  # as the stock's change left it
    counter.some_again(visit, outlet, how=HOW)


# --- hours -------------------------------------------------------------------------------------


async def hours(visit: Visit, wrong: Wrong | None = None) -> Response:
    """GET …/hours: when the shop is open, as people are told."""
    outlet = visit.outlet
    today = uk_day(visit.now)
    week = week_of(outlet.hours)
    confirmed = outlet.hours_confirmed_on
    return await visit.page(
        "counter_hours.html",
        tab="hours",
        wrong=wrong,
        saved="saved" in visit.request.query_params,
        typed=visit.form,
        week={day: visit.form.get(day, week[day]) for day in DAYS},
        confirmed=f"{confirmed:%d %b %Y}" if confirmed else "",
        old=are_old(outlet, visit.now),
        holidays=[
            {
                "day": day.isoformat(),
                "said": f"{day:%d %b}",
                "name": name,
                "on": f"open-{day}" in visit.form
                if visit.form
                else str(day) in outlet.holidays_open,
            }
            for day, name in bank_holidays(today, today + AHEAD, visit.service.nation)
        ],
    )


async def set_hours(visit: Visit) -> Response:
    """POST …/hours: still right, or other hours day by day, and bank holidays they hold for."""
    typed = {day: visit.form.get(day, "")[:60].strip() for day in DAYS}
    said = visit.outlet.hours
    try:
        if typed != week_of(said):  # else they stay as written: a week does not show it all
            _check_days(visit, typed, week_of(said))
            said = hours_of_week(typed)
        if check_hours(said):
            raise Wrong("no_hours")
    except Wrong as wrong:
        return await hours(visit, wrong)
    _save_hours(visit, said)
    return visit.go("/hours?saved=1")


def _check_days(visit: Visit, typed: Mapping[str, str], before: Mapping[str, str]) -> None:
    """Each day can be read, and a night that is new is meant."""
    for day, text in typed.items():
        try:
            overnight = is_overnight(text)
        except ValueError:
            raise Wrong("hours", day=DAY_NAMES[day]) from None
        if check_hours(hours_of_week({day: text}) or "24/7"):  # 25:00
            raise Wrong("hours", day=DAY_NAMES[day])
        if overnight and text != before[day]:
            sure(visit.form, "overnight", f"{day} {text}", day=DAY_NAMES[day], hours=text)


def _save_hours(visit: Visit, hours: str) -> None:
    """Hours and bank holidays as the outlet says today; holidays gone by are dropped."""
    today = uk_day(visit.now)
    ahead = bank_holidays(today, today + AHEAD, visit.service.nation)
    kept = tuple(day.isoformat() for day, _ in ahead if f"open-{day.isoformat()}" in visit.form)
    visit.work.save(
        replace(visit.outlet, hours=hours, hours_confirmed_on=today, holidays_open=kept)
    )
    visit.journal("HoursConfirmed", service_id=visit.service.id, outlet=visit.outlet.id, how=HOW)

"""An outlet's shelf and hours, seen and put right on its counter page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from bot.web.counter_forms import (
    MOST_ON_SHELF,
    Wrong,
    form_key,
    line_value,
    new_form_key,
    number,
    other_batch,
    products,
)
from bot.web.counter_visit import HOW, Door, Visit, clock
from db.models import Movement, Outlet
from handlers import counter
from handlers.services.hours import are_old, bank_holidays, check_hours
from handlers.services.hours_by_day import DAYS, hours_of_week, week_of
from handlers.services.products import product_words
from handlers.services.rules import uk_day
from handlers.services.stock_moves import confirm, count, promised_to
from handlers.services.supplies import NoStock, outlet_holder, receive

SOON = timedelta(days=60)
AHEAD = timedelta(days=150)


def shelf_routes(door: Door) -> list[Route]:
    """What is on the shelf, and when the shop is open."""
    return [
        Route("/c/{token}/shelf", door.opens(shelf)),
        Route("/c/{token}/shelf/right", door.opens(right), methods=["POST"]),
        Route("/c/{token}/shelf/count", door.opens(counted), methods=["POST"]),
        Route("/c/{token}/shelf/add", door.opens(add), methods=["POST"]),
        Route("/c/{token}/hours", door.opens(hours)),
        Route("/c/{token}/hours", door.opens(set_hours), methods=["POST"]),
    ]


# --- the shelf ---------------------------------------------------------------------------------


async def shelf(visit: Visit, wrong: str = "", held_for: str = "") -> Response:
    """GET …/shelf: each batch, how many, when it runs out, when it was last told of."""
    on_it = await visit.shelf(only_free=False)
    soon = on_it.today + SOON
    return await visit.page(
        "counter_shelf.html",
        tab="shelf",
        wrong=wrong,
        held_for=held_for,
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
    return visit.go("/shelf")


async def counted(visit: Visit) -> Response:
    """POST …/shelf/count: a count sets the truth, but never below what is promised."""
    holder, on_it = outlet_holder(visit.outlet), await visit.shelf(only_free=False)
    try:
        line = on_it.named(visit.form.get("line", ""))
        there = number(visit.form, "n", 0, MOST_ON_SHELF)
        await count(visit.work, holder, line, there)
    except Wrong as wrong:
        return await shelf(visit, str(wrong))
    except NoStock:
        holds = [one.ref for one in await promised_to(visit.work, holder, line)]
        return await shelf(visit, "promised", ", ".join(holds))
    _stock_fact(visit, "StockCounted", product=line.product, batch=line.batch, quantity=there)
    line = replace(line, quantity=there)
    if line.available > 0 and not line.is_over(on_it.today):
        await _some_again(visit)
    return visit.go("/shelf")


async def add(visit: Visit) -> Response:
    """POST …/shelf/add: kits have come in; the same form twice adds them once."""
    try:
        key = form_key(visit.form, visit.work, visit.outlet)
        came = other_batch(visit.form, await visit.shelf(only_free=False))
        n = number(visit.form, "n", 1, MOST_ON_SHELF)
    except Wrong as wrong:
        return await shelf(visit, str(wrong))
    if await visit.work.get(Movement, key) is None:  # else a double click
        holder = outlet_holder(visit.outlet)
        box = (came.product, came.batch, came.expiry)
        await receive(visit.work, holder, *box, n, movement_id=key)
        _stock_fact(visit, "StockReceived", product=came.product, batch=came.batch, quantity=n)
        await _some_again(visit)
    return visit.go("/shelf")


def _stock_fact(visit: Visit, fact: str, **data: Any) -> None:
    """As the words of a phone write it down."""
    holder = f"outlet:{visit.outlet.id}"
    visit.journal(fact, service_id=visit.service.id, holder=holder, how=HOW, **data)


async def _some_again(visit: Visit) -> None:
    outlet = await visit.work.need(Outlet, visit.outlet.id)  # as the stock's change left it
    counter.some_again(visit, outlet, how=HOW)


# --- hours -------------------------------------------------------------------------------------


async def hours(visit: Visit, wrong: str = "") -> Response:
    """GET …/hours: when the shop is open, as people are told."""
    outlet = visit.outlet
    today = uk_day(visit.now)
    week = week_of(outlet.hours)
    confirmed = outlet.hours_confirmed_on
    return await visit.page(
        "counter_hours.html",
        tab="hours",
        wrong=wrong,
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
    if typed != week_of(said):  # else they stay as written: a week does not show it all
        try:
            said = hours_of_week(typed)
        except ValueError:
            return await hours(visit, "hours")
    if check_hours(said):
        return await hours(visit, "hours")
    _save_hours(visit, said)
    return visit.go("/hours")


def _save_hours(visit: Visit, hours: str) -> None:
    """Hours and bank holidays as the outlet says today; holidays gone by are dropped."""
    today = uk_day(visit.now)
    ahead = bank_holidays(today, today + AHEAD, visit.service.nation)
    kept = tuple(day.isoformat() for day, _ in ahead if f"open-{day.isoformat()}" in visit.form)
    visit.work.save(
        replace(visit.outlet, hours=hours, hours_confirmed_on=today, holidays_open=kept)
    )
    visit.journal("HoursConfirmed", service_id=visit.service.id, outlet=visit.outlet.id, how=HOW)

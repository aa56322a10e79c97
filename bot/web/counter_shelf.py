"""An outlet's shelf and hours, seen and put right on its counter page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.commands.pharmacy_lists import hours_of_days
from bot.web.counter import HOW
from bot.web.counter_forms import MOST_ON_SHELF, Wrong, line_value, number, other_batch, products
from bot.web.counter_visit import Door, Visit, clock
from db.models import Outlet
from handlers import counter
from handlers.services.hours import (
    DAYS,
    are_old,
    bank_holidays,
    check_hours,
    week_of,
)
from handlers.services.products import product_words
from handlers.services.rules import LONDON
from handlers.services.stock_moves import confirm, count, promised_to
from handlers.services.supplies import NoStock, outlet_holder, receive

SOON = timedelta(days=60)
AHEAD = timedelta(days=150)


class CounterShelf:
    """What is on the shelf, and when the shop is open."""

    def __init__(self, door: Door) -> None:
        self.door = door

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/c/{token}/shelf", self.shelf),
            Route("/c/{token}/shelf/right", self.right, methods=["POST"]),
            Route("/c/{token}/shelf/count", self.count, methods=["POST"]),
            Route("/c/{token}/shelf/add", self.add, methods=["POST"]),
            Route("/c/{token}/hours", self.hours),
            Route("/c/{token}/hours", self.set_hours, methods=["POST"]),
        ]

    async def shelf(self, request: Request) -> Response:
        """GET …/shelf: each batch, how many, when it runs out, when it was last counted."""

        async def act(visit: Visit) -> Response:
            return await _shelf(visit)

        return await self.door.visit(request, act)

    async def right(self, request: Request) -> Response:
        """POST …/shelf/right: everything is as the list says."""

        async def act(visit: Visit) -> Response:
            lines = await confirm(visit.work, outlet_holder(visit.outlet))
            _journal(visit, "StockConfirmed", lines=lines)
            return visit.go("/shelf")

        return await self.door.visit(request, act)

    async def count(self, request: Request) -> Response:
        """POST …/shelf/count: a count sets the truth, but never below what is promised."""

        async def act(visit: Visit) -> Response:
            holder = outlet_holder(visit.outlet)
            shelf = await visit.shelf(only_free=False)
            try:
                line = shelf.named(visit.form.get("line", ""))
                there = number(visit.form, "n", 0, MOST_ON_SHELF)
                await count(visit.work, holder, line, there)
            except Wrong as wrong:
                return await _shelf(visit, str(wrong))
            except NoStock:
                holds = [one.ref for one in await promised_to(visit.work, holder, line)]
                return await _shelf(visit, "promised", ", ".join(holds))
            _journal(visit, "StockCounted", product=line.product, batch=line.batch)
            counted = replace(line, quantity=there)
            if counted.available > 0 and not counted.is_over(shelf.today):
                outlet = await visit.work.need(Outlet, visit.outlet.id)
                counter.some_again(visit.scene, outlet, how=HOW)
            return visit.go("/shelf")

        return await self.door.visit(request, act)

    async def add(self, request: Request) -> Response:
        """POST …/shelf/add: kits have come in."""

        async def act(visit: Visit) -> Response:
            try:
                batch = other_batch(visit.form, await visit.shelf(only_free=False))
                n = number(visit.form, "n", 1, MOST_ON_SHELF)
            except Wrong as wrong:
                return await _shelf(visit, str(wrong))
            holder = outlet_holder(visit.outlet)
            await receive(visit.work, holder, batch.product, batch.batch, batch.expiry, n)
            _journal(visit, "StockReceived", product=batch.product, batch=batch.batch)
            outlet = await visit.work.need(Outlet, visit.outlet.id)
            counter.some_again(visit.scene, outlet, how=HOW)
            return visit.go("/shelf")

        return await self.door.visit(request, act)

    async def hours(self, request: Request) -> Response:
        """GET …/hours: when the shop is open, as people are told."""

        async def act(visit: Visit) -> Response:
            return await _hours(visit)

        return await self.door.visit(request, act)

    async def set_hours(self, request: Request) -> Response:
        """POST …/hours: still right, or other hours day by day, and bank holidays they hold for."""

        async def act(visit: Visit) -> Response:
            typed = {day: visit.form.get(day, "")[:60].strip() for day in DAYS}
            hours = visit.outlet.hours
            if typed != week_of(hours):  # else they stay as written: a week does not show it all
                try:
                    hours = hours_of_days("|".join(f"{day}={typed[day]}" for day in DAYS))
                except ValueError:
                    return await _hours(visit, "hours")
            if check_hours(hours):
                return await _hours(visit, "hours")
            _save_hours(visit, hours)
            return visit.go("/hours")

        return await self.door.visit(request, act)


async def _shelf(visit: Visit, wrong: str = "", held_for: str = "") -> Response:
    shelf = await visit.shelf(only_free=False)
    soon = shelf.today + SOON
    return await visit.page(
        "counter_shelf.html",
        tab="shelf",
        wrong=wrong,
        held_for=held_for,
        typed=visit.form,
        products=products(visit.rules),
        lines=[
            {
                "value": line_value(line),
                "product": product_words("en", line.product, visit.rules),
                "batch": line.batch,
                "expiry": f"{line.expiry:%m/%Y}" if line.expiry else "",
                "quantity": line.quantity,
                "held": line.reserved,
                "over": line.is_over(shelf.today),
                "soon": bool(line.expiry and line.expiry <= soon),
                "frozen": line.frozen,
                "told": clock(line.as_of, visit.now) if line.as_of else "",
            }
            for line in shelf.lines
        ],
    )


async def _hours(visit: Visit, wrong: str = "") -> Response:
    outlet = visit.outlet
    today = visit.now.astimezone(LONDON).date()
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


def _save_hours(visit: Visit, hours: str) -> None:
    """Hours and bank holidays as the outlet says today; holidays gone by are dropped."""
    today = visit.now.astimezone(LONDON).date()
    ahead = bank_holidays(today, today + AHEAD, visit.service.nation)
    kept = tuple(day.isoformat() for day, _ in ahead if f"open-{day.isoformat()}" in visit.form)
    visit.work.save(
        replace(visit.outlet, hours=hours, hours_confirmed_on=today, holidays_open=kept)
    )
    _journal(visit, "HoursConfirmed")


def _journal(visit: Visit, fact: str, **data: Any) -> None:
    visit.scene.journal(fact, service_id=visit.service.id, outlet=visit.outlet.id, how=HOW, **data)

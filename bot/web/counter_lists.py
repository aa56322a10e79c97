"""What an outlet gave out, as a page and a file; the sheet for the counter; a requester's code."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, time, timedelta

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.bootstrap import App
from bot.web.counter_visit import HEADERS, Door, Visit, caller, clock, quietly
from bot.web.limits import Limit
from bot.web.pages import page, spaced
from content import library
from db.models import Claim, Outlet, Service
from db.work import Work
from handlers.services.codes import read_claim_code, show_claim_code
from handlers.services.counter_links import token_of
from handlers.services.hours import opening_of
from handlers.services.outlet_log import as_csv, logged
from handlers.services.products import product_words
from handlers.services.rules import LONDON

MISSES_A_MINUTE = 20
_MONTH = re.compile(r"20\d\d-\d\d")
_DAY = re.compile(r"20\d\d-\d\d-\d\d")


class CounterLists:
    """Lists and things to print."""

    def __init__(self, app: App, door: Door) -> None:
        self.app = app
        self.door = door
        self.limit = Limit(MISSES_A_MINUTE)

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/c/{token}/log", self.log),
            Route("/c/{token}/log.csv", self.log_csv),
            Route("/c/{token}/sheet", self.sheet),
            Route("/k/{code}", self.code),
        ]

    async def log(self, request: Request) -> Response:
        """GET …/log: what was given out on a day (?day=) or in a month (?month=)."""

        async def act(visit: Visit) -> Response:
            first, after = _range(request, visit.now)
            rows = await logged(visit.work, [visit.outlet], _start(first), _start(after))
            labels = {
                **library.labels_of(library.DEFAULT, "street.who"),
                **library.labels_of(library.DEFAULT, "resupply.why"),
                **library.labels_of(library.DEFAULT, "training.ask"),
            }
            return await visit.page(
                "counter_log.html",
                tab="log",
                first=first,
                last=after - timedelta(days=1),
                today=visit.now.astimezone(LONDON).date(),
                labels=labels,
                total=sum(row.supply.quantity for row in rows),
                rows=[
                    {
                        "at": clock(row.supply.at, visit.now),
                        "id": row.supply.id,
                        "product": product_words("en", row.supply.product, visit.rules),
                        "row": row,
                    }
                    for row in rows
                ],
            )

        return await self.door.visit(request, act)

    async def log_csv(self, request: Request) -> Response:
        """GET …/log.csv: the same as a file."""

        async def act(visit: Visit) -> Response:
            first, after = _range(request, visit.now)
            rows = await logged(visit.work, [visit.outlet], _start(first), _start(after))
            name = f"kits-{first}-{after - timedelta(days=1)}.csv"
            attached = {"Content-Disposition": f'attachment; filename="{name}"'}
            return PlainTextResponse(
                as_csv(rows), headers={**HEADERS, **attached}, media_type="text/csv"
            )

        return await self.door.visit(request, act)

    async def sheet(self, request: Request) -> Response:
        """GET …/sheet: one page of A4 for the counter."""

        async def act(visit: Visit) -> Response:
            link = f"{self.app.settings.url}{visit.base}"
            return await visit.page(
                "counter_sheet.html",
                tab="sheet",
                link=link,
                code=qr(link),
                number=spaced(visit.service.sms_line or self.app.settings.twilio_from),
            )

        return await self.door.visit(request, act)

    async def demo(self, request: Request) -> Response:
        """GET /demo/counter: the first invented pharmacy's page."""
        async with self.app.db.read() as tx:
            work = Work(self.app.db, tx, self.app.engine.ids, self.app.clock.now())
            shop = next(o for o in await work.find(Outlet) if o.counter_key)
            return RedirectResponse(f"/c/{token_of(work, shop)}", 303, HEADERS)

    async def code(self, request: Request) -> Response:
        """GET /k/<code>: a person's code to show. It carries the code alone and redeems nothing."""
        if not self.limit.allows(caller(request)):
            return self.door.problem("busy", 429)
        code = read_claim_code(request.path_params["code"][:12])
        try:
            async with self.app.db.read() as tx:
                work = Work(self.app.db, tx, self.app.engine.ids, self.app.clock.now())
                found = await work.find(Claim, code=code, status="open") if code else []
                if not found:
                    self.limit.count(caller(request))
                    return self.door.problem("no_code", 404)
                outlet = await work.need(Outlet, found[0].outlet_id)
                service = await work.need(Service, outlet.service_id)
        except Exception:
            return self.door.problem("away", 503)
        shown = show_claim_code(found[0].code)
        words = opening_of(outlet, self.app.clock.now(), service.nation).words
        return quietly(
            page(
                self.app,
                "counter_k.html",
                code=shown,
                picture=qr(shown),
                outlet=outlet,
                hours=library.said(library.DEFAULT, words),
                until=clock(found[0].expires_at, self.app.clock.now()),
            )
        )


def qr(data: str) -> Markup:
    """A QR code as SVG; its size is the style sheet's. Never a Micro QR: few scanners read them."""
    return Markup(segno.make_qr(data, error="m").svg_inline(omitsize=True, border=2, svgclass="qr"))


def _range(request: Request, now: datetime) -> tuple[date, date]:
    """The first day wanted and the day after the last; today, if nothing sensible is asked for."""
    month, day = request.query_params.get("month", ""), request.query_params.get("day", "")
    first = now.astimezone(LONDON).date()
    with suppress(ValueError):
        if _MONTH.fullmatch(month):
            first = date.fromisoformat(f"{month}-01")
            return first, (first + timedelta(days=31)).replace(day=1)
        if _DAY.fullmatch(day):
            first = date.fromisoformat(day)
    return first, first + timedelta(days=1)


def _start(day: date) -> datetime:
    """Midnight in London, as the day begins."""
    return datetime.combine(day, time(0), LONDON)

"""A visit to an outlet's counter page: whose page it is, one transaction, and what is sent back."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.bootstrap import App
from bot.web.counter_forms import Form, Shelf
from bot.web.limits import Limit
from bot.web.pages import page
from bot.web.webhooks import whole_body
from db.database import Conflict
from db.models import Outlet, Service
from db.work import Work
from handlers.engine.turn import Scene
from handlers.flags import team_name
from handlers.services.counter_links import outlet_of_token
from handlers.services.recalls import advice_in, recall_of
from handlers.services.rules import LONDON, Rules, rules_of, uk_day
from handlers.services.supplies import lines_of, outlet_holder

log = logging.getLogger(__name__)
HOW = "counter"
"""How it was done, as the journal says."""
TRIES = 5
MOST_A_MINUTE = 240
HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


@dataclass(kw_only=True)
class Visit(Scene):
    """A request to an outlet's page as a scene: whose page it is, and what was typed."""

    app: App
    request: Request
    outlet: Outlet
    service: Service
    form: Form

    @property
    def base(self) -> str:
        """The address of the outlet's page."""
        return f"/c/{self.request.path_params['token']}"

    @property
    def rules(self) -> Rules:
        """The service's rules."""
        return rules_of(self.service)

    async def shelf(self, *, only_free: bool = True) -> Shelf:
        """The outlet's lines; the free ones in date are what a form may offer."""
        today = uk_day(self.now)
        lines = await lines_of(self.work, outlet_holder(self.outlet))
        if only_free:
            lines = [n for n in lines if n.available > 0 and not n.is_over(today)]
        return Shelf(lines, self.rules, today)

    async def page(self, name: str, status: int = 200, **values: Any) -> Response:
        """A page of this outlet."""
        outlet = await self.work.need(Outlet, self.outlet.id)
        shown = page(
            self.app,
            name,
            base=self.base,
            outlet=outlet,
            team=team_name(self.service),
            recalled=await self._recalled(),
            none_since=clock(outlet.none_left_at, self.now) if outlet.none_left_at else "",
            **values,
        )
        shown.status_code = status
        return quietly(shown)

    async def _recalled(self) -> list[dict[str, Any]]:
        """What of the shelf is to be put aside, and what the recall says of it."""
        found = []
        for line in await lines_of(self.work, outlet_holder(self.outlet)):
            if line.frozen and line.quantity:
                recall = await recall_of(self.work, self.service, line.product, line.batch)
                advice = advice_in(recall, "en") if recall else ""
                found.append({"batch": line.batch, "n": line.quantity, "advice": advice})
        return found

    def go(self, path: str = "") -> Response:
        """On to another of its pages; a reload then repeats nothing."""
        return RedirectResponse(f"{self.base}{path}", 303, HEADERS)

    def nothing(self) -> Response:
        """There is no such page."""
        return problem(self.app, "nothing", 404)


Act = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Door:
    """Lets in whoever has an outlet's link, and nobody too often."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.limit = Limit(MOST_A_MINUTE)

    def opens(self, act: Act) -> Endpoint:
        """The endpoint that does this as the outlet of the link, in one transaction."""

        async def endpoint(request: Request) -> Response:
            return await self._visit(request, act)

        return endpoint

    async def _visit(self, request: Request, act: Act) -> Response:
        if not self.limit.allows(caller(request)):
            return problem(self.app, "busy", 429)
        self.limit.count(caller(request))
        form: Form = {}
        if request.method == "POST":
            if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
                return problem(self.app, "ended", 403)
            if await whole_body(request) is None:
                return problem(self.app, "busy", 413)
            given = await request.form(max_files=0, max_fields=60)
            form = {name: value for name, value in given.items() if isinstance(value, str)}
        try:
            for _ in range(TRIES):
                try:
                    return await self._once(request, form, act)
                except Conflict:  # the same rows changed meanwhile
                    continue
        except Exception:
            log.exception("the counter page could not be answered")
        return problem(self.app, "away", 503)

    async def _once(self, request: Request, form: Form, act: Act) -> Response:
        changes = request.method == "POST"
        async with self.app.db.transaction() if changes else self.app.db.read() as tx:
            work = Work(self.app.db, tx, self.app.engine.ids, self.app.clock.now())
            outlet = await outlet_of_token(work, request.path_params["token"])
            if outlet is None:
                return problem(self.app, "ended", 404)
            visit = Visit(
                work,
                self.app.engine.world,
                app=self.app,
                request=request,
                outlet=outlet,
                service=await work.need(Service, outlet.service_id),
                form=form,
            )
            answer = await act(visit)
            if changes:
                visit.close()
                await work.flush()
        if changes:
            self.app.worker.outbox_wake.set()
        return answer


def problem(app: App, why: str, status: int) -> Response:
    """A page that says why there is none; it needs no database."""
    shown = page(app, "counter_problem.html", why=why)
    shown.status_code = status
    return quietly(shown)


def caller(request: Request) -> str:
    """Who knocks, for counting."""
    return request.client.host if request.client else ""


def quietly(response: HTMLResponse) -> HTMLResponse:
    """Neither kept by the browser nor found by a search engine."""
    response.headers.update(HEADERS)
    return response


def clock(at: datetime, now: datetime) -> str:
    """A time as the wall clock shows it, with its day where that is not today."""
    local = at.astimezone(LONDON)
    same_day = local.date() == uk_day(now)
    return f"{local:%H:%M}" if same_day else f"{local:%d %b %H:%M}"

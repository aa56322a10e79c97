"""A person's claim code on a page of its own, to show at a counter."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.bootstrap import App
from bot.web.counter_visit import caller, clock, problem, quietly
from bot.web.limits import Limit
from bot.web.pages import page, qr
from content import library
from db.models import Claim, Outlet, Service
from db.work import Work
from handlers.services.codes import read_claim_code, show_claim_code
from handlers.services.hours import opening_of

log = logging.getLogger(__name__)
MISSES_A_MINUTE = 20


class CodePage:
    """``/k/<code>``: the code and the outlet, nothing else. It redeems nothing."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.limit = Limit(MISSES_A_MINUTE)

    def routes(self) -> list[Route]:
        """The one route."""
        return [Route("/k/{code}", self.show)]

    async def show(self, request: Request) -> Response:
        """GET /k/<code>: the code to read and to scan; whoever guesses is soon stopped."""
        if not self.limit.allows(caller(request)):
            return problem(self.app, "busy", 429)
        code = read_claim_code(request.path_params["code"][:12])
        now = self.app.clock.now()
        try:
            async with self.app.db.read() as tx:
                work = Work(self.app.db, tx, self.app.engine.ids, now)
                found = await work.find(Claim, code=code, status="open") if code else []
                if not found:
                    self.limit.count(caller(request))
                    return problem(self.app, "no_code", 404)
                outlet = await work.need(Outlet, found[0].outlet_id)
                service = await work.need(Service, outlet.service_id)
        except Exception:
            log.exception("a person's code could not be shown")
            return problem(self.app, "away", 503)
        shown = show_claim_code(found[0].code)
        words = opening_of(outlet, now, service.nation).words
        return quietly(
            page(
                self.app,
                "counter_k.html",
                code=shown,
                picture=qr(shown),
                outlet=outlet,
                hours=library.said(library.DEFAULT, words),
                until=clock(found[0].expires_at, now),
            )
        )

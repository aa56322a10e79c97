"""The web application: routes, lifespan, headers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.bootstrap import App
from bot.web.code_page import CodePage
from bot.web.counter import counter_routes
from bot.web.counter_lists import list_routes
from bot.web.counter_shelf import shelf_routes
from bot.web.counter_visit import Door
from bot.web.demo_api import DemoApi
from bot.web.health import Health
from bot.web.help_pages import HelpPages
from bot.web.pages import PUBLIC, Pages
from bot.web.webhooks import Webhooks

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class SecurityHeaders:
    """Pages run no foreign script and tell no other site where the reader came from."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(("/twilio/", "/telegram/")):
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, with_headers)


def web_app(app: App, *, work: bool = True, prepare: bool = True) -> ASGIApp:
    """The ASGI application. ``work``: the worker's loops run in this process too."""
    hooks, pages, health, door = Webhooks(app), Pages(app), Health(app), Door(app)
    routes: list[Route | Mount] = [
        Route("/twilio/sms", hooks.sms, methods=["POST"]),
        Route("/twilio/status", hooks.status, methods=["POST"]),
        Route("/twilio/voice", hooks.voice, methods=["POST"]),
        Route("/telegram/webhook", hooks.telegram, methods=["POST"]),
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        Route("/metrics", health.metrics),
        Route("/", pages.front),
        Route("/about", pages.about),
        *HelpPages(app).routes(),
        *counter_routes(door),
        *shelf_routes(door),
        *list_routes(door),
        *CodePage(app).routes(),
        Mount("/static", StaticFiles(directory=PUBLIC / "static")),
    ]
    if app.settings.is_demo:
        routes += [Route("/demo", pages.demo), *DemoApi(app).routes()]
        routes.append(Route("/demo/", lambda _: RedirectResponse("/demo")))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if prepare:
            await app.begin(work=work)
        else:
            await app.start(work=work)
        if app.telegram and not app.settings.telegram_polls:
            await hooks.register_telegram()
        try:
            yield
        finally:
            await app.close()

    return SecurityHeaders(Starlette(routes=routes, lifespan=lifespan))

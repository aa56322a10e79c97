"""The public pages: the front page, about, the demo. No script is needed to read them."""

from __future__ import annotations

import logging
import re
from functools import cache
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.bootstrap import App
from db.models import Service
from db.reference import attributions
from db.work import Work
from handlers.flags import team_name
from handlers.services.contacts import all_services

log = logging.getLogger(__name__)
PUBLIC = Path(__file__).parent / "public"
_templates = Environment(
    loader=FileSystemLoader(PUBLIC / "templates"), autoescape=True, undefined=StrictUndefined
)


def spaced(number: str) -> str:
    """A British number as people read it out: +44 7700 900900."""
    return re.sub(r"^\+44(\d{4})(\d{6})$", r"+44 \1 \2", number)


@cache
def qr(data: str) -> Markup:
    """A QR code as SVG; its size is the style sheet's. Never a Micro QR: few scanners read them."""
    return Markup(segno.make_qr(data, error="m").svg_inline(omitsize=True, border=2, svgclass="qr"))


def page(app: App, name: str, **values: Any) -> HTMLResponse:
    """A template filled in; each may ask whether this is the demo."""
    return HTMLResponse(_templates.get_template(name).render(demo=app.settings.is_demo, **values))


class Pages:
    """The public pages of this deployment."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._bot_name = ""

    async def front(self, request: Request) -> Response:
        """GET /: what this line is, its number and bot; the emergency line on top."""
        services = await self._services()
        fallback = self.app.settings.twilio_from
        listed = [
            {
                "name": team_name(service),
                "sms_number": spaced(service.sms_line or fallback),
                "bot_link": await self._bot_link(),
            }
            for service in services
        ]
        return page(self.app, "front.html", services=listed)

    async def _services(self) -> list[Service]:
        """The services; none while the database is away, for the emergency line must still show."""
        try:
            async with self.app.db.read() as tx:
                work = Work(self.app.db, tx, self.app.engine.ids, self.app.clock.now())
                return await all_services(work)
        except Exception:
            log.exception("the front page is shown without its services")
            return []

    async def _bot_link(self) -> str:
        if self.app.telegram is None:
            return ""
        if not self._bot_name:
            try:
                self._bot_name = await self.app.telegram.username()
            except Exception:  # the page is worth more than the link
                return ""
        return f"https://t.me/{self._bot_name}"

    async def about(self, request: Request) -> Response:
        """GET /about: whose data this stands on, and what is kept of people."""
        return page(self.app, "about.html", attributions=list(attributions()))

    async def demo(self, request: Request) -> Response:
        """GET /demo: three phones and the log."""
        return page(self.app, "demo.html")

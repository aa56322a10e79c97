"""The simulator's JSON, and the way to its counter page. Demo only: else these do not exist."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.bootstrap import App
from bot.channels.base import clean
from bot.web.counter_visit import HEADERS
from bot.web.demo_state import state
from bot.worker import message_of
from content import pictures
from db import messages
from db.models import Address, InboundMessage, InboxRow, OutboxRow, Outlet
from db.timers import all_timers
from db.work import Work
from handlers.services.contacts import all_services
from handlers.services.counter_links import token_of

MOST_WAIT = 25.0
MOST_BYTES = 64 * 1024
MOST_ADVANCE = 366 * 86400
CHANNELS = ("sms", "telegram")


class BadRequest(ValueError):
    """What was wrong with a call, in words."""


class TooLarge(BadRequest):
    """A body longer than anything of ours."""


class DemoApi:
    """The routes under /demo but its page."""

    def __init__(self, app: App) -> None:
        self.app = app

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/demo/messages", self.post, methods=["POST"]),
            Route("/demo/messages", self.get, methods=["GET"]),
            Route("/demo/clock", self.clock, methods=["POST"]),
            Route("/demo/state", self.state, methods=["GET"]),
            Route("/demo/counter", self.counter),
        ]

    # --- in ------------------------------------------------------------------------------------

    async def post(self, request: Request) -> Response:
        """A message as if it came from that channel."""
        try:
            body = await _json(request)
            message = await self._message(body)
        except TooLarge as wrong:
            return JSONResponse({"error": str(wrong)}, 413)
        except BadRequest as wrong:
            return JSONResponse({"error": str(wrong)}, 400)
        accepted = await self.app.intake.accept(message)
        return JSONResponse({"id": message.external_id, "new": accepted.is_new})

    async def _message(self, body: dict[str, Any]) -> InboundMessage:
        channel = body.get("channel") or (
            "telegram" if str(body.get("from", "")).startswith("tg:") else "sms"
        )
        if channel not in CHANNELS:
            raise BadRequest('channel must be "sms" or "telegram"')
        address = clean(str(body.get("from") or "")).strip()
        if not address or len(address) > 40:
            raise BadRequest('from must be a phone number ("+447700900001") or "tg:<chat id>"')
        if channel == "telegram" and not address.startswith("tg:"):
            address = f"tg:{address}"
        text, choice, where = body.get("text"), body.get("choice"), body.get("location")
        if text is None and choice is None and where is None:
            raise BadRequest("one of text, choice or location is needed")
        kind, lat, lon = "text", None, None
        if where is not None:
            try:
                kind, lat, lon = "location", float(where["lat"]), float(where["lon"])
            except (KeyError, TypeError, ValueError):
                raise BadRequest('location must be {"lat": …, "lon": …}') from None
            if not (-90 <= lat <= 90 and -180 <= lon <= 180):
                raise BadRequest("location must lie on the earth: lat -90 to 90, lon -180 to 180")
        line = await self._line(channel, address, clean(str(body.get("to") or ""))[:80])
        if choice is not None:
            kind, choice = "choice", await self._choice(address, clean(str(choice)))
        return InboundMessage(
            channel=channel,
            external_id=clean(str(body.get("id") or uuid.uuid4().hex))[:80],
            line=line,
            address=address,
            kind=kind,
            text=clean(str(text or "")),
            choice=str(choice or ""),
            lat=lat,
            lon=lon,
            sent_at=self.app.clock.now(),
        )

    async def _line(self, channel: str, address: str, to: str) -> str:
        """The number written to: the one named, the one used before, or the first service's."""
        if to:
            return to
        known = [a for a in await self._addresses(address) if a.channel == channel]
        if known:
            return known[-1].line
        async with self.app.db.read() as tx:
            services = await all_services(self._work(tx))
        first = services[0]
        return first.sms_line if channel == "sms" else first.telegram_line

    async def _choice(self, address: str, choice: str) -> str:
        """A press may name the button's data or its label."""
        for message in reversed(await self._texts(address)):
            for button in message.get("buttons", ()):
                if choice in (button["choice"], button["label"]):
                    return str(button["choice"])
        return choice

    # --- out -----------------------------------------------------------------------------------

    async def get(self, request: Request) -> Response:
        """What an address has received and sent, in order."""
        query = request.query_params
        address = query.get("address", "")
        try:
            after, wait = int(query.get("after", "0")), float(query.get("wait", "0"))
        except ValueError:
            return JSONResponse({"error": "after and wait must be numbers"}, 400)
        if not wait >= 0:  # neither is NaN
            return JSONResponse({"error": "wait must be a number of seconds"}, 400)
        deadline = asyncio.get_running_loop().time() + min(wait, MOST_WAIT)
        while True:
            found = [m for m in await self._texts(address) if m["n"] > after]
            news = [m for m in found if m["direction"] == "out"]
            if news or asyncio.get_running_loop().time() >= deadline:
                return JSONResponse({"messages": found})
            await asyncio.sleep(0.1)

    async def _texts(self, address: str) -> list[dict[str, Any]]:
        ids = [a.id for a in await self._addresses(address)]
        if not ids:
            return []
        async with self.app.db.read() as tx:
            said, heard = await messages.texts_to(self.app.db, tx, ids)
        both: list[tuple[int, OutboxRow | InboxRow]] = [(row.id, row) for row in said]
        both += [(row.id, row) for row in heard]
        both.sort(key=lambda pair: pair[0])
        listed = []
        for n, (_, row) in enumerate(both, 1):
            if isinstance(row, InboxRow):
                listed.append(_heard(n, row))
            elif row.status in ("sent", "delivered", "failed"):
                listed.append(self._said(n, row))
        return listed

    def _said(self, n: int, row: OutboxRow) -> dict[str, Any]:
        message = message_of(row) if row.body else None
        channel = self.app.channels[row.channel]
        shows_buttons = message is not None and row.channel != "sms"
        return {
            "n": n,
            "direction": "out",
            "text": "\n".join(channel.draw(message)) if message else "",
            "buttons": [
                {"label": b.label, "choice": b.choice}
                for b in (message.buttons if message and shows_buttons else ())
            ],
            "picture": _drawing(message.picture if message else ""),
            "at": (row.sent_at or row.created_at).isoformat(),
            "status": row.status,
            "kind": row.kind,
        }

    async def _addresses(self, address: str) -> list[Address]:
        blinds = [
            blind
            for channel in CHANNELS
            for blind in self.app.db.keyring.blinds(f"{channel}:{address}")
        ]
        async with self.app.db.read() as tx:
            return await self._work(tx).find(Address, address_hash=tuple(blinds))

    # --- clock and state -----------------------------------------------------------------------

    async def clock(self, request: Request) -> Response:
        """Move the program's clock; due timers fire in order first."""
        try:
            body = await _json(request)
            seconds = float(body.get("advance_seconds", "x"))
        except (BadRequest, TypeError, ValueError):
            return JSONResponse({"error": "advance_seconds must be a number"}, 400)
        if not 0 <= seconds <= MOST_ADVANCE:
            return JSONResponse({"error": "advance_seconds must lie between 0 and a year"}, 400)
        now = await self.app.move_clock(timedelta(seconds=seconds))
        return JSONResponse({"now": now.isoformat()})

    async def state(self, request: Request) -> Response:
        """What the story left behind."""
        async with self.app.db.read() as tx:
            work = self._work(tx)
            found = await state(work, self.app.clock.now(), await all_timers(work))
        return JSONResponse(found)

    async def counter(self, request: Request) -> Response:
        """On to the first invented pharmacy's counter page."""
        async with self.app.db.read() as tx:
            work = self._work(tx)
            shop = next(o for o in await work.find(Outlet) if o.counter_key)
            return RedirectResponse(f"/c/{token_of(work, shop)}", 303, HEADERS)

    def _work(self, tx: Any) -> Work:
        return Work(self.app.db, tx, self.app.engine.ids, self.app.clock.now())


def _drawing(name: str) -> dict[str, str] | None:
    drawing = pictures.picture(name)
    return {"src": f"/help/pictures/{name}.svg", "alt": drawing.alt} if drawing else None


def _heard(n: int, row: InboxRow) -> dict[str, Any]:
    choice = str(row.body.get("choice", ""))
    text = row.body.get("text") or choice.rpartition(".")[2].removeprefix("=")
    if row.body.get("kind") == "location":
        text = "(a place on the map)"
    at = row.received_at.isoformat()
    return {"n": n, "direction": "in", "text": text, "buttons": [], "at": at, "status": "received"}


async def _json(request: Request) -> dict[str, Any]:
    read = b""
    async for chunk in request.stream():
        read += chunk
        if len(read) > MOST_BYTES:
            raise TooLarge(f"the body is longer than {MOST_BYTES} bytes")
    try:
        body = json.loads(read)
    except (ValueError, RecursionError):
        raise BadRequest("the body must be JSON") from None
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    return body

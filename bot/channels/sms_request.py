"""Twilio's own client over our own aiohttp session.

Theirs opens a session when it is made, waits without limit, cannot be pointed elsewhere, and logs
addresses. This one opens its session at the first request, inside whichever loop is running.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import ClientSession, ClientTimeout, TCPConnector, encode_basic_auth
from twilio.http import AsyncHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]

from bot.channels.sms_errors import send_error

TIMEOUT = ClientTimeout(total=15, connect=5)
CONNECTIONS = 50
SILENT = logging.getLogger("twilio.silent")  # wanted by the base class, used by nobody


class TwilioRequests(AsyncHttpClient):  # type: ignore[misc]
    """Sends the client's requests to ``base_url``; too many at once becomes a SendError."""

    def __init__(self, base_url: str) -> None:
        super().__init__(SILENT, True)
        self.base_url = base_url.rstrip("/")
        self.session: ClientSession | None = None

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 (the base class's signature)
        allow_redirects: bool = False,
    ) -> Response:
        if self.session is None:
            self.session = ClientSession(timeout=TIMEOUT, connector=TCPConnector(limit=CONNECTIONS))
        login = {"Authorization": encode_basic_auth(*auth)} if auth else {}
        async with self.session.request(
            method,
            self._moved(url),
            params=params,
            data=urlencode(data, doseq=True) if data else None,
            headers={**(headers or {}), **login},
            allow_redirects=allow_redirects,
        ) as answer:
            text = await answer.text()
            if answer.status == 429:
                # The client's exception has no headers, and here they say how long to wait.
                wait = answer.headers.get("Retry-After", "")
                raise send_error("20429", 429, float(wait) if wait.isdecimal() else None)
            return Response(answer.status, text, answer.headers)

    def _moved(self, url: str) -> str:
        asked = urlsplit(url)
        return f"{self.base_url}{asked.path}" + (f"?{asked.query}" if asked.query else "")

    async def close(self) -> None:
        if self.session is not None:
            await self.session.close()
            self.session = None

"""How a stand-in is reached, and how it reaches us: a loopback port, or an app in this process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import uvicorn
from aiohttp import ClientError, ClientSession, ClientTimeout


class UnreachableError(Exception):
    """Nobody answered in time."""


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    text: str


class Wire(Protocol):
    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer: ...

    async def close(self) -> None: ...


class Loopback:
    """Posts over a real connection. Providers wait 15 seconds and no longer."""

    def __init__(self, seconds: float = 15.0) -> None:
        self.seconds = seconds
        self.session: ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if self.session is None:
            self.session = ClientSession(timeout=ClientTimeout(total=self.seconds))
        try:
            async with self.session.post(url, data=body, headers=headers) as answer:
                kind = answer.headers.get("Content-Type", "")
                return Answer(answer.status, kind, await answer.text())
        except (ClientError, OSError, TimeoutError) as failure:
            raise UnreachableError(type(failure).__name__) from None

    async def close(self) -> None:
        if self.session is not None:
            await self.session.close()
            self.session = None


class InProcess:
    """Posts straight into an ASGI app: no port, no second process."""

    def __init__(self, app: Any) -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, timeout=15)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        answer = await self.client.post(url, content=body, headers=dict(headers))
        return Answer(answer.status_code, answer.headers.get("Content-Type", ""), answer.text)

    async def close(self) -> None:
        await self.client.aclose()


@asynccontextmanager
async def serve(app: Any, port: int = 0) -> AsyncIterator[str]:
    """The app on a loopback port, inside the running loop; gives its address."""
    listener = socket.create_server(("127.0.0.1", port))
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 (uvicorn has no event)
            await asyncio.sleep(0.002)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


def run(app: Any, port: int) -> None:
    """Serve until Ctrl-C, for a process of its own."""
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, ws="none")

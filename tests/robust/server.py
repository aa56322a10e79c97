"""`kitline serve` as a process of its own, that can be killed, and Twilio's stand-in before it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession

from bot import sample
from tests.harness import PUBLIC
from tests.standins.twilio import Delivery, TwilioStandIn

ROOT = Path(__file__).parents[2]
LINE = sample.LINES["grimsby"]


class Server:
    """The real program with real settings. ``kill`` is kill -9."""

    def __init__(
        self,
        database_url: str,
        secret_key: str,
        twilio: str,
        folder: Path,
        public: str = PUBLIC,
    ) -> None:
        self.public = public
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": database_url,
            "SECRET_KEY": secret_key,
            "PUBLIC_URL": public,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "TWILIO_ACCOUNT_SID": TwilioStandIn.account_sid,
            "TWILIO_AUTH_TOKEN": TwilioStandIn.auth_token,
            "TWILIO_FROM": LINE,
            "TWILIO_API_BASE_URL": twilio,
            "LOG_LEVEL": "warning",
            "LOG_FORMAT": "json",
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / f"server-{self.port}.log"

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220 (it is killed, not awaited)
                [sys.executable, "-m", "bot", "serve"],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        async with ClientSession() as session:
            while True:
                assert self.process.poll() is None, self.log.read_text()[-2000:]
                with suppress(ClientError):
                    async with session.get(f"{self.url}/healthz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.02)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Network(TwilioStandIn):
    """Twilio with the phones behind it: whoever waits for a text gets it at once."""

    phones: dict[str, asyncio.Queue[str]] = field(
        default_factory=lambda: defaultdict(asyncio.Queue)
    )
    got: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    acknowledged: int = 0
    under_way: int = 0
    last_at: float = field(default_factory=time.monotonic)

    def _record(
        self, from_: str | None, to: str, body: str, direction: str, status: str, **more: Any
    ) -> dict[str, Any]:
        if direction != "inbound":
            self.phones[to].put_nowait(body)
            self.got[to][body] += 1
        self.last_at = time.monotonic()
        return super()._record(from_, to, body, direction, status, **more)

    async def say(self, number: str, text: str, public: str = PUBLIC) -> Delivery:
        """Somebody texts us. Twilio does not ring twice where nobody answers: what was not
        acknowledged is only in its list."""
        self.under_way += 1
        try:
            sent = await self.deliver(f"{public}/twilio/sms", number, LINE, text, tries=1)
        finally:
            self.under_way -= 1
        if sent.status == 200:
            self.acknowledged += 1
        return sent

    async def hang_up(self) -> None:
        """Let what is under way end, with nobody there any more, and close."""
        await self.settle()
        await self.close()

    def texted(self) -> list[tuple[str, str]]:
        """Every text somebody sent us: its id and their number."""
        return [(m["sid"], m["from"]) for m in self.messages if m["direction"] == "inbound"]

    def quiet_for(self) -> float:
        """Seconds since anything was said, by anybody."""
        return 0.0 if self.under_way else time.monotonic() - self.last_at

"""The load generator's own HTTP: written beforehand, sent raw, read with as little as it takes."""

from __future__ import annotations

import asyncio
import html
import json
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from twilio.request_validator import RequestValidator

from tests.bench.story import PLACE, Contact, Step
from tests.standins import telegram_updates as updates
from tests.standins.telegram import SECRET_HEADER
from tests.standins.twilio import SID

PUBLIC_URL = "https://kits.example.org"
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
MESSAGE = re.compile(r"<Message[^>]*>(.*?)</Message>", re.DOTALL)


class Connection(asyncio.Protocol):
    """One kept-alive connection; one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._buffer = b""
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None

    @classmethod
    async def open(cls, url: str) -> Connection:
        where = urlsplit(url)
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(cls, where.hostname or "", where.port or 80)
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Status and body of the answer."""
        if self.transport is None or self._waiting:
            raise RuntimeError("one request at a time")
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end]
        length = LENGTH.search(head)
        size = int(length.group(1)) if length else 0
        if len(self._buffer) < end + 4 + size:
            return
        body = self._buffer[end + 4 : end + 4 + size]
        self._buffer = self._buffer[end + 4 + size :]
        waiting, self._waiting = self._waiting, None
        if waiting and not waiting.done():
            waiting.set_result((int(head[9:12]), body))

    def connection_lost(self, why: Exception | None) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(why or ConnectionError("closed"))

    @property
    def is_open(self) -> bool:
        """False once the server has let go of it: it keeps an idle connection for 5 seconds."""
        return self.transport is not None and not self.transport.is_closing()

    def close(self) -> None:
        if self.transport:
            self.transport.close()


@dataclass(frozen=True)
class Written:
    """A contact and their messages, each with what must answer it."""

    contact: Contact
    steps: tuple[Step, ...]
    requests: tuple[bytes, ...]


def write_sms(contact: Contact, steps: tuple[Step, ...], token: str) -> Written:
    """The requests Twilio would make, signed."""
    validator = RequestValidator(token)
    return Written(
        contact, steps, tuple(_sms(contact, n, s, validator) for n, s in enumerate(steps))
    )


def _sms(contact: Contact, n: int, step: Step, validator: RequestValidator) -> bytes:
    sid = f"SM{contact.address.lstrip('+'):0>20}{n:012d}"
    form = {
        "ToCountry": "GB",
        "ToState": "",
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "ToCity": "",
        "FromZip": "",
        "SmsSid": sid,
        "FromState": "",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": step.says.replace(PLACE, contact.place),
        "FromCountry": "GB",
        "To": contact.line,
        "ToZip": "",
        "NumSegments": "1",
        "MessageSid": sid,
        "AccountSid": SID,
        "From": contact.address,
        "ApiVersion": "2010-04-01",
    }
    path = "/twilio/sms"
    signature = validator.compute_signature(PUBLIC_URL + path, form)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": signature,
        "User-Agent": "TwilioProxy/1.1",
    }
    return _request(path, headers, urlencode(form).encode())


def write_telegram(contact: Contact, steps: tuple[Step, ...], secret: str) -> Written:
    """The updates Telegram would post."""
    chat = int(contact.address)
    headers = {"Content-Type": "application/json", SECRET_HEADER: secret}
    requests = []
    for n, step in enumerate(steps):
        update = updates.text(chat, step.says.replace(PLACE, contact.place))
        body = json.dumps({"update_id": chat * 10 + n, **update}).encode()
        requests.append(_request("/telegram/webhook", headers, body))
    return Written(contact, steps, tuple(requests))


def _request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: kits.example.org"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def riding(body: bytes) -> list[str]:
    """The texts in a TwiML answer."""
    return [html.unescape(text) for text in MESSAGE.findall(body.decode())]

"""Calls to our webhooks as the providers make them, and as others would like to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import uuid4
from xml.etree import ElementTree

import httpx
from twilio.request_validator import RequestValidator

from bot import sample
from tests.harness import PUBLIC, Kitline
from tests.standins.telegram import SECRET_HEADER
from tests.standins.twilio import TOKEN

T = TypeVar("T")
AMY, SAM = "+447700900101", "+447700900011"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"


def text_form(body: str, **more: str) -> dict[str, str]:
    """One inbound text, as Twilio posts it."""
    sid = f"SM{uuid4().hex}"
    to = sample.LINES["grimsby"]
    return {"MessageSid": sid, "From": AMY, "To": to, "Body": body, "NumMedia": "0", **more}


def report(sid: str, status: str, error: str = "") -> dict[str, str]:
    """One delivery report."""
    return {"MessageSid": sid, "MessageStatus": status, "To": AMY, "ErrorCode": error}


def signed(path: str, form: Mapping[str, str]) -> dict[str, str]:
    signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}{path}", form)
    return {"X-Twilio-Signature": signature, "Content-Type": FORM}


async def while_working(line: Kitline, call: Coroutine[Any, Any, T]) -> T:
    """A webhook may wait for its turn, so the worker works meanwhile."""
    task = asyncio.ensure_future(call)
    while not task.done():
        await line.app.worker.inbox_pass()
        await asyncio.sleep(0.001)
    return task.result()


async def twilio_posts(
    line: Kitline,
    form: Mapping[str, str],
    path: str = "/twilio/sms",
    headers: Mapping[str, str] | None = None,
    *,
    work: bool = True,
) -> httpx.Response:
    async with line.client() as client:
        given = signed(path, form) if headers is None else {"Content-Type": FORM, **headers}
        as_sent = {name: value.encode("latin-1") for name, value in given.items()}
        call = client.post(path, content=urlencode(form), headers=as_sent)
        return await (while_working(line, call) if work else call)


async def telegram_posts(
    line: Kitline, update: object, secret: str | None = None
) -> httpx.Response:
    word = line.app.db.keyring.signing_secret("telegram webhook") if secret is None else secret
    content = update if isinstance(update, bytes) else json.dumps(update).encode()
    async with line.client() as client:
        headers = {SECRET_HEADER: word.encode("latin-1"), "Content-Type": b"application/json"}
        return await client.post("/telegram/webhook", content=content, headers=headers)


def replies(answer: httpx.Response) -> list[str]:
    """The texts that ride in the answer to a webhook."""
    assert answer.status_code == 200, answer.text
    root = ElementTree.fromstring(answer.text)
    return ["".join(message.itertext()) for message in root.iter("Message")]


ASKS = ("KIT", "YES", "YES", "Someone I know", "DN31 3EQ", "Nose spray", "Meet a peer", "YES")


async def ask_for_a_kit(line: Kitline, address: str) -> None:
    """From the first word to the offer at a peer."""
    for text in ASKS:
        await line.say(address, text)


async def meet(line: Kitline, requester: str, peer: str) -> None:
    """A request that the nearest peer has accepted."""
    await ask_for_a_kit(line, requester)
    await line.say(peer, "ACCEPT")


async def heard(line: Kitline, address: str) -> list[str]:
    """What an address was sent since the last look."""
    return [said.text for to, said, _ in await line.new_messages() if to == address]

"""Lines to try the outside of: the whole of Kitline on one channel, and its log."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from bot import logs
from db.reference.gazetteer import Gazetteer
from tests.harness import Kitline, kitline


@pytest.fixture
async def sms(sqlite_url: str, secret_key: str, gazetteer: Gazetteer) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer, "sms") as line:
        yield line


@pytest.fixture
async def telegram(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer
) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer, "telegram") as line:
        yield line


@pytest.fixture
async def demo(sqlite_url: str, secret_key: str, gazetteer: Gazetteer) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer, "demo") as line:
        yield line


class Logged:
    """Every line the log would have had, as the operator's collector reads it."""

    def __init__(self, stream: io.StringIO) -> None:
        self.stream = stream

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def events(self) -> list[object]:
        return [line["event"] for line in self.lines]


@pytest.fixture
def logged() -> Iterator[Logged]:
    """The log at its most talkative."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    noisy = {name: logging.getLogger(name).level for name in logs.NOISY}
    logs.set_up("json", "debug")
    stream = io.StringIO()
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield Logged(stream)
    root.handlers[:], root.level = handlers, level
    for name, before in noisy.items():
        logging.getLogger(name).setLevel(before)

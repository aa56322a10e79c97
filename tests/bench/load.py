"""The load generator: whole conversations, every answer checked, every wait measured."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.wire import Connection, Written

LONGEST_WAIT = 15.0  # seconds for a reply: beyond it the conversation is broken
LONGEST_RUN = 150.0
LEAST_PAUSE = 0.25  # nobody answers faster than this in the open-loop run


class BrokenError(AssertionError):
    """A conversation that did not go as it must."""


@dataclass
class Mailboxes:
    """What reaches people by the provider's API, told by the stand-in's tap."""

    boxes: dict[str, deque[tuple[float, str]]] = field(default_factory=lambda: defaultdict(deque))
    waiting: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    _server: asyncio.Server | None = None

    async def listen(self, path: Path) -> None:
        self._server = await asyncio.start_unix_server(self._read, path)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):
            while line := await reader.readline():
                at, to, text = json.loads(line)
                self.boxes[to].append((at, text))
                waiting = self.waiting.pop(to, None)
                if waiting and not waiting.done():
                    waiting.set_result(None)
        writer.close()

    async def next(self, address: str) -> tuple[float, str]:
        box = self.boxes[address]
        if not box:
            self.waiting[address] = asyncio.get_running_loop().create_future()
            async with asyncio.timeout(LONGEST_WAIT):
                await self.waiting[address]
        return box.popleft()

    def close(self) -> None:
        if self._server:
            self._server.close()


@dataclass
class Waits:
    """Seconds until each message was acknowledged, and until its last reply was there."""

    acknowledged: list[float] = field(default_factory=list)
    replied: list[float] = field(default_factory=list)
    rode: int = 0
    texts: int = 0
    seconds: float = 0.0
    load_cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Messages a second."""
        return len(self.acknowledged) / self.seconds

    @property
    def load_share(self) -> float:
        """How much of its core the load generator itself used."""
        return self.load_cpu / self.seconds


@dataclass
class Talker:
    """Says one message after the other for any number of contacts."""

    mailboxes: Mailboxes
    texts_in: Callable[[bytes], list[str]]
    waits: Waits = field(default_factory=Waits)
    finished: int = 0  # whole conversations

    async def exchange(
        self, connection: Connection, who: Written, n: int, since: float | None = None
    ) -> None:
        """One message and its replies. ``since``: when it should have been sent."""
        asked = time.monotonic() if since is None else since
        status, body = await connection.ask(who.requests[n])
        arrived = time.monotonic()
        if status != 200:
            raise BrokenError(f"{who.steps[n].says!r} was answered {status}")
        self.waits.acknowledged.append(arrived - asked)
        due = deque(who.steps[n].answers)
        for text in self.texts_in(body):
            self._fits(due, text, who, n)
            self.waits.rode += 1
        while due:
            try:
                arrived, text = await self.mailboxes.next(who.contact.address)
            except TimeoutError:
                raise BrokenError(f"{who.steps[n].says!r}: no reply with {due[0]!r}") from None
            self._fits(due, text, who, n)
        self.waits.replied.append(arrived - asked)
        self.finished += n + 1 == len(who.steps)

    def _fits(self, due: deque[str], text: str, who: Written, n: int) -> None:
        self.waits.texts += 1
        if not due or due[0] not in text:
            raise BrokenError(f"{who.steps[n].says!r}: wanted {list(due)}, read {text!r}")
        while due and due[0] in text:
            due.popleft()


async def all_at_once(url: str, people: Sequence[Written], talker: Talker, at_once: int) -> Waits:
    """Closed loop: ``at_once`` contacts talk at any time, each as fast as they are answered."""
    waiting = deque(people)
    connections = [await Connection.open(url) for _ in range(min(at_once, len(people)))]

    async def line(connection: Connection) -> None:
        while waiting:
            who = waiting.popleft()
            for n in range(len(who.steps)):
                if not connection.is_open:
                    connections.append(connection := await Connection.open(url))
                await talker.exchange(connection, who, n)

    return await _measured(connections, talker, [line(c) for c in connections])


async def bare_answers(url: str, people: Sequence[Written], talker: Talker, at_once: int) -> Waits:
    """The same requests at the bare handler: there is nothing to check but the status."""
    requests = deque(request for who in people for request in who.requests)
    connections = [await Connection.open(url) for _ in range(at_once)]

    async def line(connection: Connection) -> None:
        while requests:
            asked = time.monotonic()
            status, _ = await connection.ask(requests.popleft())
            if status != 200:
                raise BrokenError(f"the bare handler answered {status}")
            talker.waits.acknowledged.append(time.monotonic() - asked)

    return await _measured(connections, talker, [line(c) for c in connections])


async def offered(
    url: str, people: Sequence[Written], talker: Talker, *, rate: float, seconds: float
) -> Waits:
    """Open loop: messages come at random moments, ``rate`` a second, whatever the answers do.

    Waits count from the moment a message should have been sent. About a second's worth of people
    talk at a time, in any order; a new one begins whenever one has finished.
    """
    dice = random.Random(7)
    new, talking = deque(people), _Talking(int(rate * 1.5))
    free: list[Connection] = []
    every: list[Connection] = []

    async def say(who: Written, n: int, due: float) -> None:
        while free and not free[-1].is_open:
            free.pop()
        if free:
            connection = free.pop()
        else:
            every.append(connection := await Connection.open(url))
        await talker.exchange(connection, who, n, due)
        free.append(connection)
        if n + 1 < len(who.steps):
            talking.ready(who, n + 1)

    async def keep_saying() -> None:
        due = time.monotonic()
        end = due + seconds
        async with asyncio.TaskGroup() as sent:
            while (due := due + dice.expovariate(rate)) < end:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                who, n = talking.next(new, dice)
                sent.create_task(say(who, n, due))

    return await _measured(every, talker, [keep_saying()])


class _Talking:
    """The conversations under way in the open-loop run."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._begun = 0
        self._waiting: list[tuple[float, Written, int]] = []

    def ready(self, who: Written, n: int) -> None:
        self._waiting.append((time.monotonic() + LEAST_PAUSE, who, n))

    def next(self, new: deque[Written], dice: random.Random) -> tuple[Written, int]:
        now = time.monotonic()
        able = [one for one in self._waiting if one[0] <= now]
        if able and (len(self._waiting) >= self.most or dice.random() > 0.2 or not new):
            chosen = dice.choice(able)
            self._waiting.remove(chosen)
            return chosen[1], chosen[2]
        return new.popleft(), 0


async def _measured(
    connections: Sequence[Connection], talker: Talker, work: Sequence[Coroutine[Any, Any, None]]
) -> Waits:
    cpu, start = time.process_time(), time.monotonic()
    try:
        async with asyncio.timeout(LONGEST_RUN), asyncio.TaskGroup() as lines:
            for one in work:
                lines.create_task(one)
    except TimeoutError:
        raise BrokenError(f"not done after {LONGEST_RUN:g} s") from None
    talker.waits.seconds = time.monotonic() - start
    talker.waits.load_cpu = time.process_time() - cpu
    for connection in connections:
        connection.close()
    return talker.waits

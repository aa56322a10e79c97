"""Runs every conversation of tests/transcripts on its channels and both databases.

See tests/transcripts/README.md for how a transcript is written. ``--update-transcripts`` rewrites
what is expected (on the demo and SQLite); the diff is then read by a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.base import Channel
from bot.worker import message_of
from db.messages import texts_to
from db.models import Address, OutboundMessage
from db.reference.gazetteer import Gazetteer
from handlers.engine.matching import plain
from tests import at_the_desk
from tests.conftest import FixedCodes
from tests.harness import CHANNELS, START, Kitline, kitline

FOLDER = Path(__file__).parent / "transcripts"
FILES = sorted(FOLDER.glob("*.txt"))
KNOWN = {  # the sample services' people, by the last six figures
    "sam": "900011",
    "jo": "900012",
    "lee": "900013",
    "ash": "900014",
    "marsh": "900021",
    "sea": "900022",
    "kim": "900031",
    "max": "900032",
    "canal": "900041",
    "robin": "900051",
    "pat": "900052",
    "alex": "900053",
}
_SAYS = re.compile(r"^(\w+) (>|<) ?(.*)$")
_WAIT = re.compile(r"^\+(\d+)(s|m|h|d)$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass
class Script:
    """A transcript as read."""

    path: Path
    lines: list[str] = field(default_factory=list)
    channels: tuple[str, ...] = CHANNELS
    start: datetime = START

    @classmethod
    def read(cls, path: Path) -> Script:
        script = cls(path, path.read_text("utf-8").splitlines())
        for line in script.lines:
            if line.startswith("# channels:"):
                script.channels = tuple(line.partition(":")[2].split())
            if line.startswith("# start:"):
                text = line.partition(":")[2].strip()
                script.start = datetime.fromisoformat(text).replace(tzinfo=UTC)
        return script


def shown(message: OutboundMessage) -> list[str]:
    """A message as a transcript writes it: its text, then its buttons."""
    lines = message.text.split("\n")
    if message.buttons:
        lines.append(" ".join(f"[{b.label}]" for b in message.buttons))
    return lines


class Player:
    """Plays one script and notes what really happened, in the script's own form."""

    def __init__(self, line: Kitline, script: Script) -> None:
        self.line = line
        self.script = script
        self.names: dict[str, str] = {}
        self.last: dict[str, OutboundMessage] = {}

    def address(self, name: str) -> str:
        tail = KNOWN.get(name) or f"900{101 + sum(n not in KNOWN for n in self.names)}"
        address = self.line.address(tail)
        for known, of in self.names.items():
            if of == name:
                return known
        self.names[address] = name
        return address

    def name(self, address: str) -> str:
        if address not in self.names:
            tail = address[-6:]
            known = next((n for n, t in KNOWN.items() if t == tail), tail)
            self.names[address] = known
        return self.names[address]

    async def play(self) -> list[str]:
        actual: list[str] = []
        for line in self.script.lines:
            if line.startswith("    | ") or line == "    |":
                continue
            says = _SAYS.match(line)
            wait = _WAIT.match(line)
            if says and says.group(2) == "<":
                continue
            actual.append(line)
            if says:
                await self._act(says.group(1), says.group(3))
            elif line.startswith("! "):
                await at_the_desk.do(self.line, line[2:])
            elif wait:
                await self.line.wait(timedelta(**{_UNITS[wait.group(2)]: int(wait.group(1))}))
            else:
                continue
            actual += await self._heard()
        return actual

    async def _act(self, name: str, text: str) -> None:
        address = self.address(name)
        if text.startswith("[") and text.endswith("]"):
            await self._press(address, text[1:-1])
        elif text.startswith("!"):
            self._refuse(address, text[1:])
        elif text.startswith("@"):
            lat, lon = text[1:].split(",")
            await self.line.share(address, float(lat), float(lon))
        else:
            await self.line.say(address, text)

    def _refuse(self, address: str, code: str) -> None:
        """From now on the network refuses what is sent to this phone; without a code, no more."""
        if self.line.twilio:
            self.line.twilio.undeliverable.pop(address, None)
            self.line.twilio.undeliverable.update({address: code} if code else {})
        if self.line.telegram:
            blocked, chat = self.line.telegram.blocked, int(address.removeprefix("tg:"))
            (blocked.add if code else blocked.discard)(chat)

    async def _press(self, address: str, label: str) -> None:
        """A button by its label; on SMS its number, or the word where words are asked for."""
        message = self.last[address]
        at, button = next(
            (n, b) for n, b in enumerate(message.buttons, 1) if plain(b.label) == plain(label)
        )
        if self.line.channel == "telegram":
            await self.line.press(address, button.choice)
        elif button.choice.startswith("="):
            await self.line.say(address, button.choice[1:])
        else:
            await self.line.say(address, label if message.style == "words" else str(at))

    async def _heard(self) -> list[str]:
        lines: list[str] = []
        for address, message, _ in await self.line.new_messages():
            self.last[address] = message
            first, *rest = shown(message)
            lines.append(f"{self.name(address)} < {first}")
            lines += [f"    | {line}" for line in rest]
        return lines


async def check_delivered(line: Kitline) -> None:
    """What the stand-in got is what the outbox says was sent, drawn for the channel."""
    async with line.app.db.read() as tx:
        addresses = {a.id: a.address for a in await line.work(tx).find(Address)}
        rows, _ = await texts_to(line.app.db, tx, list(addresses))
    if "" in addresses.values():
        return  # a number changed hands: who got which text cannot be told by it
    channel: Channel = line.app.channels[line.writes_by]
    for address_id, address in addresses.items():
        if not all(row.body for row in rows):
            continue  # somebody was erased, and what was said to them with it
        drawn = [
            part
            for row in rows
            if row.address_id == address_id and row.body and row.status in ("sent", "delivered")
            for part in channel.draw(message_of(row))
        ]
        if line.twilio:
            assert sorted(line.twilio.texts_to(address)) == sorted(drawn)
        if line.telegram:
            got = "".join(line.telegram.texts_to(int(address[3:])))
            assert sorted(got.replace("\n", "")) == sorted("".join(drawn).replace("\n", ""))


def _plays() -> Iterator[Any]:
    """Every file on each of its channels and on both databases. `make test` plays each one on SMS
    with SQLite and on Telegram with PostgreSQL; `make soak` (slow) plays all the others."""
    for path in FILES:
        channels = Script.read(path).channels
        second = channels[min(1, len(channels) - 1)]
        for channel in channels:
            for database, at_once in (("sqlite", channels[0]), ("postgres", second)):
                marks = [pytest.mark.postgres] if database == "postgres" else []
                marks += [] if channel == at_once else [pytest.mark.slow]
                name = f"{database}-{path.stem}-{channel}"
                yield pytest.param(path, channel, database, id=name, marks=marks)


@pytest.mark.parametrize(
    ("path", "channel", "database_url"), list(_plays()), indirect=["database_url"]
)
async def test_transcript(
    path: Path,
    channel: str,
    database_url: str,
    secret_key: str,
    gazetteer: Gazetteer,
    fixed_codes: FixedCodes,
    request: pytest.FixtureRequest,
) -> None:
    script = Script.read(path)
    async with kitline(database_url, secret_key, gazetteer, channel, now=script.start) as line:
        actual = await Player(line, script).play()
        update = request.config.getoption("--update-transcripts")
        if update and channel == script.channels[-1] and "sqlite" in database_url:
            path.write_text("\n".join(actual) + "\n", "utf-8")
            return
        assert "\n".join(actual) == "\n".join(script.lines)
        if not any(" > !" in written for written in script.lines):  # refused texts are no news
            await check_delivered(line)

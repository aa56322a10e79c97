"""Both set-up guides, followed step by step: their settings, their commands, their tables of tests.

The server is the real one, in a process of its own. Only Twilio and Telegram are stand-ins, on
loopback: the guides' address https://kits.example.org leads to the server there, as a proxy would.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from twilio.request_validator import RequestValidator

from content.segments import is_gsm7
from db.keys import new_secret
from tests.standins import telegram, twilio
from tests.standins.wire import serve

DOCS = Path(__file__).parent.parent / "docs"
PUBLIC = "https://kits.example.org"
AMY, LINE, CHAT = "+447700900001", "+447700900900", 700900001
SECONDS = 20.0
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| (\d+) \| (.*?) \| (.*?) \|$", re.MULTILINE)


@dataclass
class Guide:
    """A guide as its reader follows it."""

    text: str
    blocks: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, name: str) -> Guide:
        text = (DOCS / name).read_text("utf-8")
        return cls(text, _BLOCK.findall(text))

    def commands(self) -> list[str]:
        """Every command, in order."""
        return [line for kind, text in self.blocks if kind == "sh" for line in text.splitlines()]

    def settings(self, **real: str) -> str:
        """The guide's .env, with what only the reader can know filled in."""
        (text,) = (text for kind, text in self.blocks if kind == "ini")
        lines = [line.partition("=")[::2] for line in text.splitlines()]
        assert {name for name, _ in lines} >= set(real) - {"PORT"} - _STAND_INS
        given = dict(lines) | real
        return "".join(f"{name}={value}\n" for name, value in given.items())

    def tests(self) -> dict[int, tuple[list[str], list[str]]]:
        """The table of tests: number → what to send or press, what to read."""
        rows = {}
        for number, do, read in _ROW.findall(self.text):
            acts = [word or button for word, button in re.findall(r"`([^`]+)`|(\[[^\]]+\])", do)]
            quotes = [q.strip(" .,") for q in re.findall(r'"([^"]+)"', read)]
            rows[int(number)] = ([act for act in acts if "://" not in act], quotes)
        return rows


_STAND_INS = {"TWILIO_API_BASE_URL", "TELEGRAM_API_BASE_URL"}


@dataclass
class Machine:
    """The machine Kitline is set up on: a folder with an .env, and a port."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    async def follow(self, command: str) -> tuple[int, str]:
        """Do what a line of the guide says."""
        if command.startswith("curl "):
            return 0, await self._curl(shlex.split(command)[1:])
        program, *words = shlex.split(command)
        assert program == "kitline"
        process = await asyncio.create_subprocess_exec(
            *self.kitline(*words),
            cwd=self.folder,
            env=self.env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), 3 * SECONDS)
        return process.returncode or 0, said.decode()

    def kitline(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "bot", *words]

    async def _curl(self, words: list[str]) -> str:
        """curl -X … -d … -H … URL; bare machines have none. Gives what -w prints: the status."""
        options: dict[str, str] = {}
        url = ""
        for word, following in zip(words, [*words[1:], ""], strict=True):
            if word in ("-X", "-d", "-H"):
                options[word] = following
            if word.startswith(PUBLIC):
                url = self.url + word.removeprefix(PUBLIC)
        header = options.get("-H", "Content-Type: application/x-www-form-urlencoded")
        name, _, value = header.partition(": ")
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.request(
                options["-X"], url, content=options["-d"], headers={name: value}
            )
        return str(answer.status_code)

    async def serve(self) -> asyncio.subprocess.Process:
        """`kitline serve`, until it answers; its log goes to a file."""
        with (self.folder / "serve.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *self.kitline("serve", "--port", str(self.port)),
                cwd=self.folder,
                env=self.env,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(3 * SECONDS), httpx.AsyncClient(trust_env=False) as client:
            while True:
                assert process.returncode is None, self.log()
                try:
                    if (await client.get(f"{self.url}/readyz")).json()["ready"]:
                        return process
                except httpx.TransportError:
                    await asyncio.sleep(0.1)

    def log(self) -> str:
        return (self.folder / "serve.log").read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """An empty folder; the package is found there because it is installed in the environment."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return Machine(tmp_path, door.getsockname()[1])


@pytest.fixture
async def at_twilio(machine: Machine) -> AsyncIterator[twilio.TwilioStandIn]:
    stand_in = twilio.TwilioStandIn(routes={PUBLIC: machine.url}, numbers={LINE})
    async with serve(stand_in.app) as stand_in.url:  # type: ignore[attr-defined]
        yield stand_in
        await stand_in.settle()
        await stand_in.close()


@pytest.fixture
async def at_telegram(machine: Machine) -> AsyncIterator[telegram.TelegramStandIn]:
    stand_in = telegram.TelegramStandIn(routes={PUBLIC: machine.url})
    async with serve(stand_in.app) as stand_in.url:  # type: ignore[attr-defined]
        yield stand_in
        await stand_in.close()


async def set_up(machine: Machine, guide: Guide, env: str) -> None:
    """Everything up to the start: the settings, then each command before `kitline doctor`."""
    (machine.folder / ".env").write_text(env)
    for command in guide.commands():
        if command == "kitline doctor":
            return
        code, said = await machine.follow(command)
        assert code == 0, f"{command}\n{said}"


async def check(machine: Machine, guide: Guide, name: str) -> None:
    """The guide's checks, with the server running: doctor speaks, and strangers are kept out."""
    commands = guide.commands()
    code, said = await machine.follow("kitline doctor")
    assert code in (0, 1), said
    assert "Traceback" not in said
    assert name in said
    (curl,) = (line for line in commands if line.startswith("curl "))
    assert await machine.follow(curl) == (0, "403")
    assert "It prints `403`." in guide.text


# --- Twilio -------------------------------------------------------------------------------------


async def test_twilio_guide(machine: Machine, at_twilio: twilio.TwilioStandIn) -> None:
    guide = Guide.read("setup-twilio.md")
    env = guide.settings(
        SECRET_KEY=new_secret(),
        TWILIO_ACCOUNT_SID=twilio.SID,
        TWILIO_AUTH_TOKEN=twilio.TOKEN,
        TWILIO_API_BASE_URL=at_twilio.url,  # type: ignore[attr-defined]
    )
    await set_up(machine, guide, env)
    server = await machine.serve()
    try:
        await check(machine, guide, "Twilio")
        for number, (acts, quotes) in guide.tests().items():
            replies: list[str] = []
            for word in acts:
                replies += await text(at_twilio, webhook(guide, "sms"), word)
            if "ring the number" in guide.text.split(f"| {number} | ")[1].split(" |")[0]:
                replies.append(await ring(at_twilio, webhook(guide, "voice")))
            for quote in quotes:
                assert any(quote in reply for reply in replies), (number, quote, replies)
    finally:
        server.terminate()
        await server.wait()
    assert AMY not in machine.log()
    assert at_twilio.webhook_errors == []


def webhook(guide: Guide, path: str) -> str:
    """The address the guide gives Twilio. What stands after # is for Twilio and is never sent."""
    (full,) = re.findall(rf"`({PUBLIC}/twilio/{path}#\S+)`", guide.text)
    address, _, overrides = full.partition("#")
    asked = dict(pair.split("=") for pair in overrides.split("&"))
    assert asked.keys() <= {"rc", "rp", "ct", "rt"}
    assert 1 <= int(asked["rc"]) <= 5
    assert asked["rp"] == "all"
    return address


async def text(at_twilio: twilio.TwilioStandIn, url: str, words: str) -> list[str]:
    """Send a text to the line; what Kitline answers, in its answer or a moment later."""
    before = len(at_twilio.texts_to(AMY))
    delivery = await at_twilio.deliver(url, AMY, LINE, words)
    assert delivery.status == 200
    return await arrived(lambda: at_twilio.texts_to(AMY)[before:])


async def ring(at_twilio: twilio.TwilioStandIn, url: str) -> str:
    """Ring the number; what the voice says."""
    form = {"CallSid": "CA1", "From": AMY, "To": LINE, "CallStatus": "ringing"}
    signature = RequestValidator(twilio.TOKEN).compute_signature(url, form)
    real = url.replace(PUBLIC, at_twilio.routes[PUBLIC])
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(real, data=form, headers={"X-Twilio-Signature": signature})
    return " ".join(ElementTree.fromstring(answer.text).itertext())


def test_the_bin_for_a_line_that_is_down() -> None:
    """Its words are ours to keep right: valid TwiML, two segments at most, 999 first."""
    (xml,) = (text for kind, text in Guide.read("setup-twilio.md").blocks if kind == "xml")
    said = "".join(ElementTree.fromstring(xml.encode()).itertext()).strip()
    assert is_gsm7(said)
    assert len(said) <= 306
    assert said.index("CALL 999") < said.index("naloxone")


# --- Telegram -----------------------------------------------------------------------------------


async def test_telegram_guide(machine: Machine, at_telegram: telegram.TelegramStandIn) -> None:
    guide = Guide.read("setup-telegram.md")
    env = guide.settings(
        SECRET_KEY=new_secret(),
        TELEGRAM_BOT_TOKEN=telegram.TOKEN,
        TELEGRAM_API_BASE_URL=at_telegram.url,  # type: ignore[attr-defined]
    )
    await set_up(machine, guide, env)
    server = await machine.serve()
    try:
        assert at_telegram.webhook["url"] == f"{PUBLIC}/telegram/webhook"
        assert at_telegram.commands
        await check(machine, guide, "Telegram")
        for number, (acts, quotes) in guide.tests().items():
            if number == 6:
                await at_telegram.block(CHAT)
                await at_telegram.unblock(CHAT)
            replies: list[str] = []
            for act in acts:
                replies += await say(at_telegram, act)
            for quote in quotes:
                assert any(quote in reply for reply in replies), (number, quote, replies)
    finally:
        server.terminate()
        await server.wait()
    assert str(CHAT) not in machine.log()


async def say(at_telegram: telegram.TelegramStandIn, act: str) -> list[str]:
    """Write to the bot, or press a [button] of its last message that has some."""
    before = len(at_telegram.texts_to(CHAT))
    if act.startswith("["):
        data, message_id = button(at_telegram, act.strip("[]"))
        delivery = await at_telegram.press(CHAT, data, message_id)
    else:
        delivery = await at_telegram.say(CHAT, act)
    assert delivery.status == 200
    return await arrived(lambda: at_telegram.texts_to(CHAT)[before:])


def button(at_telegram: telegram.TelegramStandIn, label: str) -> tuple[str, int]:
    for message in reversed(at_telegram.sent):
        rows = (message["reply_markup"] or {}).get("inline_keyboard", [])
        for one in (one for row in rows for one in row):
            if one["text"] == label:
                return one["callback_data"], message["message_id"]
    raise AssertionError(f"no button {label}")


# --- both ---------------------------------------------------------------------------------------


async def arrived(texts: object) -> list[str]:
    """What has come once nothing more comes for a moment."""
    assert callable(texts)
    found: list[str] = []
    async with asyncio.timeout(SECONDS):
        while True:
            await asyncio.sleep(0.15)
            now = list(texts())
            if now and now == found:
                return found
            found = now

"""Nothing of what people write, of who they are or where they are is ever in the log."""

from __future__ import annotations

import ast
import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bot
from db.database import Conflict
from db.models import Address, OutboxRow, Peer
from handlers import routing
from tests.harness import Kitline
from tests.web.calls import (
    AMY,
    SAM,
    heard,
    meet,
    replies,
    report,
    telegram_posts,
    text_form,
    twilio_posts,
)
from tests.web.conftest import Logged

SECRET_WORDS = ("zanzibarquux", "rutland")
NAMES = ("Sam", "Robin", "Zebedee", "Marsh Lane")
PLACES = ("dn31", "grimsby", "scartho", "53.56", "-0.08")


def leaks(logged: Logged, line: Kitline, *more: str) -> list[str]:
    """Every log line that has something of the story in it."""
    numbers = [AMY, SAM, AMY[1:], "07700", "7700900", "tg:4242", "4242", "900051"]
    told = [*SECRET_WORDS, *NAMES, *PLACES, *numbers, *more]
    return [
        f"{what}: {log_line}"
        for log_line in logged.text.splitlines()
        for what in told
        if what.casefold() in log_line.casefold()
    ]


async def tell_the_story(line: Kitline, amy: str, sam: str) -> None:
    await meet(line, amy, sam)
    for who, text in (
        (amy, "name Zebedee"),
        (amy, "my number is 07700 900999, im at 12 Rutland St zanzibarquux"),
        (sam, "see you at the bus station zanzibarquux"),
        (sam, "ISSUED"),
        (amy, "yes"),
        (amy, "hes not breathing help"),
        (amy, "STOP"),
        (amy, "zanzibarquux"),
    ):
        await line.say(who, text)


async def test_a_story_by_sms_leaves_no_trace(sms: Kitline, logged: Logged) -> None:
    logging.getLogger("bot.test").info("here")
    await tell_the_story(sms, AMY, SAM)
    await twilio_posts(sms, report("SM1", "failed", "30003"), "/twilio/status?m=7")
    await twilio_posts(sms, text_form("zanzibarquux"), headers={}, work=False)
    assert len(await sms.read(OutboxRow)) > 20
    assert "here" in logged.events
    assert leaks(logged, sms) == []


async def test_a_story_by_telegram_leaves_no_trace(telegram: Kitline, logged: Logged) -> None:
    await tell_the_story(telegram, "tg:4242", "tg:900011")
    broken = {"update_id": 3, "message": {"text": "zanzibarquux", "chat": {"id": 4242}}}
    await telegram_posts(telegram, broken)
    await telegram_posts(telegram, b'{"zanzibarquux": 4242')
    assert any(event == "an update could not be read" for event in logged.events)
    assert leaks(logged, telegram) == []


async def test_a_turn_that_raises_says_where_and_nothing_else(
    sms: Kitline, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = routing.route

    async def broken(turn: Any, message: Any) -> None:
        if "zanzibarquux" in message.text:
            raise ValueError(f"{message.text} from {message.address}")
        await real(turn, message)

    await sms.say(AMY, "KIT")
    monkeypatch.setattr(routing, "route", broken)
    answer = await twilio_posts(sms, text_form("zanzibarquux im at Rutland St"), work=False)
    assert replies(answer) == []
    for _ in range(4):
        await sms.settle()
        sms.clock.move_to(sms.clock.now().replace(hour=sms.clock.now().hour + 2))
    failures = [entry for entry in logged.lines if entry["event"] == "turn failed"]
    assert len(failures) == 4
    assert {entry["error"] for entry in failures} == {"ValueError"}
    assert "test_logs.py:" in str(failures[0]["where"])
    assert leaks(logged, sms) == []
    assert "something went wrong" in (await heard(sms, AMY))[-1]


async def test_a_send_that_breaks_says_where_and_nothing_else(
    telegram: Kitline, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(address: str, message: Any, *, line: str) -> None:
        raise RuntimeError(f"{address} {message.text} zanzibarquux")

    monkeypatch.setattr(telegram.app.telegram, "send", broken)
    await telegram.say("tg:4242", "KIT")
    assert "a send broke" in logged.events
    assert leaks(logged, telegram, "naloxone") == []


async def test_a_failing_statement_shows_no_values(sms: Kitline, logged: Logged) -> None:
    await sms.say(AMY, "KIT")
    peer = (await sms.read(Peer))[0]
    address = (await sms.read(Address))[0]
    twin = replace(address, id=1, contact_id=peer.id)
    with pytest.raises(Conflict) as raised:
        await _save(sms, twin)
    logging.getLogger("bot.test").exception("broke", exc_info=raised.value)
    assert address.address_hash not in f"{raised.value!r} {raised.value.__cause__!r} {logged.text}"


async def _save(line: Kitline, row: Any) -> None:
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        work.save(row)
        await work.flush()


async def test_what_libraries_log_keeps_its_words_and_loses_its_values(logged: Logged) -> None:
    logging.getLogger("some.library").error("could not reach %s at %s", AMY, "Rutland St")
    logging.getLogger("some.library").warning("bad update\n{'text': 'zanzibarquux'}")

    async def fails() -> None:
        raise ValueError("zanzibarquux")

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    del task
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": ValueError("zanzibarquux")}
    )
    events = [entry["event"] for entry in logged.lines if entry.get("level") != "debug"]
    assert events[:2] == ["could not reach %s at %s", "bad update"]
    assert "zanzibarquux" not in logged.text
    assert AMY not in logged.text


def test_what_stands_beside_an_event_is_known_to_be_harmless(logged: Logged) -> None:
    more = {"text": "zanzibarquux", "address": AMY, "inbox_id": 7, "name_": "Sam"}
    logging.getLogger("bot.test").warning("event", extra=more)
    (entry,) = logged.lines
    assert entry.keys() == {"event", "level", "timestamp", "inbox_id"}


def test_every_event_is_a_fixed_sentence() -> None:
    """``log.info(f"…")`` would put values where they cannot be dropped."""
    top = Path(bot.__file__).parents[1]
    loose = []
    for path in [
        p for name in ("bot", "handlers", "content", "db") for p in (top / name).rglob("*.py")
    ]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_log = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
            )
            if is_log and (len(node.args) != 1 or not isinstance(node.args[0], ast.Constant)):
                loose.append(f"{path.relative_to(top)}:{node.lineno}")
    assert loose == []


def test_the_console_form_says_the_same(capsys: pytest.CaptureFixture[str], logged: Logged) -> None:
    from bot import logs

    logs.set_up("console", "info")
    try:
        raise ValueError(AMY)
    except ValueError:
        logging.getLogger("bot.test").exception("it broke", extra={"outbox_id": 5, "text": AMY})
    shown = capsys.readouterr().err
    assert "it broke" in shown
    assert "ValueError" in shown
    assert "test_logs.py" in shown
    assert AMY not in shown

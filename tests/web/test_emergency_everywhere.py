"""From any state, on any channel, whatever else is the matter: the card comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from db.models import Address, Contact, Conversation, Fact, Flag, InboundMessage, OutboxRow, Service
from db.reference.gazetteer import Gazetteer
from handlers.contents import FLOWS
from handlers.engine.flow import Choose, Enter
from handlers.loops import ANSWERED_PER_WINDOW
from handlers.services.contacts import give_consent, new_contact
from tests.harness import CHANNELS, Kitline, kitline

CRY = "hes not breathing help"
STEPS = [
    (flow.name, step.name)
    for flow in FLOWS.values()
    for step in flow.steps
    if isinstance(step, Choose | Enter)
]
MODES = ("fresh", "consented", "stopped", "rate_limited", "blocked", "quiet")
BROKEN = ("database_down", "worker_stopped", "provider_down")


async def _put(line: Kitline, tail: str, flow: str, step: str, mode: str) -> str:
    """Somebody whose conversation waits at a step."""
    channel = "telegram" if line.channel == "telegram" else "sms"
    address = line.address(tail)
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        service = next(s for s in await work.find(Service) if s.slug == "grimsby")
        to = service.telegram_line if channel == "telegram" else service.sms_line
        contact = await new_contact(work, channel, to, address, service.id)
        if mode != "fresh":
            give_consent(work, contact, "service", True, "consent.ok")
        changes: dict[str, Any] = {
            "stopped": {"stopped_at": work.now},
            "blocked": {"blocked_at": work.now},
            "quiet": {"quiet": True},
        }.get(mode, {})
        work.save(replace(await work.need(Contact, contact.id), **changes))
        talk = Conversation(contact.id, flow=flow, step=step, seq=3, asked_at=work.now)
        if mode == "rate_limited":
            talk = replace(talk, window_at=work.now, window_n=ANSWERED_PER_WINDOW + 100)
        work.save(talk)
        await work.flush()
    return address


def _first_of(line: Kitline) -> Callable[[str], str]:
    def first(address: str) -> str:
        if line.twilio:
            inbound = [m for m in line.twilio.messages if address in (m["from"], m["to"])]
            return str(inbound[1]["body"])
        assert line.telegram
        return line.telegram.texts_to(int(address[3:]))[0]

    return first


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("channel", CHANNELS)
async def test_an_emergency_at_every_step(
    channel: str, mode: str, sqlite_url: str, secret_key: str, gazetteer: Gazetteer
) -> None:
    assert len(STEPS) > 40
    async with kitline(sqlite_url, secret_key, gazetteer, channel) as line:
        people = await _at_every_step(line, mode)
        people[line.address("939999")] = ("stranger", "")  # nobody we know
        await _everybody_is_answered(line, people)


async def _at_every_step(line: Kitline, mode: str) -> dict[str, tuple[str, str]]:
    return {
        await _put(line, f"91{n:04}", flow, step, mode): (flow, step)
        for n, (flow, step) in enumerate(STEPS)
    }


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("channel", ["sms", "telegram"])
async def test_an_emergency_at_every_step_whatever_is_broken(
    channel: str,
    broken: str,
    sqlite_url: str,
    secret_key: str,
    gazetteer: Gazetteer,
    tmp_path: Path,
) -> None:
    """The webhook's own answer holds the card: no database, worker or provider stands before it."""
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(kitline(sqlite_url, secret_key, gazetteer, channel))
        people = await _at_every_step(line, "stopped")
        if broken == "database_down":  # what was there is no database any more
            await stack.aclose()
            Path(sqlite_url.removeprefix("sqlite:///")).write_bytes(b"no database at all " * 1000)
            again = kitline(sqlite_url, secret_key, gazetteer, channel, load_sample=False)
            line = await stack.enter_async_context(again)
        if broken == "provider_down" and (provider := line.twilio or line.telegram):
            provider.fail_next(10_000, status=500)
        line.app.spool.folder = tmp_path / "spool"
        cries = asyncio.gather(*(line.line.say(address, CRY) for address in people))
        await (line._while_working(cries) if broken == "provider_down" else cries)
        for address, where in people.items():
            assert _first_of(line)(address).startswith("CALL 999"), where
        if broken == "database_down":
            assert len(list(line.app.spool.folder.iterdir())) == len(people)


async def _everybody_is_answered(line: Kitline, people: dict[str, tuple[str, str]]) -> None:
    if line.channel == "demo":
        to = "+447700900900"
        for address in people:
            message = InboundMessage("sms", f"m{address}", to, address, "text", CRY)
            await line.app.intake.accept(message)
    else:
        cries = asyncio.gather(*(line.line.say(address, CRY) for address in people))
        await line._while_working(cries)
        for address, where in people.items():
            assert _first_of(line)(address).startswith("CALL 999"), where
    await line.settle()
    addresses = {a.address: a.contact_id for a in await line.read(Address)}
    rows: dict[int, list[OutboxRow]] = {}
    for row in await line.read(OutboxRow):
        rows.setdefault(row.contact_id, []).append(row)
    for address, where in people.items():
        said = rows[addresses[address]]
        assert said[0].body["text"].startswith("CALL 999"), where
        assert said[0].status in ("sent", "delivered"), where
        assert {row.kind for row in said} == {"emergency"}, where
        talk = (await line.read(Conversation, id=addresses[address]))[0]
        assert talk.flow == "overdose", where
    answered = [f.contact_id for f in await line.read(Fact) if f.fact == "EmergencyAnswered"]
    assert sorted(answered) == sorted(addresses[address] for address in people)


async def test_the_flow_in_progress_is_picked_up_afterwards(demo: Kitline) -> None:
    amy = "+447700900101"
    for text in ("KIT", "YES", "YES", "Someone I know"):
        await demo.say(amy, text)
    await demo.new_messages()
    await demo.say(amy, CRY)
    card, question = [said.text for to, said, _ in await demo.new_messages() if to == amy]
    assert card.startswith("CALL 999")
    assert "Is naloxone there?" in question
    for text in ("here", "no"):
        await demo.say(amy, text)
    await demo.new_messages()
    await demo.say(amy, "nothing now")
    texts = [said.text for to, said, _ in await demo.new_messages() if to == amy]
    assert texts[-1].startswith("Back to where we were.\nWhere are you?")
    flags = [flag.kind for flag in await demo.read(Flag)]
    assert flags == ["emergency_over"]


async def test_the_same_line_within_half_a_minute_is_answered_once(demo: Kitline) -> None:
    amy = "+447700900101"
    for seconds, cards in ((0, 1), (10, 0), (21, 1)):
        demo.clock.move_to(demo.clock.now() + timedelta(seconds=seconds))
        await demo.say(amy, CRY)
        texts = [said.text for to, said, _ in await demo.new_messages() if to == amy]
        assert sum(text.startswith("CALL 999") for text in texts) == cards

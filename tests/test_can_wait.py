"""What a coordinator is told that can wait: by day, together, less and less often, never lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.models import Flag, Service, Staff
from handlers import flags
from handlers.engine.turn import Scene
from tests.harness import Kitline, kitline

ROBIN, PAT = "+447700900051", "+447700900052"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NIGHT = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)


@pytest.fixture
async def line(
    sqlite_url: str, secret_key: str, gazetteer: Any, fixed_codes: Any
) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer) as opened:
        yield opened


async def told(line: Kitline) -> list[tuple[datetime, str, str]]:
    """What the coordinators were texted of flags since the last look."""
    await line.settle()
    return [
        (row.created_at, address, message.text)
        for address, message, row in await line.new_messages()
        if row.kind == "flag"
    ]


async def in_a_turn(line: Kitline, do: Callable[[Scene, Service], Any]) -> None:
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        scene = Scene(work, line.app.engine.world)
        service = (await work.find(Service, slug="grimsby"))[0]
        await do(scene, service)
        scene.close()
        await work.flush()


async def raised(line: Kitline, *kinds: str) -> None:
    async def do(scene: Scene, service: Service) -> None:
        for kind in kinds:
            await flags.raise_flag(scene, service, kind)

    await in_a_turn(line, do)


async def hours_of(line: Kitline, **hours: str) -> None:
    async def do(scene: Scene, service: Service) -> None:
        for staff in await scene.work.find(Staff, service_id=service.id):
            if staff.name in hours:
                scene.work.save(replace(staff, hours=hours[staff.name]))

    await in_a_turn(line, do)


async def test_it_is_said_after_one_two_four_and_then_every_seven_days(line: Kitline) -> None:
    await raised(line, "complaint")
    start = line.clock.now()
    await line.wait(31 * DAY)
    heard = [(at - start, who) for at, who, text in await told(line) if "complaint" in text]
    days = [0, 1, 3, 7, 14, 21, 28]
    assert heard == [(n * DAY, (ROBIN, PAT)[i % 2]) for i, n in enumerate(days)]


async def test_what_is_due_at_once_is_one_text(line: Kitline) -> None:
    await raised(line, "complaint", "hotspot", "rest", "loop", "refusal")
    [(_, who, text)] = await told(line)
    assert who == ROBIN
    assert "5 things wait, none of them urgent." in text
    assert "; and 2 more. SHOW" in text
    first = (await line.read(Flag))[:3]
    assert all(f"{flag.ref}: " in text for flag in first)
    await line.wait(DAY)
    assert [(who, "5 things" in text) for _, who, text in await told(line)] == [(PAT, True)]


async def test_what_is_urgent_has_a_text_of_its_own_at_once_and_goes_on_as_ever(
    line: Kitline,
) -> None:
    await raised(line, "complaint", "hotspot", "crisis", "child")
    texts = [text for _, _, text in await told(line)]
    assert len(texts) == 3
    assert sum("none of them urgent" in text for text in texts) == 1
    await line.wait(timedelta(minutes=15))
    later = [text for _, _, text in await told(line)]
    assert len(later) == 2
    assert all("crisis" in text or "child" in text for text in later)


async def test_at_night_nobody_is_told_till_the_morning(line: Kitline) -> None:
    line.clock.move_to(NIGHT)
    await raised(line, "complaint", "hotspot")
    assert await told(line) == []
    assert {flag.status for flag in await line.read(Flag)} == {"open"}
    await line.say(ROBIN, "REQUESTS")
    assert "2 open" in (await line.new_messages())[-1][1].text
    await line.wait(9 * HOUR)
    assert [(at, who) for at, who, _ in await told(line)] == [(NIGHT + 9 * HOUR, ROBIN)]


async def test_an_emergency_is_told_at_night(line: Kitline) -> None:
    line.clock.move_to(NIGHT)
    await raised(line, "emergency")
    assert len(await told(line)) == 1


@pytest.mark.parametrize(
    ("robin", "pat", "when", "who"),
    [
        ("Mo-Fr 06:00-09:00", "off", 9 * HOUR, ROBIN),  # their hours begin in the night
        ("Mo-Fr 06:00-07:00", "Mo-Fr 13:00-14:00", 14 * HOUR, PAT),
        ("Mo-Su 22:00-24:00", "off", 0 * HOUR, ROBIN),  # a team that works by night alone
        ("Mo-Su 02:00-05:00", "off", 3 * HOUR, ROBIN),
    ],
)
async def test_hours_and_the_night(
    line: Kitline, robin: str, pat: str, when: timedelta, who: str
) -> None:
    await hours_of(line, Robin=robin, Pat=pat, Alex="off")
    line.clock.move_to(NIGHT)
    await raised(line, "complaint")
    await line.wait(20 * HOUR)
    heard = [(at - NIGHT, to) for at, to, text in await told(line) if "complaint" in text]
    assert heard[0] == (when, who)


async def test_again_while_it_is_open_is_told_once_the_next_day(line: Kitline) -> None:
    await raised(line, "loop")
    await line.wait(3 * DAY)
    before = len([text for _, _, text in await told(line) if "very many" in text])
    assert before == 3
    for _ in range(3):
        await raised(line, "loop")
    assert await told(line) == []
    start = line.clock.now()
    await line.wait(2 * DAY)
    heard = [at - start for at, _, text in await told(line) if "very many" in text]
    assert heard == [DAY]
    assert len(await line.read(Flag, kind="loop")) == 1


async def test_who_took_them_is_reminded_by_day_and_once_for_all(line: Kitline) -> None:
    await raised(line, "complaint", "hotspot")
    await told(line)
    start = line.clock.now()

    async def take(scene: Scene, service: Service) -> None:
        [robin] = await scene.work.find(Staff, service_id=service.id, name="Robin")
        for flag in await scene.work.find(Flag, service_id=service.id, status="open"):
            assert flags.take_flag(scene, flag, robin) == start + DAY

    await in_a_turn(line, take)
    await line.wait(4 * DAY)
    heard = [(at - start, who, text) for at, who, text in await told(line) if "2 things" in text]
    assert [(at, who) for at, who, _ in heard] == [(DAY, ROBIN), (3 * DAY, ROBIN)]
    assert all("(Robin)" in text for _, _, text in heard)


async def test_what_was_with_somebody_who_has_gone_is_asked_of_the_others(line: Kitline) -> None:
    await raised(line, "complaint")
    await told(line)

    async def take_and_go(scene: Scene, service: Service) -> None:
        [robin] = await scene.work.find(Staff, service_id=service.id, name="Robin")
        [flag] = await scene.work.find(Flag, service_id=service.id, status="open")
        flags.take_flag(scene, flag, robin)
        scene.work.save(replace(robin, status="left"))

    await in_a_turn(line, take_and_go)
    await line.wait(DAY)
    assert [who for _, who, text in await told(line) if "complaint" in text] == [PAT]
    [flag] = await line.read(Flag, kind="complaint")
    assert (flag.status, flag.staff_id) == ("open", None)


async def test_what_is_done_is_not_said_again(line: Kitline) -> None:
    await raised(line, "complaint", "hotspot")
    await told(line)

    async def close_one(scene: Scene, service: Service) -> None:
        [flag] = await scene.work.find(Flag, service_id=service.id, kind="hotspot")
        flags.close_flag(scene, flag)

    await in_a_turn(line, close_one)
    await line.wait(DAY)
    texts = [text for _, _, text in await told(line) if "top-up" not in text]
    assert len(texts) == 1
    assert "a data complaint" in texts[0]

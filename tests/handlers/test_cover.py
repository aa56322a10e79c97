"""Gaps in who can give a kit: hours ahead, forms, districts out of reach; told once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.models import Flag, Outlet, Peer
from db.reference.districts import Outcode
from db.reference.gazetteer import Gazetteer
from handlers.services.cover import (
    Gap,
    Giver,
    gap_words,
    gives,
    hours_ahead,
    missing,
    read,
    written,
)
from handlers.services.rules import Rules
from tests.handlers.made import HERE, KM, NIGHT, NOON, candidate
from tests.harness import Kitline, kitline

RULES = Rules()
HOUR = timedelta(hours=1)
SPRAY, BOTH = frozenset({"nasal"}), frozenset({"nasal", "injectable"})


def district(name: str, km: float, r90_km: float = 1.0) -> Outcode:
    """A district whose middle is so far to the north."""
    return Outcode(name, HERE[0] + km * KM, HERE[1], r90_km, name, "", "England")


def giver(forms: frozenset[str], reach_km: float = 5.0) -> Giver:
    return Giver(*HERE, reach_km, forms)


@pytest.mark.parametrize(
    ("givers", "gaps"),
    [
        ([], [("injectable", ""), ("nasal", "")]),
        ([giver(SPRAY)], [("injectable", ""), ("nasal", "FAR")]),
        ([giver(BOTH)], [("injectable", "FAR"), ("nasal", "FAR")]),
        ([giver(BOTH, 9.5)], []),  # a part of the district lies within reach
        ([giver(SPRAY), giver(BOTH, 20.0)], []),
    ],
)
def test_what_is_missing_where(givers: list[Giver], gaps: list[tuple[str, str]]) -> None:
    districts = [district("NEAR", 2), district("FAR", 10)]
    assert sorted(missing(("nasal", "injectable"), districts, givers)) == gaps


@pytest.mark.parametrize(
    ("now", "rules", "hours"),
    [
        (NOON, {"coverage_hours": 2}, [12, 13, 14]),
        (NOON.replace(minute=20), {"coverage_hours": 2}, [12, 13, 14]),
        (NOON.replace(hour=20), {"coverage_hours": 4}, [20, 21]),  # the night is left out
        (NIGHT, {"coverage_hours": 3}, []),
        (NOON.replace(hour=6), {"coverage_hours": 3}, [8, 9]),
    ],
)
def test_the_hours_looked_at(now: datetime, rules: dict[str, Any], hours: list[int]) -> None:
    assert [at.hour for at in hours_ahead(now, Rules(**rules))] == hours


@pytest.mark.parametrize(
    ("values", "later", "can"),
    [
        ({}, 0, True),
        ({"duty_until": NOON + HOUR}, 0, True),
        ({"duty_until": NOON + HOUR}, 1, False),
        ({"duty": "rota", "rota": "Tu 13:00-15:00"}, 0, False),
        ({"duty": "rota", "rota": "Tu 13:00-15:00"}, 1, True),
        ({"rest_until": NOON + HOUR}, 0, False),
        ({"rest_until": NOON + HOUR}, 1, True),
        ({"status": "paused"}, 0, False),
        ({"reachable": False}, 0, False),
        ({"available": {}}, 0, False),
        ({"trained_until": None}, 0, False),
        ({"checked_until": NOON.date() - timedelta(days=1)}, 0, False),
    ],
)
def test_who_counts_at_that_hour(values: dict[str, Any], later: int, can: bool) -> None:
    service: Any = type("S", (), {"nation": "England"})
    assert gives(candidate(**values), NOON + later * HOUR, service, RULES) is can


def test_as_a_flag_keeps_them_and_as_they_are_said() -> None:
    found = [Gap("injectable", "", 18), Gap("nasal", "DN32", 20), Gap("nasal", "DN33", 20)]
    assert read(written(found)) == found
    assert read(written([])) == []
    said = gap_words("en", found)
    assert said == "from 18:00 no injection kit anywhere; from 20:00 no nose spray near DN32, DN33"
    many = [Gap("nasal", f"D{n}", n) for n in range(9, 14)]
    assert gap_words("en", many).endswith("near D11 ...")


# --- what the coordinator hears ----------------------------------------------------------------

PEERS = ("+447700900011", "+447700900012", "+447700900013", "+447700900014")
ROBIN = "+447700900051"


@pytest.fixture
async def line(sqlite_url: str, secret_key: str, gazetteer: Gazetteer) -> AsyncIterator[Kitline]:
    start = datetime(2026, 11, 24, 7, 50, tzinfo=UTC)
    async with kitline(sqlite_url, secret_key, gazetteer, now=start) as found:
        yield found


async def told(line: Kitline) -> list[str]:
    """What the coordinator was newly told of gaps."""
    new = await line.new_messages()
    return [m.text for to, m, _ in new if to == ROBIN and "soon nobody can give" in m.text]


async def all_outlets_close(line: Kitline) -> None:
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        for shop in await work.find(Outlet):
            work.save(replace(shop, status="paused"))
        await work.flush()


async def peers_have(line: Kitline, **values: Any) -> None:
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        for peer in await work.find(Peer):
            work.save(replace(peer, **values))
        await work.flush()


async def test_a_gap_is_told_once_and_again_only_when_it_grows(line: Kitline) -> None:
    await all_outlets_close(line)
    await line.wait(timedelta(minutes=20))  # 8:00, the first look of the day: nothing is missing
    assert not await told(line)
    await peers_have(line, radius_km=2.0)
    await line.wait(timedelta(hours=8))  # the look at 15:30
    (first,) = await told(line)
    assert "near DN" in first
    await line.wait(timedelta(hours=17))  # the look of the next morning: no news
    assert not await told(line)
    await peers_have(line, status="paused")
    await line.wait(timedelta(hours=8))
    (worse,) = await told(line)
    assert "no nose spray anywhere" in worse
    await peers_have(line, status="active", radius_km=9.0)
    await line.wait(timedelta(hours=17))
    assert not await told(line)
    assert {flag.status for flag in await line.read(Flag, kind="coverage")} == {"done"}
    await peers_have(line, radius_km=2.0)
    await line.wait(timedelta(hours=8))
    assert len(await told(line)) == 1  # it was mended in between, so it is news again

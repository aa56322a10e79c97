"""By night: every promise belongs to somebody, every sum can be. By day: who must look is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.models import Fact, Flag, Movement, RequestStatus, Timer
from handlers.contents import FLOWS
from handlers.engine.turn import Scene, World
from handlers.services import requests
from handlers.services.supplies import receive, release, reserve
from handlers.stock_check import morning_look, night_look
from tests.handlers.made import NOON
from tests.handlers.shelf import SOON, Shelf

MORNING = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)


async def look(shelf: Shelf) -> Scene:
    scene = Scene(shelf.work, World(FLOWS, None))
    await night_look(scene, shelf.service)
    return scene


def flags(shelf: Shelf, kind: str = "stock_wrong") -> list[Flag]:
    return [flag for flag in shelf.work.added(Flag) if flag.kind == kind]


async def promised(shelf: Shelf, **changes: Any) -> None:
    """A kit promised to a meeting of this peer's, and then the request is ``changes``."""
    await shelf.fill(("nasal", "A", SOON, 2))
    request = await shelf.request()
    await reserve(shelf.work, shelf.holder, request)
    about = {"status": RequestStatus.ACCEPTED, "peer_id": shelf.holder.id, **changes}
    shelf.work.save(replace(request, **about))


async def test_a_promise_to_an_open_meeting_is_kept(shelf: Shelf) -> None:
    await promised(shelf)
    await look(shelf)
    assert await shelf.sums() == {"A": (2, 1)}
    assert flags(shelf) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"closed_at": NOON, "status": RequestStatus.CANCELLED},
        {"peer_id": None, "status": RequestStatus.OPEN},
        {"peer_id": "other"},
    ],
    ids=["closed", "gone on", "with another peer"],
)
async def test_a_promise_nobody_needs_goes_back(shelf: Shelf, changes: dict[str, Any]) -> None:
    if changes.get("peer_id") == "other":
        changes = {"peer_id": shelf.other.id}
    await promised(shelf, **changes)
    await look(shelf)
    assert await shelf.sums() == {"A": (2, 0)}
    (flag,) = flags(shelf)
    assert (flag.about, flag.due_at, flag.asked) == (f"peer:{shelf.holder.id}", MORNING, ())
    assert "PromiseReleased" in {fact.fact for fact in shelf.work.added(Fact)}
    await look(shelf)  # the next night: nothing is left to do, and nobody is told twice
    assert flags(shelf) == [flag]
    await shelf.work.flush()
    assert (await shelf.work.need(Timer, f"flag:{flag.id}")).due_at == MORNING


async def test_a_promise_made_and_put_back_is_nothing(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 2))
    request = await shelf.request()
    await reserve(shelf.work, shelf.holder, request)
    await release(shelf.work, request)
    requests.close(shelf.work, request, RequestStatus.CANCELLED)
    await look(shelf)
    assert flags(shelf) == []


@pytest.mark.parametrize(("quantity", "reserved"), [(-1, 0), (0, -1), (1, 2)])
async def test_a_sum_that_cannot_be_is_told(shelf: Shelf, quantity: int, reserved: int) -> None:
    shelf.work.save(
        Movement(
            id=shelf.work.new_id(),
            service_id=shelf.service.id,
            holder_kind="peer",
            holder_id=shelf.holder.id,
            product="nasal",
            batch="A",
            expiry=SOON,
            quantity=quantity,
            reserved=reserved,
            kind="counted",
            at=NOON,
        )
    )
    await look(shelf)
    assert [flag.about for flag in flags(shelf)] == [f"peer:{shelf.holder.id}"]


async def test_the_store_runs_low_like_anybody(shelf: Shelf) -> None:
    scene = Scene(shelf.work, World(FLOWS, None))
    await morning_look(scene, shelf.service)
    assert flags(shelf, "top_up") == []  # nobody ever held a kit
    await receive(shelf.work, shelf.store, "nasal", "A", SOON, 1)
    await morning_look(scene, shelf.service)
    assert [f.about for f in flags(shelf, "top_up")] == [f"service:{shelf.service.id}"]
    await receive(shelf.work, shelf.store, "nasal", "A", SOON, 9)
    await night_look(scene, shelf.service)
    assert [f.status for f in flags(shelf, "top_up")] == ["done"]


async def test_a_top_up_nobody_brought_is_asked_for_again_after_a_week(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 1))
    for days, so_many in ((0, 1), (1, 1), (6, 1), (7, 2)):
        shelf.work.now = NOON + timedelta(days=days)
        await morning_look(Scene(shelf.work, World(FLOWS, None)), shelf.service)
        found = await shelf.work.find(Flag, kind="top_up")
        assert len(found) == so_many, days
        shelf.work.save(replace(found[-1], status="done"))

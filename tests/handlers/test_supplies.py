"""Kits changing hands: stock is the sum of its movements, and never below nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from db.models import Movement, Supply
from handlers.services.supplies import (
    NoStock,
    To,
    issue,
    lines_of,
    pick,
    pick_several,
    receive,
    release,
    reserve,
    reserved_for,
    reverse,
)
from tests.handlers.shelf import GONE, LATER, SOON, TODAY, Shelf

TO = To("friend_family", "DN31")


async def test_stock_is_the_sum_of_what_came_and_went(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 2), ("nasal", "A", SOON, 1), ("nasal", "B", LATER, 1))
    assert await shelf.sums() == {"A": (3, 0), "B": (1, 0)}
    (first, _) = await lines_of(shelf.work, shelf.holder)
    await issue(shelf.work, shelf.holder, first, 2, TO)
    assert await shelf.sums() == {"A": (1, 0), "B": (1, 0)}


@pytest.mark.parametrize("quantity", [0, -1])
async def test_nothing_is_not_received(shelf: Shelf, quantity: int) -> None:
    with pytest.raises(ValueError, match="above nothing"):
        await receive(shelf.work, shelf.holder, "nasal", "A", SOON, quantity)


@pytest.mark.parametrize(
    ("kits", "product", "quantity", "batch"),
    [
        ([("nasal", "A", LATER, 1), ("nasal", "B", SOON, 1)], "nasal", 1, "B"),
        ([("nasal", "A", GONE, 5), ("nasal", "B", LATER, 1)], "nasal", 1, "B"),
        ([("nasal", "A", TODAY, 1)], "nasal", 1, "A"),
        ([("nasal", "A", SOON, 1), ("nasal", "B", LATER, 2)], "nasal", 2, "B"),
        ([("injectable", "A", SOON, 1), ("nasal", "B", LATER, 1)], "nasal", 1, "B"),
        ([("injectable", "A", SOON, 1), ("nasal", "B", LATER, 1)], "either", 1, "A"),
        ([("nasal", "A", None, 1), ("nasal", "B", LATER, 1)], "nasal", 1, "B"),
        ([("nasal", "A", GONE, 5)], "nasal", 1, None),
        ([("nasal", "A", SOON, 1)], "nasal", 2, None),
        ([("nasal", "A", SOON, 1)], "injectable", 1, None),
        ([], "either", 1, None),
    ],
)
async def test_which_batch_is_taken(
    shelf: Shelf, kits: list[Any], product: str, quantity: int, batch: str | None
) -> None:
    await shelf.fill(*kits)
    if batch is None:
        with pytest.raises(NoStock):
            await pick(shelf.work, shelf.holder, product, quantity)
    else:
        assert (await pick(shelf.work, shelf.holder, product, quantity)).batch == batch


async def test_a_promise_is_kept_apart_and_put_back(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 1))
    request = await shelf.request()
    await reserve(shelf.work, shelf.holder, request)
    assert await shelf.sums() == {"A": (1, 1)}
    with pytest.raises(NoStock):
        await reserve(shelf.work, shelf.holder, await shelf.request())
    await release(shelf.work, request)
    await release(shelf.work, request)  # twice is once
    assert await shelf.sums() == {"A": (1, 0)}
    assert await reserved_for(shelf.work, request) == []


async def test_what_is_promised_is_not_given_to_somebody_else(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 1))
    line = await reserve(shelf.work, shelf.holder, await shelf.request())
    with pytest.raises(NoStock):
        await issue(shelf.work, shelf.holder, line, 1, TO)


async def test_a_supply_uses_up_its_promise(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))
    request = await shelf.request(quantity=2)
    line = await reserve(shelf.work, shelf.holder, request)
    supply = await issue(shelf.work, shelf.holder, line, 2, TO, request=request)
    assert await shelf.sums() == {"A": (1, 0)}
    assert (supply.quantity, supply.batch, supply.request_id) == (2, "A", request.id)
    moved = [m for m in shelf.work.added(Movement) if m.kind == "issued"]
    assert [(m.quantity, m.reserved, m.supply_id) for m in moved] == [(-2, -2, supply.id)]


async def test_more_than_there_is_cannot_be_issued(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 1))
    (line,) = await lines_of(shelf.work, shelf.holder)
    with pytest.raises(NoStock):
        await issue(shelf.work, shelf.holder, line, 2, TO)
    shelf.work.undo(0)


async def test_a_mistake_is_put_right_by_a_row_against_it(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 2))
    (line,) = await lines_of(shelf.work, shelf.holder)
    supply = await issue(shelf.work, shelf.holder, line, 1, TO)
    against = await reverse(shelf.work, supply, by_contact_id=None)
    assert (against.reverses, against.quantity) == (supply.id, -1)
    assert await shelf.sums() == {"A": (2, 0)}
    assert sum(s.quantity for s in shelf.work.added(Supply)) == 0


async def test_a_supply_of_the_last_kit_can_be_put_right(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 1))
    (line,) = await lines_of(shelf.work, shelf.holder)
    await reverse(shelf.work, await issue(shelf.work, shelf.holder, line, 1, TO), None)
    assert await shelf.sums() == {"A": (1, 0)}


@pytest.mark.parametrize(
    ("kits", "quantity", "taken"),
    [
        ([("nasal", "A", SOON, 1), ("nasal", "B", LATER, 2)], 2, {"B": 2}),  # one has enough
        ([("nasal", "A", SOON, 1), ("nasal", "B", LATER, 2)], 3, {"A": 1, "B": 2}),
        ([("nasal", "A", SOON, 2), ("nasal", "B", LATER, 2)], 3, {"A": 2, "B": 1}),
        ([("nasal", "A", GONE, 1), ("nasal", "B", LATER, 1)], 2, None),
        ([("nasal", "A", SOON, 1), ("injectable", "B", LATER, 1)], 2, None),  # of one kind
    ],
)
async def test_several_batches_where_none_has_enough(
    shelf: Shelf, kits: list[Any], quantity: int, taken: dict[str, int] | None
) -> None:
    await shelf.fill(*kits)
    if taken is None:
        with pytest.raises(NoStock):
            await pick_several(shelf.work, shelf.holder, "either", quantity)
        return
    shares = await pick_several(shelf.work, shelf.holder, "either", quantity)
    assert {line.batch: n for line, n in shares} == taken


async def test_a_kit_runs_out_at_midnight_here_in_summer_too(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", date(2027, 6, 30), 1))
    await shelf.flush_at(datetime(2027, 6, 30, 22, 59, tzinfo=UTC))
    assert (await pick(shelf.work, shelf.holder, "nasal", 1)).batch == "A"
    shelf.work.now = datetime(2027, 6, 30, 23, 1, tzinfo=UTC)  # one minute past midnight
    with pytest.raises(NoStock):
        await pick(shelf.work, shelf.holder, "nasal", 1)

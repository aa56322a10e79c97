"""What holders say of their own kits: the sums, what is refused, what a slip leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from db.models import Movement, Supply
from db.stock import StockLine, frozen_batches, is_stale, stock_of
from handlers.services.batches import as_known, nearly_recalled, spellings
from handlers.services.stock_moves import (
    confirm,
    count,
    last_entry,
    promised_to,
    take_back,
    take_out,
    transfer,
)
from handlers.services.supplies import (
    NoStock,
    To,
    issue,
    line_of,
    lines_of,
    pick,
    receive,
    release,
    reserve,
    reverse,
)
from tests.handlers.made import NOON
from tests.handlers.shelf import GONE, LATER, SOON, Shelf

TO = To("friend_family", "DN31")
DAY = timedelta(days=1)


@pytest.mark.parametrize(("found", "difference"), [(5, 2), (3, 0), (0, -3)])
async def test_a_count_sets_the_truth(shelf: Shelf, found: int, difference: int) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))
    moved = await count(shelf.work, shelf.holder, await shelf.line("A"), found)
    assert (moved.kind, moved.quantity) == ("counted", difference)
    assert await shelf.sums() == {"A": (found, 0)}


async def test_a_count_below_what_is_promised_is_refused(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))
    request = await shelf.request(quantity=2)
    await reserve(shelf.work, shelf.holder, request)
    line = await shelf.line("A")
    with pytest.raises(NoStock) as why:
        await count(shelf.work, shelf.holder, line, 1)
    assert why.value.reason == "promised"
    assert await promised_to(shelf.work, shelf.holder, line) == [request]
    await release(shelf.work, request)
    assert await promised_to(shelf.work, shelf.holder, line) == []
    await count(shelf.work, shelf.holder, await shelf.line("A"), 1)
    assert await shelf.sums() == {"A": (1, 0)}


@pytest.mark.parametrize("kind", ["lost", "expired", "recalled"])
@pytest.mark.parametrize(("quantity", "reason"), [(1, ""), (2, ""), (3, "promised"), (4, "none")])
async def test_what_goes_out_of_a_bag(shelf: Shelf, kind: str, quantity: int, reason: str) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))
    await reserve(shelf.work, shelf.holder, await shelf.request())
    line = await shelf.line("A")
    if reason:
        with pytest.raises(NoStock) as why:
            await take_out(shelf.work, shelf.holder, line, kind, quantity)
        assert why.value.reason == reason
        assert await shelf.sums() == {"A": (3, 1)}
    else:
        await take_out(shelf.work, shelf.holder, line, kind, quantity)
        assert await shelf.sums() == {"A": (3 - quantity, 1)}


@pytest.mark.parametrize("quantity", [0, -1])
async def test_nothing_is_not_moved(shelf: Shelf, quantity: int) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))
    line = await shelf.line("A")
    with pytest.raises(ValueError, match="above nothing"):
        await take_out(shelf.work, shelf.holder, line, "lost", quantity)
    with pytest.raises(ValueError, match="above nothing"):
        await receive(shelf.work, shelf.holder, "nasal", "A", SOON, quantity, "returned")
    with pytest.raises(ValueError, match="two holders"):
        await transfer(shelf.work, shelf.holder, shelf.other, line, quantity)
    with pytest.raises(ValueError, match="two holders"):
        await transfer(shelf.work, shelf.holder, shelf.holder, line, 1)


async def test_what_is_brought_back_is_there_again(shelf: Shelf) -> None:
    await receive(shelf.work, shelf.holder, "nasal", "A", SOON, 1, "returned")
    await receive(shelf.work, shelf.holder, "nasal", "A", SOON, 2, "returned")
    assert await shelf.sums() == {"A": (3, 0)}


async def test_a_transfer_sums_to_nothing(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))
    transfer_id = await transfer(shelf.work, shelf.holder, shelf.other, await shelf.line("A"), 2)
    assert (await shelf.sums(), await shelf.sums(shelf.other)) == ({"A": (1, 0)}, {"A": (2, 0)})
    sides = [m for m in shelf.work.added(Movement) if m.transfer_id == transfer_id]
    assert [m.quantity for m in sides] == [-2, 2]


async def test_what_is_promised_is_not_passed_on(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 1))
    await reserve(shelf.work, shelf.holder, await shelf.request())
    with pytest.raises(NoStock):
        await transfer(shelf.work, shelf.holder, shelf.other, await shelf.line("A"), 1)
    assert await shelf.sums(shelf.other) == {}


# --- how old what we know is -------------------------------------------------------------------


async def test_a_promise_says_nothing_of_what_is_in_the_bag(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))
    await shelf.flush_at(NOON + 2 * DAY)
    request = await shelf.request()
    await reserve(shelf.work, shelf.holder, request)
    await release(shelf.work, request)
    assert (await shelf.line("A")).as_of == NOON
    await confirm(shelf.work, shelf.holder)
    assert (await shelf.line("A")).as_of == NOON + 2 * DAY
    await shelf.flush_at(NOON + 3 * DAY)
    assert (await shelf.line("A")).as_of == NOON + 2 * DAY
    await issue(shelf.work, shelf.holder, await shelf.line("A"), 1, TO)
    assert (await shelf.line("A")).as_of == NOON + 3 * DAY


async def test_everything_is_as_the_list_says(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3), ("nasal", "B", LATER, 1))
    assert await confirm(shelf.work, shelf.holder) == 2
    assert await shelf.sums() == {"A": (3, 0), "B": (1, 0)}
    assert await confirm(shelf.work, shelf.other) == 0


def line(quantity: int, days_ago: int | None) -> StockLine:
    as_of = None if days_ago is None else NOON - days_ago * DAY
    return StockLine("peer", 1, "nasal", "A", SOON, quantity, 0, as_of)


@pytest.mark.parametrize(
    ("lines", "stale"),
    [
        ([], False),
        ([line(1, 0)], False),
        ([line(1, 30)], False),
        ([line(1, 31)], True),
        ([line(1, 0), line(1, 31)], True),
        ([line(0, 31)], False),
        ([line(1, None)], True),
    ],
)
def test_stock_nobody_spoke_of_for_30_days_is_stale(lines: list[StockLine], stale: bool) -> None:
    assert is_stale(lines, NOON, 30) is stale


# --- a recalled batch --------------------------------------------------------------------------


async def test_a_recalled_batch_is_neither_promised_nor_given(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3), ("nasal", "B", LATER, 1))
    request = await shelf.request()
    promised = await reserve(shelf.work, shelf.holder, request)
    shelf.recall("nasal", "A")
    assert (await shelf.line("A")).available == 0
    assert (await pick(shelf.work, shelf.holder, "nasal", 1)).batch == "B"
    for who in (shelf.holder, shelf.other):
        with pytest.raises(NoStock) as why:
            await pick(shelf.work, who, "nasal", 2)
        assert why.value.reason == ("frozen" if who == shelf.holder else "none")
    with pytest.raises(NoStock, match="frozen"):
        await issue(shelf.work, shelf.holder, promised, 1, TO, request=request)


async def test_a_recalled_batch_goes_to_the_store_only(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))
    shelf.recall("nasal", "A")
    with pytest.raises(NoStock, match="frozen"):
        await transfer(shelf.work, shelf.holder, shelf.other, await shelf.line("A"), 1)
    await transfer(shelf.work, shelf.holder, shelf.store, await shelf.line("A"), 1)
    await take_out(shelf.work, shelf.holder, await shelf.line("A"), "recalled", 2)
    assert (await shelf.sums(), await shelf.sums(shelf.store)) == ({"A": (0, 0)}, {"A": (1, 0)})


async def test_a_recall_that_ended_freezes_nothing(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))
    recall = shelf.recall("nasal", "A")
    assert (await shelf.line("A")).frozen
    shelf.work.save(replace(recall, status="ended"))
    assert not (await shelf.line("A")).frozen


OWN = [{"id": "nyxoid", "form": "nasal"}, {"id": "prenoxad", "form": "injectable"}]


@pytest.mark.parametrize(
    ("recalled", "product", "frozen"),
    [
        ("nasal", "nasal", True),
        ("nasal", "injectable", False),
        ("nasal", "nyxoid", True),  # the form, and so every product of it
        ("nyxoid", "nyxoid", True),
        ("nyxoid", "nasal", True),  # whose make nobody noted
        ("nyxoid", "prenoxad", False),
        ("prenoxad", "nasal", False),
    ],
)
async def test_which_product_a_recall_freezes(
    shelf: Shelf, recalled: str, product: str, frozen: bool
) -> None:
    shelf.rules(products=OWN)
    await shelf.fill((product, "A1", SOON, 1))
    shelf.recall(recalled, "a1")
    assert (await shelf.line("A1", product=product)).frozen is frozen
    assert ((product, "A1") in await frozen_batches(shelf.work, shelf.service.id)) is frozen


@pytest.mark.parametrize("written", ["N2700", "N-2700", "LOT N2700", "N27OO", "N 2700"])
async def test_a_recall_freezes_a_batch_however_it_is_written(shelf: Shelf, written: str) -> None:
    await shelf.fill(("nasal", written, SOON, 1), ("nasal", "N2701", SOON, 1))
    assert await as_known(shelf.work, shelf.service.id, written) == written
    shelf.recall("nasal", "N2700")
    assert (await shelf.line(written)).frozen
    assert not (await shelf.line("N2701")).frozen
    assert await as_known(shelf.work, shelf.service.id, written) == "N2700"
    assert written in await spellings(shelf.work, shelf.service.id, ("N2700",))


async def test_what_one_slip_makes_of_a_recalled_batch_is_asked(shelf: Shelf) -> None:
    shelf.recall("nasal", "N2700")
    await shelf.fill(("nasal", "N2701", SOON, 1))
    near = [
        await nearly_recalled(shelf.work, shelf.service.id, n) for n in ("N2709", "N2701", "X9")
    ]
    assert near == ["N2700", "", ""]


async def test_what_is_over_is_not_given_out(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", GONE, 3))
    with pytest.raises(NoStock, match="over"):
        await pick(shelf.work, shelf.holder, "nasal", 1)
    with pytest.raises(NoStock, match="over"):
        await issue(shelf.work, shelf.holder, await shelf.line("A", expiry=GONE), 1, TO)


# --- a slip ------------------------------------------------------------------------------------


async def test_the_last_entry_is_taken_back_and_then_the_one_before(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3), by=shelf.me)
    await count(shelf.work, shelf.holder, await shelf.line("A"), 5, shelf.me)
    for left in (3, 0):
        entry = await last_entry(shelf.work, shelf.holder, shelf.me, NOON - DAY)
        await take_back(shelf.work, entry, shelf.me)
        assert await shelf.sums() == {"A": (left, 0)}
    assert await last_entry(shelf.work, shelf.holder, shelf.me, NOON - DAY) == []


async def test_whose_and_how_old_an_entry_may_be(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))  # by staff
    assert await last_entry(shelf.work, shelf.holder, shelf.me, NOON - DAY) == []
    await shelf.fill(("nasal", "B", SOON, 3), by=shelf.me)
    assert await last_entry(shelf.work, shelf.holder, shelf.me, NOON) == []
    assert len(await last_entry(shelf.work, shelf.holder, shelf.me, NOON - DAY)) == 1


async def test_a_supply_is_not_an_entry(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))
    supply = await issue(
        shelf.work, shelf.holder, await shelf.line("A"), 1, TO, by_contact_id=shelf.me
    )
    await reverse(shelf.work, supply, shelf.me)
    assert await last_entry(shelf.work, shelf.holder, shelf.me, NOON - DAY) == []


async def test_a_transfer_taken_back_while_the_kits_are_there(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))
    await transfer(shelf.work, shelf.holder, shelf.other, await shelf.line("A"), 2, shelf.me)
    entry = await last_entry(shelf.work, shelf.holder, shelf.me, NOON - DAY)
    await take_back(shelf.work, entry, shelf.me)
    assert (await shelf.sums(), await shelf.sums(shelf.other)) == ({"A": (3, 0)}, {"A": (0, 0)})


async def test_a_transfer_cannot_be_taken_back_once_they_moved_on(shelf: Shelf) -> None:
    await shelf.fill(("nasal", "A", SOON, 3))
    await transfer(shelf.work, shelf.holder, shelf.other, await shelf.line("A"), 2, shelf.me)
    (there,) = await lines_of(shelf.work, shelf.other)
    await issue(shelf.work, shelf.other, there, 1, TO)
    entry = await last_entry(shelf.work, shelf.holder, shelf.me, NOON - DAY)
    with pytest.raises(NoStock):
        await take_back(shelf.work, entry, shelf.me)
    assert (await shelf.sums(), await shelf.sums(shelf.other)) == ({"A": (1, 0)}, {"A": (1, 0)})


# --- whatever is done in whichever order -------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
async def test_every_kit_is_in_one_place_whatever_is_done(shelf: Shelf, seed: int) -> None:
    """A long, odd evening: nothing below 0 or below its promises, and the books close."""
    dice, holders = Random(seed), (shelf.holder, shelf.other, shelf.store)
    await shelf.fill(("nasal", "A", SOON, 6), ("nasal", "B", LATER, 6))
    requests = [await shelf.request(quantity=n) for n in (1, 2, 3, 1, 2, 3)]
    refused = 0
    for _ in range(120):
        who, other = dice.sample(holders, 2)
        request, quantity = dice.choice(requests), dice.randint(1, 4)
        lines = await lines_of(shelf.work, who)
        its = dice.choice(lines) if lines else await line_of(shelf.work, who, "nasal", "A", SOON)
        act = dice.randrange(9 if len(requests) > 1 else 4)
        mark = shelf.work.mark()
        try:
            if act == 0:
                await transfer(shelf.work, who, other, its, quantity, shelf.me)
            elif act == 1:
                await count(shelf.work, who, its, quantity, shelf.me)
            elif act == 2:
                await take_out(shelf.work, who, its, dice.choice(("lost", "expired")), quantity)
            elif act == 3:
                await receive(shelf.work, who, "nasal", "A", SOON, quantity, "returned")
            elif act == 4:
                await release(shelf.work, request)
                await reserve(shelf.work, who, request)
            elif act == 5:
                await release(shelf.work, request)
            elif act == 6:
                await issue(shelf.work, who, its, request.quantity, TO, request=request)
                requests.remove(request)
            elif act == 7:
                await issue(shelf.work, who, its, quantity, TO)
            else:
                entry = await last_entry(shelf.work, who, shelf.me, NOON - DAY)
                await take_back(shelf.work, entry, shelf.me)
        except NoStock:
            refused += 1
            shelf.work.undo(mark)
        lines = await stock_of(shelf.work, shelf.service.id)
        assert all(0 <= line.reserved <= line.quantity for line in lines)
    moved = shelf.work.added(Movement)
    assert sum(line.quantity for line in lines) == sum(m.quantity for m in moved)
    assert sum(m.quantity for m in moved if m.kind == "transferred") == 0
    given = sum(s.quantity for s in shelf.work.added(Supply))
    assert given == -sum(m.quantity for m in moved if m.kind == "issued")
    assert refused < 100

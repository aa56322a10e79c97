"""A recall of the size and shape of 2022's: 24 batches of one injection, 1,000 kits out.

Batches and dates are those of the National Patient Safety Alert NatPSA/2022/009/MHRA of 10 November
2022 (tests/data/recall_2022.csv; one date was misprinted in the copy and is left empty). Half of
the kits went to people who gave no name; of those 500 packs 25 are asked about by their code, which
makes them reached and leaves 475 with no name. What the recall says of itself is compared with what
the phones got and said.
"""

from __future__ import annotations

import csv
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.commands.recall import Wanted, report, start_recall
from db.models import Flag, Outlet, Peer, Recall, Service
from db.reference.gazetteer import Gazetteer
from db.work import Work
from handlers.services import pack_codes, recalls
from handlers.services.contacts import give_consent, new_contact
from handlers.services.holdings import note
from handlers.services.recalls import Standing
from handlers.services.supplies import (
    To,
    issue,
    line_of,
    outlet_holder,
    peer_holder,
    receive,
    store_holder,
)
from handlers.stock_reading import read_month
from tests.harness import Kitline, kitline

THE_DAY = datetime(2022, 11, 10, 10, 0, tzinfo=UTC)
ALERT = Path(__file__).parent / "data" / "recall_2022.csv"
KIND = "injectable"

NAMED, ANONYMOUS = 500, 500
STOPPED, WITHDRAWN, BLOCKED, BOUNCING, USED = 20, 20, 10, 15, 15
FINE, FAULTY, GONE, SWAPPED = 60, 10, 10, 12
ASKED_BY_CODE = 25

Batches = list[tuple[str, date | None]]


def batches_of_2022() -> Batches:
    with ALERT.open() as file:
        rows = list(csv.DictReader(file))
    return [(row["batch"], read_month(row["expiry"])) for row in rows]


def phone(n: int) -> str:
    return f"+447700900{100 + n}"


@pytest.fixture
async def line(sqlite_url: str, secret_key: str, gazetteer: Gazetteer) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer, "sms", now=THE_DAY) as made:
        yield made


async def test_a_thousand_kits_over_the_24_batches_of_2022(line: Kitline) -> None:
    began = time.process_time()
    batches = batches_of_2022()
    assert len({batch for batch, _ in batches}) == 24
    codes = await kits_go_out(line, batches)
    assert line.twilio
    line.twilio.undeliverable |= {phone(n): "30003" for n in range(70, 70 + BOUNCING)}

    recall = await start(line, batches)
    stands = await standing(line, recall)
    reachable = NAMED - STOPPED - WITHDRAWN - BLOCKED - USED
    assert (stands.out, stands.waiting, stands.opted_out) == (1000, reachable, 40)
    assert (stands.not_reached, stands.gone, stands.anonymous) == (BLOCKED, USED, ANONYMOUS)

    await line.wait(timedelta(minutes=15))
    told_once(line, batches)
    await people_answer(line, codes)
    await line.wait(timedelta(hours=26))

    stands = await standing(line, recall)
    adds_up(stands)
    assert stands.reached == reachable - BOUNCING + ASKED_BY_CODE
    assert stands.not_reached == BLOCKED + BOUNCING
    assert stands.opted_out == STOPPED + WITHDRAWN
    assert stands.anonymous == ANONYMOUS - ASKED_BY_CODE == 475
    assert stands.answers["fine"] == FINE + ASKED_BY_CODE
    assert (stands.answers["faulty"], stands.answers["gone"]) == (FAULTY, GONE)
    assert stands.replaced == SWAPPED
    assert stands.stock == {"peer": 2, "outlet": 4, "service": 13}
    assert stands.handed_in == 3
    flags = await line.read(Flag, kind="recall_not_reached")
    assert [flag.about for flag in flags] == [f"recall:{recall.id}"]
    assert not await line.read(Flag, kind="dead_message")
    print("\n".join(report(recall, stands)), f"\n{time.process_time() - began:.0f} s of work")
    assert time.process_time() - began < 60


def adds_up(stands: Standing) -> None:
    parts = (stands.reached, stands.waiting, stands.not_reached, stands.opted_out)
    assert stands.out == sum(parts) + stands.gone + stands.anonymous
    assert stands.extra == stands.waiting == 0


# --- before ------------------------------------------------------------------------------------


async def kits_go_out(line: Kitline, batches: Batches) -> list[str]:
    """Half to people we know, half to people we do not; returns codes of packs of theirs."""
    codes: list[str] = []
    for at, (batch, expiry) in enumerate(batches):
        async with line.app.db.transaction() as tx:
            work = line.work(tx)
            home = (await work.find(Service, slug="grimsby"))[0]
            named = range(at, NAMED, len(batches))
            nameless = len(range(at, ANONYMOUS, len(batches)))
            await stock_up(work, home, batch, expiry, len(named) + nameless, first=not at)
            await issue_to(work, home, batch, expiry, nameless)
            for n in named:
                supply = await issue_to(work, home, batch, expiry, 1)
                await somebody(work, home, n, batch, expiry, supply)
            packs = await pack_codes.make(work, home.id, KIND, batch, expiry, 2)
            codes += [pack.code for pack in packs]
            await work.flush()
    return codes


async def stock_up(
    work: Work, home: Service, batch: str, expiry: date | None, count: int, *, first: bool
) -> None:
    """The store gets what will go out; a peer, a pharmacy and the store keep some of the first."""
    store = store_holder(home)
    await receive(work, store, KIND, batch, expiry, count)
    if first:
        sam = next(p for p in await work.find(Peer) if p.name == "Sam")
        sea = next(o for o in await work.find(Outlet) if o.name.startswith("Sea"))
        for holder, n in ((peer_holder(sam), 5), (outlet_holder(sea), 4), (store, 10)):
            await receive(work, holder, KIND, batch, expiry, n)
        await receive(work, peer_holder(sam), KIND, "P9001", date(2025, 6, 30), SWAPPED)
        rules = {**home.rules, "asks_per_day": SWAPPED, "asks_per_week": SWAPPED}
        work.save(replace(home, rules=rules))


async def issue_to(work: Work, home: Service, batch: str, expiry: date | None, count: int) -> int:
    store = store_holder(home)
    supply = await issue(
        work, store, await line_of(work, store, KIND, batch, expiry), count, To("self", "DN31")
    )
    return supply.id


async def somebody(
    work: Work, home: Service, n: int, batch: str, expiry: date | None, supply: int
) -> None:
    """The nth person: with a yes to be told, but for those who take it back, stop, or are gone."""
    who = await new_contact(work, "sms", home.sms_line, phone(n), home.id)
    who = work.save(replace(who, adult=True))
    give_consent(work, who, "service", True, "consent.ok")
    give_consent(work, who, "recall", True, "keep_in_touch.recall")
    kit = note(work, who, product=KIND, batch=batch, expiry=expiry, supply_id=supply)
    if n < STOPPED:
        work.save(replace(who, stopped_at=work.now))
    elif n < STOPPED + WITHDRAWN:
        give_consent(work, who, "reminders", True, "keep_in_touch.reminders")
        give_consent(work, who, "recall", False, "word.stop_recall")
    elif n < STOPPED + WITHDRAWN + BLOCKED:
        work.save(replace(who, blocked_at=work.now))
    elif n < STOPPED + WITHDRAWN + BLOCKED + USED:
        work.save(replace(kit, status="used"))


async def start(line: Kitline, batches: Batches) -> Recall:
    """As the command does."""
    wanted = Wanted(
        tuple(batch for batch, _ in batches),
        "",
        "check",
        {"en": "Look inside: are both needles there?"},
        "NatPSA/2022/009/MHRA",
    )
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        home = (await work.find(Service, slug="grimsby"))[0]
        recall, said = await start_recall(line.app, work, home, wanted)
        await work.flush()
    print("\n".join(said))
    return recall


async def standing(line: Kitline, recall: Recall) -> Standing:
    async with line.app.db.read() as tx:
        work = line.work(tx)
        home = await work.need(Service, recall.service_id)
        return await recalls.standing(work, recall, home)


# --- the day itself ----------------------------------------------------------------------------


def told_once(line: Kitline, batches: Batches) -> None:
    """Everybody who can and wants to be told got one text about the very batch they have."""
    assert line.twilio
    got: Counter[str] = Counter()
    for message in line.twilio.sent:
        if found := re.search(r"with (\d{7}) on it", message["body"]):
            got[message["to"]] += 1
            n = int(message["to"][-3:]) - 100
            assert found[1] == batches[n % len(batches)][0]
    left_out = STOPPED + WITHDRAWN + BLOCKED + USED
    assert got == {phone(n): 1 for n in range(left_out, NAMED)}


async def people_answer(line: Kitline, codes: list[str]) -> None:
    """By text: fine, at fault, gone, a new one; and people with no name text the code they read."""
    who = iter(range(100, NAMED))
    for answer, count in (("1", FINE), ("missing", FAULTY), ("3", GONE)):
        for _ in range(count):
            await line.say(phone(next(who)), answer)
    for _ in range(SWAPPED):
        await swaps(line, phone(next(who)))
    for n, code in enumerate(codes[:ASKED_BY_CODE]):
        stranger = f"+447700900{700 + n}"
        await line.say(stranger, pack_codes.show_pack_code(code))
        await line.say(stranger, "fine")
    await line.say("+447700900799", codes[0])  # asked twice, counted once
    await line.say("+447700900799", "fine")
    await line.say("+447700900011", "STOCK GIVE 3 0116917 TEAM")


async def swaps(line: Kitline, number: str) -> None:
    """A new one is asked for, handed over, and has arrived."""
    for text in ("4", "me", "DN31 1AA", "injection", "yes"):
        await line.say(number, text)
    for text in ("ACCEPT", "ISSUED", "no"):
        await line.say("+447700900011", text)
    await line.say(number, "yes")

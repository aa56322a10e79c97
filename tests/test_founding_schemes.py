"""The schemes that Kitline was made for, lived again by text message: nothing is put into the
database behind the engine's back, and the log, the stock and the counts come out exactly so.

North East Lincolnshire: six peers gave out 49 kits and showed 49 people in four weeks, while the
main service gave out 12; four pharmacies held kits beside them. Worcestershire: 1,259 kits in the
first year, at least five of them used. (clinical.md section 9 has the sources.)
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest

from db.reference.gazetteer import Gazetteer
from tests.bot.cli import Cli
from tests.robust import world
from tests.robust.invariants import broken
from tests.robust.scheme import NUMBERS, Place, Scheme, founded

PEER_SAYS = "supplies where by_kind = 'peer'"


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    """The one the world has open already."""
    return world.gazetteer()


@contextmanager
def lived(scheme: Scheme) -> Iterator[None]:
    """Runs a scheme and looks at what must hold at the end of every story."""
    began = time.monotonic()
    try:
        yield
        assert not broken(scheme.world.database)
        assert time.monotonic() - began < 120
    finally:
        scheme.world.close()


def ask(scheme: Scheme, sql: str, *values: Any) -> Any:
    """One value out of the database."""
    with closing(sqlite3.connect(scheme.world.database)) as reading:
        return reading.execute(f"select {sql}", values).fetchone()[0]


def stock_is_right(scheme: Scheme) -> None:
    """What came in less what went out is what everybody's STOCK says."""
    for holder in scheme.peers + scheme.outlets:
        left = scheme.received[holder.number] - scheme.issued[holder.number]
        assert scheme.has(holder) == left, holder.name


GRIMSBY_PEERS = tuple(
    Place(name, NUMBERS.format(11 + n), postcode)
    for n, (name, postcode) in enumerate(
        (
            ("Sam", "DN31 1AA"),
            ("Jo", "DN35 7RH"),
            ("Lee", "DN37 7DL"),
            ("Ash", "DN34 5TH"),
            ("Kit", "DN31 1AA"),
            ("Max", "DN35 7RH"),
        )
    )
)
LACEBY, HEALING, CLEETHORPES, GRIMSBY = (
    Place(f"{town} Pharmacy (invented)", NUMBERS.format(21 + n), postcode)
    for n, (town, postcode) in enumerate(
        (
            ("Laceby", "DN37 7DL"),
            ("Healing", "DN41 7LP"),
            ("Cleethorpes", "DN35 7RH"),
            ("Grimsby", "DN31 1AA"),
        )
    )
)
MAIN_SERVICE = Place("Main service (invented)", NUMBERS.format(25), "DN31 1AA")


def test_four_weeks_in_north_east_lincolnshire(kitline: Cli) -> None:
    shops = dict.fromkeys((LACEBY, HEALING, CLEETHORPES, GRIMSBY), "pharmacy")
    scheme = founded(
        kitline,
        districts="DN31 DN32 DN33 DN34 DN35 DN36 DN37 DN40 DN41",
        peers=GRIMSBY_PEERS,
        outlets={**shops, MAIN_SERVICE: "service"},
        kits=20,
    )
    with lived(scheme):
        given = main = asked = 0
        for day in range(28):
            scheme.world.wait(timedelta(hours=14 if day == 0 else 24))
            due = 49 * (day + 1) // 28 - given  # 49 in 28 days, one at a time
            for _ in range(due):
                peer = GRIMSBY_PEERS[given % 6]
                if given % 3 == 2 and scheme.somebody_asks(peer):
                    asked += 1
                else:
                    scheme.hands_out(peer, 1)
                given += 1
            if day == 9:
                scheme.takes_it_back(GRIMSBY_PEERS[0], 2)
            for _ in range(12 * (day + 1) // 28 - main):
                scheme.shop_gives(MAIN_SERVICE, 1, "me")
                main += 1
        assert asked > 10  # both ways are in it: asked for, and met in the street

        assert ask(scheme, f"sum(quantity) from {PEER_SAYS}") == 49
        shown = "sum(people) from trainings where by_kind = 'peer'"
        assert ask(scheme, shown) == 49  # one beside each kit: never added to 98
        by = "sum(quantity) from supplies s join outlets o on o.id = s.by_id where by_kind='outlet'"
        assert ask(scheme, f"{by} and o.kind = 'service'") == 12
        assert ask(scheme, f"{by} and o.kind = 'pharmacy'") is None
        assert ask(scheme, "count(*) from outlets where kind = 'pharmacy'") == 4
        assert sum(scheme.issued.values()) == 49 + 12
        assert round(49 / 4, 2) == 12.25
        assert len({p.number for p in GRIMSBY_PEERS if scheme.issued[p.number]}) == 6
        stock_is_right(scheme)


WORCESTER_PEERS = tuple(
    Place(name, NUMBERS.format(11 + n), postcode)
    for n, (name, postcode) in enumerate(
        (
            ("Kim", "WR1 2EY"),
            ("Max", "B98 8AA"),
            ("Jo", "WR9 8HA"),
            ("Sam", "B98 8AA"),
            ("Ash", "WR1 2EY"),
            ("Lee", "WR9 8HA"),
        )
    )
)
A_YEAR = 1_259
USES = 5


@pytest.mark.slow
def test_a_year_in_worcestershire(kitline: Cli) -> None:
    scheme = founded(
        kitline,
        districts="WR1 WR2 WR3 WR4 WR5 WR9 B97 B98 B60 B61",
        peers=WORCESTER_PEERS,
        outlets={},
        kits=30,
    )
    with lived(scheme):
        given = asked = used = 0
        for week in range(52):
            scheme.world.wait(timedelta(hours=14) if week == 0 else timedelta(days=7))
            team = WORCESTER_PEERS[: 3 if week < 8 else 6]  # three at the start; the team grew
            for n, peer in enumerate(team):
                if scheme.received[peer.number] - scheme.issued[peer.number] < 20:
                    scheme.restocks(peer, 30, f"N25{week:02d}{n}")
            target = A_YEAR * (week + 1) // 52
            while given < target:
                peer = scheme.chance.choice(team)
                kits = min(target - given, scheme.chance.choice((1, 1, 2, 3)))
                if kits == 1 and asked < 4 * (week + 1) and scheme.somebody_asks(peer):
                    asked += 1
                else:
                    scheme.hands_out(peer, kits)
                given += kits
            if week % 10 == 4:
                scheme.reports_use(NUMBERS.format(100 + used))
                used += 1
                scheme.takes_it_back(team[0], 1)
        assert used == USES
        assert ask(scheme, f"sum(quantity) from {PEER_SAYS}") == A_YEAR
        assert sum(scheme.issued.values()) == A_YEAR
        assert asked > 100
        reports = "count(*) from administrations where outcome = 'better'"
        assert ask(scheme, reports) >= USES
        assert ask(scheme, "sum(people) from trainings") == sum(scheme.trained.values())
        stock_is_right(scheme)

"""Stock on the command line: counted, moved, listed with its age; a service's own products."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.bootstrap import App
from db.models import OutboxRow, Service
from db.work import Work
from handlers.services.supplies import receive, store_holder
from tests.bot.cli import Cli

GRIMSBY = ("--service", "grimsby")


def test_a_count_sets_the_truth(sampled: Cli) -> None:
    said = sampled("stock", "count", "n2402", 5, "--peer", "Sam", *GRIMSBY).out
    assert said == "Sam has 5 of N2402 now (+2).\n"
    assert "5 " in _row(sampled, "N2402", "Sam")
    assert "has no N9" in sampled.fails("stock", "count", "N9", 5, "--peer", "Sam", *GRIMSBY)
    assert "say who has them" in sampled.fails("stock", "count", "N2402", 5, *GRIMSBY, code=2)


def test_kits_go_from_one_to_another(sampled: Cli) -> None:
    move = ("stock", "move")
    assert "Lee has 2 of N2402" in sampled(*move, "Sam", "Lee", 2, "N2402", *GRIMSBY).out
    (told,) = [row for row in sampled.rows(OutboxRow) if "you now have" in row.body["text"]]
    assert told.body["text"].startswith("Sam notes that you now have 2 x N2402 from them.")
    assert "The store of" in sampled(*move, "marsh", "store", 5, "N2403", *GRIMSBY).out
    assert "Sam has 1 of" in sampled.fails(*move, "Sam", "Lee", 2, "N2402", *GRIMSBY)
    assert "one and the same" in sampled.fails(*move, "Sam", "sam", 1, "N2402", *GRIMSBY)
    assert "no outlet is called" in sampled.fails(*move, "Sam", "Nobody", 1, "N2402", *GRIMSBY)
    assert "store" in _row(sampled, "N2403", "store")


def test_what_comes_in_says_how_to_take_it_back(sampled: Cli) -> None:
    add = ("stock", "add", "nasal", "N2402", "06/2028")
    said = sampled(*add, 30, "--peer", "Sam", *GRIMSBY).out
    assert said.startswith(
        "Sam has 33 nasal kits now.\nA slip? kitline stock count N2402 3 --peer Sam"
    )
    back = said.splitlines()[1].partition("kitline ")[2].split()
    assert "Sam has 3 of N2402 now" in sampled(*back).out
    assert "add --yes" in sampled.fails(*add, 48, "--peer", "Sam", *GRIMSBY)
    assert "Sam has 51 nasal" in sampled(*add, 48, "--peer", "Sam", *GRIMSBY, "--yes").out
    old = sampled("stock", "add", "nasal", "OLD1", "06/2021", 3, "--outlet", "Marsh", *GRIMSBY).out
    assert "nasal kits now: 5 in date, 3 out of date." in old


def test_the_list_says_what_to_do_something_about(sampled: Cli) -> None:
    sampled("stock", "count", "N2402", 1, "--peer", "Sam", *GRIMSBY)
    soon = f"{datetime.now(UTC).date() + timedelta(days=20)}"
    sampled("stock", "add", "nasal", "N77", soon, 2, "--peer", "Lee", *GRIMSBY)
    sampled("stock", "add", "nasal", "OLD1", "06/2021", 1, "--peer", "Lee", *GRIMSBY)
    sampled("recall", "start", "N2403", "--service", "grimsby", "--yes")
    said = sampled("stock", "list", *GRIMSBY).out
    assert "LOW Sam" in said
    assert f"{soon} SOON" in said
    assert "2021-06-30 OVER" in said
    assert "FROZEN" in said
    found = sampled("doctor").out
    assert "grimsby: runs low: Sam" in found
    assert f"2 nasal N77 (Lee, {soon})" in found
    assert "kitline stock count OLD1 0 --peer Lee --expiry 2021-06-30 --service grimsby" in found
    assert "grimsby: kits frozen by a recall: Marsh Lane" in found
    assert "no kit in date: Marsh" not in found


def test_the_list_says_how_old_it_is(sampled: Cli) -> None:
    assert "today" in _row(sampled, "N2405", "Ash")


def test_the_doctor_says_what_nobody_looked_at(sampled: Cli) -> None:
    async def act(app: App, work: Work) -> None:
        (home,) = await work.find(Service, slug="grimsby")
        came = await receive(work, store_holder(home), "nasal", "N1", date(2040, 1, 31), 2)
        work.save(replace(came, at=work.now - timedelta(days=31)))

    sampled.change(act)
    assert "grimsby: stock nobody checked for 30 days: store " in sampled("doctor").out
    assert "31 days ago" in _row(sampled, "N1 ", "store")


def _row(cli: Cli, batch: str, holder: str) -> str:
    lines = cli("stock", "list", *GRIMSBY).out.splitlines()
    (row,) = [line for line in lines if batch in line and line.endswith(holder)]
    return row


def test_a_service_has_its_own_products_and_pack(sampled: Cli) -> None:
    own = ("--product", "nyxoid=nasal, Nyxoid, 14", "--product", "injectable=injectable")
    sampled("services", "set", "grimsby", *own, "--pack", "kit, gloves, face shield, torch")
    rules = _rules(sampled)
    assert rules["pack"] == ["kit", "gloves", "face_shield", "torch"]
    assert [p["id"] for p in rules["products"]] == ["nyxoid", "injectable"]
    assert rules["products"][0]["min_age"] == 14
    add = ("stock", "add", "Nyxoid", "N2500", "06/2029", 4, "--peer", "Sam", *GRIMSBY)
    assert "Sam has 4 nyxoid kits now" in sampled(*add).out
    assert "nyxoid+injectable" in sampled("services", "list").out
    forget = ("services", "set", "grimsby", "--clear-products")
    assert "stock of nyxoid" in sampled.fails(*forget)
    sampled("stock", "count", "N2500", 0, "--peer", "Sam", *GRIMSBY)
    sampled(*forget)
    assert "products" not in _rules(sampled)


def _rules(cli: Cli) -> dict[str, list[dict[str, object]]]:
    return next(s.rules for s in cli.rows(Service) if s.slug == "grimsby")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--product", "nyxoid"), "write it as"),
        (("--product", "either=nasal"), "write it as"),
        (("--product", "nyxoid=patch"), "not a form"),
        (("--product", "nasal=injectable"), "nasal is nasal"),
        (("--product", "nyxoid=nasal, Nyxoid, fourteen"), "not an age"),
        (("--product", f"nyxoid=nasal, {'N' * 31}"), "at most 30"),
        (("--pack", "kit, biscuits"), "not a part of a pack"),
        (("--pack", "gloves"), "without a kit"),
        (("--rule", "products=nasal"), "is not a rule"),
    ],
)
def test_what_a_service_cannot_supply(sampled: Cli, more: tuple[str, ...], said: str) -> None:
    assert said in sampled.fails("services", "set", "grimsby", *more, code=2)

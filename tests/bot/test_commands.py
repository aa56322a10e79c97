"""The command line: services, people, stock, requests, and what is near."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bot.bootstrap import App, build
from bot.config import load
from db.models import (
    Address,
    Fact,
    KitRequest,
    Offer,
    OutboxRow,
    Peer,
    RequestStatus,
    Service,
    Staff,
)
from db.work import Work
from handlers.services import requests
from handlers.services.contacts import new_contact
from handlers.services.pins import pin_fits
from tests.bot.cli import Cli

ROOT = Path(__file__).parents[2]
ADD = ("services", "add", "tameside", "--districts", "DN31 DN32", "--number", "07700 900900")


# --- services ----------------------------------------------------------------------------------


def test_a_service_is_added_changed_and_listed(kitline: Cli) -> None:
    kitline(*ADD, "--name", "Kit Line", "--rule", "offer_minutes=15")
    kitline(
        *("services", "set", "tameside", "--rule", "night_from=23:30", "--rule", "team=The Team"),
        *(
            "--public-place",
            "the pier entrance @ DN35 8SE",
            "--public-place",
            "the hall @ 53.5,-0.1",
        ),
    )
    (service,) = kitline.rows(Service)
    assert (service.name, service.sms_line, service.nation) == (
        "Kit Line",
        "+447700900900",
        "England",
    )
    assert service.districts == ("DN31", "DN32")
    assert 53.5 < service.lat < 53.6
    rules = dict(service.rules)
    places = rules.pop("public_places")
    assert rules == {"offer_minutes": 15, "night_from": "23:30", "team": "The Team"}
    assert [p["name"] for p in places] == ["the pier entrance", "the hall"]
    assert "offer_minutes=15" in kitline("services", "list").out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--rule", "offer_minutes=soon"), "whole number"),
        (("--rule", "offer_minutes=0"), "whole number"),
        (("--rule", "offers=3"), "is not a rule"),
        (("--rule", "night_to=8 o'clock"), "a time like"),
        (("--districts", "XX99"), "not a postcode district"),
        (("--number", "hello"), "not a phone number"),
        (("--nation", "France"), "is not one of"),
        (("--public-place", "the pier"), "write it as"),
        (("--telegram-bot", "12:ab"), "figures before the colon"),
    ],
)
def test_a_service_refuses_what_cannot_be(kitline: Cli, more: tuple[str, ...], said: str) -> None:
    kitline(*ADD)
    assert said in kitline.fails("services", "set", "tameside", *more, code=2)


def test_two_services_do_not_share_a_district(kitline: Cli) -> None:
    kitline(*ADD)
    said = kitline.fails("services", "add", "other", "--districts", "DN32 DN33")
    assert "DN32 belongs to tameside" in said
    assert "is there already" in kitline.fails(*ADD)


def test_a_new_number_takes_the_people_along(kitline: Cli) -> None:
    kitline(*ADD)
    kitline("staff", "add", "Robin", "--phone", "07700900051", "--order", "1")
    said = kitline("services", "set", "tameside", "--number", "07700900901").out
    assert "1 people moved" in said
    assert kitline.rows(Address)[0].line == "+447700900901"


# --- staff -------------------------------------------------------------------------------------


def test_staff_are_added_and_changed(kitline: Cli) -> None:
    kitline(*ADD)
    kitline(
        *("staff", "add", "Robin", "--phone", "07700900051", "--role", "coordinator"),
        *("--order", "1", "--hours", "Mo-Fr 09:00-17:00", "--pin", "2468"),
    )
    (robin,) = kitline.rows(Staff)
    assert (robin.call_order, robin.hours) == (1, "Mo-Fr 09:00-17:00")
    assert pin_fits(robin.pin_hash, "2468")
    kitline("staff", "set", "robin", "--hours", "", "--role", "safeguarding")
    (robin,) = kitline.rows(Staff)
    assert (robin.hours, robin.role, robin.call_order) == ("", "safeguarding", 1)
    listed = kitline("staff", "list").out
    assert "Robin" in listed
    assert "2468" not in listed
    kitline("staff", "set", "Robin", "--status", "left")
    assert "No staff yet" in kitline("staff", "list").out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--pin", "12"), "4 to 8"),
        (("--hours", "weekdays"), "not understood"),
        (("--role", "boss"), "not a role"),
        (("--phone", "01472 000000"), "not a UK mobile"),
        (("--phone", "tg:me"), "not a Telegram chat"),
    ],
)
def test_staff_refuse_what_cannot_be(kitline: Cli, more: tuple[str, ...], said: str) -> None:
    kitline(*ADD)
    assert said in kitline.fails("staff", "add", "Robin", *more, code=2)
    assert kitline.rows(Staff) == []


def test_on_call_needs_a_phone(kitline: Cli) -> None:
    kitline(*ADD)
    assert "without --phone" in kitline.fails("staff", "add", "Robin", "--order", "1")


# --- stock -------------------------------------------------------------------------------------


def test_stock_comes_in_and_is_listed(sampled: Cli) -> None:
    add = ("stock", "add", "nasal", "n2410", "06/2029", "4", "--service", "grimsby")
    assert "Sam has 7 nasal kits now" in sampled(*add, "--peer", "Sam").out
    assert "Marsh Lane" in sampled(*add, "--outlet", "marsh").out
    assert "The store of" in sampled(*add, "--store").out
    listed = sampled("stock", "list", "--service", "grimsby").out
    assert listed.count("N2410") == 3
    assert "2029-06-30" in listed
    over = ("stock", "add", "nasal", "OLD1", "06/2021", "1", "--service", "grimsby", "--store")
    assert "out of date" in sampled(*over).out
    assert "OVER" in sampled("stock", "list", "--service", "grimsby").out


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("tea", "N1", "06/2029", "1", "--store"), 2, "not a product"),
        (("nasal", "N1", "soon", "1", "--store"), 2, "not a date"),
        (("nasal", "N1", "31/02/2029", "1", "--store"), 2, "not a day"),
        (("nasal", "N1", "06/2029", "0", "--store"), 2, "greater than"),
        (("nasal", "N 1", "06/2029", "1", "--store"), 2, "not a batch"),
        (("nasal", "N1", "06/2029", "1"), 2, "say who has them"),
        (("nasal", "N1", "06/2029", "1", "--peer", "Nobody"), 1, "no peer is called"),
        (("nasal", "N1", "06/2029", "1", "--outlet", "pharmacy"), 1, "several outlets are"),
    ],
)
def test_stock_refuses_what_cannot_be(
    sampled: Cli, args: tuple[str, ...], code: int, said: str
) -> None:
    assert said in sampled.fails("stock", "add", *args, "--service", "grimsby", code=code)


# --- requests ----------------------------------------------------------------------------------


def _request(cli: Cli) -> str:
    async def act(app: App, work: Work) -> str:
        (home,) = await work.find(Service, slug="grimsby")
        asker = await new_contact(work, "sms", home.sms_line, "+447700900001", home.id)
        request = await requests.place(
            work,
            service_id=home.id,
            contact_id=asker.id,
            place="Grimsby (DN31)",
            district="DN31",
            lat=53.566,
            lon=-0.086,
        )
        owner, status = ("coordinator", 0), RequestStatus.WITH_COORDINATOR
        return requests.hold(work, request, status, owner, work.now).ref

    return cli.change(act)


def test_requests_are_listed_shown_and_assigned(sampled: Cli) -> None:
    assert "No open request" in sampled("requests", "list").out
    ref = _request(sampled)
    assert ref in sampled("requests", "list", "--service", "grimsby").out
    assert "Sam is asked about" in sampled("requests", "assign", ref.lower(), "sam").out
    shown = sampled("requests", "show", ref).out
    assert "asked Sam" in shown
    assert "CoordinatorAssigned" in shown
    assert "900001" not in shown
    (offer,) = sampled.rows(Offer)
    (request,) = sampled.rows(KitRequest)
    assert (request.status, request.owner_id) == ("offered", offer.id)
    (asked,) = sampled.rows(OutboxRow)
    assert asked.kind == "offer"
    assert "there is no request NOPE" in sampled.fails("requests", "show", "NOPE")
    assert "no peer is called" in sampled.fails("requests", "assign", ref, "Nobody")


def test_a_meeting_is_taken_away_only_on_purpose(sampled: Cli) -> None:
    ref = _request(sampled)

    async def accepted(app: App, work: Work) -> None:
        (request,) = await work.find(KitRequest, ref=ref)
        (sam,) = [p for p in await work.find(Peer) if p.name == "Sam"]
        owner, status = ("peer", sam.id), RequestStatus.ACCEPTED
        requests.hold(work, request, status, owner, work.now, peer_id=sam.id)

    sampled.change(accepted)
    assert "give --yes" in sampled.fails("requests", "assign", ref, "Jo")
    sampled("requests", "assign", ref, "Jo", "--yes")
    assert sampled.rows(KitRequest)[0].peer_id is None
    assert "CoordinatorAssigned" in {f.fact for f in sampled.rows(Fact)}


# --- near --------------------------------------------------------------------------------------


def test_near_says_who_and_why_not(sampled: Cli) -> None:
    said = sampled("near", "DN31 1AA", "--service", "grimsby", "--at", "2026-11-23 14:00").out
    lines = said.splitlines()
    first = next(line for line in lines if line.startswith("1 "))
    assert "Sam" in first
    assert "wave 1" in first
    assert "open till 6" in said
    one_kind = sampled("near", "DN31 1AA", "--product", "injectable").out
    assert any("Sam" in x and "no such kit" in x for x in one_kind.splitlines())
    far = sampled("near", "DN40 1AA", "--service", "grimsby").out
    assert "farther than they go" in far
    assert (
        "outside this service's districts" in sampled("near", "WR1 1AA", "--service", "grimsby").out
    )


def test_near_refuses_what_it_cannot_place(sampled: Cli) -> None:
    assert "not a place" in sampled.fails("near", "qqqqq", "--service", "grimsby", code=2)
    assert "not a time" in sampled.fails("near", "DN31", "--at", "teatime", code=2)
    assert "there is no service" in sampled.fails("near", "DN31", "--service", "x")
    assert "which service?" in sampled.fails("near", "M1 1AE")


# --- wrong use ---------------------------------------------------------------------------------


def test_an_empty_place_is_not_filled_by_looking(kitline: Cli) -> None:
    kitline.database.unlink()
    assert "no database yet" in kitline.fails("peers", "list")
    assert not kitline.database.exists()


def test_wrong_use_is_one_line(kitline: Cli) -> None:
    assert "No such command" in kitline.fails("peer", code=2)
    assert "No such option" in kitline.fails("peers", "list", "--nope", code=2)
    assert "Missing" in kitline.fails("peers", "add", code=2)
    assert "does not exist" in kitline.fails("peers", "import", "gone.csv", code=2)


def test_another_secret_is_one_line(sampled: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    other = sampled("new-key").out.strip()
    monkeypatch.setenv("SECRET_KEY", other)
    assert "does not open" in sampled.fails("peers", "list", "--service", "grimsby")


def test_a_new_key_works(kitline: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", kitline("new-key").out.strip())
    kitline("demo")


def test_no_traceback_ever_reaches_the_terminal(kitline: Cli) -> None:
    """The real program, in a process of its own, on a file that is no database."""
    kitline.database.write_text("this is no database, whatever its name says" * 100)
    wrong = subprocess.run(
        [sys.executable, "-m", "bot", "peers", "list"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("kitline: ")
    assert wrong.stderr.count("\n") == 1
    assert "Traceback" not in wrong.stderr


def test_the_database_is_left_to_the_service_meanwhile(sampled: Cli) -> None:
    """A command waits for its turn and does not fail while the service writes."""

    async def both() -> None:
        app = build(load())
        async with app.db.transaction():
            add = asyncio.to_thread(
                sampled,
                "stock",
                "add",
                "nasal",
                "N9",
                "06/2029",
                1,
                "--store",
                "--service",
                "grimsby",
            )
            task = asyncio.create_task(add)
            await asyncio.sleep(0.3)
        await task
        await app.close()

    asyncio.run(both())
    assert "N9" in sampled("stock", "list", "--service", "grimsby").out


@pytest.mark.postgres
def test_the_same_commands_on_postgresql(
    kitline: Cli, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    kitline("demo")
    _request(kitline)
    add = ("stock", "add", "nasal", "N2410", "06/2029", 4, "--peer", "Sam")
    kitline(*add, "--service", "grimsby")
    assert "wave 1" in kitline("near", "DN31 1AA").out
    kitline("contacts", "export", "07700900001")
    kitline("contacts", "erase", "07700900001", "--yes")
    assert "Nothing is due" in kitline("purge").out
    assert "FAIL" not in kitline("doctor").out
    assert "pg_dump" in kitline.fails("backup", "kept.db")


def test_a_slip_is_never_led_to_what_destroys(kitline: Cli) -> None:
    assert "Did you mean" not in kitline.fails("report", code=2)
    assert "Did you mean" not in kitline.fails("contacts", "ersae", "07700900001", code=2)
    assert "Did you mean 'peers'" in kitline.fails("peer", code=2)


def test_hours_are_read_as_in_a_text(sampled: Cli) -> None:
    said = sampled("staff", "set", "Robin", "--hours", "mon-fri 9-5", "--service", "grimsby").out
    assert said == "Robin is changed: Mo-Fr 09:00-17:00.\n"

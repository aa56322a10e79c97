"""The command line: services, people, stock, requests, and what is near."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bot.bootstrap import App
from bot.commands.pharmacy_lists import hours_of_days
from db.models import (
    Address,
    Contact,
    Fact,
    KitRequest,
    Movement,
    Offer,
    OutboxRow,
    Outlet,
    Peer,
    RequestStatus,
    Service,
    Staff,
)
from db.work import Work
from handlers.services import requests
from handlers.services.contacts import contact_at, new_contact
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


# --- peers -------------------------------------------------------------------------------------

PEERS = """name,phone,place,radius_miles,trained_until,rota,limit,products
Sam,07700 900011,DN31 1AA,4,31/05/2027,Mo-Fr 18:00-22:00,3,3 nasal N2402 06/2028
Jo,tg:900014,Cleethorpes,,,,,
"""


def test_peers_are_imported_once(kitline: Cli) -> None:
    kitline(*ADD)
    file = kitline.csv("peers.csv", PEERS)
    assert "2 added" in kitline("peers", "import", file).out
    assert "2 as they were" in kitline("peers", "import", file).out
    sam, jo = kitline.rows(Peer)
    assert (sam.name, round(sam.radius_km, 1), str(sam.trained_until)) == ("Sam", 6.4, "2027-05-31")
    assert (sam.rota, sam.open_limit) == ("Mo-Fr 18:00-22:00", 3)
    assert sam.place.endswith("(DN31 1)")
    assert jo.place == "Cleethorpes (DN35)"
    assert [m.quantity for m in kitline.rows(Movement)] == [3]
    changed = kitline.csv("peers.csv", PEERS.replace("DN31 1AA,4", "DN31 1AA,5"))
    assert "1 changed" in kitline("peers", "import", changed).out
    assert len(kitline.rows(Contact)) == 2
    listed = kitline("peers", "list").out
    assert "3 nasal N2402 to 06/2028" in listed


def test_one_bad_line_and_nothing_is_imported(kitline: Cli) -> None:
    kitline(*ADD)
    bad = PEERS + "\nPat,01472 123456,DN31 1AA\nKit,07700900013,Nowhereville\n,07700900015,DN31\n"
    file = kitline.csv("peers.csv", bad)
    said = kitline("peers", "import", file, code=1).err
    assert "line 5: 01472 123456 is not a UK mobile" in said
    assert "line 6: Nowhereville" in said
    assert "line 7: name is missing" in said
    assert said.splitlines()[-1].startswith("kitline: nothing was imported, because of 3 bad lines")
    assert kitline.rows(Peer) == kitline.rows(Contact) == []
    done = kitline("peers", "import", file, "--skip-bad")
    assert "2 added, 3 bad" in done.out
    assert len(kitline.rows(Contact)) == 2


def test_one_phone_is_one_peer(kitline: Cli) -> None:
    kitline(*ADD)
    file = kitline.csv(
        "peers.csv", "name,phone,place\nSam,07700900011,DN31\nJo,+447700900011,DN31\n"
    )
    assert "is that of Sam above" in kitline("peers", "import", file, code=1).err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("name,phone\nSam,07700900011\n", "no column place"),
        ("name,phone,place,shoe size\n", "nobody reads: shoe_size"),
        ("PK\x03\x04\0\0", "not a CSV file"),
    ],
)
def test_a_file_that_is_no_list(kitline: Cli, text: str, said: str) -> None:
    kitline(*ADD)
    assert said in kitline.fails("peers", "import", kitline.csv("peers.csv", text))


def test_excel_s_own_csv_is_read(kitline: Cli) -> None:
    kitline(*ADD)
    text = "Name;Phone;Place\r\nZoë;7700900011;DN31 1AA\r\n"
    assert "1 added" in kitline("peers", "import", kitline.csv("p.csv", text, "cp1252")).out
    assert kitline.rows(Peer)[0].name == "Zoë"


def test_a_quoted_line_break_keeps_the_line_numbers(kitline: Cli) -> None:
    kitline(*ADD)
    text = 'name,phone,place\n"Sam\nSmith",07700900011,DN31\nJo,nonsense,DN31\n'
    assert "line 4:" in kitline("peers", "import", kitline.csv("p.csv", text), code=1).err


def test_a_peer_is_added_and_invited(kitline: Cli) -> None:
    kitline(*ADD)
    add = ("peers", "add", "Sam", "--phone", "07700900011", "--place", "DN31 1AA")
    assert "Sam: added" in kitline(*add).out
    assert "Sam: as they were" in kitline(*add).out
    assert "text ON to +447700900900" in kitline("peers", "invite", "sam").out
    assert "no peer is called Ash" in kitline.fails("peers", "invite", "Ash")


def test_a_peer_who_said_stop_is_not_silently_added(kitline: Cli) -> None:
    kitline(*ADD)

    async def stopped(app: App, work: Work) -> None:
        contact = await new_contact(work, "sms", "+447700900900", "+447700900011")
        from dataclasses import replace

        work.save(replace(contact, stopped_at=work.now))

    kitline.change(stopped)
    add = ("peers", "add", "Sam", "--phone", "07700900011", "--place", "DN31 1AA")
    assert "texted STOP" in kitline(*add).out
    assert kitline.rows(Contact)[0].stopped_at


def test_who_staff_enter_is_who_writes_in(kitline: Cli) -> None:
    kitline(*ADD)
    kitline("peers", "add", "Sam", "--phone", "07700900011", "--place", "DN31 1AA")

    async def writes(app: App, work: Work) -> int:
        from db.models import InboundMessage

        message = InboundMessage("sms", "1", "+447700900900", "+447700900011", "text", "ON")
        return (await contact_at(work, message)).id

    assert kitline.look(writes) == kitline.rows(Peer)[0].contact_id


# --- pharmacies --------------------------------------------------------------------------------

OWN = """name,address,postcode,hours,phone,texts_from,products
Marsh Lane Pharmacy,"1 Sample Street, Grimsby",DN31 1AA,Mo-Fr 09:00-18:00,01472 000000,\
07700900021;07700 900022,5 nasal N2403 06/2028
Late Pharmacy,2 Example Road,DN32 7AA,,,,
"""
DAY_HEADS = ",".join(
    f"PHARMACY_OPENING_HOURS_{day},{short}_TOTAL"
    for day, short in zip(
        ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"),
        ("MON", "TUES", "WED", "THURS", "FRI", "SAT", "SUN"),
        strict=True,
    )
)
NHSBSA_HEADS = (
    "﻿PHARMACY_ODS_CODE_(F-CODE),HEALTH_AND_WELLBEING_BOARD,PHARMACY_TRADING_NAME,"
    "ORGANISATION_NAME,ADDRESS_FIELD_1,ADDRESS_FIELD_2,ADDRESS_FIELD_3,ADDRESS_FIELD_4,POST_CODE,"
    f"{DAY_HEADS},WEEKLY_TOTAL,CONTRACT_TYPE\n"
)


def _nhsbsa(code: str, name: str, postcode: str, week: str, saturday: str, kind: str) -> str:
    days = [week] * 5 + [saturday, "Closed"]
    cells = ",".join(f'"{day}",8' for day in days)
    return f"{code},NEL,{name},X LTD,1 SAMPLE STREET,,GRIMSBY,,{postcode},{cells},40,{kind}\n"


NHSBSA = (
    NHSBSA_HEADS
    + _nhsbsa("FA001", "SAMPLE PHARMACY", "DN31 1AA", "09:00-12:00,14:00-17:00", "", "Community")
    + _nhsbsa("FA002", "NIGHT PHARMACY", "DN32 7AA", "22:00-06:00", "09:00-12:00", "LPS")
    + _nhsbsa("FA003", "FAR PHARMACY", "WR1 1AA", "nonsense", "", "Community")
    + _nhsbsa("FA004", "APPLIANCES", "DN31 1AA", "09:00-17:00", "", "DAC")
)


def _ods(code: str, name: str, postcode: str, status: str, kind: str, closed: str = "") -> str:
    cells = [code, name, "Y63", "QOQ", "1 SAMPLE STREET", "", "GRIMSBY", "", "", postcode]
    cells += ["20100101", closed, status, kind, "", "", "", "01472 000000", *[""] * 9]
    return ",".join(f'"{cell}"' for cell in cells) + "\n"


ODS = (
    _ods("FA001", "SAMPLE PHARMACY", "DN31 1AA", "A", "1")
    + _ods("FA005", "NEW PHARMACY", "DN31 1AA", "ACTIVE", "RO182")
    + _ods("FA006", "GONE PHARMACY", "DN31 1AA", "C", "1", "20200101")
    + _ods("FA007", "APPLIANCES", "DN31 1AA", "A", "2")
    + _ods("FA008", "FAR PHARMACY", "ZZ1 1ZZ", "A", "1")
)


def test_our_own_list_of_pharmacies(kitline: Cli) -> None:
    kitline(*ADD)
    file = kitline.csv("shops.csv", OWN)
    assert "2 added" in kitline("pharmacies", "import", file).out
    assert "2 as they were" in kitline("pharmacies", "import", file).out
    marsh, late = kitline.rows(Outlet)
    assert (marsh.district, marsh.hours, marsh.phone) == (
        "DN31",
        "Mo-Fr 09:00-18:00",
        "01472 000000",
    )
    assert len(kitline.rows(Contact, outlet_id=marsh.id)) == 2
    assert late.hours == ""
    assert "5 nasal N2403 to 06/2028" in kitline("pharmacies", "list").out


def test_the_nhsbsa_list(kitline: Cli) -> None:
    kitline(*ADD)
    file = kitline.csv("consol.csv", NHSBSA)
    said = kitline("pharmacies", "import", file).out
    assert "2 added, 1 left out (outside the area)" in said
    assert "appliances only" in said
    assert "2 as they were" in kitline("pharmacies", "import", file).out
    sample, night = kitline.rows(Outlet)
    assert (sample.name, sample.address) == ("Sample Pharmacy", "1 Sample Street, Grimsby")
    assert sample.hours == "Mo-Fr 09:00-12:00,14:00-17:00"
    assert night.hours == "Mo-Fr 22:00-06:00, Sa 09:00-12:00"
    # The ODS list knows no hours, and takes none away.
    said = kitline("pharmacies", "import", kitline.csv("edispensary.csv", ODS)).out
    assert "1 changed" in said  # the phone
    assert "1 added" in said
    assert "1 lines left out: closed" in said
    assert kitline.rows(Outlet)[0].hours == "Mo-Fr 09:00-12:00,14:00-17:00"


def test_bad_hours_are_named_by_line(kitline: Cli) -> None:
    kitline(*ADD)
    bad = NHSBSA + _nhsbsa("FA009", "X", "DN31 1AA", "9 till 5", "", "Community")
    said = kitline("pharmacies", "import", kitline.csv("consol.csv", bad), code=1).err
    assert 'line 6: "9 till 5" are not hours' in said
    assert kitline.rows(Outlet) == []
    bad = OWN.replace("Mo-Fr 09:00-18:00", "weekdays").replace("DN32 7AA", "DN99 9ZZ")
    said = kitline("pharmacies", "import", kitline.csv("own.csv", bad), code=1).err
    assert 'line 2: "weekdays" is not understood' in said
    assert "line 3: DN99 9ZZ is no postcode" in said


@pytest.mark.parametrize(
    ("days", "hours"),
    [
        (
            "Mo=09:00-17:00|Tu=09:00-17:00|We=Closed|Th=09:00-17:00",
            "Mo-Tu 09:00-17:00; Th 09:00-17:00",
        ),
        ("Mo=9:00-17:30|Tu=|We=closed", "Mo 09:00-17:30"),
        ("Mo=00:00-23:59|Tu=00:00-00:00", "Mo-Tu 00:00-24:00"),
        ("Mo=0900-1730|Tu=09.00 - 17.30", "Mo-Tu 09:00-17:30"),
        ("Mo=|Tu=Closed", ""),
    ],
)
def test_hours_by_the_day(days: str, hours: str) -> None:
    assert hours_of_days(days) == hours


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
        (("nasal", "N1", "06/2029", "1"), 2, "say who gets them"),
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
        from bot.bootstrap import build
        from bot.config import load

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

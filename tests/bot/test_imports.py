"""Imports: peers and pharmacies, taken in once, refused by line."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.bootstrap import App
from db.models import (
    Contact,
    InboundMessage,
    Movement,
    Outlet,
    Peer,
)
from db.work import Work
from handlers.services.contacts import contact_at, new_contact
from tests.bot.cli import Cli

ROOT = Path(__file__).parents[2]
ADD = ("services", "add", "tameside", "--districts", "DN31 DN32", "--number", "07700 900900")


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
    only_bad = kitline.csv("bad.csv", "name,phone,place\nPat,01472 123456,DN31 1AA\n")
    assert "nothing was imported" in kitline("peers", "import", only_bad, "--skip-bad", code=1).err
    heads = kitline.csv("heads.csv", "name,phone,place,tel\nPat,07700900016,DN31,1\n")
    assert "one of these heads: radius_miles" in kitline.fails("peers", "import", heads)


def test_one_ods_code_is_one_line(kitline: Cli) -> None:
    kitline(*ADD)
    file = kitline.csv(
        "shops.csv",
        "name,address,postcode,ods_code\nA,1 Road,DN31 1AA,FX1\nB,2 Road,DN31 1AB,FX1\n",
    )
    said = kitline("pharmacies", "import", file, code=1).err
    assert "line 3: the ODS code FX1 stands in line 2 already" in said


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
    assert "text JOIN " in kitline("peers", "invite", "Ash").out


def test_a_peer_who_said_stop_is_not_silently_added(kitline: Cli) -> None:
    kitline(*ADD)

    async def stopped(app: App, work: Work) -> None:
        contact = await new_contact(work, "sms", "+447700900900", "+447700900011")
        work.save(replace(contact, stopped_at=work.now))

    kitline.change(stopped)
    add = ("peers", "add", "Sam", "--phone", "07700900011", "--place", "DN31 1AA")
    assert "texted STOP" in kitline(*add).out
    assert kitline.rows(Contact)[0].stopped_at


def test_who_staff_enter_is_who_writes_in(kitline: Cli) -> None:
    kitline(*ADD)
    kitline("peers", "add", "Sam", "--phone", "07700900011", "--place", "DN31 1AA")

    async def writes(app: App, work: Work) -> int:
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
    bad = NHSBSA + _nhsbsa("FA009", "X", "DN31 1AA", "9 till late", "", "Community")
    said = kitline("pharmacies", "import", kitline.csv("consol.csv", bad), code=1).err
    assert 'line 6: "9 till late" are not hours' in said
    assert kitline.rows(Outlet) == []
    bad = OWN.replace("Mo-Fr 09:00-18:00", "weekdays").replace("DN32 7AA", "DN99 9ZZ")
    said = kitline("pharmacies", "import", kitline.csv("own.csv", bad), code=1).err
    assert 'line 2: "weekdays" is not understood' in said
    assert "line 3: DN99 9ZZ is no postcode" in said


def test_a_national_list_says_who_is_there_and_no_more(kitline: Cli) -> None:
    kitline(*ADD)
    consol, ods = kitline.csv("consol.csv", NHSBSA), kitline.csv("edispensary.csv", ODS)
    kitline("pharmacies", "import", consol)
    sample, _ = kitline.rows(Outlet)
    assert (sample.status, sample.ods_code, sample.hours_confirmed_on) == ("listed", "FA001", None)
    assert "not checked lately" in kitline("pharmacies", "list").out
    kitline("pharmacies", "join", "sample")
    kitline("pharmacies", "import", ods)
    assert {o.name: o.status for o in kitline.rows(Outlet)} == {
        "Sample Pharmacy": "active",
        "Night Pharmacy": "listed",
        "New Pharmacy": "listed",
    }
    assert "as they were" in kitline("pharmacies", "import", ods).out
    kitline("pharmacies", "import", ods, "--active")
    assert {o.status for o in kitline.rows(Outlet, ods_code="FA005")} == {"active"}


def test_the_ods_code_finds_an_outlet_that_moved_or_was_renamed(kitline: Cli) -> None:
    kitline(*ADD)
    kitline("pharmacies", "import", kitline.csv("a.csv", NHSBSA))
    moved = NHSBSA.replace("SAMPLE PHARMACY", "OTHER NAME").replace("DN31 1AA", "DN32 7AA", 1)
    kitline("pharmacies", "import", kitline.csv("b.csv", moved))
    (outlet,) = kitline.rows(Outlet, ods_code="FA001")
    assert (outlet.name, outlet.district) == ("Other Name", "DN32")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\ufeffPHARMACY_ODS_CODE_(F-CODE)", "PHARMACY_ODS_CODE_F_CODE"),
        ("\ufeffPHARMACY_ODS_CODE_(F-CODE)", "PHARMACY_ODS_CODE"),
        ("ADDRESS_FIELD_", "ADDRESS_FIELD"),
    ],
)
def test_every_way_the_nhsbsa_writes_its_heads(kitline: Cli, old: str, new: str) -> None:
    kitline(*ADD)
    file = kitline.csv("consol.csv", NHSBSA.replace(old, new))
    assert "2 added" in kitline("pharmacies", "import", file).out
    sample, _ = kitline.rows(Outlet)
    assert (sample.ods_code, sample.address) == ("FA001", "1 Sample Street, Grimsby")


def test_a_long_list_says_how_far_it_is(kitline: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    kitline(*ADD)
    monkeypatch.setattr("bot.commands.csv_files.PROGRESS_EVERY", 2)
    said = kitline("pharmacies", "import", kitline.csv("consol.csv", NHSBSA)).err
    assert said == "... 2 of 3 lines\n"


def test_hours_somebody_confirmed_stand_against_a_national_list(kitline: Cli) -> None:
    kitline(*ADD)
    kitline("pharmacies", "import", kitline.csv("consol.csv", NHSBSA))
    (outlet,) = kitline.rows(Outlet, ods_code="FA001")
    shop = {"name": outlet.name, "address": "x", "postcode": "DN31 1AA", "ods_code": "FA001"}
    own = {**shop, "hours": f'"{outlet.hours}"'}
    kitline("pharmacies", "import", kitline.csv("own.csv", _own(own)))
    (told,) = kitline.rows(Outlet, ods_code="FA001")
    assert told.hours_confirmed_on is not None  # the same hours, now on the service's own word
    newer = kitline.csv("newer.csv", NHSBSA.replace("14:00-17:00", "13:00-17:00"))
    kitline("pharmacies", "import", newer)
    (kept,) = kitline.rows(Outlet, ods_code="FA001")
    assert (kept.hours, kept.hours_confirmed_on) == (told.hours, told.hours_confirmed_on)

    async def long_ago(app: App, work: Work) -> None:
        work.save(replace(kept, hours_confirmed_on=work.now.date() - timedelta(days=200)))

    kitline.change(long_ago)
    kitline("pharmacies", "import", newer)
    (new,) = kitline.rows(Outlet, ods_code="FA001")
    assert (new.hours, new.hours_confirmed_on) == ("Mo-Fr 09:00-12:00,13:00-17:00", None)


def _own(cells: dict[str, str]) -> str:
    return f"{','.join(cells)}\n{','.join(cells.values())}\n"

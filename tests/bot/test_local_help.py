"""local-help: the service's own people and places, by hand and from CSV."""

from __future__ import annotations

from db.models import LocalHelp
from tests.bot.cli import Cli

ADD = ("services", "add", "grimsby", "--districts", "DN31 DN32", "--number", "07700 900900")
ENTRIES = """name,kind,hours,phone,place,staff
Kay,outreach_nurse,Mo-Fr 09:00-17:00,01632 960101,,Robin
Riverside,clinic,Mo-Fr 10:00-16:00,,4 Example Street,
"""


def test_entries_are_imported_once(kitline: Cli) -> None:
    kitline(*ADD)
    kitline("staff", "add", "Robin", "--phone", "07700 900051")
    file = kitline.csv("help.csv", ENTRIES)
    assert "2 added" in kitline("local-help", "import", file).out
    assert "2 as they were" in kitline("local-help", "import", file).out
    kay, riverside = kitline.rows(LocalHelp)
    assert (kay.kind, kay.phone, kay.hours) == (
        "outreach_nurse",
        "01632 960101",
        "Mo-Fr 09:00-17:00",
    )
    assert kay.staff_id
    assert kay.confirmed_on
    assert (riverside.place, riverside.confirmed_on) == ("4 Example Street", None)
    listed = kitline("local-help", "list").out
    assert "Robin" in listed
    assert "on call" in listed


def test_bad_lines_are_named_and_nothing_is_imported(kitline: Cli) -> None:
    kitline(*ADD)
    bad = ENTRIES + "Dee,gaoler,,,,\nMax,clinic,nine to five,,,\n,clinic,,,,\nJo,other,,12,,\n"
    file = kitline.csv("help.csv", bad)
    said = kitline("local-help", "import", file, code=1).err
    assert "line 2: nobody on the staff of grimsby is called Robin" in said
    assert "line 4: gaoler is not a kind" in said
    assert 'line 5: "nine to five" is not understood' in said
    assert "line 6: name is missing" in said
    assert "line 7: 12 is not a phone number" in said
    assert kitline.rows(LocalHelp) == []


def test_added_changed_and_sent_away(kitline: Cli) -> None:
    kitline(*ADD)
    kitline("local-help", "add", "Kay", "--kind", "outreach_nurse", "--hours", "Mo-Fr 09:00-17:00")
    assert "already" in kitline("local-help", "add", "kay", "--kind", "clinic", code=1).err
    assert "which kind is Dee" in kitline("local-help", "add", "Dee", code=1).err
    old = ("--phone", "01632 960101", "--confirmed", "2024-01-01")
    assert "changed" in kitline("local-help", "set", "Kay", *old).out
    assert "not checked lately" in kitline("local-help", "list").out
    kitline("local-help", "set", "Kay", "--status", "away")
    assert "Nobody yet" in kitline("local-help", "list").out
    assert "no entry called Max" in kitline("local-help", "set", "Max", "--place", "x", code=1).err

"""An outlet's shelf, hours and list on its counter page: seen, put right, kept as they were."""

from __future__ import annotations

import re

import pytest

from db.models import (
    Fact,
    Outlet,
    Supply,
)
from tests.harness import PUBLIC, Kitline
from tests.web.at_the_counter import AMY, counter, held, shelf

# --- the shelf -----------------------------------------------------------------------------------


async def test_the_shelf_is_counted_but_never_below_what_is_held(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    line = "nasal|N2403|2028-06-30"
    low = await page.post("/shelf/count", line=line, n="0")
    assert "cannot be fewer than that" in low.text
    assert f"the codes end in {code[-2:]}" in low.text
    await page.post("/shelf/count", line=line, n="3")
    assert await shelf(demo, page.outlet) == 3
    key = await page.key("/shelf")
    for _ in range(2):  # a double click
        await page.add("4", key)
    assert await shelf(demo, page.outlet) == 7
    (fact,) = [f for f in await demo.read(Fact) if f.fact == "StockReceived"]
    holder = f"outlet:{page.outlet.id}"
    assert fact.data == {
        "holder": holder,
        "how": "counter",
        "product": "nasal",
        "batch": "N2410",
        "quantity": 4,
    }
    assert "whole number" in (await page.post("/shelf/count", line=line, n="-1")).text
    assert (await page.post("/shelf/right")).status_code == 200


async def test_an_entry_is_read_back_and_may_be_undone(demo: Kitline) -> None:
    page = await counter(demo)
    before = await shelf(demo, page.outlet)
    added = await page.add("4")
    assert "Added 4 of N2410, now 4." in added.text
    assert "Are these 4 more?" in (await page.add("4")).text
    did = re.search(r'name="did" value="(\d+)"', added.text)
    assert did
    for _ in range(2):  # twice is once
        assert "Undone. N2410: now 0." in (await page.post("/shelf/undo", did=did[1])).text
    assert await shelf(demo, page.outlet) == before
    assert "400 is a lot" in (await page.add("400")).text
    assert await shelf(demo, page.outlet) == before


@pytest.mark.parametrize(
    ("why", "fact"),
    [("lost", "StockLost"), ("expired", "StockExpired"), ("back", "StockTransferred")],
)
async def test_kits_that_are_gone_are_taken_off_and_put_back(
    demo: Kitline, why: str, fact: str
) -> None:
    page = await counter(demo)
    before = await shelf(demo, page.outlet)
    gone = await page.post("/shelf/gone", line="nasal|N2403|2028-06-30", why=why, gone="2")
    assert "Taken off: 2 of N2403" in gone.text
    assert await shelf(demo, page.outlet) == before - 2
    assert len([f for f in await demo.read(Fact) if f.fact == fact]) == 1
    did = re.search(r'name="did" value="(\d+)"', gone.text)
    assert did
    await page.post("/shelf/undo", did=did[1])
    assert await shelf(demo, page.outlet) == before


async def test_swapped_hours_are_asked(demo: Kitline) -> None:
    page = await counter(demo)
    days = {"Mo": "9-5.30", "Sa": "17:00-09:00"}
    assert "are you open overnight?" in (await page.post("/hours", **days)).text
    tick = {"sure-overnight": "Sa 17:00-09:00"}
    assert "hours people are told" in (await page.post("/hours", **days, **tick)).text
    (outlet,) = await demo.read(Outlet, id=page.outlet.id)
    assert outlet.hours == "Mo 09:00-17:30, Sa 17:00-09:00"


async def test_noughts_in_front_hide_no_number(demo: Kitline) -> None:
    page = await counter(demo)
    before = await shelf(demo, page.outlet)
    assert "whole number" in (await page.add("0000000012345")).text
    assert await shelf(demo, page.outlet) == before


@pytest.mark.parametrize(("n", "sent_again"), [("0", False), ("2", True)])
async def test_a_count_says_whether_there_are_some_again(
    demo: Kitline, n: str, sent_again: bool
) -> None:
    page = await counter(demo)
    await page.post("/none")
    for line in re.findall(r'name="line" value="([^"]+)"', (await page.get("/shelf")).text):
        await page.post("/shelf/count", line=line, n=n)
    outlet = (await demo.read(Outlet, id=page.outlet.id))[0]
    assert (outlet.none_left_at is None) is sent_again


# --- hours ---------------------------------------------------------------------------------------


async def test_hours_are_confirmed_changed_and_hold_on_named_bank_holidays(demo: Kitline) -> None:
    page = await counter(demo)
    days = dict.fromkeys(("Mo", "Tu", "We", "Th", "Fr"), "09:00-17:00")
    wrong = await page.post("/hours", **{**days, "Sa": "mornings"})
    assert "Saturday: write hours like" in wrong.text
    await page.post("/hours", **days, **{"open-2026-12-28": "on"})
    (outlet,) = await demo.read(Outlet, id=page.outlet.id)
    assert outlet.hours == "Mo-Fr 09:00-17:00"
    assert outlet.holidays_open == ("2026-12-28",)
    assert outlet.hours_confirmed_on is not None


async def test_hours_that_stay_are_kept_as_they_were_written(demo: Kitline) -> None:
    page = await counter(demo)
    hours = "Mo-Fr 09:00-17:30; Dec 24 09:00-13:00; Jan 01 off"
    await page.change(hours=hours)
    shown = (await page.get("/hours")).text
    days = dict(re.findall(r'name="(Mo|Tu|We|Th|Fr|Sa|Su)" value="([^"]*)"', shown))
    assert days["Mo"] == days["Tu"] == "09:00-17:30"
    tick = {"open-2026-12-28": "on"}
    wrong = await page.post("/hours", **{**days, "Sa": "mornings"}, **tick)
    assert 'name="open-2026-12-28" checked' in wrong.text  # nothing typed is lost
    await page.post("/hours", **days, **tick)
    (outlet,) = await demo.read(Outlet, id=page.outlet.id)
    assert (outlet.hours, outlet.holidays_open) == (hours, ("2026-12-28",))


# --- what was given out --------------------------------------------------------------------------


async def test_a_kit_that_never_came_is_marked_in_the_list(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    await page.post("/hand-over", code=code, line="nasal|N2403|2028-06-30")
    await demo.say(AMY, "no")
    assert "they say it never came" in (await page.get("/log")).text
    file = await page.get("/log.csv?month=2026-11")
    assert file.text.split("\r\n")[1].endswith(",yes")
    await demo.say(AMY, "it came")
    file = await page.get("/log.csv?month=2026-11")
    assert not file.text.split("\r\n")[1].endswith(",yes")


async def test_the_list_and_its_file_hold_no_person(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    await page.post("/hand-over", code=code, line="nasal|N2403|2028-06-30")
    await page.walk_in(trained="declined")
    await page.walk_in()
    last = (await demo.read(Supply))[-1]
    await page.post("/undo", supply=str(last.id))
    shown = (await page.get("/log")).text
    assert "<strong>2 kits</strong>" in shown
    file = await page.get("/log.csv?month=2026-11")
    lines = file.text.split("\r\n")
    assert lines[0].startswith("date,time,outlet,ods_code,product,batch,expiry,quantity,recipient")
    assert len(lines) == 4
    assert lines[1].endswith(f"DN32,{code[-2:]},")
    assert lines[2].split(",")[-4:] == ["declined", "", "", ""]
    assert AMY not in file.text
    assert code not in file.text
    assert (await page.get("/log.csv?day=2026-11-23")).text.count("\r\n") == 1
    assert "attachment" in file.headers["Content-Disposition"]


@pytest.mark.parametrize("asked", ["month=9999-12", "day=9999-12-31", "day=0001-01-01", "day=x"])
async def test_a_day_that_cannot_be_is_today(demo: Kitline, asked: str) -> None:
    page = await counter(demo)
    await page.walk_in()
    shown = await page.get(f"/log?{asked}")
    assert shown.status_code == 200
    assert "Given out today" in shown.text
    assert (await page.get(f"/log.csv?{asked}")).text.count("\r\n") == 2


async def test_the_sheet_carries_the_link_and_the_words(demo: Kitline) -> None:
    page = await counter(demo)
    shown = (await page.get("/sheet")).text
    assert f"{PUBLIC}/c/{page.token}" in shown
    assert "ISSUED K7F-3HX" in shown
    assert "<svg" in shown

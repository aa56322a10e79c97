"""An outlet's counter page: the same acts as by text, each once; nothing for whoever guesses."""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.web.app import CSP
from db.models import (
    Claim,
    Contact,
    Fact,
    Flag,
    KitRequest,
    Movement,
    Outlet,
    Recall,
    Supply,
    Training,
)
from db.reference.gazetteer import Gazetteer
from handlers.services.codes import LETTERS
from handlers.services.counter_links import token_of, with_key
from handlers.services.supplies import outlet_holder, receive
from tests.harness import Kitline, kitline
from tests.web.at_the_counter import AMY, MARSH, Page, counter, held, shelf
from tests.web.calls import heard

# --- who may look --------------------------------------------------------------------------------


async def test_the_page_is_quiet_and_belongs_to_its_link(demo: Kitline) -> None:
    page = await counter(demo)
    for path in ("", "/walk-in", "/shelf", "/hours", "/log", "/sheet"):
        answer = await page.get(path)
        assert answer.status_code == 200, answer.text
        assert "Marsh Lane Pharmacy" in answer.text
        assert answer.headers["Content-Security-Policy"] == CSP
        assert answer.headers["Cache-Control"] == "no-store"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert "<script" not in answer.text
        assert "style=" not in answer.text


async def test_no_other_link_opens_it(demo: Kitline) -> None:
    page, sea = await counter(demo), await counter(demo, "Sea")
    number = page.token.partition("-")[0]
    wrong = (
        f"{number}-{sea.token.partition('-')[2]}",
        f"{number}-",
        number,
        f"{number}-é",
        "9" * 30 + "-a",
        page.token[:-1],
    )
    async with demo.client() as client:
        for token in wrong:
            assert (await client.get(f"/c/{token}")).status_code == 404, token


async def test_a_new_key_ends_the_old_link(demo: Kitline) -> None:
    page = await counter(demo)
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        outlet = with_key(work, await work.need(Outlet, page.outlet.id), new=True)
        token = token_of(work, outlet)
        await work.flush()
    assert (await page.get()).status_code == 404
    assert (await Page(demo, outlet, token).get()).status_code == 200


async def test_a_form_from_another_site_is_refused(demo: Kitline) -> None:
    page = await counter(demo)
    async with demo.client() as client:
        sent = await client.post(f"/c/{page.token}/none", headers={"Sec-Fetch-Site": "cross-site"})
    assert sent.status_code == 403
    assert (await demo.read(Outlet, id=page.outlet.id))[0].none_left_at is None


async def test_the_page_says_so_when_nothing_can_be_stored(
    demo: Kitline, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await counter(demo)

    def away() -> None:
        raise OSError("away")

    monkeypatch.setattr(demo.app.db, "read", away)
    monkeypatch.setattr(demo.app.db, "transaction", away)
    async with demo.client() as client:
        for method in ("GET", "POST"):
            path = f"/c/{page.token}" + ("/none" if method == "POST" else "")
            answer = await client.request(method, path)
            assert answer.status_code == 503
            assert "nothing was logged" in answer.text


async def test_too_long_a_form_is_not_read(demo: Kitline) -> None:
    page = await counter(demo)
    async with demo.client() as client:
        sent = await client.post(f"/c/{page.token}/code", data={"code": "K" * 70_000})
    assert sent.status_code == 413


# --- a code --------------------------------------------------------------------------------------


async def test_a_code_is_handed_over_in_two_steps_and_once(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    before = await shelf(demo, page.outlet)
    first = await page.post("/code", code=code.lower().replace("-", " "))
    assert "Please hand over" in first.text
    assert "N2403" in first.text
    assert await demo.read(Supply) == []  # the first step logs nothing
    chosen = re.search(r'value="(nasal\|[^"]+)" required checked', first.text)
    assert chosen, first.text
    done = await page.post("/hand-over", code=code, line=chosen[1], trained="yes")
    assert "Logged. Thank you." in done.text
    again = await page.post("/hand-over", code=code, line=chosen[1])  # a double click
    assert "Logged. Thank you." in again.text
    assert "already logged" in (await page.post("/code", code=code)).text
    (supply,) = await demo.read(Supply)
    assert (supply.by_id, supply.batch, supply.trained) == (page.outlet.id, "N2403", "yes")
    assert await shelf(demo, page.outlet) == before - 1
    assert [t.people for t in await demo.read(Training)] == [1]
    (fact,) = [f for f in await demo.read(Fact) if f.fact == "KitSupplied"]
    assert fact.data == {"outlet": page.outlet.id, "how": "counter", "supply": supply.id}
    assert any("Did you get it?" in text for text in await heard(demo, AMY))


async def test_undo_brings_kit_and_code_back(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    before = await shelf(demo, page.outlet)
    line = "nasal|N2403|2028-06-30"
    await page.post("/hand-over", code=code, line=line)
    (supply,) = await demo.read(Supply)
    undone = await page.post("/undo", supply=str(supply.id))
    assert "Taken back" in undone.text
    await page.post("/undo", supply=str(supply.id))  # twice is once
    assert len(await demo.read(Supply)) == 2
    assert await shelf(demo, page.outlet) == before
    assert "still held there" in " ".join(await heard(demo, AMY))
    assert "Please hand over" in (await page.post("/code", code=code)).text
    await page.post("/hand-over", code=code, line=line)
    assert await shelf(demo, page.outlet) == before - 1


async def test_what_was_recalled_meanwhile_is_not_held_again(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    await page.post("/hand-over", code=code, line="nasal|N2403|2028-06-30")
    (supply,) = await demo.read(Supply)
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        work.save(
            Recall(work.new_id(), supply.service_id, "R1", "nasal", ("N2403",), "check", work.now)
        )
        await work.flush()
    assert "Taken back" in (await page.post("/undo", supply=str(supply.id))).text
    (request,) = await demo.read(KitRequest)
    assert request.closed_at is None
    assert request.owner_kind
    assert request.next_timer_at
    assert "News on" in " ".join(await heard(demo, AMY))
    walked = await page.walk_in()
    assert "Choose which batch" in walked.text  # the recalled one is not offered


async def test_after_an_undo_the_next_shop_is_found_again(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    await page.post("/hand-over", code=code, line="nasal|N2403|2028-06-30")
    (supply,) = await demo.read(Supply)
    await page.post("/undo", supply=str(supply.id))
    (request,) = await demo.read(KitRequest)
    assert request.place == "Grimsby (DN32)"  # only the district was kept
    await page.post("/none")
    said = " ".join(await heard(demo, AMY))
    assert "held for you at Sea View Pharmacy" in said
    assert "Nobody nearby" not in said


async def test_undo_ends_after_a_day_as_it_does_by_text(demo: Kitline) -> None:
    page = await counter(demo)
    await page.walk_in()
    (supply,) = await demo.read(Supply)
    await demo.wait(timedelta(hours=23))
    assert "Undo</button>" in (await page.get(f"/done/{supply.id}")).text
    await demo.wait(timedelta(hours=2))
    assert "Undo</button>" not in (await page.get(f"/done/{supply.id}")).text
    await page.post("/undo", supply=str(supply.id))
    assert len(await demo.read(Supply)) == 1


async def test_another_batch_from_the_box(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    form = {"code": code, "line": "other", "product": "nasal", "batch": "n2499"}
    over = await page.post("/hand-over", **form, expiry="05/2024")
    assert "out of date" in over.text
    assert "as on the box" in (await page.post("/hand-over", **form, expiry="soon")).text
    assert await demo.read(Supply) == []
    await page.post("/hand-over", **form, expiry="05/2028")
    (supply,) = await demo.read(Supply)
    assert (supply.batch, supply.expiry.isoformat()) == ("N2499", "2028-05-31")
    assert sum(m.reserved for m in await demo.read(Movement)) == 0


async def test_what_is_typed_counts_before_what_is_ticked(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    form = {"code": code, "line": "nasal|N2403|2028-06-30", "product": "nasal"}
    assert "as on the box" in (await page.post("/hand-over", **form, batch="n2499")).text
    await page.post("/hand-over", **form, batch="n2499", expiry="may 28")
    (supply,) = await demo.read(Supply)
    assert (supply.batch, supply.expiry.isoformat()) == ("N2499", "2028-05-31")


async def test_undo_takes_back_what_came_off_the_box_and_holds_the_old_batch(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    before = await shelf(demo, page.outlet)
    box = {"line": "other", "product": "nasal", "batch": "N2409", "expiry": "01/2027"}
    await page.post("/hand-over", code=code, **box)
    (supply,) = await demo.read(Supply)
    await page.post("/undo", supply=str(supply.id))
    assert await shelf(demo, page.outlet) == before
    assert "N2409" not in (await page.get("/shelf")).text
    again = await page.post("/code", code=code)
    assert "N2409" not in again.text
    assert "<b>N2403</b>" in again.text


async def _recall(demo: Kitline, page: Page, batch: str) -> None:
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        home = page.outlet.service_id
        work.save(Recall(work.new_id(), home, "R1", "nasal", (batch,), "check", work.now))
        await work.flush()


@pytest.mark.parametrize("typed", ["N-2700", "LOT N2700", "N27OO", "n 2700"])
async def test_a_recalled_batch_is_found_however_it_is_typed(demo: Kitline, typed: str) -> None:
    page = await counter(demo)
    await _recall(demo, page, "N2700")
    box = {"line": "other", "product": "nasal", "expiry": "05/2028"}
    assert "because of a recall" in (await page.walk_in(**box, batch=typed)).text
    assert await demo.read(Supply) == []


async def test_one_slip_from_a_recalled_batch_is_asked(demo: Kitline) -> None:
    page = await counter(demo)
    await _recall(demo, page, "N2700")
    box = {"line": "other", "product": "nasal", "batch": "N2709", "expiry": "05/2028"}
    assert "is it really N2709?" in (await page.walk_in(**box)).text
    assert await demo.read(Supply) == []
    assert "Logged" in (await page.walk_in(**box, **{"sure-near": "N2709"})).text


async def test_a_recall_stands_on_every_page(demo: Kitline) -> None:
    page = await counter(demo)
    await _recall(demo, page, "N2403")
    for path in ("", "/walk-in", "/shelf", "/hours", "/log", "/none"):
        assert "Recall: give out no kit of batch N2403" in (await page.get(path)).text, path
    line = "nasal|N2403|2028-06-30"
    back = await page.post("/shelf/gone", line=line, why="back", gone="1")
    assert "Taken off: 1 of N2403" in back.text


async def test_a_known_batch_with_another_date_is_asked(demo: Kitline) -> None:
    page = await counter(demo)
    box = {"line": "other", "product": "nasal", "batch": "n2403", "expiry": "06/2029"}
    asked = await page.walk_in(**box)
    assert "knows N2403 as nose spray, to 06/2028" in asked.text
    assert await demo.read(Supply) == []


async def test_what_a_wrong_code_reads(demo: Kitline) -> None:
    code, sea = await held(demo), await counter(demo, "Sea")
    other = await sea.post("/code", code=code)
    assert "another pharmacy" in other.text
    assert "Marsh" not in other.text
    page = await counter(demo)
    at = next(n for n in range(len(code) - 1) if code[n] != code[n + 1])
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assert "slip in it" in (await page.post("/code", code=swapped)).text
    await demo.wait(timedelta(hours=73))
    assert "has run out" in (await page.post("/code", code=code)).text


async def test_a_batch_out_of_date_is_named_as_that_by_text(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        old = date(2025, 1, 31)
        await receive(work, outlet_holder(page.outlet), "nasal", "N2101", old, 1)
        await work.flush()
    await demo.say(MARSH, f"ISSUED {code} N2101")
    assert any("out of date, so I could not log it" in text for text in await heard(demo, MARSH))
    assert await demo.read(Supply) == []


async def test_a_guesser_gets_nothing_and_is_stopped(demo: Kitline) -> None:
    """4 million codes, 10 tries an hour: whoever holds a counter link still cannot guess one."""
    code, page = await held(demo), await counter(demo)
    chance = random.Random(7)
    for n in range(30):
        guess = "".join(chance.choice(LETTERS) for _ in range(6))
        answer = await page.post("/hand-over", code=guess, line="nasal|N2403|2028-06-30")
        assert ("shut off" in answer.text) is (n >= 9), n
    assert await demo.read(Supply) == []
    assert "shut off" in (await page.post("/code", code=code)).text  # even the right one
    await demo.say(MARSH, f"ISSUED {code}")  # by text as well
    assert await demo.read(Supply) == []
    (flag,) = await demo.read(Flag, kind="wrong_codes")
    assert flag.about == f"outlet:{page.outlet.id}"
    await demo.wait(timedelta(minutes=61))
    assert "Please hand over" in (await page.post("/code", code=code)).text


async def test_a_block_ends_an_hour_after_the_last_wrong_code(demo: Kitline) -> None:
    page = await counter(demo)
    await page.post("/code", code="KKK-KKK")
    await demo.wait(timedelta(minutes=50))
    for _ in range(9):
        blocked = await page.post("/code", code="KKK-KKK")
    ends = (demo.app.clock.now() + timedelta(hours=1)).strftime("%H:%M")
    assert f"shut off here till {ends}" in blocked.text
    assert f"shut off here till {ends}" in (await page.get()).text


async def test_a_code_sent_from_everywhere_at_once_is_redeemed_once(
    database_url: str, secret_key: str, gazetteer: Gazetteer
) -> None:
    async with kitline(database_url, secret_key, gazetteer, "demo") as line:
        code, page = await held(line), await counter(line)
        form = {"code": code, "line": "nasal|N2403|2028-06-30"}
        async with line.client() as client:
            sent = [client.post(f"/c/{page.token}/hand-over", data=form) for _ in range(6)]
            answers = await asyncio.gather(*sent, line.say(MARSH, f"ISSUED {code}"))
        assert {a.status_code for a in answers[:-1]} == {303}
        assert len(await line.read(Supply)) == 1
        assert await shelf(line, page.outlet) == 4


async def test_terms_that_changed_since_the_kit_was_held_count(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    assert "<b>N2403</b>" in (await page.post("/code", code=code)).text
    await page.change(serves=("self",), terms_source="agreement")
    assert "<b>N2403</b>" not in (await page.post("/code", code=code)).text
    line = "nasal|N2403|2028-06-30"
    assert "Choose which batch" in (await page.post("/hand-over", code=code, line=line)).text
    assert await demo.read(Supply) == []


async def test_a_kit_that_may_not_go_to_them_is_named_as_that(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    await page.change(serves=("self",), terms_source="agreement")
    box = {"line": "other", "product": "nasal", "batch": "N2499", "expiry": "05/2028"}
    assert "may not go to this person" in (await page.post("/hand-over", code=code, **box)).text
    assert await demo.read(Supply) == []


async def test_who_was_sent_by_a_coordinator_is_given_what_is_held(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        outlet = await work.need(Outlet, page.outlet.id)
        work.save(replace(outlet, min_age=18, terms_source="agreement"))
        (request,) = await work.find(KitRequest)
        work.save(replace(await work.need(Contact, request.contact_id), adult=None))
        await work.flush()
    assert "<b>N2403</b>" in (await page.post("/code", code=code)).text
    await page.post("/hand-over", code=code, line="nasal|N2403|2028-06-30")
    assert len(await demo.read(Supply)) == 1


# --- without a code, none left -------------------------------------------------------------------


async def test_a_walk_in_is_logged_once_however_often_it_is_sent(demo: Kitline) -> None:
    page = await counter(demo)
    before = await shelf(demo, page.outlet)
    key = await page.key("/walk-in")
    for _ in range(2):
        assert "Logged" in (await page.walk_in(key=key, quantity="2", district="DN35 1")).text
    (supply,) = await demo.read(Supply)
    assert (supply.quantity, supply.recipient, supply.district) == (2, "friend_family", "DN35")
    assert (supply.request_id, supply.reason, supply.trained) == (None, "first", "yes")
    assert await shelf(demo, page.outlet) == before - 2
    (fact,) = [f for f in await demo.read(Fact) if f.fact == "KitSupplied"]
    assert fact.data["route"] == "walk_in"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"quantity": "0"}, "whole number"),
        ({"quantity": "9"}, "does not show that many"),
        ({"line": "nasal|X|2028-06-30"}, "Choose which batch"),
        ({"recipient": "my aunt"}, "Choose who"),
        ({"trained": ""}, "showed them"),
        ({"reason": ""}, "why they need it"),
        ({"district": "Nowhereville"}, "first half of the postcode"),
        ({"key": "1-0"}, "too old"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_logged(
    demo: Kitline, form: dict[str, str], said: str
) -> None:
    page = await counter(demo)
    assert said in (await page.walk_in(**form)).text
    assert await demo.read(Supply) == []


async def test_none_left_sends_whoever_holds_a_code_elsewhere(demo: Kitline) -> None:
    await held(demo)
    page = await counter(demo)
    assert "1 person with a code" in (await page.get("/none")).text
    await page.post("/none")
    assert (await demo.read(Claim))[0].status == "refused"
    said = " ".join(await heard(demo, AMY))
    assert "News on" in said
    assert "Marsh Lane Pharmacy (invented) has no kit left for you" in said
    assert "no kits are left" in (await page.get()).text
    await page.post("/again")
    assert (await demo.read(Outlet, id=page.outlet.id))[0].none_left_at is None


async def test_a_moved_code_is_given_where_the_person_has_come(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    await page.post("/none")
    await page.post("/again")
    moved = await page.post("/code", code=code)
    assert "moved to another place" in moved.text
    assert "has run out" not in moved.text
    assert "Please hand over" in (await page.post("/code", code=code, here="1")).text
    line = "nasal|N2403|2028-06-30"
    assert "Logged" in (await page.post("/hand-over", code=code, here="1", line=line)).text
    (supply,) = await demo.read(Supply)
    assert (supply.by_id, supply.batch) == (page.outlet.id, "N2403")
    assert sum(m.reserved for m in await demo.read(Movement)) == 0  # nor at the other place
    assert {c.status for c in await demo.read(Claim)} == {"redeemed", "refused"}


async def test_a_kit_held_for_a_code_is_given_to_another_only_knowingly(demo: Kitline) -> None:
    await held(demo)
    page = await counter(demo)
    await page.post("/shelf/count", line="nasal|N2403|2028-06-30", n="1")
    shown = await page.get("/walk-in")
    assert "(1 held for code)" in shown.text
    for form in ({}, {"line": "other", "product": "nasal", "batch": "n2403"}):
        assert "held for people with a code" in (await page.walk_in(**form)).text
    assert await demo.read(Supply) == []
    done = await page.walk_in(**{"sure-promised_walk_in": "N2403"})
    assert "Logged" in done.text
    assert "do not go there" in " ".join(await heard(demo, AMY))


# --- the requester's page ------------------------------------------------------------------------


async def test_a_persons_page_carries_the_code_alone(demo: Kitline) -> None:
    code, page = await held(demo), await counter(demo)
    async with demo.client() as client:
        shown = await client.get(f"/k/{code.replace('-', '')}")
        assert shown.status_code == 200
        assert code in shown.text
        assert "Marsh Lane Pharmacy" in shown.text
        assert page.token not in shown.text
        for word in ("naloxone", "kit", "/c/", AMY[-9:]):
            assert word not in shown.text.casefold().replace("kitline", ""), word
        assert shown.headers["Cache-Control"] == "no-store"
        for _ in range(25):
            missed = await client.get("/k/KKKKKK")
        assert missed.status_code == 429
    await page.post("/hand-over", code=code, line="nasal|N2403|2028-06-30")

"""A used kit, and who told of it: what is kept, who is told, and who is left in peace."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from db.models import (
    Administration,
    AdministrationFact,
    Contact,
    Conversation,
    Fact,
    Flag,
    KitRequest,
    Offer,
    Peer,
    PeerNote,
    Staff,
    Supply,
    Timer,
    Training,
)
from handlers.engine.turn import Scene
from handlers.mourning import in_mourning
from tests.harness import Kitline

AMY, SAM, JO = "+447700900101", "+447700900011", "+447700900012"
USED = ("USED", "no", "better", "1", "no")


async def says(line: Kitline, address: str, *texts: str) -> list[str]:
    """What somebody reads after the last of these texts."""
    for text in texts:
        await line.new_messages()
        await line.say(address, text)
    return [m.text for to, m, _ in await line.new_messages() if to == address]


async def peer(line: Kitline, name: str) -> Peer:
    (one,) = [p for p in await line.read(Peer) if p.name == name]
    return one


async def leap(line: Kitline, days: int) -> list[tuple[str, str]]:
    """Much time at once: what was due meanwhile happens late. Address and text of what is read."""
    await line.new_messages()
    line.clock.move_to(line.clock.now() + timedelta(days=days))
    await line.settle()
    return [(to, m.text) for to, m, _ in await line.new_messages()]


def _about_it(read: list[tuple[str, str]]) -> list[str]:
    """What Sam read about a hard event (a full bag of old kits is asked about in any case)."""
    asks = ("How are you", "I hope you are safe", "a year since", "REST or NO")
    return [words for to, words in read if to == SAM and any(part in words for part in asks)]


# --- the report --------------------------------------------------------------------------------


async def test_four_answers_make_a_report(demo: Kitline) -> None:
    assert "Samaritans" in "".join(await says(demo, AMY, *USED))
    (row,) = await demo.read(Administration)
    assert (row.outcome, row.doses, row.ambulance) == ("better", "one", "no")
    assert (row.product, row.relation, row.district) == ("not_said",) * 3


async def test_the_last_ones_are_kept_as_facts_and_what_is_skipped_leaves_none(
    demo: Kitline,
) -> None:
    more = ("no", "yes", "spray", "today", "a stranger", "DN31")
    await says(demo, AMY, "USED", "no", "better", "1", "yes", *more)
    await says(
        demo, AMY, "yes", "hostel", "skip", "not sure", "yes", "no", "skip", "no", "1 4", "no"
    )
    facts = Counter((f.name, f.value) for f in await demo.read(AdministrationFact))
    assert facts == Counter(
        [
            ("place", "hostel"),
            ("cpr", "unsure"),
            ("ambulance_came", "yes"),
            ("crew_naloxone", "no"),
            ("police_came", "no"),
            ("drug", "heroin"),
            ("drug", "benzos"),
            ("kit_replaced", "no"),
        ]
    )


async def test_it_was_me_put_right_is_nobody_of_theirs(demo: Kitline) -> None:
    await says(demo, AMY, "USED", "no", "it was me")
    (row,) = await demo.read(Administration)
    assert row.relation == "self"
    await says(demo, AMY, "BACK", "better")
    (row,) = await demo.read(Administration)
    assert (row.outcome, row.relation) == ("better", "not_said")


async def test_the_same_kit_told_again_is_one_report_and_another_kit_is_another(
    demo: Kitline,
) -> None:
    await says(demo, AMY, *USED, "no", "no", "no")
    (asked,) = (await says(demo, AMY, "USED", "no"))[-1:]
    assert "another one" in asked
    await says(demo, AMY, "no", "no", "no")
    assert len(await demo.read(Administration)) == 1
    await says(demo, AMY, "USED", "no", "yes", "hospital")
    assert [r.outcome for r in await demo.read(Administration)] == ["better", "hospital"]


async def test_back_from_another_kit_to_the_same_one(demo: Kitline) -> None:
    await says(demo, AMY, *USED, "no", "no", "no", "USED", "no", "yes", "BACK")
    assert "a few quick ones" in (await says(demo, AMY, "no"))[-1]


async def test_after_a_day_nothing_says_whose_report_it_was(demo: Kitline) -> None:
    await says(demo, AMY, "USED", "no", "better")
    await says(demo, SAM, *USED)
    reports = [str(row.id) for row in await demo.read(Administration)]
    open_now = str([t.memory for t in await demo.read(Conversation)])
    assert all(report in open_now for report in reports)
    await leap(demo, 2)
    kept = str([t.memory for t in await demo.read(Conversation)])
    kept += str([f for f in await demo.read(Fact) if f.contact_id])
    assert not any(report in kept for report in reports)


async def test_a_report_left_half_done_yesterday_is_let_be(demo: Kitline) -> None:
    await says(demo, AMY, "USED", "no", "better", "MENU")
    await leap(demo, 2)
    assert "What happened" in (await says(demo, AMY, "USED", "no"))[-1]
    assert len(await demo.read(Administration)) == 2


# --- a death -----------------------------------------------------------------------------------


async def test_a_death_is_told_at_once_and_they_are_in_mourning_for_two_weeks(
    demo: Kitline,
) -> None:
    await says(demo, AMY, "USED", "no", "they died")
    (flag,) = await demo.read(Flag)
    assert (flag.kind, len(flag.asked)) == ("death_reported", 1)
    read = await says(demo, AMY, "no")
    assert "nothing more" in read[-1]
    (amy,) = [c for c in await demo.read(Contact) if c.id == flag.contact_id]
    for days, mourning in ((0, True), (13, True), (15, False)):
        async with demo.app.db.read() as tx:
            work = demo.work(tx)
            work.now += timedelta(days=days)
            scene = Scene(work, demo.app.engine.world)
            assert in_mourning(await scene.person(amy.id)) is mourning


async def test_they_died_pressed_by_a_slip_is_taken_back(demo: Kitline) -> None:
    await says(demo, AMY, "USED", "no", "they died", "BACK", "better", "1", "no")
    (flag,) = await demo.read(Flag)
    assert flag.kind == "not_a_death"
    assert "a few quick ones" in (await says(demo, AMY, "no"))[-1]


@pytest.mark.parametrize("word", ["BACK", "UNDO", "wrong button"])
async def test_a_slip_is_taken_back_when_no_question_is_open_any_more(
    demo: Kitline, word: str
) -> None:
    (end,) = await says(demo, AMY, "USED", "no", "they died", "no")
    assert end.endswith("Told me of a death by mistake? BACK.")
    (again,) = await says(demo, AMY, word)
    assert again.endswith("What happened to the person?")
    await says(demo, AMY, "better")
    (report,) = await demo.read(Administration)
    assert report.outcome == "better"
    assert [flag.kind for flag in await demo.read(Flag)] == ["not_a_death"]


@pytest.mark.parametrize("word", ["BACK", "UNDO"])
async def test_a_peer_s_slip_leaves_no_death_behind(demo: Kitline, word: str) -> None:
    (sorry,) = await says(demo, SAM, "ISSUED 1 friend DN31", "no", "USED", "no", "they died")
    assert sorry.endswith("A slip? BACK.")
    assert (await peer(demo, "Sam")).rest_until is not None
    (again,) = await says(demo, SAM, word)
    assert again.endswith("What happened to the person?")
    await says(demo, SAM, "better", "1", "no")
    sam = await peer(demo, "Sam")
    assert sam.rest_until is None
    notes = await demo.read(PeerNote, peer_id=sam.id)
    assert [note.note for note in notes] == ["nothing", "own_use"]
    kinds = {flag.kind for flag in await demo.read(Flag, contact_id=sam.contact_id)}
    assert kinds == {"not_a_death", "debrief"}
    assert len(await demo.read(Supply)) == 1  # UNDO took back what was said last


async def test_a_rest_of_their_own_stays_when_a_slip_is_taken_back(demo: Kitline) -> None:
    await says(demo, SAM, "REST 1 month", "USED", "no", "they died", "UNDO", "better")
    assert (await peer(demo, "Sam")).rest_until == demo.clock.now() + timedelta(days=30)


async def test_back_after_a_day_is_about_no_death(demo: Kitline) -> None:
    await says(demo, AMY, "USED", "no", "they died", "no")
    await demo.wait(timedelta(hours=25))
    assert await says(demo, AMY, "BACK") == ["There is no question before this one."]


async def test_with_nobody_on_call_no_peer_is_told_that_somebody_was_asked(
    demo: Kitline,
) -> None:
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        for one in await work.find(Staff):
            work.save(replace(one, call_order=0))
        await work.flush()
    (read,) = await says(demo, SAM, "USED", "no", "they died")
    assert "Nobody of the team can be reached now" in read
    assert "I have asked" not in read


async def test_after_a_death_a_person_rings_the_peer_and_the_line_asks_nothing(
    demo: Kitline,
) -> None:
    (read,) = await says(demo, SAM, "USED", "no", "they died")
    assert "asked the coordinator to ring" in read
    assert [n.note for n in await demo.read(PeerNote)] == ["death"]
    assert (await peer(demo, "Sam")).rest_until is not None
    await demo.wait(timedelta(minutes=16))
    (waiting,) = [m.text for to, m, _ in await demo.new_messages() if to == SAM]
    assert "nobody of the team has picked this up yet" in waiting
    again = await says(demo, SAM, "USED", "no", "no")
    assert "nothing more" in again[-1]
    later = [one for days in (2, 13, 400) for one in await leap(demo, days)]
    assert _about_it(later) == []
    assert any("please ask how they are (Sam)" in words for _, words in later)


# --- peers -------------------------------------------------------------------------------------


async def test_an_emergency_and_the_report_of_it_are_one_hard_event(demo: Kitline) -> None:
    await says(demo, SAM, "found a lad hes not breathing", "none", "no", "ambulance is here")
    await says(demo, SAM, "report", "better", "1", "yes", "no")
    assert [n.note for n in await demo.read(PeerNote)] == ["own_use"]


async def test_no_text_about_a_use_sends_a_peer_anywhere(demo: Kitline) -> None:
    """Nobody but who told of it reads anything, and no offer, place or district goes out."""
    await demo.new_messages()
    for said in (*USED, "no", "yes", "spray", "today", "my mate", "DN31 1AA", "no", "no"):
        await demo.say(AMY, said)
    for said in (*USED, "no", "yes", "skip", "skip", "skip", "DN35", "no", "no"):
        await demo.say(SAM, said)
    peers = {demo.address(tail) for tail in ("900011", "900012", "900013", "900014")}
    read = [(to, m.text) for to, m, _ in await demo.new_messages() if to in peers]
    read += [one for days in (1, 2, 14, 400) for one in await leap(demo, days) if one[0] == SAM]
    assert {to for to, _ in read} == {SAM}
    for _, words in read:
        assert not any(place in words for place in ("DN3", "Grimsby (", "Cleethorpes", "go to"))
    assert await demo.read(Offer) == []


@pytest.mark.parametrize("word", ["STOP", "PAUSE"])
async def test_who_has_stepped_back_or_stopped_is_not_asked(demo: Kitline, word: str) -> None:
    await says(demo, SAM, *USED, "no", "no", "no", word)
    sam = await peer(demo, "Sam")
    async with demo.app.db.read() as tx:
        assert await demo.work(tx).get(Timer, f"debrief:{sam.id}:talk")
    assert _about_it(await leap(demo, 400)) == []


async def test_a_year_on_one_neutral_text(demo: Kitline) -> None:
    await says(demo, SAM, *USED, "no", "no", "no")
    await leap(demo, 2)
    await leap(demo, 15)
    words = [words for to, words in await leap(demo, 360) if to == SAM]
    assert any("about a year" in text for text in words)


async def test_two_missed_check_ins_in_a_month_are_as_much_as_two_events(demo: Kitline) -> None:
    sam = await peer(demo, "Sam")
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        for ref in ("AAAA", "BBBB"):
            at, new = work.now, work.new_id()
            flag = Flag(new, sam.service_id, "missed_checkin", "done", at, at, ref)
            work.save(replace(flag, contact_id=sam.contact_id))
        await work.flush()
    read = [words for to, words in await leap(demo, 1) if to == SAM]
    assert any("Reply REST or NO" in words for words in read)
    await demo.say(SAM, "REST")
    rested = await peer(demo, "Sam")
    assert rested.rest_until == demo.clock.now() + timedelta(days=7)
    assert not any("REST or NO" in w for to, w in await leap(demo, 7) if to == SAM)


# --- training ----------------------------------------------------------------------------------


async def test_training_is_counted_with_a_kit_and_without_and_taken_back(demo: Kitline) -> None:
    await says(demo, SAM, "ISSUED 1 friend DN31 nasal", "yes")
    await says(demo, SAM, "TRAINED 3 DN31")
    rows = await demo.read(Training)
    assert [(t.people, t.district) for t in rows] == [(1, "DN31"), (3, "DN31")]
    await says(demo, SAM, "UNDO")
    assert sum(t.people for t in await demo.read(Training)) == 1
    await says(demo, SAM, "UNDO")
    assert sum(t.people for t in await demo.read(Training)) == 0
    assert sum(s.quantity for s in await demo.read(Supply)) == 0


@pytest.mark.parametrize("rest", ["", " nobody", " 0 DN31", " 3 atlantis", " 99 DN31"])
async def test_a_line_of_training_that_cannot_be_read_is_explained(
    demo: Kitline, rest: str
) -> None:
    (read,) = await says(demo, SAM, f"TRAINED{rest}")
    assert "TRAINED 3 DN31" in read
    assert await demo.read(Training) == []


async def test_the_kit_asked_for_after_a_report_is_its_replacement(demo: Kitline) -> None:
    said = ("used my spray", "no", "better", "1", "no", "no", "no", "YES", "STATUS", "KIT")
    await says(demo, AMY, *said, "YES", "YES", "1", "DN31 1AA", "nasal", "meet", "YES")
    (request,) = await demo.read(KitRequest)
    (report,) = await demo.read(Administration)
    assert (request.reason, report.product) == ("used", "nasal")


async def test_a_death_told_by_a_slip_in_their_own_words_is_put_right(demo: Kitline) -> None:
    read = await says(demo, AMY, "USED", "no he died", "BACK")
    assert "What happened to the person" in read[-1]
    read = await says(demo, AMY, "better")
    assert "How many doses" in read[-1]
    (report,) = await demo.read(Administration)
    assert report.outcome == "better"

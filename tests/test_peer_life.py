"""What being a peer leaves in the database, and what must never happen to one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.models import (
    Fact,
    Flag,
    Invitation,
    KitRequest,
    Offer,
    OutboxRow,
    Peer,
    PeerNote,
    Supply,
    SupplyFact,
)
from db.reference.gazetteer import Gazetteer
from db.retention import purge
from handlers.delivery import offer_failed
from handlers.engine.turn import Scene
from handlers.services.codes import check_character
from handlers.stand_down import from_duties, requests_wait_for_nobody
from tests.conftest import FixedCodes
from tests.harness import START, Kitline, kitline

AMY, SAM, JO, ASH = (f"+447700900{n}" for n in ("101", "011", "012", "014"))
CODE = "JOIN K7F-3NN"


@pytest.fixture
async def demo(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer, fixed_codes: FixedCodes
) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer) as line:
        yield line


async def texts(line: Kitline, address: str) -> list[str]:
    """What one address was sent since the last look."""
    return [message.text for to, message, _ in await line.new_messages() if to == address]


async def say(line: Kitline, address: str, *said: str) -> None:
    for text in said:
        await line.say(address, text)


async def ask_for_kit(line: Kitline) -> None:
    await say(line, AMY, "KIT", "YES", "YES", "1", "DN31 1AA", "nasal", "meet", "YES")


async def peer(line: Kitline, name: str) -> Peer:
    (found,) = [p for p in await line.read(Peer) if p.name == name]
    return found


async def change(line: Kitline, name: str, **values: Any) -> None:
    one = await peer(line, name)
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        work.save(replace(await work.need(Peer, one.id), **values))
        await work.flush()


# --- never sent into danger --------------------------------------------------------------------


async def test_no_peer_is_sent_to_an_overdose_or_to_where_a_kit_was_used(demo: Kitline) -> None:
    peers = {SAM, JO, ASH, "+447700900013"}
    await say(demo, AMY, "my mate is not breathing in DN31", "no", "HERE")
    await say(demo, AMY, "USED", "today", "DN31 1AA", "skip", "skip", "skip", "skip", "no")
    heard = [message.text for to, message, _ in await demo.new_messages() if to in peers]
    assert heard == []
    assert await demo.read(Offer) == []


async def test_a_peer_who_reports_a_kit_used_near_them_is_asked_for_nothing(demo: Kitline) -> None:
    await say(demo, SAM, "someone used a kit round the corner from me in DN31")
    assert await demo.read(Offer) == []
    assert await demo.read(KitRequest) == []


# --- training and checks -----------------------------------------------------------------------


@pytest.mark.parametrize("what", ["trained_until", "checked_until"])
async def test_a_yes_after_the_last_day_is_refused_kindly_and_goes_on(
    demo: Kitline, what: str
) -> None:
    await ask_for_kit(demo)
    await change(demo, "Sam", **{what: START.date() - timedelta(days=1)})
    await texts(demo, SAM)
    await demo.say(SAM, "ACCEPT")
    (answer,) = await texts(demo, SAM)
    assert "has run out, so I ask somebody else" in answer
    first, second = await demo.read(Offer)
    assert (first.status, second.status) == ("declined", "sent")


async def test_each_lapse_is_told_once_however_long_nobody_renews(demo: Kitline) -> None:
    last = START.date() + timedelta(days=33)
    await change(demo, "Sam", checked_until=last)
    for day in (2, 3, 4, 25, 26, 27, 33, 34, 40, 41, 60):
        demo.clock.move_to(START + timedelta(days=day))
        await demo.wait(timedelta(hours=1))
    sam = await peer(demo, "Sam")
    told = [f.data for f in await demo.read(Fact, fact="LapseTold", contact_id=sam.contact_id)]
    assert [(t["what"], t["notice"]) for t in told] == [("check", 30), ("check", 7), ("check", 0)]
    flags = await demo.read(Flag, kind="peer_lapse", contact_id=sam.contact_id)
    assert len(flags) == 1


# --- joining -----------------------------------------------------------------------------------


async def test_two_phones_with_one_code_make_one_peer(demo: Kitline) -> None:
    for phone in (AMY, "+447700900102"):
        await say(demo, phone, CODE, "Nell" if phone == AMY else "Bee", "YES", "DN31", "3")
    await say(demo, AMY, "NONE")
    await say(demo, "+447700900102", "NONE")
    assert "used already" in (await texts(demo, "+447700900102"))[-1]
    joined = [p for p in await demo.read(Peer) if p.name in ("Nell", "Bee")]
    assert [p.name for p in joined] == ["Nell"]
    (used,) = [i for i in await demo.read(Invitation) if i.used_at]
    assert used.peer_id == joined[0].id


async def test_codes_cannot_be_tried_out_without_the_word(demo: Kitline) -> None:
    for body in ("AAAAA", "CCCCC", "DDDDD", "EEEEE", "FFFFF"):
        await demo.say(AMY, body + check_character(body))
    await texts(demo, AMY)
    await demo.say(AMY, "K7F-3NN")
    assert not any("would like you as a peer" in text for text in await texts(demo, AMY))
    await demo.wait(timedelta(hours=25))
    await demo.say(AMY, "K7F-3NN")
    assert any("would like you as a peer" in text for text in await texts(demo, AMY))


async def test_no_home_is_kept_of_a_peer(demo: Kitline) -> None:
    await say(demo, SAM, "WHERE DN35 8AA")
    sam = await peer(demo, "Sam")
    assert sam.place == "Cleethorpes (DN35)"
    assert (sam.lat, sam.lon) == (round(sam.lat, 2), round(sam.lon, 2))


# --- taken back --------------------------------------------------------------------------------


async def test_the_yearly_count_is_about_the_supply_that_stands(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await say(demo, SAM, "ACCEPT", "ISSUED", "YES", "UNDO", "ISSUED", "YES")
    taken_back, _, stands = await demo.read(Supply)
    await say(demo, AMY, "YES", "2")
    facts = {fact.supply_id for fact in await demo.read(SupplyFact) if fact.name != "trained"}
    assert facts == {stands.id}
    assert taken_back.id != stands.id


# --- handing over ------------------------------------------------------------------------------


async def test_what_was_asked_of_a_colleague_ends_with_the_meeting(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await say(demo, SAM, "ACCEPT", "HANDOVER Jo", "ISSUED")
    assert "no longer needed" in (await texts(demo, JO))[-1]
    await demo.say(JO, "ACCEPT")
    assert "gone now" in (await texts(demo, JO))[-1]
    assert {o.status for o in await demo.read(Offer)} == {"accepted", "withdrawn"}


async def test_a_colleague_whose_kits_are_gone_cannot_take_over(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await say(demo, SAM, "ACCEPT", "HANDOVER Jo")
    await say(demo, JO, "ISSUED 3 friend nasal DN35", "no", "ACCEPT")
    (request,) = await demo.read(KitRequest)
    assert request.peer_id == (await peer(demo, "Sam")).id
    assert "still yours" in (await texts(demo, SAM))[-1]
    await demo.say(SAM, "ISSUED")
    (request,) = await demo.read(KitRequest)
    assert request.status == "supplied"


async def test_a_question_to_a_colleague_that_never_arrives_is_owned_up_to(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await say(demo, SAM, "ACCEPT", "HANDOVER Jo")
    (asked,) = [o for o in await demo.read(Offer) if o.status == "sent"]
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        scene = Scene(work, demo.app.engine.world)
        await offer_failed(scene, asked.id)
        scene.close()
        await work.flush()
    await demo.settle()
    assert "still yours" in (await texts(demo, SAM))[-1]


# --- who is looked for -------------------------------------------------------------------------


async def in_scene(line: Kitline, act: Callable[[Scene], Awaitable[None]]) -> None:
    """Something that happens without a message of anybody here."""
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        scene = Scene(work, line.app.engine.world)
        await act(scene)
        scene.close()
        await work.flush()
    await line.settle()


async def missed(line: Kitline) -> list[str]:
    """How the flags about a missed check stand."""
    return [flag.status for flag in await line.read(Flag, kind="missed_checkin")]


async def test_an_answer_that_comes_late_says_nothing_of_the_colleague(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await say(demo, SAM, "ACCEPT", "ONWAY")
    await demo.wait(timedelta(minutes=31))
    await say(demo, SAM, "HANDOVER Jo")
    await say(demo, JO, "ACCEPT", "ONWAY")
    (before,) = await demo.read(KitRequest)
    demo.clock.move_to(demo.clock.time + timedelta(minutes=5))
    await demo.say(SAM, "OK")
    assert (await texts(demo, SAM))[-1] == "Good. Thank you for saying."
    assert await demo.read(KitRequest) == [before]


async def test_a_word_of_the_handover_is_a_sign_of_life(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await say(demo, SAM, "ACCEPT", "ONWAY")
    await demo.wait(timedelta(minutes=60))
    assert await missed(demo) == ["open"]
    await say(demo, SAM, "HANDOVER Jo")
    assert await missed(demo) == ["done"]


async def test_a_dead_phone_is_no_sign_of_life(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await say(demo, SAM, "ACCEPT", "ONWAY")
    await demo.wait(timedelta(minutes=60))
    sam = await peer(demo, "Sam")

    async def nothing_arrives(scene: Scene) -> None:
        turn = await scene.person(sam.contact_id)
        turn.change(blocked_at=scene.now)
        await from_duties(turn)

    await in_scene(demo, nothing_arrives)
    assert await missed(demo) == ["open"]
    (request,) = await demo.read(KitRequest)
    assert request.peer_id is None


async def test_a_paused_meeting_keeps_its_hour(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await say(demo, SAM, "ACCEPT", "ONWAY")
    await say(demo, AMY, "my mate is not breathing")
    (before,) = await demo.read(KitRequest)
    assert before.meeting == "paused"
    demo.clock.move_to(demo.clock.time + timedelta(minutes=9))
    await texts(demo, SAM)
    await demo.say(SAM, "SAFE")
    assert await texts(demo, SAM) == ["Good. Thank you for saying."]
    (after,) = await demo.read(KitRequest)
    assert after.next_timer_at == before.next_timer_at


# --- pairs -------------------------------------------------------------------------------------


async def test_a_partner_who_did_not_say_on_is_left_to_sleep(demo: Kitline) -> None:
    await say(demo, SAM, "PAIR Jo")
    await say(demo, JO, "YES")
    await change(demo, "Jo", duty="rota")
    demo.clock.move_to(datetime(2026, 11, 24, 23, 30, tzinfo=UTC))
    await texts(demo, JO)
    await ask_for_kit(demo)
    await demo.say(SAM, "ACCEPT")
    assert await texts(demo, JO) == []


async def test_a_yes_to_going_along_that_comes_too_late(demo: Kitline) -> None:
    await say(demo, SAM, "PAIR Jo")
    await say(demo, JO, "YES")
    await ask_for_kit(demo)
    await demo.say(SAM, "ACCEPT")
    await say(demo, SAM, "PAIR OFF")
    await say(demo, JO, "YES")
    assert (await texts(demo, JO))[-1].startswith("That has passed")
    assert not any("two people" in text for text in await texts(demo, AMY))


async def test_a_partner_is_told_when_the_requester_cancels(demo: Kitline) -> None:
    await say(demo, SAM, "PAIR Jo")
    await say(demo, JO, "YES")
    await ask_for_kit(demo)
    await demo.say(SAM, "ACCEPT")
    await demo.say(JO, "YES")
    await texts(demo, JO)
    await say(demo, AMY, "CANCEL", "YES")
    assert [t for t in await texts(demo, JO) if "need not go" in t]


async def test_a_partner_is_told_when_the_requester_cannot_be_reached(demo: Kitline) -> None:
    await say(demo, SAM, "PAIR Jo")
    await say(demo, JO, "YES")
    await ask_for_kit(demo)
    await demo.say(SAM, "ACCEPT")
    await demo.say(JO, "YES")
    await texts(demo, JO)
    (request,) = await demo.read(KitRequest)

    async def gone(scene: Scene) -> None:
        (await scene.person(request.contact_id)).change(blocked_at=scene.now)
        await requests_wait_for_nobody(scene, request.contact_id)

    await in_scene(demo, gone)
    heard = [(to, message.text) for to, message, _ in await demo.new_messages()]
    assert [text for to, text in heard if to == JO and "need not go" in text]
    assert [text for to, text in heard if to == SAM and "cannot be reached by text" in text]


# --- what is forgotten -------------------------------------------------------------------------


async def test_notes_are_kept_a_year_and_unused_codes_a_month(demo: Kitline) -> None:
    await say(demo, SAM, "NOTE sleep", "EXPENSES 4.60 bus")
    for days, codes, words in ((43, 2, 2), (45, 0, 2), (366, 0, 0)):
        async with demo.app.db.transaction() as tx:
            await purge(tx, START + timedelta(days=days))
        assert len(await demo.read(Invitation)) == codes
        notes = await demo.read(PeerNote)
        assert sum(bool(note.note) for note in notes) == words
    assert sum(note.pence for note in notes) == 460


# --- words for us, and words for the other side ------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["where in Cleethorpes are you?", "rest of the way is fine", "pair of gloves is with me"],
)
async def test_a_sentence_in_a_meeting_goes_to_the_other_side(demo: Kitline, text: str) -> None:
    await ask_for_kit(demo)
    await demo.say(SAM, "ACCEPT")
    await demo.say(SAM, text)
    assert (await texts(demo, AMY))[-1] == f"Sam: {text}"
    assert (await peer(demo, "Sam")).place == "Grimsby"


async def test_a_note_in_a_meeting_is_kept_only_if_it_is_surely_for_us(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await demo.say(SAM, "ACCEPT")
    await demo.say(SAM, "note I wear a red coat")
    assert "for me or for the person" in (await texts(demo, SAM))[-1]
    assert await demo.read(PeerNote) == []
    await demo.say(SAM, "NOTE: my feet hurt")
    assert [n.note for n in await demo.read(PeerNote)] == ["my feet hurt"]
    assert not any("coat" in t or "feet" in t for t in await texts(demo, AMY))


async def test_an_answer_may_begin_with_a_word_of_ours(demo: Kitline) -> None:
    await say(demo, SAM, "HOTSPOT", "where the old baths are, DN32")
    (note,) = await demo.read(PeerNote)
    assert (note.district, note.note) == ("DN32", "where the old baths are, DN32")
    assert (await peer(demo, "Sam")).place == "Grimsby"


# --- kind words --------------------------------------------------------------------------------


async def test_a_hard_day_is_no_day_for_a_milestone(demo: Kitline) -> None:
    sam = await peer(demo, "Sam")
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        note = PeerNote(
            work.new_id(), sam.service_id, sam.id, "hard_event", work.now, note="own_use"
        )
        work.save(note)
        await work.flush()
    await say(demo, SAM, "ISSUED 1 friend DN31")
    assert not any("first kit" in text for text in await texts(demo, SAM))
    assert await demo.read(Fact, fact="MilestoneReached") == []


async def test_notes_for_supervision_are_asked_for_once_a_month(demo: Kitline) -> None:
    await change(demo, "Jo", rest_until=START + timedelta(days=120))
    for day in (1, 7, 8, 38, 39, 44, 45, 69, 70):
        demo.clock.move_to(START + timedelta(days=day))
        await demo.wait(timedelta(hours=1))
    asked = [r for r in await demo.read(OutboxRow) if (r.dedupe or "").startswith("supervision:")]
    sam, jo = await peer(demo, "Sam"), await peer(demo, "Jo")
    assert [r.dedupe for r in asked if r.contact_id == sam.contact_id] == [
        f"supervision:{sam.id}:2027-01",
        f"supervision:{sam.id}:2027-02",
    ]
    assert not any(r.contact_id == jo.contact_id for r in asked)

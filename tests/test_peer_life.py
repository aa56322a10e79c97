"""What being a peer leaves in the database, and what must never happen to one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from db.models import Address, Fact, Flag, Invitation, KitRequest, Offer, OutboxRow, Peer, PeerNote
from db.retention import purge
from handlers.debrief import hard_event
from handlers.engine.turn import Scene
from handlers.services.codes import check_character
from tests.harness import START, Kitline
from tests.peers import AMY, ASH, JO, SAM, ask_for_kit, change, in_scene, peer, say, texts

CODE = "JOIN K7F-3NN"


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


async def test_who_was_made_a_peer_meanwhile_is_one_peer(demo: Kitline) -> None:
    await say(demo, AMY, CODE, "Nell", "YES", "DN31", "3")
    (amy,) = [a for a in await demo.read(Address) if a.address == AMY]
    sam = await peer(demo, "Sam")

    async def entered_by_hand(scene: Scene) -> None:
        work = scene.work
        work.save(Peer(work.new_id(), sam.service_id, amy.contact_id, "Nellie", work.now))

    await in_scene(demo, entered_by_hand)
    await demo.say(AMY, "NONE")
    assert "a peer already" in (await texts(demo, AMY))[-1]
    assert [p.name for p in await demo.read(Peer, contact_id=amy.contact_id)] == ["Nellie"]


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


# --- kind words --------------------------------------------------------------------------------


async def test_a_hard_day_is_no_day_for_a_milestone(demo: Kitline) -> None:
    sam = await peer(demo, "Sam")
    await in_scene(demo, lambda scene: hard_event(scene, sam, "own_use"))
    await say(demo, SAM, "ISSUED 1 friend DN31")
    assert not any("first kit" in text for text in await texts(demo, SAM))
    assert await demo.read(Fact, fact="MilestoneReached") == []


async def test_a_week_off_never_shortens_a_longer_rest(demo: Kitline) -> None:
    await say(demo, SAM, "REST 1 month", "USED", "no", "they died")
    assert (await peer(demo, "Sam")).rest_until == START + timedelta(days=30)


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


# --- one person, two phones --------------------------------------------------------------------


async def test_a_request_goes_along_to_the_peer_whose_phone_it_is(demo: Kitline) -> None:
    await demo.say(SAM, "LINK")
    code = (await texts(demo, SAM))[-1].partition("LINK ")[2][:6]
    await say(demo, SAM, "OFF")
    await ask_for_kit(demo)
    await say(demo, AMY, f"LINK {code}", "STATUS")
    (request,) = await demo.read(KitRequest)
    assert request.contact_id == (await peer(demo, "Sam")).contact_id
    assert request.ref in (await texts(demo, AMY))[-1]


async def test_a_peer_may_count_a_whole_cupboard_by_text(demo: Kitline) -> None:
    for n in range(60):
        await demo.say(SAM, f"STOCK COUNT {n % 4} N2402")
    assert not any("a lot of messages" in text for text in await texts(demo, SAM))


async def test_a_number_is_no_answer_to_a_question_of_days_ago(demo: Kitline) -> None:
    await say(demo, SAM, "ADVICE")
    await demo.wait(timedelta(days=2))
    await texts(demo, SAM)
    await demo.say(SAM, "1")
    (again,) = await texts(demo, SAM)
    assert again.startswith("Back to where we were.")
    await demo.say(SAM, "1")
    assert "Back to" not in (await texts(demo, SAM))[0]

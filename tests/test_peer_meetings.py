"""Meetings among peers: handed on, gone to in pairs, missed, taken back, talked through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from db.models import Flag, KitRequest, Offer, PeerNote, Supply, SupplyFact
from handlers.delivery import offer_failed
from handlers.engine.turn import Scene
from handlers.stand_down import from_duties, requests_wait_for_nobody
from tests.harness import Kitline
from tests.peers import AMY, JO, SAM, ask_for_kit, change, in_scene, peer, say, texts

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
    await in_scene(demo, lambda scene: offer_failed(scene, asked.id))
    assert "still yours" in (await texts(demo, SAM))[-1]


# --- who is looked for -------------------------------------------------------------------------


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


async def test_nobody_is_asked_twice_to_be_a_pair(demo: Kitline) -> None:
    await say(demo, SAM, "PAIR Jo", "PAIR Jo")
    assert len([text for text in await texts(demo, JO) if "as a pair" in text]) == 1


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


async def jo_goes_along(demo: Kitline) -> None:
    """Sam has a meeting, and Jo, their pair, has said yes to coming with them."""
    await say(demo, SAM, "PAIR Jo")
    await say(demo, JO, "YES")
    await ask_for_kit(demo)
    await demo.say(SAM, "ACCEPT")
    await demo.say(JO, "YES")
    await texts(demo, JO)


async def test_a_partner_is_told_when_the_requester_cancels(demo: Kitline) -> None:
    await jo_goes_along(demo)
    await say(demo, AMY, "CANCEL", "YES")
    assert [t for t in await texts(demo, JO) if "need not go" in t]


async def test_a_partner_is_told_when_the_requester_cannot_be_reached(demo: Kitline) -> None:
    await jo_goes_along(demo)
    (request,) = await demo.read(KitRequest)

    async def gone(scene: Scene) -> None:
        (await scene.person(request.contact_id)).change(blocked_at=scene.now)
        await requests_wait_for_nobody(scene, request.contact_id)

    await in_scene(demo, gone)
    heard = [(to, message.text) for to, message, _ in await demo.new_messages()]
    assert [text for to, text in heard if to == JO and "need not go" in text]
    assert [text for to, text in heard if to == SAM and "cannot be reached by text" in text]


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

"""Webhooks and what follows a send: replies that ride, reports, refusals, a call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.web import webhooks
from bot.worker import SEND_TRIES
from db.models import Contact, Fact, Flag, KitRequest, Offer, OutboxRow
from tests.harness import PUBLIC, Kitline
from tests.standins.twilio import TwilioStandIn
from tests.web.calls import (
    AMY,
    SAM,
    ask_for_a_kit,
    heard,
    replies,
    report,
    telegram_posts,
    text_form,
    twilio_posts,
)


def twilio_of(line: Kitline) -> TwilioStandIn:
    assert line.twilio
    return line.twilio


async def contact_of(line: Kitline) -> Contact:
    """The only contact that is none of the sample's."""
    found = sorted(await line.read(Contact), key=lambda one: one.id)
    return found[-1]


async def rows_to(line: Kitline, contact: Contact) -> list[OutboxRow]:
    return await line.read(OutboxRow, contact_id=contact.id)


# --- replies that ride -------------------------------------------------------------------------


async def test_replies_ride_once_and_are_recorded_as_sent(sms: Kitline) -> None:
    twilio = twilio_of(sms)
    answer = await twilio_posts(sms, text_form("KIT"))
    said = replies(answer)
    assert "OK to go on" in said[-1]
    rows = await rows_to(sms, await contact_of(sms))
    assert [row.status for row in rows] == ["sending"] * len(rows)
    assert [f"{PUBLIC}/twilio/status?m={row.id}" in answer.text for row in rows] == [True] * len(
        rows
    )
    await sms.settle()
    rows = await rows_to(sms, await contact_of(sms))
    assert [(row.status, row.error) for row in rows] == [("sent", "")] * len(rows)
    await sms.wait(timedelta(minutes=5))
    assert (twilio.sent, twilio.calls) == ([], 0)


async def test_a_report_before_our_own_note_is_kept(sms: Kitline) -> None:
    await twilio_posts(sms, text_form("KIT"))
    row = (await rows_to(sms, await contact_of(sms)))[0]
    await twilio_posts(sms, report("SM1", "delivered"), f"/twilio/status?m={row.id}")
    await sms.settle()
    await sms.wait(timedelta(minutes=5))
    (row,) = await sms.read(OutboxRow, id=row.id)
    assert (row.status, row.done_at is not None, row.tries) == ("delivered", True, 1)


async def test_an_answer_that_never_arrived_is_sent_again(
    sms: Kitline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server died between the turn and its webhook's answer: the lease runs out."""

    async def nothing(*_: Any) -> None: ...

    monkeypatch.setattr(webhooks.Webhooks, "_handed_over", nothing)
    await twilio_posts(sms, text_form("KIT"))
    await sms.settle()
    assert twilio_of(sms).sent == []
    sms.clock.move_to(sms.clock.now() + timedelta(seconds=20))
    await sms.settle()
    assert "OK to go on" in twilio_of(sms).texts_to(AMY)[-1]
    await sms.settle()
    assert len(twilio_of(sms).texts_to(AMY)) == 2


async def test_a_slow_turn_falls_back_to_the_api(
    sms: Kitline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "RIDE_SECONDS", 0.05)
    form = text_form("KIT")
    answer = await twilio_posts(sms, form, work=False)
    assert replies(answer) == []
    await sms.settle()
    texts = twilio_of(sms).texts_to(AMY)
    assert "OK to go on" in texts[-1]
    assert replies(await twilio_posts(sms, form)) == []
    await sms.settle()
    assert twilio_of(sms).texts_to(AMY) == texts


async def test_only_the_sender_is_answered_in_place(sms: Kitline) -> None:
    """What others are told goes by the API: the webhook's answer reaches one number alone."""
    await ask_for_a_kit(sms, AMY)
    answer = await twilio_posts(sms, text_form("ACCEPT", From=SAM))
    assert any("is yours" in text for text in replies(answer))
    await sms.settle()
    assert "Sam can meet you" in twilio_of(sms).texts_to(AMY)[-1]


# --- reports -----------------------------------------------------------------------------------


async def test_a_text_out_of_reach_is_flagged(sms: Kitline) -> None:
    twilio_of(sms).undeliverable[AMY] = "30003"
    await sms.say(AMY, "KIT")
    contact = await contact_of(sms)
    rows = await rows_to(sms, contact)
    assert {(row.status, row.error) for row in rows} == {("failed", "30003")}
    assert [(flag.kind, flag.contact_id) for flag in await sms.read(Flag)] == [
        ("dead_message", contact.id)
    ]
    assert contact.blocked_at is None


async def test_who_told_twilio_to_stop_is_left_alone(sms: Kitline) -> None:
    await sms.say(AMY, "KIT")
    twilio_of(sms).opted_out.add(AMY)
    contact = await contact_of(sms)
    (row, *_) = await rows_to(sms, contact)
    await twilio_posts(sms, report("SM1", "failed", "21610"), f"/twilio/status?m={row.id}")
    await twilio_posts(sms, report("SM1", "failed", "21610"), f"/twilio/status?m={row.id}")
    assert (await contact_of(sms)).blocked_at
    assert await sms.read(Flag) == []
    failed = [fact for fact in await sms.read(Fact) if fact.fact == "MessageFailed"]
    assert len(failed) == 1
    assert replies(await twilio_posts(sms, text_form("MENU"))) == []
    assert replies(await twilio_posts(sms, text_form("START")))[0].startswith("Welcome back")
    assert (await contact_of(sms)).blocked_at is None


async def test_a_refused_send_blocks_and_the_ladder_goes_on(sms: Kitline) -> None:
    twilio_of(sms).opted_out.add(SAM)
    await ask_for_a_kit(sms, AMY)
    (request,) = await sms.read(KitRequest)
    offers = await sms.read(Offer, request_id=request.id)
    assert [offer.status for offer in offers] == ["expired", "sent"]
    assert request.status == "offered"
    assert request.next_timer_at


async def test_an_offer_that_cannot_be_delivered_goes_to_the_next(sms: Kitline) -> None:
    twilio_of(sms).undeliverable[SAM] = "30005"
    await ask_for_a_kit(sms, AMY)
    (request,) = await sms.read(KitRequest)
    offers = await sms.read(Offer, request_id=request.id)
    assert [offer.status for offer in offers][:2] == ["expired", "sent"]


# --- refusals ----------------------------------------------------------------------------------


async def test_who_blocks_the_bot_is_left_alone_till_they_write(telegram: Kitline) -> None:
    stand_in = telegram.telegram
    assert stand_in
    stand_in.blocked.add(4242)
    await telegram.say("tg:4242", "KIT")
    assert (await contact_of(telegram)).blocked_at
    assert await telegram.read(Flag) == []
    stand_in.blocked.discard(4242)
    await telegram.say("tg:4242", "MENU")
    assert (await contact_of(telegram)).blocked_at is None
    assert stand_in.texts_to(4242)


async def test_telegram_says_how_long_to_wait(telegram: Kitline) -> None:
    stand_in = telegram.telegram
    assert stand_in
    stand_in.fail_next(1, 429, retry_after=90)
    await telegram.say("tg:4242", "HELP")
    (row,) = await rows_to(telegram, await contact_of(telegram))
    assert (row.status, row.error) == ("queued", "429")
    assert row.due_at >= telegram.clock.now() + timedelta(seconds=90)
    telegram.clock.move_to(row.due_at)
    await telegram.settle()
    assert len(stand_in.texts_to(4242)) == 1


async def test_a_broken_provider_is_tried_again_then_given_up(telegram: Kitline) -> None:
    stand_in = telegram.telegram
    assert stand_in
    stand_in.fail_next(SEND_TRIES, 500)
    await telegram.say("tg:4242", "HELP")
    waits = []
    for _ in range(SEND_TRIES - 1):
        (row,) = await rows_to(telegram, await contact_of(telegram))
        assert row.status == "queued"
        waits.append((row.due_at - telegram.clock.now()).total_seconds())
        telegram.clock.move_to(row.due_at)
        await telegram.settle()
    (row,) = await rows_to(telegram, await contact_of(telegram))
    assert (row.status, row.tries) == ("failed", SEND_TRIES)
    assert waits[-1] > waits[0] * 8
    assert [flag.kind for flag in await telegram.read(Flag)] == ["dead_message"]
    told = telegram.telegram.texts_to(900051)  # the coordinator on call
    assert len(told) == 1


@pytest.mark.parametrize(("reports", "times"), [(False, 2), (True, 1)])
async def test_a_lost_answer_is_sent_again_unless_a_report_names_it(
    sms: Kitline, reports: bool, times: int
) -> None:
    """At least once: Twilio took it, and its answer was lost. A delivery report is word enough."""
    twilio = twilio_of(sms)
    twilio.status_callbacks = reports
    await ask_for_a_kit(sms, AMY)
    twilio.fail_next(1, accepted=True)
    await sms.say(SAM, "ACCEPT")
    sms.clock.move_to(sms.clock.now() + timedelta(minutes=1))
    await sms.settle()
    assert sum("Sam can meet you" in text for text in twilio.texts_to(AMY)) == times


# --- an emergency ------------------------------------------------------------------------------


async def test_an_emergency_is_answered_in_place_once(sms: Kitline) -> None:
    form = text_form("hes not breathing help")
    first = await twilio_posts(sms, form)
    (card,) = replies(first)
    assert card.startswith("CALL 999")
    assert replies(await twilio_posts(sms, form)) == [card]  # delivered again: the same answer
    echo = await twilio_posts(sms, text_form("hes not breathing help"))
    assert replies(echo) == []  # the identical line within 30 seconds
    await sms.settle()
    cards = [r for r in await rows_to(sms, await contact_of(sms)) if r.body["text"] == card]
    assert [row.status for row in cards] == ["sent"]
    assert card not in twilio_of(sms).texts_to(AMY)


async def test_an_emergency_on_telegram_is_answered_in_place(telegram: Kitline) -> None:
    update = {"update_id": 5, **_text(4242, "hes not breathing help")}
    answer = await telegram_posts(telegram, update)
    assert answer.json()["method"] == "sendMessage"
    assert answer.json()["chat_id"] == 4242
    assert answer.json()["text"].startswith("CALL 999")
    await telegram.settle()
    assert telegram.telegram
    assert not any(t.startswith("CALL 999") for t in telegram.telegram.texts_to(4242))


def _text(chat: int, words: str) -> dict[str, Any]:
    from tests.standins import telegram_updates

    return telegram_updates.text(chat, words)


# --- somebody rings ----------------------------------------------------------------------------


def call(**more: str) -> dict[str, str]:
    return {"CallSid": "CA1", "From": AMY, "To": "+447700900900", "CallStatus": "ringing", **more}


async def test_a_call_hears_999_first_then_the_offer_of_a_text(sms: Kitline) -> None:
    answer = await twilio_posts(sms, call(), "/twilio/voice")
    assert answer.headers["Content-Type"].startswith("text/xml")
    said = answer.text
    assert said.index("9 9 9") < said.index("<Gather") < said.index("<Hangup/>")
    assert f'action="{PUBLIC}/twilio/voice"' in said
    assert twilio_of(sms).sent == []


async def test_pressing_one_texts_back_once_a_day(sms: Kitline) -> None:
    for n in range(3):
        form = call(CallSid=f"CA{n}", Digits="1")
        assert "<Gather" not in (await twilio_posts(sms, form, "/twilio/voice")).text
    await sms.settle()
    assert len(twilio_of(sms).texts_to(AMY)) == 1
    assert await heard(sms, AMY)
    await sms.wait(timedelta(days=1, minutes=1))
    await twilio_posts(sms, call(CallSid="CA9", CallStatus="no-answer"), "/twilio/voice")
    await sms.settle()
    assert len(twilio_of(sms).texts_to(AMY)) == 2


async def test_only_a_uk_mobile_is_texted_back(sms: Kitline) -> None:
    for caller in ("+442079460000", "+12025550123", "anonymous", ""):
        form = call(From=caller, Digits="1")
        answer = await twilio_posts(sms, form, "/twilio/voice")
        assert answer.status_code == 200
        assert "9 9 9" in answer.text
        assert "<Gather" not in answer.text
    await sms.settle()
    assert twilio_of(sms).sent == []

"""Whatever comes in: a clear answer, nothing lost, nothing done twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.web.webhooks import MOST_BYTES
from db.models import Contact, Flag, InboundMessage, InboxRow, KitRequest, OutboxRow
from db.reference.gazetteer import Gazetteer
from handlers.loops import ANSWERED_PER_WINDOW
from tests.harness import Kitline, kitline
from tests.standins import telegram_updates as updates
from tests.web.calls import (
    AMY,
    SAM,
    heard,
    meet,
    replies,
    report,
    signed,
    telegram_posts,
    text_form,
    twilio_posts,
)

NASTY = {
    "nul": "ki\0t",
    "lone surrogates": "kit \ud83d and \udc00",
    "long": "help me get a kit " * 223,
    "emoji": "\U0001f642\U0001f449\U0001f3fd\u200d\U0001f600",
    "markup": "<script>alert(1)</script><b>hi</b>&amp;",
    "template": "{{ 7 * 7 }}{% for x in range(9) %}{{ config }}{% endfor %}",
    "sql": "'; DROP TABLE contacts; --",
    "control": "\x01\x02\x1b[31m\r\n\x7f\u202e\ufeff",
    "digits": "9" * 4000,
}


# --- who may call ------------------------------------------------------------------------------


TWILIO_DOORS = ("/twilio/sms", "/twilio/status", "/twilio/voice")


async def test_only_twilio_may_post(sms: Kitline) -> None:
    form = text_form("KIT")
    for path in TWILIO_DOORS:
        for header in (
            {},
            {"X-Twilio-Signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
            {"X-Twilio-Signature": "\xff\xfe"},
            signed(path, {**form, "Body": "STOP"}),
            signed("/elsewhere", form),
        ):
            answer = await twilio_posts(sms, form, path, header, work=False)
            assert answer.status_code == 403, (path, header)
    assert await sms.read(InboxRow) == []


async def test_only_telegram_may_post(telegram: Kitline) -> None:
    for secret in ("", "wrong", "\xff"):
        answer = await telegram_posts(telegram, updates.text(4242, "KIT"), secret)
        assert answer.status_code == 403
    assert await telegram.read(InboxRow) == []


async def test_a_door_that_is_not_configured_is_shut(telegram: Kitline, demo: Kitline) -> None:
    assert (await twilio_posts(telegram, text_form("KIT"), work=False)).status_code == 404
    assert (await telegram_posts(demo, updates.text(4242, "KIT"))).status_code == 404


# --- the same thing twice ----------------------------------------------------------------------


async def test_a_replayed_text_gets_the_same_answer_and_does_nothing_twice(sms: Kitline) -> None:
    form = text_form("KIT")
    first = await twilio_posts(sms, form)
    before = [len(await sms.read(m)) for m in (InboxRow, OutboxRow, Contact)]
    again = await twilio_posts(sms, form)
    assert replies(again) == replies(first) != []
    assert [len(await sms.read(m)) for m in (InboxRow, OutboxRow, Contact)] == before


async def test_a_replayed_yes_is_one_yes(sms: Kitline) -> None:
    await twilio_posts(sms, text_form("KIT"))
    yes = text_form("YES")
    first, again = await twilio_posts(sms, yes), await twilio_posts(sms, yes)
    assert replies(again) == replies(first)
    assert "18 or over" in replies(first)[0]


async def test_a_replayed_update_does_nothing_twice(telegram: Kitline) -> None:
    update = {"update_id": 77, **updates.text(4242, "KIT")}
    for _ in range(2):
        assert (await telegram_posts(telegram, update)).status_code == 200
        await telegram.settle()
    assert len(await telegram.read(InboxRow)) == 1
    assert telegram.telegram
    assert sum("OK to go on" in text for text in telegram.telegram.texts_to(4242)) == 1


async def test_a_double_press_is_answered_kindly(telegram: Kitline) -> None:
    await telegram.say("tg:4242", "KIT")
    (*_, (_, question, _)) = await telegram.new_messages()
    yes = next(b.choice for b in question.buttons if b.label == "Yes")
    await telegram.press("tg:4242", yes)
    await telegram.press("tg:4242", yes)
    texts = await heard(telegram, "tg:4242")
    assert ["18 or over" in texts[0], "has passed" in texts[1]] == [True, True]
    assert "18 or over" in texts[2]


# --- what is no message ------------------------------------------------------------------------


MALFORMED_FORMS = (
    (b"", "application/x-www-form-urlencoded"),
    (b"%%%===&&&;;;\xff\xfe", "application/x-www-form-urlencoded"),
    (b"not a multipart", "multipart/form-data; boundary=x"),
    (b"--x\r\nContent-Disposition: form-data\r\n\r\n", "multipart/form-data"),
    (b'{"From": "+447700900101"}', "application/json"),
    (b"Body=KIT", "text/plain; charset=nonsense"),
)
NO_UPDATES = (
    b"",
    b"{",
    b"\xff\xfe",
    b"null",
    b"7",
    b"[[]]",
    b'"text"',
    b"[" * 20_000,
    b"{}",
    b'{"update_id": 9}',
    b'{"update_id": 9, "message": null}',
    b'{"update_id": 9, "message": {"chat": 7, "text": []}}',
    b'{"update_id": "x", "message": {"chat": {"id": "y", "type": "private"}, "text": "KIT"}}',
)
OTHER_UPDATES = (
    *("poll", "inline_query", "channel_post", "message_reaction", "business_message"),
    "something_of_tomorrow",
)


async def test_a_malformed_form_is_refused(sms: Kitline) -> None:
    async with sms.client() as client:
        for path in TWILIO_DOORS:
            for content, kind in MALFORMED_FORMS:
                headers = {"Content-Type": kind, "X-Twilio-Signature": "AAAA"}
                answer = await client.post(path, content=content, headers=headers)
                assert answer.status_code in (400, 403), (path, content)
    assert await sms.read(InboxRow) == []


async def test_a_signed_form_with_gaps_is_answered(sms: Kitline) -> None:
    for form in ({}, {"Body": "KIT"}, {"From": "", "Body": "KIT"}, {"From": AMY}):
        assert (await twilio_posts(sms, form)).status_code == 200
    assert all(row.done_at and not row.error for row in await sms.read(InboxRow))


async def test_what_is_no_update_is_acknowledged_and_dropped(telegram: Kitline) -> None:
    for update in NO_UPDATES:
        answer = await telegram_posts(telegram, update)
        assert (answer.status_code, answer.json()) == (200, {}), update[:80]
    for kind in OTHER_UPDATES:
        unknown = {"update_id": 9, kind: {"id": "7", "from": {"id": 4242}, "text": "KIT"}}
        assert (await telegram_posts(telegram, unknown)).json() == {}, kind
    assert await telegram.read(InboxRow) == []


async def test_malformed_json_is_refused_by_the_demo(demo: Kitline) -> None:
    async with demo.client() as client:
        for content in (b"", b"{", b"[]", b"null", b"\xff", b"[" * 20_000, b"{}", b'{"from": "x"}'):
            answer = await client.post("/demo/messages", content=content)
            assert answer.status_code == 400, content[:80]
            assert answer.json()["error"]
    assert await demo.read(InboxRow) == []


# --- too much ----------------------------------------------------------------------------------


async def _in_pieces(total: int) -> AsyncIterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(total // 16_384):
        yield b"x" * 16_384


@pytest.mark.parametrize("declared", [True, False])
async def test_a_megabyte_is_refused(
    sms: Kitline, telegram: Kitline, demo: Kitline, declared: bool
) -> None:
    assert MOST_BYTES < 1 << 20
    paths = {"/twilio/sms": sms, "/telegram/webhook": telegram, "/demo/messages": demo}
    for path, line in paths.items():
        secret = line.app.db.keyring.signing_secret("telegram webhook")
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret, "X-Twilio-Signature": "AAAA"}
        body = b"x" * (1 << 20) if declared else _in_pieces(1 << 20)
        async with line.client() as client:
            answer = await client.post(path, content=body, headers=headers)
        assert answer.status_code == 413, path
        assert await line.read(InboxRow) == []


async def test_five_hundred_texts_in_a_minute(demo: Kitline) -> None:
    to = "+447700900900"
    for n in range(500):
        message = InboundMessage("sms", f"m{n}", to, AMY, "text", f"are you there {n}")
        await demo.app.intake.accept(message)
    await demo.settle()
    assert all(row.done_at for row in await demo.read(InboxRow))
    texts = await heard(demo, AMY)
    assert len(texts) <= ANSWERED_PER_WINDOW + 1
    assert "a lot of messages" in texts[-1]
    assert [flag.kind for flag in await demo.read(Flag)] == ["loop"]

    await demo.say(AMY, "hes not breathing help")
    assert (await heard(demo, AMY))[0].startswith("CALL 999")
    for n in range(10):
        await demo.say(AMY, f"are you there still {n}")
    assert await heard(demo, AMY) == []
    await demo.say(AMY, "STOP")
    assert (await heard(demo, AMY))[0].startswith("Stopped.")
    await demo.wait(timedelta(minutes=11))
    await demo.say(AMY, "START")
    assert (await heard(demo, AMY))[0].startswith("Welcome back")


# --- odd texts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["sms", "telegram", "demo"])
async def test_odd_texts_are_answered_and_kept(
    channel: str, database_url: str, secret_key: str, gazetteer: Gazetteer
) -> None:
    """On both databases: one line, one person after the other."""
    async with kitline(database_url, secret_key, gazetteer, channel) as line:
        for n, (name, text) in enumerate(NASTY.items()):
            if channel == "sms" and name == "lone surrogates":
                continue  # a form cannot hold them
            address = line.address(f"9003{n:02}")
            await line.say(address, text)
            assert await heard(line, address), name
        rows = await line.read(InboxRow)
        assert all(row.done_at and not row.error for row in rows)
        assert len(rows) == len(NASTY) - (channel == "sms")
        kept = {row.body["text"] for row in rows if row.body.get("text")}
        assert NASTY["sql"] in kept


async def test_odd_texts_at_every_question(demo: Kitline) -> None:
    for n, text in enumerate(["KIT", "YES", "YES", "Someone I know", "DN31 3EQ", "1"]):
        address = f"+4477009004{n:02}"
        for asked in ["KIT", "YES", "YES", "Someone I know", "DN31 3EQ", "1"][: n + 1]:
            await demo.say(address, asked)
        await heard(demo, address)
        for nasty in NASTY.values():
            await demo.say(address, nasty)
        assert await heard(demo, address), text
    assert all(row.done_at and not row.error for row in await demo.read(InboxRow))


async def test_markup_is_relayed_as_plain_text(sms: Kitline) -> None:
    await meet(sms, AMY, SAM)
    assert sms.twilio
    for name in ("markup", "template", "sql"):
        await sms.say(AMY, NASTY[name])
        assert sms.twilio.texts_to(SAM)[-1] == f"Friend: {NASTY[name]}"
    assert len(await sms.read(KitRequest)) == 1


# --- messages that are not words ---------------------------------------------------------------


async def test_a_picture_by_sms_is_answered(sms: Kitline) -> None:
    answer = await twilio_posts(sms, text_form("", NumMedia="1", MediaUrl0="https://x.test/1"))
    assert "only read words" in replies(answer)[0]


async def test_words_beside_a_picture_are_heard_in_an_emergency(sms: Kitline) -> None:
    answer = await twilio_posts(sms, text_form("hes not breathing help", NumMedia="1"))
    assert replies(answer)[0].startswith("CALL 999")


async def test_an_empty_text_is_answered(sms: Kitline) -> None:
    for body in ("", " ", "\n\t ", "\0"):
        assert "without words" in replies(await twilio_posts(sms, text_form(body)))[0]


async def test_a_telegram_message_without_words_is_answered(telegram: Kitline) -> None:
    assert telegram.telegram
    for n, (update, says) in enumerate(
        (
            (updates.photo(4242), "only read words"),
            (updates.message(4242, dice={"emoji": "x", "value": 3}), "only read words"),
            (updates.message(4242, brand_new_thing={"id": 1}), "only read words"),
            (updates.edited(4242, "KIT"), "changes to old messages"),
            (updates.contact(4242, "+447700900102", own=False), "only read words"),
        )
    ):
        answer = await telegram_posts(telegram, {"update_id": n, **update})
        assert answer.status_code == 200
        await telegram.settle()
        assert says in telegram.telegram.texts_to(4242)[-1]


# --- delivery reports --------------------------------------------------------------------------


async def test_reports_out_of_order_never_go_back(sms: Kitline) -> None:
    assert sms.twilio
    sms.twilio.status_callbacks = False
    await sms.say(AMY, "hello")
    (row,) = [r for r in await sms.read(OutboxRow) if r.status == "sent"]
    path = f"/twilio/status?m={row.id}"
    for status in ("delivered", "sent", "queued", "sending", "nonsense"):
        answer = await twilio_posts(sms, report("SMx", status), path)
        assert answer.status_code == 204
    (row,) = await sms.read(OutboxRow, id=row.id)
    assert (row.status, row.provider_id) == ("delivered", "SMx")


async def test_a_report_about_nothing_of_ours_is_acknowledged(sms: Kitline) -> None:
    for query in ("", "?m=7", "?m=x", "?m=" + "9" * 30, "?m=-1", "?n=1"):
        form = report("SMunknown", "failed", "30003")
        answer = await twilio_posts(sms, form, f"/twilio/status{query}")
        assert answer.status_code == 204
    assert await sms.read(Flag) == []

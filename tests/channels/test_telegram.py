"""Telegram against the stand-in, over real loopback HTTP."""

import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.base import SendError
from bot.channels.telegram import TelegramChannel, parse_update, pressed_message
from bot.channels.telegram_draw import draw_telegram
from db.models import Button, OutboundMessage
from tests.standins import telegram_updates as updates
from tests.standins.telegram import TOKEN, TelegramStandIn
from tests.standins.wire import serve

SAM = 4242
EMERGENCY = [[{"text": "Emergency"}]]


@pytest.fixture
async def api():
    stand_in = TelegramStandIn()
    async with serve(stand_in.app) as stand_in.url:
        yield stand_in
        await stand_in.close()


@pytest.fixture
async def telegram(api):
    channel = TelegramChannel(TOKEN, base_url=api.url)
    yield channel
    await channel.close()


def says(text, *labels, **more):
    buttons = tuple(Button(label, f"c:{label}") for label in labels)
    return OutboundMessage(text, buttons, **more)


async def send(channel, message, chat=SAM):
    return await channel.send(f"tg:{chat}", message, line="")


def rows(markup):
    drawn = markup.get("keyboard") or markup["inline_keyboard"]
    return [[button["text"] for button in row] for row in drawn]


# --- sending ------------------------------------------------------------------------------------


async def test_a_plain_message_brings_the_emergency_button(api, telegram):
    receipt = await send(telegram, says("Hello"))
    (sent,) = api.sent
    assert (sent["text"], sent["chat"]["id"]) == ("Hello", SAM)
    assert (receipt.provider_id, receipt.parts) == ("1", 1)
    assert sent["reply_markup"]["keyboard"] == EMERGENCY
    assert sent["reply_markup"]["is_persistent"] is True


async def test_quiet_words_on_a_shared_phone(api, telegram):
    await send(telegram, says("Hello", quiet=True))
    assert rows(api.sent[0]["reply_markup"])[0] == ["Help now"]


async def test_buttons_hang_on_the_message_and_name_their_choice(api, telegram):
    await send(telegram, says("Hello"))
    await send(telegram, says("OK to go on?", "Yes", "No"))
    await send(telegram, says("Which kit?", "Nasal spray", "Injectable, for practised hands"))
    short, long = (message["reply_markup"]["inline_keyboard"] for message in api.sent[1:])
    assert short == [[{"text": x, "callback_data": f"c:{x}"} for x in ("Yes", "No")]]
    assert [len(row) for row in long] == [1, 1]


async def test_the_first_question_is_two_messages_so_that_the_emergency_button_is_there(
    api, telegram
):
    question = says("Who we are.\n\nWhat we keep.\n\nOK to go on?", "Yes", "No")
    receipt = await send(telegram, question)
    first, second = api.sent
    assert (first["text"], second["text"]) == ("Who we are.\n\nWhat we keep.", "OK to go on?")
    assert first["reply_markup"]["keyboard"] == EMERGENCY
    assert "inline_keyboard" in second["reply_markup"]
    assert receipt.provider_id == str(second["message_id"])
    await send(telegram, question)
    assert len(api.sent) == 3
    await send(telegram, says("a\n\nb?", "Yes", quiet=True))
    assert rows(api.sent[3]["reply_markup"])[0] == ["Help now"]


async def test_an_emergency_is_one_message_at_once(api, telegram):
    await send(telegram, says("Call 999.\n\nBreathing?", "Yes", "No", emergency=True))
    assert [message["text"] for message in api.sent] == ["Call 999.\n\nBreathing?"]


async def test_a_question_of_one_line_stays_one_message(api, telegram):
    await send(telegram, says("OK?", "Yes"))
    assert "inline_keyboard" in api.sent[0]["reply_markup"]
    await send(telegram, says("a\n\nb?", "Yes"))
    assert len(api.sent) == 3  # the keyboard has still to be given


async def test_asking_for_a_place_keeps_options_and_emergency_on_one_keyboard(api, telegram):
    await send(telegram, says("Where are you?", "Skip", ask_location=True))
    (sent,) = api.sent
    assert rows(sent["reply_markup"])[:3] == [["Send my location"], ["Skip"], ["Emergency"]]
    assert sent["reply_markup"]["keyboard"][0][0]["request_location"] is True
    await send(telegram, says("Thanks.\n\nWhich?", "a"))
    assert api.sent[1]["reply_markup"]["keyboard"] == EMERGENCY


async def test_a_long_text_is_cut_and_the_buttons_come_last(api, telegram):
    receipt = await send(telegram, says("A sentence. " * 600, "Yes"))
    assert receipt.parts == 2
    assert all(len(message["text"]) <= 4096 for message in api.sent)
    assert "keyboard" in api.sent[0]["reply_markup"]
    assert "inline_keyboard" in api.sent[1]["reply_markup"]
    assert [len(part) for part in draw_telegram(says("😀" * 3000))] == [2048, 952]


async def refused(channel, message=None, chat=SAM) -> SendError:
    with pytest.raises(SendError) as raised:
        await send(channel, message or says("Hello"), chat)
    assert TOKEN not in repr(raised.value)
    assert raised.value.__context__ is None or raised.value.__suppress_context__
    return raised.value


@pytest.mark.parametrize(
    ("status", "code", "retryable", "stops", "retry_after"),
    [
        (429, "429", True, False, 7.0),
        (403, "403", False, True, None),
        (400, "400", False, False, None),
        (401, "401", True, False, 120.0),
        (404, "401", True, False, 120.0),
        (409, "409", True, False, None),
        (500, "network", True, False, None),
        (502, "network", True, False, None),
    ],
)
async def test_what_telegram_refuses(api, telegram, status, code, retryable, stops, retry_after):
    api.fail_next(status=status, retry_after=7 if status == 429 else 0)
    error = await refused(telegram)
    assert (error.code, error.retryable, error.stops) == (code, retryable, stops)
    assert error.retry_after == retry_after
    await send(telegram, says("Hello"))


async def test_a_blocked_chat_stops(api, telegram):
    await api.block(SAM)
    assert (await refused(telegram)).stops


async def test_what_cannot_be_sent(api, telegram):
    assert (await refused(telegram, says(""))).code == "empty"
    assert (await refused(telegram, chat="amy")).code == "not_a_chat"
    too_long = OutboundMessage("?", (Button("Yes", "é" * 33),))
    assert (await refused(telegram, too_long)).code == "button_too_long"
    assert api.sent == []


async def test_nobody_there():
    channel = TelegramChannel(TOKEN, base_url="http://127.0.0.1:9")
    error = await refused(channel)
    await channel.close()
    assert (error.code, error.retryable) == ("network", True)


async def test_too_slow(api, telegram):
    api.latency = 1.0
    telegram._requests._read_timeout = -4.9  # with the 5 s for connecting: 0.1 s
    assert (await refused(telegram)).retryable


async def test_a_proxys_error_page():
    async def page(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"<html>"})

    async with serve(page) as url:
        channel = TelegramChannel(TOKEN, base_url=url)
        assert (await refused(channel)).retryable
        await channel.close()


async def test_no_text_and_no_token_in_the_log(api, telegram, caplog):
    with caplog.at_level(logging.DEBUG):
        await send(telegram, says("a secret place"))
        api.fail_next(status=400)
        await refused(telegram, says("a secret place"))
    assert "secret" not in caplog.text
    assert str(SAM) not in caplog.text


# --- the bot itself -----------------------------------------------------------------------------


async def test_answering_a_press(api, telegram):
    await send(telegram, says("OK?", "Yes"))
    await api.press(SAM, "c:Yes")
    message = telegram.parse(api.waiting[0])
    await telegram.answer_callback(message.callback_id, "Thanks " * 100)
    ((query, text),) = api.answered
    assert (query, len(text)) == (message.callback_id.partition("/")[0], 200)
    assert pressed_message(message.callback_id) == 1
    await telegram.clear_buttons(message.address, 1)
    assert api.sent[0]["reply_markup"] is None
    await telegram.clear_buttons(message.address, 1)
    await telegram.answer_callback("long ago")
    api.fail_next(status=500)
    with pytest.raises(SendError):
        await telegram.answer_callback("q")


async def test_set_up(api, telegram):
    await api.say(SAM, "waiting")
    await telegram.set_up("https://line.test/telegram/webhook", "s3cret", [("kit", "Get a kit")])
    assert api.webhook["secret_token"] == "s3cret"
    assert "my_chat_member" in api.webhook["allowed_updates"]
    assert api.webhook["drop_pending_updates"] is False
    assert api.commands == [{"command": "kit", "description": "Get a kit"}]
    info = await telegram.webhook_info()
    assert (info.url, info.pending_update_count) == ("https://line.test/telegram/webhook", 1)
    assert await telegram.username() == "kitline_stand_in_bot"
    with pytest.raises(SendError):
        await telegram.set_commands([("Not a command!", "x")])


async def test_polling_moves_only_when_told(api, telegram):
    await api.say(SAM, "one")
    await api.say(SAM, "two")
    first = await telegram.poll(None, 0)
    assert await telegram.poll(None, 0) == first
    assert [parse_update(update).text for update in first] == ["one", "two"]
    assert await telegram.poll(first[-1]["update_id"] + 1, 0) == []
    await telegram.set_up("https://line.test/w", "s", [])
    with pytest.raises(SendError) as raised:
        await telegram.poll(None, 0)
    assert raised.value.code == "409"
    await telegram.start_polling()
    assert api.webhook == {}


async def test_the_answer_to_the_webhook_itself(api, telegram):
    answer = telegram.method_answer(f"tg:{SAM}", says("Call 999.\n\nBreathing?", "Yes", "No"))
    assert (answer["method"], answer["chat_id"]) == ("sendMessage", SAM)
    assert answer["text"] == "Call 999.\n\nBreathing?"
    assert rows(answer["reply_markup"]) == [["Yes", "No"]]
    plain = telegram.method_answer(f"tg:{SAM}", says("Call 999."))
    assert plain["reply_markup"]["keyboard"] == EMERGENCY
    json.dumps([answer, plain])


# --- what comes in ------------------------------------------------------------------------------


def parsed(update, **more):
    return parse_update({"update_id": 7, **update, **more}, "123")


def test_a_text():
    message = parsed(updates.text(SAM, "kit please"))
    assert (message.channel, message.external_id, message.line) == ("telegram", "7", "123")
    assert (message.address, message.kind, message.text) == (f"tg:{SAM}", "text", "kit please")
    assert message.sent_at.tzinfo is not None
    assert message.name == ""


@pytest.mark.parametrize(
    ("typed", "text"),
    [("/kit", "kit"), ("/kit@kitline_bot", "kit"), ("/start AB12", "start AB12"), ("/", "")],
)
def test_commands_are_words(typed, text):
    assert parsed(updates.text(SAM, typed)).text == text


def test_other_kinds():
    press = parsed(updates.press(SAM, "c:yes", "q9", 31))
    assert (press.kind, press.choice, press.callback_id) == ("choice", "c:yes", "q9/31")
    place = parsed(updates.place(SAM, 53.5, -0.1))
    assert (place.kind, place.lat, place.lon) == ("location", 53.5, -0.1)
    assert parsed(updates.photo(SAM, "he's blue")).text == "he's blue"
    assert parsed(updates.photo(SAM)).kind == "media"
    edit = parsed(updates.edited(SAM, "od"))
    assert (edit.kind, edit.text) == ("edited", "od")
    assert parsed(updates.membership(SAM, "kicked")).kind == "blocked"
    assert parsed(updates.membership(SAM, "member")).kind == "unblocked"
    dice = parsed(updates.message(SAM, dice={"emoji": "🎲", "value": 3}))
    assert dice.kind == "unsupported"


def test_only_ones_own_number_is_taken_from_a_contact():
    assert parsed(updates.contact(SAM, "+447700900001")).text == "+447700900001"
    other = parsed(updates.contact(SAM, "+447700900002", own=False))
    assert (other.kind, other.text) == ("contact", "")


def test_what_is_not_for_us():
    assert parsed(updates.text(SAM, "hello", kind="group")) is None
    assert parsed({"poll_answer": {"poll_id": "1", "option_ids": [0]}}) is None
    assert parsed({"something_of_2031": {"a": 1}}) is None
    assert parse_update({}) is None


def test_an_inaccessible_message_can_still_be_answered():
    press = updates.press(SAM, "c:yes", number=5)
    press["callback_query"]["message"] = {
        "chat": press["callback_query"]["message"]["chat"],
        "message_id": 5,
        "date": 0,
    }
    assert parsed(press).callback_id == "q1/5"
    del press["callback_query"]["message"]
    assert (parsed(press).address, parsed(press).callback_id) == (f"tg:{SAM}", "q1")
    assert pressed_message("q1") is None


def test_the_text_survives_an_attachment_nobody_can_read():
    update = updates.text(SAM, "he's not breathing")
    update["message"]["sticker"] = {"unknown": "shape"}
    message = parsed(update)
    assert (message.kind, message.text) == ("text", "he's not breathing")
    update["message"]["chat"]["type"] = "group"
    assert parsed(update) is None


def test_odd_characters_and_long_texts():
    assert parsed(updates.text(SAM, "a\0b\ud83d")).text == "ab\ufffd"
    assert len(parsed(updates.text(SAM, "ł" * 4000)).text) == 4000


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "chat", "from", "type", "text", "date", "data", "message"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["update_id", "message", "edited_message", "callback_query", "my_chat_member", "new_in_2031"]
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, VALUES))
def test_no_update_breaks_the_parser(update):
    parse_update(update)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["chat", "from", "date", "message_id", "text"]), VALUES)
def test_no_broken_field_breaks_the_parser(name, value):
    update = updates.text(SAM, "od")
    update["message"][name] = value
    message = parsed(update)
    if message is not None:
        message.text.encode()

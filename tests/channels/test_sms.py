"""SMS against the Twilio stand-in, over real loopback HTTP."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from bot.channels.base import Receipt, SendError, clean
from bot.channels.demo import DemoChannel
from bot.channels.numbers import can_be_answered, is_uk_mobile, normalised
from bot.channels.sms import TwilioSms, draw_sms
from bot.channels.sms_errors import send_error
from bot.channels.sms_parse import opt_out_type, parse_sms, parse_status, signature_ok
from bot.channels.twiml import twiml, voice_twiml
from content.segments import is_gsm7, segment_count
from db.models import Button, OutboundMessage
from tests.standins.twilio import SID, TOKEN, TwilioStandIn
from tests.standins.wire import serve

AMY, LINE = "+447700900001", "+447700900999"
PUBLIC = "https://line.test"


@pytest.fixture
async def twilio():
    stand_in = TwilioStandIn(contract=True, status_callbacks=False)
    async with serve(stand_in.app) as stand_in.url:
        yield stand_in
        await stand_in.close()
    assert stand_in.violations == []


@pytest.fixture
async def sms(twilio):
    channel = TwilioSms(SID, TOKEN, public_url=PUBLIC, from_number=LINE, base_url=twilio.url)
    yield channel
    await channel.close()


def says(text, *labels, **more):
    buttons = tuple(Button(label, f"c:{label}") for label in labels)
    return OutboundMessage(text, buttons, **more)


# --- drawing ------------------------------------------------------------------------------------


def test_options_are_numbered_lines():
    message = says("Which kit?", "Nasal spray", "Injectable")
    assert draw_sms(message) == ["Which kit?\n1 Nasal spray\n2 Injectable"]


def test_words_add_nothing():
    assert draw_sms(says("Reply YES or NO.", "Yes", "No", style="words")) == ["Reply YES or NO."]


def test_a_text_is_drawn_in_gsm():
    (text,) = draw_sms(says("It’s here – “now”…", "Don’t know"))
    assert text == "It's here - \"now\"...\n1 Don't know"
    assert is_gsm7(text)


def test_a_long_text_keeps_its_options_together_at_the_end():
    parts = draw_sms(says("A sentence of forty letters, more or less. " * 60, "Yes", "No"))
    assert len(parts) == 2
    assert parts[-1].endswith("less.\n1 Yes\n2 No")
    assert all(len(part) <= 1600 and segment_count(part) <= 10 for part in parts)
    brim = draw_sms(says("a" * 1528, "Yes", "No"))
    assert brim == ["a" * 1528, "1 Yes\n2 No"]


def test_buttons_alone_are_still_drawn():
    assert draw_sms(says("", "Yes")) == ["1 Yes"]
    assert draw_sms(says(" ")) == []


# --- sending ------------------------------------------------------------------------------------


async def test_send(twilio, sms):
    receipt = await sms.send(AMY, says("Which kit?", "Nasal spray"), line="")
    (sent,) = twilio.sent
    assert receipt == Receipt(sent["sid"], 1)
    assert (sent["from"], sent["to"]) == (LINE, AMY)
    assert sent["body"] == "Which kit?\n1 Nasal spray"


async def test_the_line_written_to_answers(twilio, sms):
    await sms.send(AMY, says("Hello"), line="+447700900555")
    assert twilio.sent[0]["from"] == "+447700900555"


async def test_a_messaging_service_sends_where_there_is_no_number(twilio):
    service = "MG" + "a" * 32
    channel = TwilioSms(
        SID, TOKEN, public_url=PUBLIC, messaging_service_sid=service, base_url=twilio.url
    )
    await channel.send(AMY, says("Hello"), line="")
    await channel.close()
    assert twilio.sent[0]["messaging_service_sid"] == service


async def test_parts_count_segments_and_the_id_is_the_last_ones(twilio, sms):
    receipt = await sms.send(AMY, says("a" * 1600), line="")
    assert [len(message["body"]) for message in twilio.sent] == [1530, 70]
    assert receipt == Receipt(twilio.sent[-1]["sid"], 11)


async def refused(sms, to=AMY, **message) -> SendError:
    with pytest.raises(SendError) as raised:
        await sms.send(to, OutboundMessage(**{"text": "Hello", **message}), line="")
    return raised.value


@pytest.mark.parametrize(
    ("code", "status", "retryable", "stops", "retry_after"),
    [
        (21610, 400, False, True, None),
        (21211, 400, False, False, None),
        (21614, 400, False, False, None),
        (30005, 400, False, False, None),
        (30006, 400, False, False, None),
        (30007, 400, False, False, None),
        (30003, 400, True, False, None),
        (21617, 400, False, False, None),
        (20429, 429, True, False, 1.0),
        (20500, 500, True, False, None),
        (20503, 503, True, False, None),
        (20003, 401, True, False, 120.0),
        (21606, 400, True, False, 120.0),
    ],
)
async def test_what_twilio_refuses(twilio, sms, code, status, retryable, stops, retry_after):
    twilio.fail_next(code=code, status=status)
    error = await refused(sms)
    assert (error.code, error.retryable, error.stops) == (str(code), retryable, stops)
    assert error.retry_after == retry_after
    # Twilio's own exception has the number in its text: no log may show it as the cause.
    assert error.__context__ is None or error.__suppress_context__
    await sms.send(AMY, says("Hello"), line="")


@pytest.mark.parametrize(
    ("code", "shut"),
    [
        ("21610", "stopped"),
        ("21211", "gone"),  # no number
        ("21614", "landline"),
        ("30005", "gone"),  # nobody has it
        ("30006", "landline"),  # or a network that takes no texts
        ("30003", ""),  # off, or out of reach: it may come back
        ("30007", ""),  # filtered: about the words, or about us
        ("21612", ""),  # no way there from our number
        ("20429", ""),
    ],
)
def test_what_a_code_says_of_the_number(code, shut):
    assert send_error(code).shut == shut


async def test_a_stopped_number(twilio, sms):
    twilio.opted_out.add(AMY)
    assert (await refused(sms)).stops


async def test_a_wrong_token_keeps_the_message(twilio):
    channel = TwilioSms(SID, "wrong", public_url=PUBLIC, from_number=LINE, base_url=twilio.url)
    error = await refused(channel)
    await channel.close()
    assert (error.code, error.retryable) == ("20003", True)


async def test_an_answer_that_is_not_json(twilio, sms):
    sms._requests.base_url = f"{twilio.url}/nowhere"
    assert not (await refused(sms)).retryable
    async with serve(_plain_text) as sms._requests.base_url:
        assert (await refused(sms)).code == "unreadable_answer"


async def _plain_text(scope, receive, send):
    await send({"type": "http.response.start", "status": 201, "headers": []})
    await send({"type": "http.response.body", "body": b"<html>a proxy's page</html>"})


async def test_nobody_there(sms):
    sms._requests.base_url = "http://127.0.0.1:9"
    error = await refused(sms)
    assert (error.code, error.retryable) == ("network", True)


async def test_only_mobiles_are_written_to_unless_it_is_an_emergency(twilio, sms):
    assert (await refused(sms, to="+441472123456")).code == "not_a_mobile"
    assert (await refused(sms, text="")).code == "empty"
    assert twilio.sent == []
    assert (await refused(sms, to="+441472123456", emergency=True)).code == "21614"


async def test_the_demo_draws_alike_and_sends_nothing():
    message = says("Which kit?", "Nasal spray")
    demo = DemoChannel("sms")
    assert demo.draw(message) == draw_sms(message)
    assert (await demo.send(AMY, message, line="")).parts == 1
    assert DemoChannel("telegram").draw(message) == ["Which kit?"]
    await demo.close()


# --- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["+447700900001", "+447911123456", "+447624123456"])
def test_mobiles(number):
    assert is_uk_mobile(number)
    assert can_be_answered(number)


@pytest.mark.parametrize(
    "number",
    [
        "+441472123456",
        "+447012345678",  # personal number, premium
        "+447612345678",  # pager
        "+449012345678",
        "+44800123456",
        "+4477009000012",
        "88222",
        "Vodafone",
        "",
        "+44",
        "+",
        "07700900001",
    ],
)
def test_not_mobiles(number):
    assert not is_uk_mobile(number)
    assert not can_be_answered(number)


def test_foreign_mobiles_are_answered_but_not_written_to_first():
    assert can_be_answered("+353851234567")
    assert not is_uk_mobile("+353851234567")
    assert not can_be_answered("+35312345678")


def test_normalised():
    assert normalised("07700 900001") == AMY
    assert normalised("+44 7700 900 001") == AMY
    assert normalised("hello") is None
    assert normalised("0770") is None


# --- what comes in ------------------------------------------------------------------------------


def form(**fields):
    return {"MessageSid": "SM1", "From": AMY, "To": LINE, "Body": "KIT", "NumMedia": "0"} | fields


def test_a_text():
    message = parse_sms(form())
    assert (message.channel, message.external_id, message.kind) == ("sms", "SM1", "text")
    assert (message.address, message.line, message.text) == (AMY, LINE, "KIT")


def test_a_picture_keeps_its_words():
    message = parse_sms(form(NumMedia="1", Body="he's blue"))
    assert (message.kind, message.text) == ("media", "he's blue")


def test_odd_characters_are_cleaned():
    assert parse_sms(form(Body="he\0lp \ud83d")).text == "help \ufffd"
    assert clean("\ud83d\ude00 ok") == "😀 ok"
    assert parse_sms(form(Body="")).text == ""
    assert len(parse_sms(form(Body="ł" * 4000)).text) == 4000


def test_missing_fields_still_make_one_message_each():
    assert parse_sms({"Body": "od"}).text == "od"
    assert parse_sms({}).address == ""
    assert parse_sms({"Body": "a"}).external_id == parse_sms({"Body": "a"}).external_id
    assert parse_sms({"Body": "a"}).external_id != parse_sms({"Body": "b"}).external_id


def test_twilios_own_opt_out_is_noted():
    assert opt_out_type(form(Body="CANCEL", OptOutType="STOP")) == "STOP"
    assert parse_sms(form(Body="CANCEL", OptOutType="STOP")).text == "CANCEL"
    assert parse_sms(form(Body="", OptOutType="STOP")).text == "STOP"
    assert opt_out_type(form()) == ""


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(form())), st.text(st.characters(), max_size=40)))
def test_no_form_breaks_the_parsers(fields):
    message = parse_sms(fields)
    message.text.encode()
    assert "\0" not in message.text + message.address + message.external_id
    assert message.external_id
    parse_status(fields)
    assert not signature_ok(TOKEN, f"{PUBLIC}/twilio/sms", fields, "x" * 28)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("undelivered", "failed"),
        ("failed", "failed"),
        ("queued", None),
        ("sending", None),
        ("accepted", None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_delivery_reports(state, status):
    report = parse_status({"MessageSid": "SM1", "MessageStatus": state, "ErrorCode": "30005"})
    assert (report.status if report else None) == status
    if report:
        assert (report.provider_id, report.error_code) == ("SM1", "30005")
        assert send_error(report.error_code).retryable is False


def test_the_networks_own_time_of_delivery():
    given = {"SmsSid": "SM1", "SmsStatus": "delivered", "RawDlrDoneDate": "2611211430"}
    assert parse_status(given).at == datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
    assert parse_status({**given, "RawDlrDoneDate": "yesterday"}).at is None
    assert parse_status({"MessageStatus": "sent"}) is None


def test_signatures():
    url = f"{PUBLIC}/twilio/sms?a=b"
    signature = RequestValidator(TOKEN).compute_signature(url, form())
    assert signature_ok(TOKEN, url, form(), signature)
    assert not signature_ok(TOKEN, url, form(Body="STOP"), signature)
    assert not signature_ok("other", url, form(), signature)
    assert not signature_ok(TOKEN, "https://elsewhere.test/twilio/sms?a=b", form(), signature)
    assert not signature_ok(TOKEN, url, form(), None)
    assert not signature_ok(TOKEN, url, form(), "")
    assert not signature_ok(TOKEN, url, form(Body="\ud83d"), signature)


def test_twiml():
    answer = twiml(["Fish & <chips>\nÅ 😀\x01", "two"], f"{PUBLIC}/twilio/status?a=1&b=2")
    first, second = ElementTree.fromstring(answer)
    assert (first.text, second.text) == ("Fish & <chips>\nÅ 😀", "two")
    assert first.get("statusCallback") == f"{PUBLIC}/twilio/status?a=1&b=2"
    assert len(ElementTree.fromstring(twiml([]))) == 0
    assert ElementTree.fromstring(twiml(["a"]))[0].attrib == {}


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters()))
def test_twiml_is_always_xml(text):
    ElementTree.fromstring(twiml([text]))


def test_voice_says_999_first_and_then_offers_a_text():
    said = "If this is an overdose, hang up and call 999. This line works by text."
    answer = ElementTree.fromstring(voice_twiml(said, offer="Press 1.", action="/v", goodbye="Bye"))
    assert [element.tag for element in answer] == ["Say", "Gather", "Say", "Hangup"]
    assert answer[0].text == said
    assert answer[1].get("action") == "/v"
    assert [e.tag for e in ElementTree.fromstring(voice_twiml(said))] == ["Say", "Hangup"]


# --- after an outage ----------------------------------------------------------------------------


async def test_missed_messages(twilio, sms):
    now = datetime.now(UTC).replace(microsecond=0)
    twilio.receive(AMY, LINE, "too old", at=now - timedelta(hours=5))
    sids = [
        twilio.receive(AMY, LINE, f"text {number}", at=now - timedelta(minutes=60 - number / 10))
        for number in range(450)
    ]
    picture = twilio.receive(AMY, LINE, "look", media=1, at=now)
    twilio.receive(AMY, "+447700900555", "another line", at=now)
    await sms.send(LINE, says("to ourselves"), line="+447700900555")
    found = await sms.missed_messages(LINE, now - timedelta(hours=1))
    assert [message.external_id for message in found] == [*sids, picture]
    assert twilio.calls == 4  # the send, and three pages of 200
    assert (found[-1].kind, found[-1].text, found[-1].sent_at) == ("media", "look", now)
    assert (found[0].address, found[0].line) == (AMY, LINE)


async def test_missed_messages_when_twilio_is_down(twilio, sms):
    sms._requests.base_url = "http://127.0.0.1:9"
    with pytest.raises(SendError) as raised:
        await sms.missed_messages(LINE, datetime.now(UTC))
    assert raised.value.retryable

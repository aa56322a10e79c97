"""The stand-ins themselves: as strict, as stateful and as unreliable as the real services."""

import asyncio
import json
import socket
import subprocess
import sys

import aiohttp
import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.sms import parse_sms, signature_ok
from bot.channels.twiml import twiml
from tests.standins import telegram_updates as updates
from tests.standins import twilio as twilio_module
from tests.standins.telegram import SECRET_HEADER, TelegramStandIn
from tests.standins.telegram import TOKEN as BOT
from tests.standins.twilio import SID, TOKEN, TwilioStandIn
from tests.standins.wire import InProcess, serve

AMY, LINE = "+447700900001", "+447700900999"
PUBLIC = "https://line.test"
PATH = f"/2010-04-01/Accounts/{SID}/Messages"


def client(app, **more):
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://stand-in", **more)


class OurWebhooks:
    """A small Kitline: checks the signature, answers once it is told to, notes what it was told."""

    def __init__(self):
        self.statuses, self.texts, self.reports, self.updates, self.secrets = [], [], [], [], []
        self.answer = None
        self.app = Starlette(
            routes=[
                Route("/twilio/{kind}", self.twilio, methods=["POST"]),
                Route("/telegram", self.telegram, methods=["POST"]),
            ]
        )

    def next_status(self):
        return self.statuses.pop(0) if self.statuses else 200

    async def twilio(self, request):
        form = await request.form()
        url = PUBLIC + request.url.path
        if not signature_ok(TOKEN, url, form, request.headers.get("X-Twilio-Signature")):
            return Response(status_code=403)
        if request.path_params["kind"] == "status":
            self.reports.append(form["MessageStatus"])
            return Response(status_code=204)
        self.texts.append(parse_sms(form))
        xml = twiml(["Hello & welcome"], f"{PUBLIC}/twilio/status")
        return Response(xml, self.next_status(), media_type="application/xml")

    async def telegram(self, request):
        self.secrets.append(request.headers.get(SECRET_HEADER))
        self.updates.append(await request.json())
        return JSONResponse(self.answer, self.next_status())


@pytest.fixture
def ours():
    return OurWebhooks()


# --- Twilio -------------------------------------------------------------------------------------


@pytest.fixture
async def twilio(ours):
    stand_in = TwilioStandIn(wire=InProcess(ours.app), contract=True)
    yield stand_in
    await stand_in.close()


async def post(stand_in, **form):
    form = {"To": AMY, "From": LINE, "Body": "Hello"} | form
    async with client(stand_in.app, auth=(SID, TOKEN)) as http:
        return await http.post(f"{PATH}.json", data={k: v for k, v in form.items() if v})


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21604),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"Body": "a" * 1601}, 21617),
        ({"To": "amy"}, 21211),
        ({"To": "+441472123456"}, 21614),
        ({"From": "+447700900000"}, 21606),
        ({"To": "+447700900666"}, 21610),
    ],
)
async def test_twilio_refuses_what_twilio_refuses(twilio, form, code):
    twilio.numbers, twilio.opted_out = {LINE}, {"+447700900666"}
    answer = await post(twilio, **form)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["more_info"].endswith(str(code))
    assert twilio.sent == []


async def test_twilio_wants_the_right_login(twilio):
    async with client(twilio.app, auth=(SID, "wrong")) as http:
        answer = await http.post(f"{PATH}.json", data={"To": AMY})
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


async def test_twilio_keeps_and_lists_messages_by_its_contract(twilio):
    sids = [(await post(twilio, Body=str(number))).json()["sid"] for number in range(5)]
    async with client(twilio.app, auth=(SID, TOKEN)) as http:
        one = (await http.get(f"{PATH}/{sids[0]}.json")).json()
        assert (one["body"], one["from"], one["direction"]) == ("0", LINE, "outbound-api")
        page = (await http.get(f"{PATH}.json", params={"To": AMY, "PageSize": 3})).json()
        assert [message["body"] for message in page["messages"]] == ["4", "3", "2"]
        rest = (await http.get(page["next_page_uri"])).json()
        assert [message["body"] for message in rest["messages"]] == ["1", "0"]
        assert rest["next_page_uri"] is None
        future = {"DateSent>": "2999-01-01T00:00:00Z"}
        assert (await http.get(f"{PATH}.json", params=future)).json()["messages"] == []
        assert (await http.get(f"{PATH}/SM{'0' * 32}.json")).status_code == 404
    assert twilio.violations == []


async def test_the_contract_notices_a_break(twilio, monkeypatch):
    broken = {"status": "nonsense", "sid": "SM1"}
    monkeypatch.setattr(twilio_module, "public", lambda message: broken)
    assert (await post(twilio)).status_code == 500
    assert "nonsense" in twilio.violations[0] or "SM1" in twilio.violations[0]


async def test_twilio_fails_as_told(twilio):
    twilio.fail_next(2, 20429, 429)
    twilio.fail_next(accepted=True)
    answers = [await post(twilio) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 429, 500, 201]
    assert answers[0].headers["Retry-After"] == "1"
    assert len(twilio.sent) == 2
    twilio.fail_rate = 1.0
    assert (await post(twilio)).status_code == 500


async def test_twilio_rings_the_webhook_and_sends_the_answer(twilio, ours):
    delivery = await twilio.deliver(f"{PUBLIC}/twilio/sms", AMY, LINE, "KIT £5 é")
    await twilio.settle()
    assert (delivery.status, delivery.replies, delivery.attempts) == (200, ["Hello & welcome"], 1)
    assert (ours.texts[0].text, ours.texts[0].address) == ("KIT £5 é", AMY)
    assert twilio.texts_to(AMY) == ["Hello & welcome"]
    assert ours.reports == ["queued", "sent", "delivered"]
    assert {status for _, _, status in twilio.callbacks} == {204}


async def test_twilio_tries_again_with_the_same_id(twilio, ours):
    ours.statuses = [503, 500]
    delivery = await twilio.deliver(f"{PUBLIC}/twilio/sms", AMY, LINE, "KIT")
    assert (delivery.status, delivery.attempts) == (200, 3)
    assert {text.external_id for text in ours.texts} == {delivery.sid}
    await twilio.deliver(f"{PUBLIC}/twilio/sms", AMY, LINE, "KIT", sid=delivery.sid)
    assert len({text.external_id for text in ours.texts}) == 1


async def test_twilio_gives_up_and_keeps_the_text_in_its_list(twilio, ours):
    ours.statuses = [503] * 3
    delivery = await twilio.deliver(f"{PUBLIC}/twilio/sms", AMY, LINE, "KIT")
    assert (delivery.status, delivery.replies, delivery.attempts) == (503, [], 3)
    assert [message["body"] for message in twilio.messages] == ["KIT"]


async def test_nobody_at_the_webhook():
    stand_in = TwilioStandIn(routes={PUBLIC: "http://127.0.0.1:9"})
    delivery = await stand_in.deliver(f"{PUBLIC}/twilio/sms", AMY, LINE, "KIT", tries=2)
    await stand_in.close()
    assert (delivery.status, delivery.attempts) == (0, 2)
    assert len(stand_in.webhook_errors) == 2


async def test_reports_out_of_order_and_undelivered(twilio, ours):
    twilio.shuffle_callbacks = True
    await post(twilio, StatusCallback=f"{PUBLIC}/twilio/status")
    await twilio.settle()
    assert ours.reports == ["delivered", "sent", "queued"]
    twilio.shuffle_callbacks, twilio.undeliverable = False, {AMY: "30003"}
    await post(twilio, StatusCallback=f"{PUBLIC}/twilio/status")
    await twilio.settle()
    assert ours.reports[3:] == ["queued", "sent", "undelivered"]
    assert twilio.sent[-1]["error_code"] == 30003


async def test_twilios_own_stop_words_mute_even_the_answer(twilio, ours):
    twilio.own_stop_words = True
    await twilio.deliver(f"{PUBLIC}/twilio/sms", AMY, LINE, "Cancel")
    assert twilio.sent == []
    assert (await post(twilio)).json()["code"] == 21610
    await twilio.deliver(f"{PUBLIC}/twilio/sms", AMY, LINE, "START")
    assert (await post(twilio)).status_code == 201


# --- Telegram -----------------------------------------------------------------------------------


@pytest.fixture
async def telegram(ours):
    stand_in = TelegramStandIn(wire=InProcess(ours.app))
    stand_in.do_setWebhook("https://line.test/telegram", "s3cret")
    yield stand_in
    await stand_in.close()


async def call(stand_in, method, token=BOT, **given):
    async with client(stand_in.app) as http:
        answer = await http.post(f"/bot{token}/{method}", json=given)
    assert answer.json()["ok"] is (answer.status_code == 200)
    return answer


@pytest.mark.parametrize(
    ("method", "given", "said"),
    [
        ("sendMessage", {"chat_id": 1}, "missing ['text']"),
        ("sendMessage", {"chat_id": 1, "text": "a", "colour": "red"}, "unknown ['colour']"),
        ("sendMessage", {"chat_id": 1, "text": 5}, "not String"),
        ("sendMessage", {"chat_id": 1, "text": " "}, "empty"),
        ("sendMessage", {"chat_id": 1, "text": "a" * 4097}, "too long"),
        ("sendMessage", {"chat_id": 1, "text": "a", "reply_markup": {"x": 1}}, "reply_markup"),
        (
            "sendMessage",
            {
                "chat_id": 1,
                "text": "a",
                "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "x" * 65}]]},
            },
            "BUTTON_DATA_INVALID",
        ),
        ("answerCallbackQuery", {"callback_query_id": "old"}, "too old"),
        ("setWebhook", {"url": "http://line.test"}, "HTTPS"),
        ("setWebhook", {"url": "https://line.test", "secret_token": "a b"}, "unallowed"),
        ("setMyCommands", {"commands": [{"command": "Kit", "description": "x"}]}, "COMMAND"),
        ("deleteMessage", {"chat_id": 1, "message_id": 9}, "not found"),
    ],
)
async def test_telegram_refuses_what_telegram_refuses(telegram, method, given, said):
    answer = await call(telegram, method, **given)
    assert answer.status_code == 400
    assert said in answer.json()["description"]
    assert telegram.sent == []


async def test_telegram_knows_its_token_and_its_methods(telegram):
    assert (await call(telegram, "getMe", token="1:no")).status_code == 401
    assert (await call(telegram, "sendNothing")).status_code == 404
    assert (await call(telegram, "getMe")).json()["result"]["is_bot"] is True


async def test_telegram_fails_as_told(telegram):
    telegram.fail_next(status=429, retry_after=5)
    telegram.fail_next(accepted=True)
    answers = [await call(telegram, "sendMessage", chat_id=1, text="a") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 500, 200]
    assert answers[0].json()["parameters"] == {"retry_after": 5}
    assert len(telegram.sent) == 2


async def test_telegram_calls_the_webhook_with_its_secret(telegram, ours):
    delivery = await telegram.say(7, "/kit")
    assert (delivery.status, delivery.attempts, ours.secrets) == (200, 1, ["s3cret"])
    assert ours.updates[0]["message"]["text"] == "/kit"
    again = await telegram.deliver(ours.updates[0])
    assert again.update_id == delivery.update_id


async def test_telegram_does_what_the_answer_says(telegram, ours):
    ours.answer = {"method": "sendMessage", "chat_id": 7, "text": "Call 999."}
    await telegram.say(7, "od")
    assert telegram.texts_to(7) == ["Call 999."]
    ours.answer = {"method": "sendMessage", "chat_id": 7}
    await telegram.say(7, "od")
    assert "missing ['text']" in telegram.last_error[1]


async def test_telegram_keeps_what_was_not_taken(telegram, ours):
    ours.statuses = [500, 503, 503]
    delivery = await telegram.say(7, "kit")
    assert (delivery.status, delivery.attempts) == (503, 3)
    info = telegram.do_getWebhookInfo()
    assert info["pending_update_count"] == 1
    assert "503" in info["last_error_message"]
    (again,) = await telegram.redeliver()
    assert (again.status, again.update_id, telegram.waiting) == (200, delivery.update_id, [])


async def test_telegram_hands_a_waiting_poll_what_arrives(telegram):
    telegram.do_deleteWebhook()
    poll = asyncio.create_task(call(telegram, "getUpdates", timeout=5))
    await asyncio.sleep(0.05)
    await telegram.deliver(updates.place(7, 53.5, -0.1))
    (update,) = (await poll).json()["result"]
    assert update["message"]["location"]["latitude"] == 53.5


# --- as processes -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["twilio", "telegram"])
async def test_both_run_as_a_process_and_are_steered_from_outside(name, ours):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    process = subprocess.Popen(  # noqa: ASYNC220 (a test may wait)
        [sys.executable, "-m", f"tests.standins.{name}", "--port", port, "--latency-ms", "1"]
    )
    at = f"http://127.0.0.1:{port}"
    try:
        async with serve(ours.app) as real, aiohttp.ClientSession() as http:
            await answering(http, f"{at}/_state")
            await http.post(f"{at}/_control", json={"routes": {PUBLIC: real}, "fail_next": 1})
            if name == "twilio":
                asked = {"url": f"{PUBLIC}/twilio/sms", "from": AMY, "to": LINE, "body": "KIT"}
            else:
                webhook = {"url": f"{PUBLIC}/telegram"}
                path = f"{at}/bot{BOT}/setWebhook"
                async with http.post(path, json=webhook) as failed:
                    assert failed.status == 500
                await http.post(path, json=webhook)
                ours.answer = {"method": "sendMessage", "chat_id": 7, "text": "Hello"}
                asked = {"chat": 7, "text": "KIT"}
            async with http.post(f"{at}/_deliver", json=asked) as answer:
                assert (await answer.json())["status"] == 200
            async with http.get(f"{at}/_state") as answer:
                state = json.loads(await answer.text())
            assert [message.get("body", message.get("text")) for message in state["messages"]][
                -1
            ].startswith("Hello")
    finally:
        process.terminate()
        process.wait(10)


async def answering(http, url):
    for _ in range(400):
        try:
            async with http.get(url):
                return
        except aiohttp.ClientError:
            await asyncio.sleep(0.05)
    raise AssertionError(f"{url} does not answer")

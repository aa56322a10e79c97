"""doctor: every fault named, with what to do; 0 only if fit to serve."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.bootstrap import App
from bot.checkup.finding import Level
from bot.commands.doctor import examine
from db.models import Contact, LocalHelp, OutboxRow, Outlet, RequestStatus, Service, Staff, Timer
from db.reference.gazetteer import Gazetteer
from db.work import Work
from handlers.services import requests
from handlers.services.contacts import new_contact
from tests.bot.cli import Cli, make
from tests.standins import telegram, twilio
from tests.standins.telegram import TelegramStandIn
from tests.standins.twilio import TwilioStandIn
from tests.standins.wire import serve

PUBLIC = "https://kits.example.org"
LINE = "+447700900900"
HOOKS = {"sms": f"{PUBLIC}/twilio/sms", "voice": f"{PUBLIC}/twilio/voice"}
REAL = {
    "DEMO": "",
    "PUBLIC_URL": PUBLIC,
    "TWILIO_ACCOUNT_SID": twilio.SID,
    "TWILIO_AUTH_TOKEN": twilio.TOKEN,
    "TWILIO_FROM": LINE,
    "TELEGRAM_BOT_TOKEN": telegram.TOKEN,
}


def _lines(said: str, level: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith(level)]


# --- the database and what is in it --------------------------------------------------------------


def test_the_demo_is_fit_to_serve_and_says_it_is_the_demo(sampled: Cli) -> None:
    said = sampled("doctor").out
    assert "this is the demo" in said
    assert "texts not signed off: " in said
    assert _lines(said, "FAIL") == []
    for line in _lines(said, "WARN"):
        assert "  -> " in line


def test_no_database_and_no_service(kitline: Cli) -> None:
    assert "there is no service" in kitline("doctor", code=1).out
    kitline.database.unlink()
    assert "kitline migrate" in kitline("doctor", code=1).out
    assert not kitline.database.exists()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "short", "SECRET_KEY is"),
        ("DATABASE_URL", "mysql://x/y", "DATABASE_URL"),
        ("PUBLIC_URL", "kits.example.org", "PUBLIC_URL must be"),
        ("PORT", "many", "PORT"),
        ("TWILIO_ACCOUNT_SID", "AC1", "TWILIO_"),
    ],
)
def test_every_wrong_setting_is_named(
    sampled: Cli, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    assert said in sampled("doctor", code=1).out


def test_another_key_or_a_damaged_file(sampled: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", sampled("new-key").out.strip())
    assert "does not open what the database holds" in sampled("doctor", code=1).out
    sampled.database.write_bytes(b"no database" * 1000)
    assert "does not answer" in sampled("doctor", code=1).out


def test_what_should_have_been_worked_by_now(sampled: Cli) -> None:
    async def act(app: App, work: Work) -> None:
        (home,) = await work.find(Service, slug="grimsby")
        amy = await new_contact(work, "sms", home.sms_line, "+447700900001", home.id)
        ago = work.now - timedelta(minutes=20)
        for status, due in (("queued", ago), ("failed", None)):
            work.save(
                OutboxRow(
                    id=work.new_id(),
                    contact_id=amy.id,
                    address_id=amy.address_id or 0,
                    lane="1",
                    channel="sms",
                    kind="notice",
                    priority=2,
                    status=status,
                    body={"text": "x"},
                    created_at=ago,
                    due_at=due or ago,
                    done_at=None if due else ago,
                    error="" if due else "30003",
                )
            )
        work.set_timer(Timer("nudge:1", "nudge", ago, {"contact": amy.id}))
        values = {"service_id": home.id, "contact_id": amy.id}
        request = await requests.place(work, **values)
        requests.hold(work, request, RequestStatus.OFFERED, ("offer", 1), work.now)
        work.cancel_timer(requests.timer_key(request.id))

    sampled.change(act)
    said = sampled("doctor", code=1).out
    faults = "\n".join(_lines(said, "FAIL"))
    assert "1 messages that are to go out wait, the oldest 20 minutes" in faults
    assert "1 timers are overdue (nudge)" in faults
    assert "requests without an owner or a timer" in faults
    assert "30003 x1" in "\n".join(_lines(said, "WARN"))


def test_gaps_of_a_service(sampled: Cli) -> None:
    async def act(app: App, work: Work) -> None:
        (home,) = await work.find(Service, slug="grimsby")
        for one in await work.find(Staff, service_id=home.id):
            contact = await work.need(Contact, one.contact_id)
            work.save(replace(contact, stopped_at=work.now))
        (shop, _) = await work.find(Outlet, service_id=home.id)
        work.save(replace(shop, hours=""))

    sampled.change(act)
    grimsby = ("--service", "grimsby")
    sampled("stock", "add", "nasal", "OLD1", "06/2021", 1, "--peer", "Sam", *grimsby)
    sampled("peers", "add", "Max", "--phone", "07700900015", "--place", "DN31",
            "--trained-until", "2021-01-01", *grimsby)  # fmt: skip
    sampled("peers", "set", "Jo", "--checked-until", "2021-01-01", "--yes", *grimsby)
    said = sampled("doctor", code=1).out
    assert "grimsby: no coordinator on call can be reached" in "\n".join(_lines(said, "FAIL"))
    for gap in (
        "grimsby: nobody is safeguarding lead",
        "grimsby: training is over for Max",
        "grimsby: checks are over for Jo",
        "grimsby: hours are not known: Marsh Lane",
        "grimsby: out of date: 1 nasal OLD1 (Sam)",
    ):
        assert gap in said


def test_who_has_stopped_and_what_nobody_checked(sampled: Cli) -> None:
    async def act(app: App, work: Work) -> None:
        (home,) = await work.find(Service, slug="grimsby")
        (robin,) = await work.find(Staff, service_id=home.id, name="Robin")
        (shop, _) = await work.find(Outlet, service_id=home.id)
        (counter,) = await work.find(Contact, outlet_id=shop.id)
        for contact in (await work.need(Contact, robin.contact_id), counter):
            work.save(replace(contact, stopped_at=work.now))
        (kay,) = [one for one in await work.find(LocalHelp) if one.phone]
        work.save(replace(kay, confirmed_on=None))

    sampled.change(act)
    said = "\n".join(_lines(sampled("doctor").out, "WARN"))
    assert "grimsby: on call, but cannot be reached: Robin" in said
    assert "grimsby: every phone has stopped or is dead: Marsh Lane" in said
    assert "grimsby: numbers nobody has checked lately, so not sent: Kay" in said


def test_an_empty_service_lacks_everything(kitline: Cli) -> None:
    kitline("services", "add", "new", "--districts", "DN31")
    said = kitline("doctor", code=1).out
    for gap in ("no coordinator", "has no peer", "has no pharmacy", "has no kit in date anywhere"):
        assert f"new: {gap}" in said


# --- Twilio and Telegram -------------------------------------------------------------------------


@pytest.fixture
def real(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sqlite_template: Path,
    gazetteer: Gazetteer,
    secret_key: str,
) -> Iterator[Cli]:
    """A line with both channels, a service and somebody on call."""
    cli = make(monkeypatch, tmp_path, sqlite_template, gazetteer, secret_key, **REAL)
    monkeypatch.delenv("DEMO")
    cli("services", "add", "grimsby", "--districts", "DN31")
    cli("staff", "add", "Robin", "--phone", "07700900051", "--order", "1")
    return cli


def _examined(
    monkeypatch: pytest.MonkeyPatch, sms: TwilioStandIn, bot: TelegramStandIn
) -> dict[str, str]:
    """What doctor finds with these two: sentence → level."""

    async def act() -> dict[str, str]:
        async with serve(sms.app) as sms_url, serve(bot.app) as bot_url:
            monkeypatch.setenv("TWILIO_API_BASE_URL", sms_url)
            monkeypatch.setenv("TELEGRAM_API_BASE_URL", bot_url)
            found = await examine()
        assert all(one.do for one in found if one.level != Level.OK)
        return {one.what: one.level for one in found}

    return asyncio.run(act())


def _set_up() -> tuple[TwilioStandIn, TelegramStandIn]:
    bot = TelegramStandIn()
    bot.webhook = {"url": f"{PUBLIC}/telegram/webhook", "secret_token": "x"}
    return TwilioStandIn(numbers={LINE}, hooks=HOOKS), bot


def test_channels_as_they_should_be(real: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _examined(monkeypatch, *_set_up())
    assert found["Twilio credentials"] == "OK"
    assert found[f"{LINE} can text"] == "OK"
    assert found["Telegram bot @kitline_stand_in_bot"] == "OK"
    assert "FAIL" not in found.values()
    assert any("answers STOP, CANCEL, HELP" in what for what in found)  # said every time


def test_what_is_wrong_at_twilio(real: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    sms, bot = _set_up()
    sms.hooks = {"sms": "https://demo.example.org/"}
    sms.kind = "Trial"
    found = _examined(monkeypatch, sms, bot)
    assert found["the Twilio account is a trial"] == "FAIL"
    assert found[f"texts to {LINE} go to https://demo.example.org/"] == "FAIL"
    assert found[f"calls to {LINE} go to nowhere"] == "WARN"
    sms.voice_only, sms.status = {LINE}, "suspended"
    found = _examined(monkeypatch, sms, bot)
    assert found["the Twilio account is suspended"] == "FAIL"
    assert found[f"{LINE} cannot send SMS"] == "FAIL"
    sms.numbers = {"+447700900999"}
    found = _examined(monkeypatch, sms, bot)
    assert found[f"{LINE} is not a number of this Twilio account"] == "FAIL"
    sms.auth_token = "another"
    assert _examined(monkeypatch, sms, bot)["Twilio refuses the credentials"] == "FAIL"


def test_what_is_wrong_at_telegram(real: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    sms, bot = _set_up()
    bot.webhook = {}
    bot.waiting = [{"update_id": n} for n in range(60)]
    bot.last_error = (int(time.time()) - 60, "Connection refused")
    found = _examined(monkeypatch, sms, bot)
    hook = f"{PUBLIC}/telegram/webhook"
    assert found[f"Telegram's webhook is not set, not {hook}"] == "FAIL"
    assert found["60 messages wait at Telegram"] == "FAIL"
    assert any("Connection refused" in what for what in found)
    bot.token = "1:another"
    assert _examined(monkeypatch, sms, bot)["Telegram refuses the credentials"] == "FAIL"


def test_providers_that_do_not_answer(real: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.checkup.channels.PATIENCE", 0.2)
    sms, bot = _set_up()
    sms.latency = bot.latency = 1.0
    found = _examined(monkeypatch, sms, bot)
    assert found["Twilio does not answer"] == found["Telegram does not answer"] == "FAIL"
    monkeypatch.setenv("TWILIO_API_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TELEGRAM_API_BASE_URL", "http://127.0.0.1:9")
    said = real("doctor", code=1).out
    assert "Twilio cannot be asked (network)" in said
    assert "Telegram cannot be asked (network)" in said


def test_a_service_without_a_number(real: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWILIO_FROM")
    monkeypatch.setenv("TWILIO_MESSAGING_SERVICE_SID", "MG1")
    monkeypatch.setenv("TWILIO_API_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TELEGRAM_API_BASE_URL", "http://127.0.0.1:9")
    assert "grimsby: has no number of its own" in real("doctor", code=1).out
    add = ("staff", "add", "Pat", "--phone", "07700900052")
    assert "kitline services set grimsby --number" in real.fails(*add)


def test_an_outlet_in_doubt_and_hours_that_are_old(sampled: Cli) -> None:
    async def long_ago(app: App, work: Work) -> None:
        marsh, sea, _ = await work.find(Outlet)
        work.save(replace(marsh, status="doubted"))
        work.save(replace(sea, hours_confirmed_on=work.now.date() - timedelta(days=200)))

    sampled.change(long_ago)
    said = sampled("doctor", code=0).out
    assert "grimsby: turned people away too often: Marsh Lane" in said
    assert "kitline pharmacies trust NAME" in said
    assert "grimsby: hours that nobody has confirmed for half a year: Sea View" in said

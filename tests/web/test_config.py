"""A missing, malformed or contradictory setting stops the start, and is named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.bootstrap import build
from bot.config import ConfigError, Settings, load
from bot.web.app import web_app
from db.keys import new_secret

KEY = new_secret()
SMS = {
    "SECRET_KEY": KEY,
    "PUBLIC_URL": "https://kits.example.org",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_FROM": "+447700900900",
}
TELEGRAM = {
    "SECRET_KEY": KEY,
    "PUBLIC_URL": "https://kits.example.org",
    "TELEGRAM_BOT_TOKEN": "123456789:an-invented_token",
}
WRONG: list[tuple[str, dict[str, str]]] = [
    ("DATABASE_URL", {"DATABASE_URL": "mysql://localhost/kits"}),
    ("DATABASE_URL", {"DATABASE_URL": "kitline.db"}),
    ("DATABASE_URL", {"DATABASE_URL": "postgresql://host:port/kits"}),
    ("SECRET_KEY", {**SMS, "SECRET_KEY": ""}),
    ("SECRET_KEY", {**SMS, "SECRET_KEY": "not base64!"}),
    ("SECRET_KEY", {**SMS, "SECRET_KEY": "c2hvcnQ="}),
    ("SECRET_KEY", {**SMS, "SECRET_KEY": f"{KEY},c2hvcnQ="}),
    ("SECRET_KEY", {**TELEGRAM, "SECRET_KEY": ""}),
    ("PUBLIC_URL", {"PUBLIC_URL": "kits.example.org"}),
    ("PUBLIC_URL", {"PUBLIC_URL": "ftp://kits.example.org"}),
    ("PUBLIC_URL", {"PUBLIC_URL": "https://"}),
    ("PUBLIC_URL", {"PUBLIC_URL": "https://kits.example.org:seven"}),
    ("PUBLIC_URL", {**SMS, "PUBLIC_URL": ""}),
    ("PUBLIC_URL", {**TELEGRAM, "PUBLIC_URL": "", "TELEGRAM_MODE": "webhook"}),
    ("PUBLIC_URL", {**TELEGRAM, "PUBLIC_URL": "http://x.test", "TELEGRAM_MODE": "webhook"}),
    ("PORT", {"PORT": "eighty"}),
    ("PORT", {"PORT": "0"}),
    ("PORT", {"PORT": "65536"}),
    ("TELEGRAM_MODE", {**TELEGRAM, "TELEGRAM_MODE": "carrier pigeon"}),
    ("TELEGRAM_MODE", {"TELEGRAM_MODE": "polling"}),
    ("TELEGRAM_BOT_TOKEN", {**TELEGRAM, "TELEGRAM_BOT_TOKEN": "my bot"}),
    ("TELEGRAM_WEBHOOK_SECRET", {**TELEGRAM, "TELEGRAM_WEBHOOK_SECRET": "not allowed!"}),
    ("TELEGRAM_WEBHOOK_SECRET", {**SMS, "TELEGRAM_WEBHOOK_SECRET": "without-a-bot"}),
    ("TELEGRAM_API_BASE_URL", {**TELEGRAM, "TELEGRAM_API_BASE_URL": "localhost:4012"}),
    ("TWILIO_API_BASE_URL", {**SMS, "TWILIO_API_BASE_URL": "localhost:4011"}),
    ("TWILIO_AUTH_TOKEN", {**SMS, "TWILIO_AUTH_TOKEN": ""}),
    ("TWILIO_ACCOUNT_SID", {**SMS, "TWILIO_ACCOUNT_SID": ""}),
    ("TWILIO_FROM", {**SMS, "TWILIO_FROM": ""}),
    ("TWILIO_FROM", {**SMS, "TWILIO_FROM": "07700 900900"}),
    ("TWILIO_ACCOUNT_SID", {"TWILIO_FROM": "+447700900900"}),
    ("DEMO", {"DEMO": "maybe"}),
    ("DEMO", {**SMS, "DEMO": "1"}),
    ("DEMO", {**TELEGRAM, "DEMO": "1"}),
    ("DEMO", {"DEMO": "0", "SECRET_KEY": KEY}),
    ("LOG_FORMAT", {"LOG_FORMAT": "xml"}),
    ("LOG_LEVEL", {"LOG_LEVEL": "loud"}),
]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment with none of our settings in it, in an empty folder."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def read(environment: pytest.MonkeyPatch, values: dict[str, str]) -> Settings:
    for name, value in values.items():
        environment.setenv(name, value)
    return load()


@pytest.mark.parametrize(("name", "values"), WRONG)
def test_it_is_named(name: str, values: dict[str, str], environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as refused:
        read(environment, values)
    said = str(refused.value)
    assert name in said.partition(".")[0]
    assert len(said.split()) > 5  # and says how to mend it
    assert "\n" not in said
    assert KEY not in said


@pytest.mark.parametrize(
    ("values", "demo", "polls"),
    [
        ({}, True, True),
        ({"DEMO": "1"}, True, True),
        (SMS, False, False),
        ({**SMS, "TWILIO_FROM": "", "TWILIO_MESSAGING_SERVICE_SID": "MG1"}, False, False),
        (TELEGRAM, False, False),
        ({**TELEGRAM, "PUBLIC_URL": ""}, False, True),
        ({**TELEGRAM, "TELEGRAM_MODE": "polling"}, False, True),
        ({**SMS, **TELEGRAM, "DATABASE_URL": "postgres://u:p@db.test/kits"}, False, False),
    ],
)
def test_what_fits_together_starts(
    values: dict[str, str], demo: bool, polls: bool, environment: pytest.MonkeyPatch
) -> None:
    settings = read(environment, values)
    assert (settings.is_demo, settings.telegram_polls) == (demo, polls)


def test_the_demo_makes_a_key_once_and_only_for_its_owner(environment: pytest.MonkeyPatch) -> None:
    first, second = read(environment, {}), read(environment, {})
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) > 40
    assert os.stat("kitline.db.key").st_mode & 0o077 == 0


def test_a_platforms_port_is_listened_to_from_outside(environment: pytest.MonkeyPatch) -> None:
    assert read(environment, {}).listen_host == "127.0.0.1"
    assert read(environment, {**SMS, "PORT": "5000"}).listen_host == "0.0.0.0"
    assert read(environment, {"HOST": "10.0.0.1"}).listen_host == "10.0.0.1"


def test_secrets_are_not_shown(environment: pytest.MonkeyPatch) -> None:
    settings = read(environment, {**SMS, **TELEGRAM, "TELEGRAM_WEBHOOK_SECRET": "a-secret-word"})
    shown = f"{settings!r} {settings}"
    for secret in (KEY, "token'", "an-invented_token", "a-secret-word"):
        assert secret not in shown


async def test_real_channels_leave_no_demo_behind(
    environment: pytest.MonkeyPatch, gazetteer: Any
) -> None:
    app = build(read(environment, SMS), gazetteer=gazetteer)
    transport = httpx.ASGITransport(app=web_app(app))
    async with httpx.AsyncClient(transport=transport, base_url="https://kits.example.org") as web:
        for path in ("/demo", "/demo/state", "/demo/messages?address=x", "/demo/"):
            assert (await web.get(path)).status_code == 404
        for path in ("/demo/messages", "/demo/clock"):
            assert (await web.post(path, json={"advance_seconds": 1})).status_code == 404
    await app.close()

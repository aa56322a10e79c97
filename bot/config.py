"""Settings: the only reader of the environment. Parsed once, at start, and fails loudly."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from db.database import async_url
from db.keys import Keyring, KeyringError, new_secret


class ConfigError(RuntimeError):
    """A setting is missing, malformed or contradictory; the message names it and the mend."""


class Settings(BaseSettings):
    """Every setting there is; .env.example says what each means."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: str = "sqlite:///kitline.db"
    secret_key: str = Field(default="", repr=False)
    public_url: str = ""
    host: str = ""
    port: int = Field(default=8000, ge=1, le=65535)
    telegram_bot_token: str = Field(default="", repr=False)
    telegram_mode: Literal["", "webhook", "polling"] = ""
    telegram_webhook_secret: str = Field(default="", repr=False)
    telegram_api_base_url: str = ""
    twilio_account_sid: str = ""
    twilio_auth_token: str = Field(default="", repr=False)
    twilio_from: str = ""
    twilio_messaging_service_sid: str = ""
    twilio_api_base_url: str = ""
    demo: bool | None = None
    log_format: Literal["", "console", "json"] = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    sentry_dsn: str = Field(default="", repr=False)

    @property
    def has_sms(self) -> bool:
        """Whether SMS is configured."""
        return bool(self.twilio_account_sid or self.twilio_auth_token)

    @property
    def has_telegram(self) -> bool:
        """Whether Telegram is configured."""
        return bool(self.telegram_bot_token)

    @property
    def is_demo(self) -> bool:
        """The simulator: on by itself only when no channel is configured."""
        if self.demo is not None:
            return self.demo
        return not (self.has_sms or self.has_telegram)

    @property
    def url(self) -> str:
        """The address the world sees, without a slash at the end."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def listen_host(self) -> str:
        """Where to listen: everywhere when a platform set PORT."""
        if self.host:
            return self.host
        return "0.0.0.0" if os.environ.get("PORT") and not self.is_demo else "127.0.0.1"

    @property
    def telegram_polls(self) -> bool:
        """Polling for development, a webhook where the world can reach us."""
        if self.telegram_mode:
            return self.telegram_mode == "polling"
        return not self.url.startswith("https://")

    def keyring(self) -> Keyring:
        """The keys."""
        return Keyring([part for part in self.secret_key.split(",") if part.strip()])


_MEND = "See .env.example."


def load(**overrides: object) -> Settings:
    """Read the environment; raises ConfigError with the setting's name and what to do."""
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as wrong:
        first = wrong.errors()[0]
        name = ".".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(f"{name}: {first['msg']}. {_MEND}") from None
    settings = with_demo_key(settings)
    check(settings)
    return settings


def check(settings: Settings) -> None:
    """Refuse to start on a setting that cannot work."""
    problem = next(iter(problems(settings)), None)
    if problem:
        raise ConfigError(problem)


def problems(settings: Settings) -> list[str]:
    """Everything wrong with the settings, each with its name and the mend."""
    return [
        *_always(settings),
        *_of_twilio(settings),
        *_of_telegram(settings),
        *_of_the_demo(settings),
    ]


def _always(settings: Settings) -> list[str]:
    found = []
    try:
        async_url(settings.database_url)
    except Exception:  # SQLAlchemy has several for an address it cannot read
        found.append("DATABASE_URL must start with sqlite:/// or postgresql://.")
    try:
        settings.keyring()
    except KeyringError as wrong:
        found.append(f"{wrong} Make one with: kitline new-key")
    for name in ("PUBLIC_URL", "TWILIO_API_BASE_URL", "TELEGRAM_API_BASE_URL"):
        address = getattr(settings, name.lower())
        if address and not _is_address(address):
            found.append(f"{name} must be a full address, like https://kits.example.org.")
    return found


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, half a bracket
        return False


def _of_twilio(settings: Settings) -> list[str]:
    found = []
    if bool(settings.twilio_account_sid) != bool(settings.twilio_auth_token):
        found.append("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN go together: set both or none.")
    sender = settings.twilio_from or settings.twilio_messaging_service_sid
    if settings.has_sms and not sender:
        found.append("TWILIO_FROM (or TWILIO_MESSAGING_SERVICE_SID) is needed to send SMS.")
    if sender and not settings.has_sms:
        found.append("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are needed beside the sender.")
    if settings.twilio_from and not re.fullmatch(r"\+[1-9]\d{6,14}", settings.twilio_from):
        found.append("TWILIO_FROM must be a number with its country code, like +447700900900.")
    if settings.has_sms and not settings.public_url:
        found.append("PUBLIC_URL is needed for Twilio: its signatures cover the public address.")
    return found


def _of_telegram(settings: Settings) -> list[str]:
    found = []
    token, secret = settings.telegram_bot_token, settings.telegram_webhook_secret
    if token and not re.fullmatch(r"\d+:[\w-]+", token, re.ASCII):
        found.append("TELEGRAM_BOT_TOKEN must be as BotFather gave it: figures, a colon, letters.")
    if (secret or settings.telegram_mode) and not token:
        name = "TELEGRAM_WEBHOOK_SECRET" if secret else "TELEGRAM_MODE"
        found.append(f"{name} is set without TELEGRAM_BOT_TOKEN: set both or none.")
    if secret and not re.fullmatch(r"[\w-]{1,256}", secret, re.ASCII):
        found.append("TELEGRAM_WEBHOOK_SECRET may hold only A-Z a-z 0-9 _ - (Telegram's rule).")
    if token and settings.telegram_mode == "webhook" and not _telegram_can_reach(settings):
        found.append("PUBLIC_URL must be https for Telegram's webhook; or TELEGRAM_MODE=polling.")
    return found


def _telegram_can_reach(settings: Settings) -> bool:
    """Telegram calls https alone; a stand-in on this machine calls what it is told."""
    return settings.url.startswith("https://") or bool(
        settings.public_url and settings.telegram_api_base_url
    )


def _of_the_demo(settings: Settings) -> list[str]:
    found = []
    if settings.demo and (settings.has_sms or settings.has_telegram):
        found.append("DEMO=1 cannot go with real channels: take the tokens away, or DEMO.")
    if settings.demo is False and not (settings.has_sms or settings.has_telegram):
        found.append("DEMO=0 and no channel: set TELEGRAM_BOT_TOKEN or the TWILIO_ settings.")
    return found


def with_demo_key(settings: Settings) -> Settings:
    """In the demo a key is made, and kept beside the database; otherwise one is required."""
    if settings.secret_key or not settings.is_demo:
        return settings
    try:
        database = async_url(settings.database_url).database or "kitline.db"
    except Exception:
        return settings  # ``check`` says what is wrong with it
    path = Path(f"{database}.key") if database != ":memory:" else Path("kitline.key")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(new_secret())
        path.chmod(0o600)
    return settings.model_copy(update={"secret_key": path.read_text().strip()})

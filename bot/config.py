"""Settings: the only reader of the environment. Parsed once, at start, and fails loudly."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from db.database import DatabaseError, async_url
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
    found = []
    try:
        async_url(settings.database_url)
    except (DatabaseError, ValueError):
        found.append("DATABASE_URL must start with sqlite:/// or postgresql://.")
    try:
        settings.keyring()
    except KeyringError as wrong:
        found.append(f"{wrong} Make one with: kitline new-key")
    parts = urlsplit(settings.url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        found.append("PUBLIC_URL must be a full address, like https://kits.example.org.")
    if bool(settings.twilio_account_sid) != bool(settings.twilio_auth_token):
        found.append("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN go together: set both or none.")
    sender = settings.twilio_from or settings.twilio_messaging_service_sid
    if settings.has_sms and not sender:
        found.append("TWILIO_FROM (or TWILIO_MESSAGING_SERVICE_SID) is needed to send SMS.")
    if settings.has_sms and not settings.public_url:
        found.append("PUBLIC_URL is needed for Twilio: its signatures cover the public address.")
    if settings.has_telegram and not settings.telegram_polls and not settings.public_url:
        found.append("PUBLIC_URL is needed for Telegram's webhook; or set TELEGRAM_MODE=polling.")
    if settings.demo and (settings.has_sms or settings.has_telegram):
        found.append("DEMO=1 cannot go with real channels: take the tokens away, or DEMO.")
    if settings.demo is False and not (settings.has_sms or settings.has_telegram):
        found.append("DEMO=0 and no channel: set TELEGRAM_BOT_TOKEN or the TWILIO_ settings.")
    return found


def with_demo_key(settings: Settings) -> Settings:
    """In the demo a key is made, and kept beside the database; otherwise one is required."""
    if settings.secret_key or not settings.is_demo:
        return settings
    database = async_url(settings.database_url).database or "kitline.db"
    path = Path(f"{database}.key") if database != ":memory:" else Path("kitline.key")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(new_secret())
        path.chmod(0o600)
    return settings.model_copy(update={"secret_key": path.read_text().strip()})

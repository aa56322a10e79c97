"""Settings and secrets, read as the program reads them."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from bot.checkup.finding import Finding, fail, ok, warn
from bot.config import Settings, problems, with_demo_key


def read_settings() -> tuple[Settings | None, list[Finding]]:
    """The settings if they can be used at all, and everything that is wrong with them."""
    try:
        settings = with_demo_key(Settings())
    except ValidationError as wrong:
        bad = [
            fail(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}", "See .env.example.")
            for e in wrong.errors()
        ]
        return None, bad
    except Exception:  # DATABASE_URL so malformed that not even its folder is known
        return None, [fail("DATABASE_URL cannot be read", "Like sqlite:///kitline.db")]
    found = [fail(problem, "See .env.example.") for problem in problems(settings)]
    if found:
        return None, found
    return settings, [ok("settings and SECRET_KEY"), *_doubts(settings)]


def _doubts(settings: Settings) -> list[Finding]:
    found = []
    if settings.is_demo:
        found.append(
            warn(
                "no channel is configured: this is the demo, nobody can text it",
                "Set TWILIO_... or TELEGRAM_BOT_TOKEN (docs/setup-twilio.md, setup-telegram.md).",
            )
        )
    elif not settings.url.startswith("https://"):
        reach = "Twilio and Telegram send what people wrote there in the clear"
        found.append(warn(f"PUBLIC_URL is not https: {reach}", "Put a proxy with TLS before it."))
    env = Path(".env")
    if env.is_file() and env.stat().st_mode & 0o077:
        found.append(warn(".env can be read by other users of this machine", "chmod 600 .env"))
    return found

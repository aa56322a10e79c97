"""Twilio and Telegram, asked themselves, with short time-outs."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from bot.channels.base import SendError
from bot.channels.sms import TwilioSms
from bot.channels.sms_account import Account, SmsNumber, account_of, number_of
from bot.channels.telegram import TelegramChannel
from bot.checkup.finding import Finding, fail, ok, warn
from bot.config import Settings
from db import health, meta
from db.database import Database, Tx

PATIENCE = 8.0
BACKLOG = 50
RECENT = timedelta(hours=24)
LATELY = timedelta(days=7)
OPTED_OUT = "21610"
SWITCH_OFF = "Step 6 of docs/setup-twilio.md, then test 4 there. Gone a week after the last time."
OPT_OUT = warn(
    "Twilio answers STOP, CANCEL, HELP and START itself unless told not to; that cannot be read "
    "from here",
    "See the opt-out step of docs/setup-twilio.md before going live.",
)


async def own_opt_out(db: Database, tx: Tx, now: datetime) -> list[Finding]:
    """Traces of Twilio's own opt-out handling, which keeps emergency answers from people."""
    found = []
    seen = await meta.opt_out_seen(db)
    if seen and now - seen < LATELY:
        what = f"Twilio itself acted on a word like STOP on {seen:%Y-%m-%d at %H:%M} UTC"
        found.append(fail(f"{what}: emergency answers may not get through", SWITCH_OFF))
    refused = await health.failed_with(tx, OPTED_OUT, now - LATELY)
    if refused:
        what = f"Twilio refused {refused} texts in a week, to people on its own STOP list (21610)"
        do = "An emergency answer would not reach them either: step 6 of docs/setup-twilio.md."
        found.append(warn(what, do))
    return found


async def twilio(sms: TwilioSms, settings: Settings, lines: set[str]) -> list[Finding]:
    """Credentials, and whether each of our numbers can text and rings our webhooks."""
    try:
        async with asyncio.timeout(PATIENCE):
            account = await account_of(sms.client)
            found = [_account(account)]
            for line in sorted(lines):
                found += _number(line, await number_of(sms.client, line), settings)
    except SendError as refused:
        return [_refused("Twilio", refused, "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"), OPT_OUT]
    except TimeoutError:
        return [fail("Twilio does not answer", "Check the network and TWILIO_API_BASE_URL.")]
    if not lines and settings.twilio_messaging_service_sid:
        found.append(ok("texts go out by the messaging service; its numbers are not looked at"))
    return [*found, OPT_OUT]


def _refused(name: str, refused: SendError, setting: str) -> Finding:
    if refused.code in ("20003", "20404", "401", "404"):
        return fail(f"{name} refuses the credentials", f"Check {setting}.")
    return fail(f"{name} cannot be asked ({refused.code})", "Check the network; try again.")


def _account(account: Account) -> Finding:
    if account.status != "active":
        return fail(f"the Twilio account is {account.status}", "See Twilio's console.")
    if account.kind == "Trial":
        do = "Upgrade it: a trial texts only numbers that were verified."
        return fail("the Twilio account is a trial", do)
    return ok("Twilio credentials")


def _number(line: str, number: SmsNumber | None, settings: Settings) -> list[Finding]:
    if number is None:
        do = "Check TWILIO_FROM and `kitline services list`."
        return [fail(f"{line} is not a number of this Twilio account", do)]
    if not number.can_text:
        return [fail(f"{line} cannot send SMS", "Rent a number with SMS.")]
    found = [ok(f"{line} can text")]
    hook = f"{settings.url}/twilio/sms"
    if number.sms_url != hook and not settings.twilio_messaging_service_sid:
        do = f"Set its webhook for messages to {hook}"
        found.append(fail(f"texts to {line} go to {number.sms_url or 'nowhere'}", do))
    voice = f"{settings.url}/twilio/voice"
    if number.voice_url != voice:
        do = f"Set its webhook for calls to {voice}"
        found.append(warn(f"calls to {line} go to {number.voice_url or 'nowhere'}", do))
    return found


async def telegram(channel: TelegramChannel, settings: Settings, now: datetime) -> list[Finding]:
    """The token, the webhook's address, its backlog and its last error."""
    try:
        async with asyncio.timeout(PATIENCE):
            name = await channel.username()
            info = await channel.webhook_info()
    except SendError as refused:
        return [_refused("Telegram", refused, "TELEGRAM_BOT_TOKEN")]
    except TimeoutError:
        return [fail("Telegram does not answer", "Check the network and TELEGRAM_API_BASE_URL.")]
    found = [ok(f"Telegram bot @{name}")]
    hook = f"{settings.url}/telegram/webhook"
    if settings.telegram_polls:
        found.append(warn("Telegram is polled, as for development", "Set TELEGRAM_MODE=webhook."))
    elif info.url != hook:
        do = "It is set when the service starts; is another program using this bot?"
        found.append(fail(f"Telegram's webhook is {info.url or 'not set'}, not {hook}", do))
    if info.pending_update_count > BACKLOG:
        do = "Is the service running, and can Telegram reach it?"
        found.append(fail(f"{info.pending_update_count} messages wait at Telegram", do))
    at = info.last_error_date
    if at and now - at < RECENT:
        what = f"Telegram's last error, {at:%Y-%m-%d %H:%M} UTC: {info.last_error_message}"
        found.append(warn(what, "Gone after a day if it does not come again."))
    return found

"""What Twilio says of the account and its numbers: for `doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twilio.base.exceptions import (  # type: ignore[import-untyped]
    TwilioRestException,
    TwilioServiceException,
)
from twilio.rest import Client  # type: ignore[import-untyped]

from bot.channels.base import SendError
from bot.channels.sms import FAILURES
from bot.channels.sms_errors import send_error


@dataclass(frozen=True, slots=True)
class Account:
    """``status``: active, suspended, closed. ``kind``: Full or Trial."""

    status: str
    kind: str


@dataclass(frozen=True, slots=True)
class SmsNumber:
    """One of our numbers: can it text, and where do texts and calls go."""

    can_text: bool
    sms_url: str
    voice_url: str


async def account_of(client: Client) -> Account:
    """The account behind the credentials; SendError if they are refused."""
    try:
        found = await client.api.v2010.accounts(client.account_sid).fetch_async()
    except FAILURES as failure:
        raise _refused(failure) from None
    return Account(str(found.status), str(found.type))


async def number_of(client: Client, number: str) -> SmsNumber | None:
    """A number of the account, None if it has no such number."""
    try:
        listed = await client.incoming_phone_numbers.list_async(phone_number=number, limit=1)
    except FAILURES as failure:
        raise _refused(failure) from None
    if not listed:
        return None
    able: Any = listed[0].capabilities
    can_text = able.get("sms") if isinstance(able, dict) else getattr(able, "sms", False)
    return SmsNumber(bool(can_text), str(listed[0].sms_url or ""), str(listed[0].voice_url or ""))


def _refused(failure: Exception) -> SendError:
    if isinstance(failure, TwilioRestException | TwilioServiceException):
        return send_error(str(failure.code or failure.status), failure.status)
    return SendError("network", retryable=True)

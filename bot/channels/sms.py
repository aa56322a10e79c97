"""SMS by Twilio: our messages as texts, sent by Twilio's client, and what was missed meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import ClientError
from twilio.base.exceptions import (  # type: ignore[import-untyped]
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)
from twilio.rest import Client  # type: ignore[import-untyped]
from twilio.rest.api.v2010.account.message import (  # type: ignore[import-untyped]
    MessageInstance,
)

from bot.channels.base import Receipt, SendError, clean
from bot.channels.numbers import can_be_answered
from bot.channels.sms_errors import send_error
from bot.channels.sms_parse import (  # the webhooks' half of this channel
    opt_out_type,
    parse_sms,
    parse_status,
    signature_ok,
)
from bot.channels.sms_request import TwilioRequests
from bot.channels.twiml import twiml, voice_twiml
from content.segments import segment_count, split, to_gsm7
from db.models import InboundMessage, OutboundMessage

__all__ = [
    "TwilioSms",
    "draw_sms",
    "missed_messages",
    "opt_out_type",
    "parse_sms",
    "parse_status",
    "signature_ok",
    "twiml",
    "voice_twiml",
]

TWILIO = "https://api.twilio.com"
MAX_SEGMENTS = 10  # in one message: Twilio takes 1,600 characters, networks about ten parts
MAX_MISSED = 5000
PAGE = 200


def draw_sms(message: OutboundMessage) -> list[str]:
    """The text with its options as numbered lines, in as few texts as it takes.

    The options stay together, in the last one, so that they are what is read last.
    """
    parts = split(to_gsm7(clean(message.text)), _fits)
    if message.style == "words" or not message.buttons:
        return parts
    labels = (to_gsm7(clean(button.label)) for button in message.buttons)
    options = "\n".join(f"{number} {label}" for number, label in enumerate(labels, 1))
    last = f"{parts[-1]}\n{options}" if parts else options
    if _fits(last):
        return [*parts[:-1], last]
    return [*parts, *split(options, _fits)]


def _fits(text: str) -> bool:
    return segment_count(text) <= MAX_SEGMENTS


class TwilioSms:
    """Sends texts by Twilio, from the line written to, a fixed number or a messaging service."""

    name = "sms"

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        *,
        public_url: str,
        from_number: str = "",
        messaging_service_sid: str = "",
        base_url: str = TWILIO,
    ) -> None:
        self.status_callback = f"{public_url.rstrip('/')}/twilio/status"
        self.from_number = from_number
        self.messaging_service_sid = messaging_service_sid
        self._requests = TwilioRequests(base_url or TWILIO)
        self.client = Client(account_sid, auth_token, http_client=self._requests)

    def draw(self, message: OutboundMessage) -> list[str]:
        return draw_sms(message)

    async def send(
        self, address: str, message: OutboundMessage, *, line: str, reference: str = ""
    ) -> Receipt:
        """Each part is one Twilio message; the receipt has the last one's id, and all segments.

        Somebody in an emergency is answered whatever they write from.
        """
        if not message.emergency and not can_be_answered(address):
            raise SendError("not_a_mobile", gone="landline")
        parts = self.draw(message)
        if not parts:
            raise SendError("empty")
        for part in parts:
            sid = await self._create(address, part, line, reference)
        return Receipt(sid, sum(segment_count(part) for part in parts))

    async def _create(self, address: str, text: str, line: str, reference: str) -> str:
        sender = line or self.from_number
        named = f"?m={reference}" if reference else ""
        try:
            sent = await self.client.messages.create_async(
                to=address,
                body=text,
                status_callback=self.status_callback + named,
                **({"from_": sender} if sender else self._service()),
            )
        except FAILURES as failure:
            raise _refused(failure) from None  # their messages hold the number
        return str(sent.sid)

    def _service(self) -> dict[str, str]:
        return {"messaging_service_sid": self.messaging_service_sid}

    async def missed_messages(self, to: str, since: datetime) -> list[InboundMessage]:
        return await missed_messages(self.client, to, since)

    async def close(self) -> None:
        await self._requests.close()


async def missed_messages(client: Client, to: str, since: datetime) -> list[InboundMessage]:
    """What was texted to our number ``since`` then, oldest first, read from Twilio's own list.

    Twilio gives up on a webhook after a few tries. The inbox knows by the ids which ones it has.
    """
    found = []
    try:
        listed = await client.messages.stream_async(
            to=to, date_sent_after=since.astimezone(UTC), page_size=PAGE, limit=MAX_MISSED
        )
        async for record in listed:
            # Twilio compares days, not minutes, and lists what we sent to ourselves as well.
            at = record.date_sent or record.date_created
            if record.direction == "inbound" and at is not None and at >= since:
                found.append(_listed(record, at))
    except FAILURES as failure:
        raise _refused(failure) from None
    return sorted(found, key=lambda message: message.sent_at or since)


def _listed(record: MessageInstance, at: datetime) -> InboundMessage:
    return InboundMessage(
        channel="sms",
        external_id=record.sid,
        line=record.to,
        address=record.from_,
        kind="media" if record.num_media not in (None, "", "0") else "text",
        text=clean(record.body or ""),
        sent_at=at,
    )


FAILURES = (TwilioException, ClientError, TimeoutError, OSError, ValueError)


def _refused(failure: Exception) -> SendError:
    if isinstance(failure, TwilioRestException | TwilioServiceException):
        return send_error(str(failure.code or failure.status), failure.status)
    if isinstance(failure, ClientError | OSError | TimeoutError):
        return SendError("network", retryable=True)
    return SendError("unreadable_answer", retryable=True)

"""What Twilio posts to us, as our own messages. Nothing here raises: Twilio has signed it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from bot.channels.base import clean
from db.models import DeliveryReport, InboundMessage

STATUSES = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
"""Twilio's states that tell us something; the others (queued, sending) are on the way there."""


def signature_ok(auth_token: str, url: str, form: Mapping[str, str], header: str | None) -> bool:
    """The form was signed by Twilio for this address, in constant time.

    ``url`` is PUBLIC_URL with path and query, as Twilio sees it: behind a proxy the request's own
    scheme and host are others. ``form`` may be Starlette's, where one name can have many values.
    """
    if not header:
        return False
    try:
        return bool(RequestValidator(auth_token).validate(url, form, header))
    except (ValueError, TypeError):  # lone surrogates, an uploaded file, a port that is no number
        return False


def parse_sms(form: Mapping[str, str]) -> InboundMessage:
    """One text to our number. Pictures come as "media" with whatever was written beside them.

    Without a sender ``address`` is empty: such a message can be answered by TwiML alone.
    """
    fields = {name: clean(value) for name, value in form.items() if isinstance(value, str)}
    has_media = fields.get("NumMedia", "0").strip() not in ("", "0")
    return InboundMessage(
        channel="sms",
        external_id=_sid(fields) or _fingerprint(fields),
        line=fields.get("To", "").strip(),
        address=fields.get("From", "").strip(),
        kind="media" if has_media else "text",
        text=fields.get("Body", "") or opt_out_type(fields),
    )


def opt_out_type(form: Mapping[str, str]) -> str:
    """STOP, START or HELP if Twilio itself has acted on the word, else nothing.

    Then Twilio's own opt-out is on: it mutes even emergency answers after STOP, and eats CANCEL
    and HELP. It must be off on a live line, so this is worth a warning each time.
    """
    return form.get("OptOutType", "").upper()


def parse_status(form: Mapping[str, str]) -> DeliveryReport | None:
    """What became of a text we sent; None while it is still on its way.

    Reports overtake each other: "sent" may come after "delivered".
    """
    state = form.get("MessageStatus") or form.get("SmsStatus") or ""
    sid = _sid(form)
    if state not in STATUSES or not sid:
        return None
    return DeliveryReport(
        channel="sms",
        provider_id=sid,
        status=STATUSES[state],
        error_code=clean(form.get("ErrorCode", "")),
        at=_done_at(form.get("RawDlrDoneDate", "")),
    )


def _sid(form: Mapping[str, str]) -> str:
    return form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid") or ""


def _fingerprint(fields: Mapping[str, str]) -> str:
    # The same form delivered again must still be the same message.
    return "form-" + hashlib.sha256(repr(sorted(fields.items())).encode()).hexdigest()[:32]


def _done_at(written: str) -> datetime | None:
    """The network's own time of delivery, YYMMDDhhmm in UTC."""
    try:
        return datetime.strptime(written, "%y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None

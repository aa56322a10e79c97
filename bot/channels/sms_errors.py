"""Twilio's error codes, in the terms of what to do next (https://www.twilio.com/docs/api/errors).

The same codes come back at once, from a refused send, and minutes later, in a delivery report.
"""

from bot.channels.base import SendError

STOPPED = frozenset({"21610"})
"""The person texted STOP and Twilio itself keeps us away."""

NO_SUCH_NUMBER = frozenset({"21211", "21214", "21217", "30005"})
LANDLINE = frozenset({"21614", "21635", "30006"})
"""Nothing will ever arrive there. What we may not send (21612, 30007) says nothing about it."""

# 30003 is a phone that is off or out of reach, 30008 the network's "unknown", 30017 congestion.
PASSING = frozenset({"20429", "30001", "30003", "30008", "30017", "30022", "14107"})

OUR_FAULT = frozenset(
    # A wrong token, a suspended account or a wrong sender says nothing about the message. It
    # waits until somebody has mended the settings, rather than being lost with every other one.
    {"20003", "20005", "20403", "20404", "21603", "21606", "21659", "21660", "21703", "30002"}
)

BUSY_SECONDS = 2.0
MENDING_SECONDS = 120.0


def send_error(code: str, status: int = 400, retry_after: float | None = None) -> SendError:
    """What Twilio's answer (its code and the HTTP status) means for the message.

    Everything not named here is final for the message and says nothing about the number, such as
    21612 (no way from our number to theirs), 21617 (too long), 30007 (a carrier filtered it).
    """
    if code in STOPPED:
        return SendError(code, stops=True)
    if code in NO_SUCH_NUMBER:
        return SendError(code, gone="gone")
    if code in LANDLINE:
        return SendError(code, gone="landline")
    if code in OUR_FAULT or status in (401, 403):
        return SendError(code, retryable=True, retry_after=retry_after or MENDING_SECONDS)
    if code in PASSING or status == 429 or status >= 500:
        busy = BUSY_SECONDS if status == 429 else None
        return SendError(code, retryable=True, retry_after=retry_after or busy)
    return SendError(code)

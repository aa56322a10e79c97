"""What every channel does alike: draw a message, send it, say why it could not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from db.models import OutboundMessage


class SendError(Exception):
    """A message that was not sent, in the terms of what to do next.

    ``retryable``: try again, not before ``retry_after`` seconds if that is given.
    ``stops``: the person (or their network) has shut the door; write to them no more.
    ``gone``: nothing will ever arrive at this address, and why: landline, gone.
    ``code`` is the provider's, safe to log: it never holds a text or an address.
    """

    def __init__(
        self,
        code: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        stops: bool = False,
        gone: str = "",
    ) -> None:
        super().__init__(code)
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after
        self.stops = stops
        self.gone = gone

    @property
    def shut(self) -> str:
        """Why nothing more may be sent there: stopped, landline, gone; "" if it may."""
        return "stopped" if self.stops else self.gone


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider took the message: its id for delivery reports, and what it counts as."""

    provider_id: str
    parts: int


class Channel(Protocol):
    """One way to reach people."""

    name: str

    def draw(self, message: OutboundMessage) -> list[str]:
        """What the person will read, part by part."""
        ...

    async def send(
        self, address: str, message: OutboundMessage, *, line: str, reference: str = ""
    ) -> Receipt:
        """Hand the message to the provider, or raise SendError.

        ``reference`` is our own id of it: a delivery report may come before we know the provider's.
        After a lost connection nobody knows whether it went: it is sent again, at least once.
        """
        ...

    async def close(self) -> None: ...


def clean(text: str) -> str:
    """The text without what no database or provider takes: NUL bytes and lone surrogates.

    A phone or a broken client does send them, and PostgreSQL then refuses the whole message.
    """
    if text.isascii():
        return text.replace("\0", "")
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "")

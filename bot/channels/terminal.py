"""The terminal: `kitline say`."""

from __future__ import annotations

import sys
from uuid import uuid4

from bot.channels.base import Receipt
from bot.channels.sms import draw_sms
from db.models import OutboundMessage


class TerminalChannel:
    """Prints what is said, as it would read by SMS."""

    name = "terminal"

    def draw(self, message: OutboundMessage) -> list[str]:
        return draw_sms(message)

    async def send(
        self, address: str, message: OutboundMessage, *, line: str, reference: str = ""
    ) -> Receipt:
        parts = self.draw(message)
        for part in parts:
            sys.stdout.write(f"\n{part}\n")
        sys.stdout.flush()
        return Receipt(f"terminal-{uuid4().hex}", len(parts))

    async def close(self) -> None:
        """Nothing was opened."""

"""The simulator's phones: drawn like the real channel, and sent nowhere."""

from __future__ import annotations

from uuid import uuid4

from bot.channels.base import Receipt
from bot.channels.sms import draw_sms
from bot.channels.telegram import draw_telegram
from content.segments import segment_count
from db.models import OutboundMessage


class DemoChannel:
    """Stands in for "sms" or "telegram"; the demo page reads the outbox to show what was said."""

    def __init__(self, name: str) -> None:
        self.name = name

    def draw(self, message: OutboundMessage) -> list[str]:
        return draw_sms(message) if self.name == "sms" else draw_telegram(message)

    async def send(
        self, address: str, message: OutboundMessage, *, line: str, reference: str = ""
    ) -> Receipt:
        parts = self.draw(message)
        count = sum(map(segment_count, parts)) if self.name == "sms" else len(parts)
        return Receipt(f"demo-{uuid4().hex}", count)

    async def close(self) -> None:
        """Nothing was opened."""

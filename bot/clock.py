"""The clock: the only place that asks the machine for the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, aware and in UTC."""

    def now(self) -> datetime:
        """The time."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time."""
        return datetime.now(UTC)


class DemoClock:
    """The machine's clock, moved forward by whoever tries the demo."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """The time."""
        return datetime.now(UTC) + self.offset

    def move_to(self, when: datetime) -> None:
        """Move forward; never back."""
        self.offset = max(self.offset, when - datetime.now(UTC))

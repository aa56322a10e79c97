"""Ids of our own: whole numbers that rise with time, made without asking the database."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


class Ids:
    """Makes ids of 41 bits of milliseconds, 10 bits of this process, 12 bits of counting.

    They fit a signed 64-bit column until 2093. A clock that stands still or goes back still gives
    rising ids.
    """

    def __init__(self) -> None:
        self._node = secrets.randbelow(1024) << 12
        self._last_ms = 0
        self._count = 0

    def new(self, now: datetime) -> int:
        """The next id, larger than every one before it from this process."""
        ms = int((now - _EPOCH).total_seconds() * 1000)
        if ms > self._last_ms:
            self._last_ms, self._count = ms, 0
        else:
            self._count += 1
            if self._count == 4096:
                self._last_ms, self._count = self._last_ms + 1, 0
        return (self._last_ms << 22) | self._node | self._count

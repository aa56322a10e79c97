"""How often one caller may knock: in this process's memory, and forgotten after a minute."""

from __future__ import annotations

import time
from collections import defaultdict, deque

SECONDS = 60.0
MOST_CALLERS = 10_000


class Limit:
    """At most so many calls a minute from each caller."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._calls: dict[str, deque[float]] = defaultdict(deque)

    def allows(self, caller: str) -> bool:
        """Whether they may knock again."""
        calls, now = self._calls[caller], time.monotonic()
        while calls and now - calls[0] > SECONDS:
            calls.popleft()
        return len(calls) < self.most

    def count(self, caller: str) -> None:
        """They have knocked."""
        if len(self._calls) > MOST_CALLERS:
            self._calls.clear()
        self._calls[caller].append(time.monotonic())

"""How long to wait before a send is tried again."""

from __future__ import annotations

import random
from datetime import timedelta

FIRST = 2.0
LONGEST = 900.0


def with_jitter(tries: int, retry_after: float | None) -> timedelta:
    """2, 4, 8 … seconds, at most 15 minutes, spread by a quarter either way.

    What the provider asks for (``retry_after`` seconds) is the least.
    """
    wait = min(FIRST * 2 ** max(tries - 1, 0), LONGEST) * random.uniform(0.75, 1.25)
    return timedelta(seconds=max(wait, retry_after or 0.0))

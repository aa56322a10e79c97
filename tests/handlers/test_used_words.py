"""What the first message about a used kit tells, so that it is not asked again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from handlers.used_report import said_at_once

TOLD = {"doses": "two", "used_on": "yesterday", "relation": "friend"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("used my kit", {}),
        ("used my kit last night", {"used_on": "today"}),
        (
            "used both sprays on my mate yesterday",
            TOLD,
        ),
        ("Used both sprays on my MATE, yesterday!", TOLD),
        ("had to use it on my brother a few days ago", {"used_on": "week", "relation": "family"}),
        ("used it on a resident at work", {"relation": "client"}),
        ("used it yesterday, and again this morning", {}),
        ("used it on my brother, my mate was there", {}),
        ("used 1 dose", {"doses": "one"}),
        ("used it, not sure how many", {}),
    ],
)
def test_what_is_told_at_once(text: str, told: dict[str, str]) -> None:
    turn = cast(Any, SimpleNamespace(tongue="en"))
    assert said_at_once(turn, text) == told

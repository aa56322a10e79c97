"""What the first message about a used kit tells, so that it is not asked again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from handlers.used_report import begins_with_no, said_at_once, sounds_fine, tells_of_death

TOLD = {"product": "nasal", "doses": "two", "used_on": "yesterday", "relation": "friend"}


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


@pytest.mark.parametrize(
    ("text", "died"),
    [
        ("used the kit. he died", True),
        ("no he is dead", True),
        ("she passed away last night", True),
        ("no, he didn't make it", True),
        ("used it and he nearly died", False),
        ("no hes not dead", False),
        ("used it, he passed out", False),
        ("thought he died but he came round", False),
        ("one died, the other is still bad", False),
        ("no my phone died", False),
    ],
)
def test_a_death_is_read_and_a_near_one_is_not(text: str, died: bool) -> None:
    assert tells_of_death(cast(Any, SimpleNamespace(tongue="en")), text) == died


@pytest.mark.parametrize(
    ("text", "nobody"),
    [
        ("no hes fine", True),
        ("no, she's ok now", True),
        ("nah hes alright", True),
        ("no change", False),
        ("no hes not ok", False),
        ("no better", False),
        ("no one is awake", False),
        ("no he wont come round", False),
        ("hes fine", False),
        ("yes hes fine", False),
    ],
)
def test_nobody_is_unwell_only_where_all_of_it_says_so(text: str, nobody: bool) -> None:
    turn = cast(Any, SimpleNamespace(tongue="en"))
    assert (begins_with_no(turn, text) and sounds_fine(turn, text)) == nobody

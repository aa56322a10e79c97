"""The ladder: peers, then an outlet, then a coordinator, never nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.services.escalation import (
    AskPeers,
    HoldKit,
    Situation,
    TellCoordinator,
    next_thing,
)
from handlers.services.rules import Rules
from tests.handlers.made import NOON, outlet, ranked


def situation(**values: Any) -> Situation:
    given: dict[str, Any] = {
        "now": NOON,
        "asked_at": NOON,
        "route": "peer",
        "waves_made": 0,
        "outlets_tried": frozenset(),
        "peers": [ranked(1), ranked(2), ranked(3)],
        "outlets": [outlet(1), outlet(2)],
    }
    return Situation(**{**given, **values})


def minutes(n: int) -> timedelta:
    return timedelta(minutes=n)


LATE = {"now": NOON + minutes(30)}
NOBODY = {"peers": [], "outlets": []}


@pytest.mark.parametrize(
    ("values", "rules", "expected"),
    [
        ({}, {}, ("peers", [1], 10)),
        ({}, {"wave_size": 2}, ("peers", [1, 2], 10)),
        ({}, {"wave_size": 9}, ("peers", [1, 2, 3], 10)),
        ({}, {"offer_minutes": 3}, ("peers", [1], 3)),
        ({}, {"offer_minutes": 60}, ("peers", [1], 30)),  # never past the coordinator's time
        ({"waves_made": 1}, {}, ("peers", [1], 10)),
        ({"waves_made": 2}, {}, ("outlet", 1, 72 * 60)),
        ({"waves_made": 2}, {"waves": 3}, ("peers", [1], 10)),
        ({"peers": [ranked(1, "off_duty"), ranked(2)]}, {}, ("peers", [2], 10)),
        ({"peers": [ranked(1, "too_far")]}, {}, ("outlet", 1, 72 * 60)),
        ({"peers": []}, {"claim_hours": 1}, ("outlet", 1, 60)),
        ({"peers": [], "outlets_tried": frozenset({1})}, {}, ("outlet", 2, 72 * 60)),
        ({"peers": [], "outlets": [outlet(1, "no_stock")]}, {}, ("coordinator", "nobody_left")),
        ({"peers": [], "outlets_tried": frozenset({1, 2})}, {}, ("coordinator", "nobody_left")),
        ({"route": "outlet"}, {}, ("outlet", 1, 72 * 60)),
        ({"route": "outlet", "outlets": []}, {}, ("coordinator", "nobody_left")),
        (NOBODY, {}, ("coordinator", "nobody_left")),
        (LATE, {}, ("coordinator", "late")),
        ({**LATE, **NOBODY}, {}, ("coordinator", "late")),
        ({"now": NOON + minutes(29)}, {}, ("peers", [1], 1)),
        (LATE, {"coordinator_after_minutes": 60}, ("peers", [1], 10)),
    ],
)
def test_the_next_rung(
    values: dict[str, Any], rules: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    now = situation(**values)
    found = next_thing(now, Rules(**rules))
    if isinstance(found, AskPeers):
        asked = [one.candidate.peer.id for one in found.peers]
        assert ("peers", asked, (found.until - now.now) / minutes(1)) == expected
    elif isinstance(found, HoldKit):
        left = (found.until - now.now) / minutes(1)
        assert ("outlet", found.outlet.outlet.id, left) == expected
    else:
        assert ("coordinator", found.reason) == expected


@given(
    waves_made=st.integers(0, 5),
    gone=st.integers(0, 120),
    waves=st.integers(0, 4),
    size=st.integers(1, 4),
    peers=st.lists(st.sampled_from(["", "off_duty"]), max_size=5),
    outlets=st.integers(0, 3),
    tried=st.frozensets(st.integers(1, 3)),
    route=st.sampled_from(["peer", "outlet"]),
)
def test_there_is_always_a_next_thing_and_it_lies_ahead(
    waves_made: int,
    gone: int,
    waves: int,
    size: int,
    peers: list[str],
    outlets: int,
    tried: frozenset[int],
    route: str,
) -> None:
    now = situation(
        now=NOON + minutes(gone),
        waves_made=waves_made,
        peers=[ranked(n, why) for n, why in enumerate(peers, 1)],
        outlets=[outlet(n) for n in range(1, outlets + 1)],
        outlets_tried=tried,
        route=route,
    )
    found = next_thing(now, Rules(waves=waves, wave_size=size))
    if isinstance(found, AskPeers):
        assert found.peers
        assert not any(one.why_not for one in found.peers)
    if isinstance(found, HoldKit):
        assert found.outlet.outlet.id not in tried
    if not isinstance(found, TellCoordinator):
        assert found.until > now.now

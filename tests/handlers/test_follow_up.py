"""Two weeks on: who is asked, who is asked a day later, and who is left in peace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from db.models import Service, Timer
from db.reference.gazetteer import Gazetteer
from handlers import mourning
from handlers.engine.turn import Scene, Turn
from handlers.follow_up import follow_up_due
from handlers.services import requests
from handlers.services.contacts import give_consent, new_contact
from tests.harness import Kitline, kitline


@pytest.fixture
async def line(sqlite_url: str, secret_key: str, gazetteer: Gazetteer) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer) as made:
        yield made


async def _as(state: str, turn: Turn) -> None:
    """Something that stands against asking them."""
    if state == "stopped":
        turn.change(stopped_at=turn.now)
    elif state == "blocked":
        turn.change(blocked_at=turn.now)
    elif state == "withdrawn":
        give_consent(turn.work, turn.contact, "follow_up", False, "word.stop_reminders")
    elif state == "mourning":
        mourning.begin(turn)
    elif state == "emergency":
        turn.flow, turn.step = "overdose", "breathing"
    elif state == "waiting":
        await requests.place(turn.work, service_id=turn.home().id, contact_id=turn.id)


@pytest.mark.parametrize(
    ("state", "asked", "again"),
    [
        ("", True, False),
        ("stopped", False, False),
        ("blocked", False, False),
        ("withdrawn", False, False),
        ("mourning", False, False),
        ("emergency", False, True),
        ("waiting", False, True),  # a kit is on its way to them
    ],
)
async def test_who_is_asked(line: Kitline, state: str, asked: bool, again: bool) -> None:
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        home = (await work.find(Service, slug="grimsby"))[0]
        amy = await new_contact(work, "sms", home.sms_line, "+447700900101", home.id)
        give_consent(work, amy, "follow_up", True, "keep_in_touch.follow_up")
        scene = Scene(work, line.app.engine.world)
        turn = await scene.person(amy.id)
        await _as(state, turn)
        key = f"follow_up:{amy.id}"
        await follow_up_due(scene, Timer(key, "follow_up", line.clock.now(), {"contact": amy.id}))
        assert (turn.flow == "follow_up") is asked
        scene.close()
        await work.flush()
        timer = await work.get(Timer, key)
    assert (timer is not None) is again
    assert not timer or timer.due_at == line.clock.now() + timedelta(days=1)

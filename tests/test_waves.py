"""Several peers asked at once: the first yes wins, and the others read that it is filled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from db.models import Offer, Service
from db.reference.gazetteer import Gazetteer
from tests.conftest import FixedCodes
from tests.harness import Kitline, kitline

AMY, SAM, ASH = "+447700900101", "+447700900011", "+447700900014"
ASKS = ("KIT", "YES", "YES", "1", "DN31 1AA", "nasal", "meet", "YES")


@pytest.fixture
async def asked(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer, fixed_codes: FixedCodes
) -> AsyncIterator[Kitline]:
    """A line that asks two peers at once, and Amy's request."""
    async with kitline(sqlite_url, secret_key, gazetteer) as line:
        async with line.app.db.transaction() as tx:
            work = line.work(tx)
            service = next(s for s in await work.find(Service) if s.slug == "grimsby")
            work.save(replace(service, rules={**service.rules, "wave_size": 2}))
            await work.flush()
        for text in ASKS:
            await line.say(AMY, text)
        yield line


async def heard(line: Kitline, address: str) -> str:
    """What an address was sent since the last look."""
    return "\n".join(m.text for to, m, _ in await line.new_messages() if to == address)


async def test_the_first_yes_wins_and_the_other_is_thanked(asked: Kitline) -> None:
    assert [offer.status for offer in await asked.read(Offer)] == ["sent", "sent"]
    await asked.new_messages()
    await asked.say(ASH, "ACCEPT")
    assert "Someone else was quicker" in await heard(asked, SAM)
    await asked.say(SAM, "ACCEPT")
    assert "That one has gone now" in await heard(asked, SAM)
    assert sorted(o.status for o in await asked.read(Offer)) == ["accepted", "withdrawn"]


async def test_one_no_leaves_the_other_their_time(asked: Kitline) -> None:
    await asked.say(SAM, "DECLINE")
    assert sorted(o.status for o in await asked.read(Offer)) == ["declined", "sent"]
    await asked.new_messages()
    await asked.say(AMY, "STATUS")
    assert "No one has said yes yet" in await heard(asked, AMY)

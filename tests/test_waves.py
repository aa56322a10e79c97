"""Several peers asked at once: the first yes wins, and the others read that it is filled."""

from __future__ import annotations

from dataclasses import replace

from db.models import Offer, Service
from db.reference.gazetteer import Gazetteer
from tests.conftest import FixedCodes
from tests.harness import Kitline, kitline

AMY, SAM, ASH = "+447700900101", "+447700900011", "+447700900014"
ASKS = ("KIT", "YES", "YES", "1", "DN31 1AA", "nasal", "meet", "YES")


async def heard(line: Kitline, address: str) -> str:
    """What an address was sent since the last look."""
    return "\n".join(m.text for to, m, _ in await line.new_messages() if to == address)


async def two_at_once(line: Kitline) -> None:
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        service = next(s for s in await work.find(Service) if s.slug == "grimsby")
        work.save(replace(service, rules={**service.rules, "wave_size": 2}))
        await work.flush()


async def test_the_first_yes_wins_and_the_other_is_thanked(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer, fixed_codes: FixedCodes
) -> None:
    async with kitline(sqlite_url, secret_key, gazetteer) as line:
        await two_at_once(line)
        for text in ASKS:
            await line.say(AMY, text)
        assert [offer.status for offer in await line.read(Offer)] == ["sent", "sent"]
        await line.new_messages()
        await line.say(ASH, "ACCEPT")
        assert "Someone else was quicker" in await heard(line, SAM)
        await line.say(SAM, "ACCEPT")
        assert "That one has gone now" in await heard(line, SAM)
        assert sorted(o.status for o in await line.read(Offer)) == ["accepted", "withdrawn"]


async def test_one_no_leaves_the_other_their_time(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer, fixed_codes: FixedCodes
) -> None:
    async with kitline(sqlite_url, secret_key, gazetteer) as line:
        await two_at_once(line)
        for text in ASKS:
            await line.say(AMY, text)
        await line.say(SAM, "DECLINE")
        assert sorted(o.status for o in await line.read(Offer)) == ["declined", "sent"]
        await line.new_messages()
        await line.say(AMY, "STATUS")
        assert "No one has said yes yet" in await heard(line, AMY)

"""An offer that does not reach the peer's phone is not waited for: sent is not delivered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from db.models import Fact, KitRequest, Offer
from db.reference.gazetteer import Gazetteer
from tests.conftest import FixedCodes
from tests.harness import Kitline, kitline

AMY, SAM = "+447700900101", "+447700900011"
ASKS = ("KIT", "YES", "YES", "1", "DN31 1AA", "nasal", "meet")


@pytest.fixture
async def line(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer, fixed_codes: FixedCodes
) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer, "sms") as found:
        for text in ASKS:
            await found.say(AMY, text)
        yield found


async def offers(line: Kitline) -> list[str]:
    return [str(offer.status) for offer in await line.read(Offer)]


async def phone_goes_silent(line: Kitline) -> None:
    """From now on the network says no more of what becomes of texts than that they were taken."""
    assert line.twilio
    line.twilio.status_callbacks = False


async def test_one_that_did_not_arrive_in_three_minutes_goes_on(line: Kitline) -> None:
    await line.say(SAM, "STOCK")  # this phone's network does say so when a text arrives
    await phone_goes_silent(line)
    await line.say(AMY, "YES")
    await line.wait(timedelta(minutes=2))
    assert await offers(line) == ["sent"]
    await line.wait(timedelta(minutes=1))
    assert await offers(line) == ["expired", "sent"]
    (fact,) = await line.read(Fact, fact="OfferUndelivered")
    (request,) = await line.read(KitRequest)
    assert fact.request_id == request.id
    assert request.status == "offered"


async def test_one_that_arrived_has_its_ten_minutes(line: Kitline) -> None:
    await line.say(AMY, "YES")
    await line.wait(timedelta(minutes=9))
    assert await offers(line) == ["sent"]
    await line.wait(timedelta(minutes=1))
    assert await offers(line) == ["expired", "sent"]
    assert not await line.read(Fact, fact="OfferUndelivered")


async def test_where_a_network_never_reports_its_silence_means_nothing(line: Kitline) -> None:
    await phone_goes_silent(line)
    await line.say(AMY, "YES")
    await line.wait(timedelta(minutes=9))
    assert await offers(line) == ["sent"]


async def test_an_answer_in_time_is_an_answer_whatever_the_network_says(line: Kitline) -> None:
    await line.say(SAM, "STOCK")
    await phone_goes_silent(line)
    await line.say(AMY, "YES")
    await line.say(SAM, "ACCEPT")
    await line.wait(timedelta(minutes=5))
    assert await offers(line) == ["accepted"]

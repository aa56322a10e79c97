"""Being told of a recall: once, about what somebody still has, and nobody is left out unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from db.models import Flag, Recall, RecallNotice, Service
from db.reference.gazetteer import Gazetteer
from handlers.services import recalls
from handlers.services.contacts import give_consent, new_contact
from handlers.services.holdings import note
from handlers.services.recalls import Standing
from tests.at_the_desk import do
from tests.harness import Kitline, kitline

AMY = "+447700900101"
EVENING = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)  # too late to text anybody unasked


@pytest.fixture
async def line(sqlite_url: str, secret_key: str, gazetteer: Gazetteer) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer, now=EVENING) as made:
        yield made


async def amy_has(line: Kitline, *batches: str, locale: str = "en") -> None:
    """Somebody with a kit of each of these batches, and a yes to be told."""
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        (home,) = await work.find(Service, slug="grimsby")
        amy = await new_contact(work, "sms", home.sms_line, AMY, home.id)
        amy = work.save(replace(amy, locale=locale))
        for purpose in ("service", "recall"):
            give_consent(work, amy, purpose, True, "consent.ok")
        for batch in batches:
            note(work, amy, product="nasal", batch=batch, expiry=date(2028, 6, 30))
        await work.flush()


async def reads(line: Kitline, *texts: str) -> list[str]:
    """What Amy reads from now on, after she has sent these."""
    await line.new_messages()
    for text in texts:
        await line.say(AMY, text)
    return [m.text for to, m, _ in await line.new_messages() if to == AMY]


async def by_noon(line: Kitline) -> list[str]:
    await line.new_messages()
    await line.wait(timedelta(hours=15))
    return [m.text for to, m, _ in await line.new_messages() if to == AMY]


async def standing(line: Kitline, batch: str = "") -> Standing:
    async with line.app.db.read() as tx:
        work = line.work(tx)
        (recall,) = [one for one in await work.find(Recall) if not batch or batch in one.batches]
        return await recalls.standing(work, recall, await work.need(Service, recall.service_id))


async def test_whoever_has_not_asked_is_told_in_the_morning(line: Kitline) -> None:
    await amy_has(line, "N2402")
    await do(line, "recall nasal N2402 check")
    (told,) = await by_noon(line)
    assert "N2402" in told


async def test_what_to_look_for_is_said_in_their_language(line: Kitline) -> None:
    await amy_has(line, "N2402", locale="pl")
    await do(line, "recall nasal N2402 check Look at the cap. | pl=Obejrzyj nakretke.")
    (told,) = await by_noon(line)
    assert "Obejrzyj nakretke." in told
    assert "Look at" not in told


async def test_whoever_asked_in_the_night_is_not_told_again(line: Kitline) -> None:
    await amy_has(line, "N2402")
    await do(line, "recall nasal N2402 check")
    asked, thanks = await reads(line, "CHECK N2402", "fine")
    assert "N2402" in asked
    assert "noted" in thanks
    assert await by_noon(line) == []
    (notice,) = await line.read(RecallNotice)
    assert (notice.status, notice.answer) == ("reached", "fine")
    async with line.client() as client:
        (shown,) = (await client.get("/demo/state")).json()["recalls"]
    assert (shown["batches"], shown["status"]) == (["N2402"], "open")
    assert (await standing(line)).reached == 1


async def test_a_new_one_for_a_noted_kit_is_not_one_more_kit(line: Kitline) -> None:
    await amy_has(line, "N2402")
    await do(line, "recall nasal N2402 check")
    await reads(line, "CHECK N2402", "new one")
    (notice,) = await line.read(RecallNotice)
    assert notice.status == "reached"


async def test_a_kit_used_in_the_night_is_not_asked_about(line: Kitline) -> None:
    await amy_has(line, "N2402")
    await do(line, "recall nasal N2402 check")
    await reads(line, "USED", "no", "better", "1", "no", "no", "no", "no")
    assert [text for text in await by_noon(line) if "N2402" in text] == []
    stands = await standing(line)
    assert (stands.gone, stands.waiting, stands.not_reached, stands.reached) == (1, 0, 0, 0)


async def test_one_text_with_no_word_from_the_network_is_seen_to(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer
) -> None:
    async with kitline(sqlite_url, secret_key, gazetteer, "sms", now=EVENING) as line:
        await amy_has(line, "N9999")
        await do(line, "recall nasal N9999 check")
        assert line.twilio
        line.twilio.status_callbacks = False
        line.clock.move_to(EVENING + timedelta(hours=12, minutes=10))  # ten minutes behind
        await line.settle()
        await line.wait(timedelta(hours=30))
        assert (await standing(line)).not_reached == 1
        assert [f.kind for f in await line.read(Flag) if f.about.startswith("recall")] == [
            "recall_not_reached"
        ]


async def test_another_recall_s_text_reaches_nobody_for_this_one(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer
) -> None:
    async with kitline(sqlite_url, secret_key, gazetteer, "sms", now=EVENING) as line:
        await amy_has(line, "N9998", "N9999")
        assert line.twilio
        line.twilio.undeliverable[AMY] = "30003"
        await do(line, "recall nasal N9998 check")
        await line.wait(timedelta(hours=13))
        line.twilio.undeliverable.clear()
        await do(line, "recall nasal N9999 check")
        await line.wait(timedelta(minutes=1))
        stands = {batch: await standing(line, batch) for batch in ("N9998", "N9999")}
        assert (stands["N9998"].reached, stands["N9998"].not_reached) == (0, 1)
        assert (stands["N9999"].reached, stands["N9999"].not_reached) == (1, 0)

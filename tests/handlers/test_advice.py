"""Which cards come with a drawing: on Telegram, not in a quiet chat, clinical ones once signed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from content import library, signing
from db.models import Contact, SignOff
from db.reference.gazetteer import Gazetteer
from tests.harness import Kitline, kitline

SAM = "900101"


@pytest.fixture
async def telegram(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer
) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer, "telegram") as line:
        yield line


async def drawings(line: Kitline, words: str) -> list[str]:
    """The drawings that come back for somebody's words."""
    assert line.telegram
    before = len(line.telegram.sent)
    await line.say(line.address(SAM), words)
    return [sent["photo"] for sent in line.telegram.sent[before:] if "photo" in sent]


async def sign(line: Kitline, name: str) -> None:
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        today = line.clock.now()
        work.save(
            SignOff(
                id=work.new_id(),
                at=today,
                locale=library.DEFAULT,
                name=name,
                fingerprint=signing.fingerprint(library.DEFAULT, name),
                reviewer="Dr A Example",
                role=library.CLINICAL_LEAD,
                review_by=today.date() + timedelta(days=365),
            )
        )
        await work.flush()


async def test_a_drawing_that_shows_no_step_goes_with_its_card(telegram: Kitline) -> None:
    assert await drawings(telegram, "ADVICE which kit") == ["which_kit.png"]
    assert await drawings(telegram, "ADVICE check my kit") == ["pack.png"]
    assert await drawings(telegram, "ADVICE police") == []


async def test_a_clinical_drawing_goes_only_once_it_is_signed(telegram: Kitline) -> None:
    assert await drawings(telegram, "ADVICE recovery position") == []
    await sign(telegram, "recovery_position")
    assert await drawings(telegram, "ADVICE recovery position") == ["recovery_position.png"]
    assert await drawings(telegram, "ADVICE nyxoid") == []


async def test_a_quiet_chat_gets_words_alone(telegram: Kitline) -> None:
    await telegram.say(telegram.address(SAM), "QUIET")
    assert await drawings(telegram, "ADVICE which kit") == []
    assert (await telegram.read(Contact))[-1].quiet


async def test_advice_asks_for_no_consent_and_makes_no_request(telegram: Kitline) -> None:
    assert telegram.telegram
    await telegram.say(telegram.address(SAM), "ADVICE benzos")
    texts = telegram.telegram.texts_to(int(SAM))
    assert texts[0].startswith("Most overdoses have more than 1 downer")
    assert not [text for text in texts if "OK to go on" in text]

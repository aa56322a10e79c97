"""Drawings on Telegram: with the text below; without them when Telegram will not have them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels.base import SendError
from bot.channels.telegram import TelegramChannel
from db.models import Button, OutboundMessage
from tests.standins.telegram import TOKEN, TelegramStandIn
from tests.standins.wire import serve

SAM = 4242


@pytest.fixture
async def api() -> AsyncIterator[TelegramStandIn]:
    stand_in = TelegramStandIn()
    async with serve(stand_in.app) as stand_in.url:  # type: ignore[attr-defined]
        yield stand_in
        await stand_in.close()


@pytest.fixture
async def telegram(api: TelegramStandIn) -> AsyncIterator[TelegramChannel]:
    channel = TelegramChannel(TOKEN, base_url=api.url)  # type: ignore[attr-defined]
    yield channel
    await channel.close()


async def send(channel: TelegramChannel, text: str, **more: Any) -> str:
    message = OutboundMessage(text, picture="which_kit", **more)
    return (await channel.send(f"tg:{SAM}", message, line="")).provider_id


async def test_a_drawing_goes_as_a_photo_with_the_text_below(
    api: TelegramStandIn, telegram: TelegramChannel
) -> None:
    receipt = await send(telegram, "Three kits")
    (sent,) = api.sent
    assert (sent["photo"], sent["text"]) == ("which_kit.png", "Three kits")
    assert str(sent["message_id"]) == receipt
    assert sent["reply_markup"]["keyboard"]  # the emergency button, as with any message


async def test_buttons_hang_on_the_text(api: TelegramStandIn, telegram: TelegramChannel) -> None:
    await send(telegram, "Hello", buttons=(Button("Next", "c:next"),))
    assert api.sent[-1]["reply_markup"]["inline_keyboard"][0][0]["text"] == "Next"


async def test_a_text_too_long_for_a_caption_follows_the_drawing(
    api: TelegramStandIn, telegram: TelegramChannel
) -> None:
    words = "word " * 300
    await send(telegram, words)
    drawing, text = api.sent
    assert (drawing["photo"], drawing["text"]) == ("which_kit.png", "")
    assert "photo" not in text
    assert text["text"] == words.strip()


@pytest.mark.parametrize("status", [400, 500])
async def test_a_drawing_refused_does_not_keep_the_words_back(
    api: TelegramStandIn, telegram: TelegramChannel, status: int
) -> None:
    api.fail_next(1, status)
    await send(telegram, "Three kits")
    (sent,) = api.sent
    assert sent["text"] == "Three kits"
    assert "photo" not in sent


async def test_an_unknown_drawing_does_not_either(
    api: TelegramStandIn, telegram: TelegramChannel
) -> None:
    message = OutboundMessage("Three kits", picture="gone_since")
    await telegram.send(f"tg:{SAM}", message, line="")
    assert [sent["text"] for sent in api.sent] == ["Three kits"]


async def test_who_blocked_us_is_not_sent_the_words_either(
    api: TelegramStandIn, telegram: TelegramChannel
) -> None:
    api.blocked.add(SAM)
    with pytest.raises(SendError) as refused:
        await send(telegram, "Three kits")
    assert refused.value.stops


async def test_too_many_waits_as_long_as_telegram_says(
    api: TelegramStandIn, telegram: TelegramChannel
) -> None:
    api.fail_next(1, 429, retry_after=7)
    with pytest.raises(SendError) as refused:
        await send(telegram, "Three kits")
    assert (refused.value.retryable, refused.value.retry_after) == (True, 7)
    assert api.sent == []

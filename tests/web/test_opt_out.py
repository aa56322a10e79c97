"""Twilio's own opt-out handling: seen when it tells us, remembered, and never in the way."""

from __future__ import annotations

import pytest

from db import meta
from tests.harness import Kitline
from tests.web.calls import text_form, twilio_posts


async def test_a_word_that_twilio_acted_on_is_remembered(sms: Kitline) -> None:
    await twilio_posts(sms, text_form("STOP"))
    assert await meta.opt_out_seen(sms.app.db) is None
    await twilio_posts(sms, text_form("STOP", OptOutType="STOP"))
    assert await meta.opt_out_seen(sms.app.db) == sms.app.clock.now()


async def test_the_text_is_answered_though_that_cannot_be_noted(
    sms: Kitline, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise OSError("no disk")

    monkeypatch.setattr(meta, "note_opt_out", broken)
    answer = await twilio_posts(sms, text_form("HELP", OptOutType="HELP"))
    assert answer.status_code == 200
    assert "<Message" in answer.text

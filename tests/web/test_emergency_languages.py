"""The emergency card goes back in place in English, then in the language of the cry."""

from __future__ import annotations

import re
from typing import Any

import pytest

from content import library
from content.segments import segment_count
from db.models import Address, Contact, OutboxRow
from tests.harness import Kitline
from tests.standins import telegram_updates
from tests.web.calls import AMY, replies, telegram_posts, text_form, twilio_posts

CRIES = {
    "cy": "Dydy o ddim yn anadlu",
    "pl": "kolega nie oddycha",
    "ro": "nu respira ajutor",
    "pa": "ਮੇਰਾ ਭਰਾ ਬੇਹੋਸ਼ ਹੈ ਉੱਠ ਨਹੀਂ ਰਿਹਾ",
    "pa-Latn": "mera bhra behosh ho gaya overdose hoyi aa",
    "ur": "woh saans nahi le raha",
    "ar": "صديقي أخذ جرعة زائدة ولا يستيقظ",
    "lt": "jis nekvėpuoja",
    "pt": "ele não está a respirar",
}
ENGLISH = library.text("en", "overdose.card")
FIGURES = re.compile(r"\d+")


def own(language: str) -> str:
    return library.text(language, "overdose.card")


@pytest.mark.parametrize("language", CRIES)
def test_the_card_says_the_same_in_few_segments(language: str) -> None:
    card = own(language)
    assert card != ENGLISH
    assert segment_count(card) <= 5
    assert FIGURES.findall(card) == FIGURES.findall(ENGLISH) == ["999", "2", "3"]
    assert card.index("999") < 20  # it comes first


async def test_by_text_english_first_then_their_own(sms: Kitline) -> None:
    for n, (language, cry) in enumerate(CRIES.items()):
        form = text_form(cry, From=f"+44770090020{n}")
        first = replies(await twilio_posts(sms, form))
        assert first == [ENGLISH, own(language)], language
        assert segment_count(first[0]) == 1
        echo = await twilio_posts(sms, text_form(cry, From=form["From"]))
        assert replies(echo) == []


async def test_what_was_answered_in_place_is_recorded_and_not_sent_again(sms: Kitline) -> None:
    await twilio_posts(sms, text_form(CRIES["ro"]))
    await sms.settle()
    rows = await _rows(sms, AMY)
    assert [row.body["text"] for row in rows[:2]] == [ENGLISH, own("ro")]
    assert [row.status for row in rows[:2]] == ["sent", "sent"]
    assert sms.twilio
    assert own("ro") not in sms.twilio.texts_to(AMY)


async def test_on_telegram_both_stand_in_the_one_answer(telegram: Kitline) -> None:
    update: dict[str, Any] = {"update_id": 5, **telegram_updates.text(4242, CRIES["ar"])}
    answer = (await telegram_posts(telegram, update)).json()
    assert answer["text"] == f"{ENGLISH}\n\n{own('ar')}"
    await telegram.settle()
    rows = await _rows(telegram, "tg:4242")
    assert (rows[0].body["text"], rows[0].status) == (answer["text"], "sent")


async def test_with_the_database_away(sms: Kitline, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise OSError("no database")

    monkeypatch.setattr(sms.app.intake, "accept", away)
    answer = await twilio_posts(sms, text_form(CRIES["lt"]), work=False)
    assert replies(answer) == [ENGLISH, own("lt")]


async def test_who_chose_a_language_has_the_card_in_it_whatever_they_write(sms: Kitline) -> None:
    await sms.say(AMY, "romana")
    await sms.say(AMY, "hes not breathing help")
    (address,) = [a for a in await sms.read(Address) if a.address == AMY]
    assert (await sms.read(Contact, id=address.contact_id))[0].locale == "ro"
    said = [row for row in await _rows(sms, AMY) if row.body["text"] in (ENGLISH, own("ro"))]
    assert [row.body["text"] for row in said] == [ENGLISH, own("ro")]
    assert sms.twilio
    assert sms.twilio.texts_to(AMY).count(own("ro")) == 1


async def test_one_word_that_the_rules_know_is_enough(sms: Kitline) -> None:
    await sms.say(AMY, "جرعة زائدة")
    said = [row.body["text"] for row in await _rows(sms, AMY)]
    assert said[1] == own("ar")
    assert said[-1] == library.text("ar", "overdose.kit")  # and so do the questions


async def test_scots_and_english_get_english_alone(sms: Kitline) -> None:
    for cry in ("he's no breathin gonnae help", "hes gone over and his lips are blue"):
        assert replies(await twilio_posts(sms, text_form(cry))) == [ENGLISH]


async def _rows(line: Kitline, address: str) -> list[OutboxRow]:
    (found,) = [a for a in await line.read(Address) if a.address == address]
    return await line.read(OutboxRow, contact_id=found.contact_id)

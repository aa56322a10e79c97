"""When a reminder of a kit's date is worth a text, and which kits one text is about."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from db.models import Holding, Service
from db.reference.gazetteer import Gazetteer
from handlers.engine.turn import Scene
from handlers.expiry import next_reminder, plan, run_out
from handlers.services.contacts import give_consent, new_contact
from handlers.services.holdings import note
from tests.handlers.made import NOON
from tests.harness import START, Kitline, kitline

JAN, FEB, MAY = date(2027, 1, 31), date(2027, 2, 14), date(2027, 5, 31)


def kit(number: int, expiry: date | None, *, remind: bool = True) -> Holding:
    return Holding(number, 1, "nasal", "N2402", expiry, NOON, remind=remind)


@pytest.mark.parametrize(
    ("kits", "after", "due"),
    [
        ([], date(2026, 11, 24), None),
        ([kit(1, None)], date(2026, 11, 24), None),
        ([kit(1, JAN)], date(2026, 11, 24), date(2026, 12, 2)),  # 60 days before
        ([kit(1, JAN)], date(2026, 12, 2), date(2027, 1, 17)),  # no answer: once more
        ([kit(1, JAN)], date(2027, 1, 17), None),
        ([kit(1, JAN, remind=False)], date(2026, 11, 24), None),
        ([kit(1, JAN), kit(2, FEB)], date(2026, 12, 2), date(2027, 1, 17)),  # one text for both
        ([kit(1, JAN), kit(2, MAY)], date(2027, 1, 17), date(2027, 4, 1)),
        ([kit(1, JAN)], date(2026, 12, 20), date(2027, 1, 17)),  # told us late
    ],
)
def test_the_next_day_worth_a_text(kits: list[Holding], after: date, due: date | None) -> None:
    assert next_reminder(kits, after, 60) == due


@pytest.mark.parametrize(
    ("kits", "today", "about"),
    [
        ([kit(1, JAN)], date(2026, 11, 24), []),
        ([kit(1, JAN)], date(2026, 12, 2), [1]),
        ([kit(1, JAN), kit(2, FEB)], date(2026, 12, 2), [1, 2]),
        ([kit(1, JAN), kit(2, MAY)], date(2026, 12, 2), [1]),
        ([kit(1, JAN, remind=False), kit(2, FEB)], date(2026, 12, 2), []),
        ([kit(1, None), kit(2, JAN)], date(2026, 12, 2), [2]),
    ],
)
def test_which_kits_one_text_is_about(kits: list[Holding], today: date, about: list[int]) -> None:
    assert [one.id for one in run_out(kits, today, 60)] == about


AMY = "+447700900101"


async def amy_has_two(line: Kitline, days: int) -> None:
    """Somebody with two kits that run out in so many days, and a yes to be reminded."""
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        (home,) = await work.find(Service, slug="grimsby")
        amy = await new_contact(work, "sms", home.sms_line, AMY, home.id)
        for purpose in ("service", "reminders"):
            give_consent(work, amy, purpose, True, "consent.ok")
        for _ in range(2):
            expiry = (START + timedelta(days=days)).date()
            note(work, amy, product="nasal", batch="N2402", expiry=expiry)
        await plan(Scene(work, line.app.engine.world), amy.id)
        await work.flush()


@pytest.mark.parametrize(
    ("said", "day", "hour"),
    [
        (("USED", "no", "they died", "no"), 15, 9),  # two weeks of peace, and then
        (("OD",), 1, 16),
    ],
)
async def test_a_reminder_that_comes_at_a_bad_time_comes_later(
    sqlite_url: str,
    secret_key: str,
    gazetteer: Gazetteer,
    said: tuple[str, ...],
    day: int,
    hour: int,
) -> None:
    async with kitline(sqlite_url, secret_key, gazetteer) as line:
        await amy_has_two(line, 61)  # due tomorrow at ten
        await line.wait(timedelta(hours=23, minutes=59))
        for text in said:
            await line.say(AMY, text)
        await line.new_messages()
        for _ in range(day * 24 + 9):
            line.clock.move_to(line.clock.now() + timedelta(hours=1))
            await line.settle()
        read = [row.created_at for _, m, row in await line.new_messages() if "good to" in m.text]
        (at,) = read
        assert ((at.date() - START.date()).days, at.hour) == (day, hour)


async def test_who_asked_for_a_new_one_and_cancelled_is_reminded_again(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer
) -> None:
    async with kitline(sqlite_url, secret_key, gazetteer) as line:
        await amy_has_two(line, 61)  # due tomorrow at ten, and again two weeks before the date
        await line.wait(timedelta(days=1))
        for text in ("YES", "YES", "1", "DN31 1AA", "nasal", "collect", "YES", "CANCEL", "YES"):
            await line.say(AMY, text)
        read = [message.text for _, message, _ in await line.new_messages()]
        assert any("cancelled" in text for text in read)
        await line.wait(timedelta(days=46))
        read = [row for _, message, row in await line.new_messages() if "good to" in message.text]
        assert [(row.created_at.date() - START.date()).days for row in read] == [61 - 14]

"""doctor on what nobody has signed, checked or switched off; a service's own check of a line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.bootstrap import App
from bot.checkup import channels
from bot.checkup.finding import Finding
from content import library, signing
from db import meta
from db.models import OutboxRow, Service, SignOff
from db.work import Work
from handlers.services.contacts import new_contact
from tests.bot.cli import Cli


def lines_of(said: str, *words: str) -> list[str]:
    return [line for line in said.splitlines() if all(word in line for word in words)]


LEAD = ("--reviewer", "Dr Test", "--role", "clinical lead", "--yes")


def test_doctor_counts_what_is_not_signed(sampled: Cli) -> None:
    all_ = [item for locale in library.locales() for item in signing.items(locale)]
    english, safety = len(signing.items("en")), sum(i.signer == "clinical lead" for i in all_)
    (never,) = lines_of(sampled("doctor").out, "not signed off")
    assert f"en {english} of {english}" in never
    assert f"; {safety} of them about safety" in never
    sampled("sign", "overdose.card", *LEAD)
    (never,) = lines_of(sampled("doctor").out, "not signed off")
    assert f"en {english - 1} of {english}" in never
    assert f"; {safety - 1} of them about safety" in never


def test_doctor_tells_changed_and_overdue_apart(
    sampled: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampled("sign", "overdose.card", *LEAD)
    sampled("sign", "menu.main", *LEAD)
    (signed, menu) = sampled.rows(SignOff)

    async def lapse(app: App, work: Work) -> None:
        work.save(replace(menu, id=work.new_id(), review_by=date(2026, 1, 1)))

    sampled.change(lapse)
    real = signing.items

    def changed(locale: str) -> tuple[signing.Item, ...]:
        return tuple(
            replace(item, fingerprint="another") if item.name == signed.name else item
            for item in real(locale)
        )

    monkeypatch.setattr(signing, "items", changed)
    said = sampled("doctor").out
    assert len(lines_of(said, "changed since they were signed: en 1 of ", "; 1 of them")) == 1
    assert len(lines_of(said, "due to be read again: en 1 of ", "; 0 of them")) == 1


def test_doctor_lists_help_lines_held_back(sampled: Cli) -> None:
    (line,) = lines_of(sampled("doctor").out, "grimsby: not sent, as not checked")
    assert "FRANK 0300 123 6600" in line
    assert "kitline services set grimsby --line-checked frank=2" in line
    sampled("services", "set", "grimsby", "--line-checked", "frank=2026-01-02")
    (home,) = sampled.rows(Service, slug="grimsby")
    assert home.rules["lines_checked"] == {"frank": "2026-01-02"}
    assert "lines_checked=frank" in sampled("services", "list").out


@pytest.mark.parametrize(
    "wrong", ["frank", "frank=soon", "frank=2999-01-01", "nosuch=2026-01-02", "999=2026-01-02"]
)
def test_a_check_that_cannot_be(sampled: Cli, wrong: str) -> None:
    sampled.fails("services", "set", "grimsby", "--line-checked", wrong, code=2)
    (home,) = sampled.rows(Service, slug="grimsby")
    assert "lines_checked" not in home.rules


def traces(kitline: Cli) -> list[Finding]:
    async def act(app: App, work: Work) -> list[Finding]:
        return await channels.own_opt_out(app.db, work.tx, work.now)

    return kitline.look(act)


def test_twilio_that_acts_on_words_itself_is_found(sampled: Cli) -> None:
    assert traces(sampled) == []

    async def note(app: App, work: Work) -> None:
        await meta.note_opt_out(app.db, work.now - timedelta(days=1))

    sampled.look(note)
    (one,) = traces(sampled)
    assert (one.level, "setup-twilio.md" in one.do) == ("FAIL", True)

    async def long_ago(app: App, work: Work) -> None:
        await meta.note_opt_out(app.db, work.now - timedelta(days=8))

    sampled.look(long_ago)
    assert traces(sampled) == []


def test_people_on_twilios_own_list_are_counted(sampled: Cli) -> None:
    async def act(app: App, work: Work) -> None:
        (home,) = await work.find(Service, slug="grimsby")
        amy = await new_contact(work, "sms", home.sms_line, "+447700900001", home.id)
        for code, days in (("21610", 1), ("21610", 2), ("21610", 9), ("30003", 1)):
            at = work.now - timedelta(days=days)
            values = (work.new_id(), amy.id, amy.address_id or 0, "1", "sms", "notice", 2)
            row = OutboxRow(*values, "failed", {"text": "x"}, at, at, error=code, done_at=at)
            work.save(row)

    sampled.change(act)
    (one,) = traces(sampled)
    assert one.level == "WARN"
    assert "refused 2 texts in a week" in one.what

"""doctor on what nobody has signed, checked or switched off; a service's own check of a line."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.bootstrap import App
from bot.checkup import channels
from bot.checkup.finding import Finding
from content import signing
from db import meta
from db.models import OutboxRow, Service
from db.work import Work
from handlers.services.contacts import new_contact
from tests.bot.cli import Cli


def lines_of(said: str, *words: str) -> list[str]:
    return [line for line in said.splitlines() if all(word in line for word in words)]


def test_doctor_counts_what_is_not_signed(sampled: Cli) -> None:
    items = signing.items("en")
    clinical = sum(item.signer == "clinical lead" for item in items)
    (never,) = lines_of(sampled("doctor").out, "en: ", "not signed off")
    assert f"{len(items)} of {len(items)} texts not signed off, {clinical} of them" in never
    lead = ("--reviewer", "Dr Test", "--role", "clinical lead", "--yes")
    sampled("sign", "overdose.card", *lead)
    (never,) = lines_of(sampled("doctor").out, "en: ", "not signed off")
    assert f"{len(items) - 1} of {len(items)} texts not signed off, {clinical - 1} of" in never


def test_doctor_tells_changed_and_overdue_apart(
    sampled: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = ("--reviewer", "Dr Test", "--role", "clinical lead", "--yes")
    sampled("sign", "overdose.card", *lead)
    real = signing.fingerprint

    def changed(locale: str, name: str) -> str:
        return "another" if name == "overdose.card" else real(locale, name)

    monkeypatch.setattr(signing, "fingerprint", changed)
    signing.items.cache_clear()
    try:
        said = sampled("doctor").out
    finally:
        monkeypatch.undo()
        signing.items.cache_clear()
    (line,) = lines_of(said, "en: 1 of ", "changed since they were signed, 1 of them about safety")
    assert "kitline sign" in line


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

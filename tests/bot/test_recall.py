"""Recalls and pack codes on the command line."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

from bot.bootstrap import App
from db.models import Flag, Movement, PackCode, Recall, RecallNotice, Service
from db.work import Work
from handlers.services.contacts import give_consent, new_contact
from handlers.services.holdings import note
from handlers.services.recalls import advice_in
from tests.bot.cli import Cli

GRIMSBY = ("--service", "grimsby")


def _amy(cli: Cli) -> None:
    """Somebody who has a kit of a batch that peers carry, with a yes to be told."""

    async def act(app: App, work: Work) -> None:
        (home,) = await work.find(Service, slug="grimsby")
        amy = await new_contact(work, "sms", home.sms_line, "+447700900101", home.id)
        give_consent(work, amy, "recall", True, "keep_in_touch.recall")
        note(work, amy, product="nasal", batch="N2402", expiry=None)

    cli.change(act)


def test_without_yes_it_only_shows(sampled: Cli) -> None:
    _amy(sampled)
    said = sampled("recall", "N2402", *GRIMSBY, "--advice", "Look at the cap.").out
    assert "Frozen: Sam: 3 x N2402" in said
    assert "Frozen: Jo: 3 x N2402" in said
    assert "People told: 1 by sms. SMS: 2 segments each, 2 in all." in said
    assert "Look at the cap." in said
    assert "1 more were told us of than our log says went out" in said
    assert "Nothing was done" in said
    assert "It would be: nasal, 1 batch, check" in said  # a ref would not be the real one
    assert sampled.rows(Recall) == sampled.rows(RecallNotice) == sampled.rows(Flag) == []


def test_advice_is_given_language_by_language(sampled: Cli) -> None:
    said = ("--advice", "Look at the cap.", "--advice", "pl=Obejrzyj nakretke.")
    sampled("recall", "N2402", *GRIMSBY, *said, "--yes")
    (recall,) = sampled.rows(Recall)
    assert recall.advice == {"en": "Look at the cap.", "pl": "Obejrzyj nakretke."}
    assert [advice_in(recall, one) for one in ("pl", "cy")] == [
        recall.advice["pl"],
        "Look at the cap.",
    ]
    assert "in English too" in sampled.fails("recall", "N2403", *GRIMSBY, *said[2:], code=2)
    long = ("--advice", "x" * 161)
    assert "longer than 160" in sampled.fails("recall", "N2403", *GRIMSBY, *long, code=2)


def test_with_yes_it_freezes_and_sets_out_to_tell(sampled: Cli) -> None:
    _amy(sampled)
    before = len(sampled.rows(Movement))
    said = sampled("recall", "n2402, N2403", *GRIMSBY, "--action", "replace", "--yes").out
    assert "Nothing was done" not in said
    (recall,) = sampled.rows(Recall)
    assert (recall.product, recall.batches) == ("nasal", ("N2402", "N2403"))
    (notice,) = sampled.rows(RecallNotice)
    assert notice.status == "waiting"
    with closing(sqlite3.connect(sampled.database)) as looking:
        kinds = [kind for (kind,) in looking.execute("select kind from timers")]
    assert kinds.count("recall_tell") == 1
    assert kinds.count("recall_stock") == 4  # Sam, Jo and two shops
    assert len(sampled.rows(Movement)) == before  # nothing moves because of it
    assert f"recall {recall.ref} is open already" in sampled.fails("recall", "N2403", *GRIMSBY)
    assert recall.ref in sampled("recall", "list").out
    assert "frozen in stocks      15, outlet 9, peer 6" in sampled("recall", "show", recall.ref).out
    in_force = f"recall {recall.ref} of nasal N2402, N2403 is in force"
    assert in_force in sampled("doctor").out
    shown = sampled("recall", "end", recall.ref).out
    assert "kits in stocks may be given out again, 0 handed in" in shown
    assert "Nothing was done" in shown
    assert sampled.rows(Recall)[0].status == "open"
    assert "has ended" in sampled("recall", "end", recall.ref.lower(), "--yes").out
    assert in_force not in sampled("doctor").out
    assert "has ended already" in sampled.fails("recall", "end", recall.ref)
    assert "no recall ZZZZ" in sampled.fails("recall", "show", "ZZZZ")


def test_whoever_could_not_be_told_is_listed_without_a_number(sampled: Cli) -> None:
    _amy(sampled)
    sampled("recall", "N2402", *GRIMSBY, "--yes")
    (recall,) = sampled.rows(Recall)
    assert "Everybody was told" in sampled("recall", "show", recall.ref, "--unreached").out

    async def act(app: App, work: Work) -> None:
        (notice,) = await work.find(RecallNotice, recall_id=recall.id)
        work.save(replace(notice, status="not_reached"))

    sampled.change(act)
    listed = sampled("recall", "show", recall.ref, "--unreached", *GRIMSBY).out
    assert "not reached  sms" in listed
    assert "7700900101" not in listed
    other = sampled.fails("recall", "show", recall.ref, "--service", "worcester")
    assert "no recall" in other


def test_batches_come_from_a_file(sampled: Cli) -> None:
    file = sampled.csv("alert.csv", "batch\nN2402\nN2403\n")
    assert "nasal, 2 batches, check" in sampled("recall", "--file", file, *GRIMSBY).out
    wrong = sampled.csv("wrong.csv", "number\nN2402\n")
    assert "no column batch" in sampled.fails("recall", "--file", wrong, *GRIMSBY)


def test_what_cannot_be_meant_is_refused(sampled: Cli) -> None:
    assert "stand nowhere in our log" in sampled.fails("recall", "X9999", *GRIMSBY)
    assert "injectable and nasal" in sampled.fails("recall", "N2402", "P2311", *GRIMSBY)
    assert "neither" in sampled.fails("recall", "N2402", *GRIMSBY, "--action", "burn", code=2)
    assert "not a batch" in sampled.fails("recall", "N 2402", *GRIMSBY, code=2)
    assert "which batches" in sampled.fails("recall", "--yes", *GRIMSBY, code=2)
    assert "which service" in sampled.fails("recall", "N2402")
    sampled("recall", "X9999", "--product", "nasal", *GRIMSBY)


def test_labels_are_printed_with_a_code_each(sampled: Cli) -> None:
    args = ("--product", "nasal", "--batch", "n2402", "--expiry", "06/2028", "--count", 3)
    said = sampled("packs", "print", *args, *GRIMSBY).out
    assert "3 labels for batch N2402" in said
    page = (sampled.folder / "labels.html").read_text("utf-8")
    packs = sampled.rows(PackCode)
    assert len({pack.code for pack in packs}) == page.count("<li>") == page.count("<svg") == 3
    for pack in packs:
        assert f"{pack.code[:3]}-{pack.code[3:]}" in page
    assert "+44 7700 900900" in page
    assert "naloxone" not in page.lower()
    listed = sampled("packs", "list").out.splitlines()
    assert listed[1].split() == ["grimsby", "nasal", "N2402", "3", "0"]
    spaced = ("--batch", "N 2402")  # a recall of N2402 would never find these packs
    assert "not a batch" in sampled.fails("packs", "print", *args, *spaced, *GRIMSBY, code=2)
    assert "not a product" in sampled.fails(
        "packs", "print", *args[:1], "x", *args[2:], *GRIMSBY, code=2
    )

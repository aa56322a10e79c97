"""What a coordinator keeps of peers: codes to join, last days, notes, expenses."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import date

from bot.bootstrap import App
from db.models import (
    Flag,
    Invitation,
    KitRequest,
    OutboxRow,
    Peer,
    PeerNote,
    RequestStatus,
)
from db.work import Work
from handlers.services import requests
from handlers.services.codes import read_claim_code
from tests.bot.cli import Cli

GRIMSBY = ("--service", "grimsby")


def sam(sampled: Cli) -> Peer:
    (found,) = [p for p in sampled.rows(Peer) if p.name == "Sam"]
    return found


def note(sampled: Cli, kind: str, words: str, pence: int = 0) -> None:
    one = sam(sampled)

    async def act(app: App, work: Work) -> None:
        work.save(
            PeerNote(work.new_id(), one.service_id, one.id, kind, work.now, words, "DN31", pence)
        )

    sampled.change(act)


def test_an_invitation_says_what_to_text(sampled: Cli) -> None:
    before = len(sampled.rows(Invitation))
    said = sampled("peers", "invite", "Mo", *GRIMSBY, "--trained-until", "05/2027").out
    made = sampled.rows(Invitation)[-1]
    assert len(sampled.rows(Invitation)) == before + 1
    code = said.split("text JOIN ")[1].split(" ")[0]
    assert read_claim_code(code) == made.code
    assert (made.name, made.trained_until, made.checked_until) == ("Mo", date(2027, 5, 31), None)
    assert (made.expires_at - made.created_at).days == 14
    assert "No training entered" not in said


def test_an_invitation_without_training_says_so(sampled: Cli) -> None:
    assert "No training entered" in sampled("peers", "invite", "Mo", *GRIMSBY).out


def test_a_peer_who_is_there_is_told_how_to_begin(sampled: Cli) -> None:
    before = len(sampled.rows(Invitation))
    assert "You are on our list of peers" in sampled("peers", "invite", "sam", *GRIMSBY).out
    assert len(sampled.rows(Invitation)) == before


def test_a_check_is_kept_by_its_last_day_and_listed(sampled: Cli) -> None:
    sampled("peers", "add", "Mo", "--phone", "07700900019", "--place", "DN31", *GRIMSBY,
            "--checked-until", "05/2026")  # fmt: skip
    line = next(n for n in sampled("peers", "list", *GRIMSBY).out.splitlines() if "Mo " in n)
    assert "2026-05-31 OVER" in line


def test_dates_that_are_none_are_refused(sampled: Cli) -> None:
    assert "is not a date" in sampled.fails(
        "peers", "invite", "Mo", *GRIMSBY, "--trained-until", "soon"
    )
    assert "is not a date" in sampled.fails(
        "peers", "set", "Sam", *GRIMSBY, "--checked-until", "soon"
    )
    assert "no status" in sampled.fails("peers", "set", "Sam", *GRIMSBY, "--status", "gone")
    assert "nothing to change" in sampled.fails("peers", "set", "Sam", *GRIMSBY, code=2)


def test_renewing_tells_the_peer_and_closes_what_was_open(sampled: Cli) -> None:
    one = sam(sampled)

    async def waits(app: App, work: Work) -> None:
        work.save(replace(await work.need(Peer, one.id), status="new", trained_until=None))
        work.save(
            Flag(
                work.new_id(),
                one.service_id,
                "peer_untrained",
                "open",
                work.now,
                work.now,
                "AAAA",
                contact_id=one.contact_id,
            )
        )

    sampled.change(waits)
    said = sampled("peers", "set", "Sam", *GRIMSBY, "--trained-until", "2099-05-31").out
    assert "active, trained until 2099-05-31" in said
    assert sam(sampled).status == "active"
    assert [f.status for f in sampled.rows(Flag)] == ["done"]
    (row,) = sampled.rows(OutboxRow, contact_id=one.contact_id)
    assert "training now holds till 31/05/2099" in row.body["text"]


def test_only_a_day_that_is_new_and_to_come_is_told(sampled: Cli) -> None:
    one = sam(sampled)
    sampled("peers", "set", "Sam", *GRIMSBY, "--checked-until", "2099-05-31")
    past = ("peers", "set", "Sam", *GRIMSBY, "--trained-until", "2020-05-31")
    assert "2020-05-31 is over already" in sampled.fails(*past)
    assert sam(sampled).trained_until == one.trained_until
    said = sampled(*past, "--yes").out
    assert "trained until 2020-05-31 OVER, checked until 2099-05-31. Not asked while tr" in said
    told = [row.body["text"] for row in sampled.rows(OutboxRow, contact_id=one.contact_id)]
    assert told == ["Your check now holds till 31/05/2099. Thank you."]


def test_nobody_waits_for_a_peer_who_has_left(sampled: Cli) -> None:
    one = sam(sampled)

    async def meets(app: App, work: Work) -> None:
        jo = next(p for p in await work.find(Peer) if p.name == "Jo")
        request = await requests.place(
            work, service_id=one.service_id, contact_id=jo.contact_id, product="nasal"
        )
        requests.hold(work, request, RequestStatus.ACCEPTED, ("peer", one.id), work.now,
                      peer_id=one.id)  # fmt: skip

    sampled.change(meets)
    sampled("peers", "set", "Sam", *GRIMSBY, "--status", "left")
    (request,) = sampled.rows(KitRequest)
    assert (request.status, request.peer_id) != (RequestStatus.ACCEPTED, one.id)
    assert request.owner_kind != "peer"


def test_notes_are_listed_until_they_are_done(sampled: Cli) -> None:
    note(sampled, "supervision", "sleep")
    note(sampled, "hotspot", "behind the station")
    listed = sampled("peers", "notes", *GRIMSBY).out
    assert "sleep" in listed
    assert "behind the station" in listed
    assert "say whose" in sampled.fails("peers", "notes", *GRIMSBY, "--done", code=2)
    assert "2 notes done" in sampled("peers", "notes", "Sam", *GRIMSBY, "--done").out
    assert "No open note" in sampled("peers", "notes", *GRIMSBY).out


def test_expenses_come_as_csv_and_never_as_a_formula(sampled: Cli) -> None:
    note(sampled, "expense", "bus", 460)
    note(sampled, "expense", "=1+1", 300)
    lines = sampled("peers", "expenses", *GRIMSBY).out.splitlines()
    assert lines[0] == "day,peer,pounds,what"
    assert [line.split(",", 1)[1] for line in lines[1:]] == ["Sam,4.60,bus", "Sam,3.00,'=1+1"]
    assert sampled("peers", "expenses", *GRIMSBY, "--month", "2020-01").out.count("\n") == 1
    assert "write 2026-11" in sampled.fails("peers", "expenses", *GRIMSBY, "--month", "May")


def test_who_leaves_with_kits_is_told_and_the_command_back_is_printed(sampled: Cli) -> None:
    said = sampled("peers", "set", "Sam", *GRIMSBY, "--status", "left").out
    move = 'stock move "Sam" store 3 N2402 --expiry 2028-06-30 --service grimsby'
    assert f"kitline {move}" in said
    texts = [
        row.body["text"] for row in sampled.rows(OutboxRow, contact_id=sam(sampled).contact_id)
    ]
    assert "You still have 3 x N2402: please keep them safe." in texts[-1]
    assert "Sam has left and still has 3 x N2402" in sampled("doctor").out
    sampled(*shlex.split(move))
    assert "Sam has left" not in sampled("doctor").out


def test_a_peer_gets_another_name_that_nobody_has(sampled: Cli) -> None:
    set_name = ("peers", "set", "Sam", *GRIMSBY, "--name")
    assert "somebody else is called jo" in sampled.fails(*set_name, "jo")
    assert "Sammy is changed" in sampled(*set_name, "Sammy").out
    assert "Sammy" in sampled("peers", "list", *GRIMSBY).out

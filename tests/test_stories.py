"""Short stories that look at what is left in the database, beside what people read."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from db.models import (
    Address,
    Administration,
    Consent,
    Contact,
    Flag,
    InboundMessage,
    InboxRow,
    KitRequest,
    OutboxRow,
    Peer,
    RelayMessage,
    Service,
    Supply,
)
from handlers import routing
from handlers.engine.turn import Turn
from tests.harness import Kitline

AMY, SAM = "+447700900101", "+447700900011"


async def texts(line: Kitline, address: str) -> list[str]:
    """What one address was sent since the last look."""
    return [message.text for to, message, _ in await line.new_messages() if to == address]


async def ask_for_kit(line: Kitline, address: str = AMY) -> None:
    for said in ("KIT", "YES", "YES", "1", "DN31 1AA", "nasal", "meet", "YES"):
        await line.say(address, said)


async def test_a_shared_line_asks_for_the_district_before_the_notice(demo: Kitline) -> None:
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        for service in await work.find(Service):
            work.save(replace(service, sms_line=""))
        await work.flush()
    await demo.say(AMY, "KIT")
    (asked,) = await texts(demo, AMY)
    assert "Which town are you in" in asked
    await demo.say(AMY, "Redditch")
    assert (await texts(demo, AMY))[0].startswith("Worcester Kit Line here")
    await demo.say(AMY, "YES")
    (consent,) = await demo.read(Consent)
    (worcester,) = await demo.read(Service, slug="worcester")
    assert consent.service_id == worcester.id


async def test_a_peer_joins_telegram_to_their_number(demo: Kitline) -> None:
    await demo.say(SAM, "LINK")
    code = (await texts(demo, SAM))[-1].split("LINK ")[1].split()[0]
    client = demo.line.client  # type: ignore[attr-defined]
    body = {"channel": "telegram", "from": "tg:555", "text": f"LINK {code}"}
    assert (await client.post("/demo/messages", json=body)).status_code == 200
    await demo.settle()
    assert "as Sam" in (await texts(demo, "tg:555"))[0]
    sam = (await demo.read(Peer))[0]
    owners = {a.address: a.contact_id for a in await demo.read(Address)}
    assert owners["tg:555"] == owners[SAM] == sam.contact_id
    await client.post("/demo/messages", json={**body, "text": f"LINK {code}"})
    await demo.settle()
    assert "does not fit" in (await texts(demo, "tg:555"))[0]


async def test_the_same_words_twice_place_one_request(demo: Kitline) -> None:
    """A network may deliver a text again under a new id: a passed step re-states, never re-acts."""
    await ask_for_kit(demo)
    await demo.say(AMY, "YES")
    await demo.say(AMY, "YES")
    assert len(await demo.read(KitRequest)) == 1


async def test_an_identical_emergency_line_is_answered_once_in_half_a_minute(
    demo: Kitline,
) -> None:
    for _ in range(3):
        await demo.say(AMY, "hes not breathing")
    cards = [t for t in await texts(demo, AMY) if t.startswith("CALL 999")]
    assert len(cards) == 1
    await demo.wait(timedelta(seconds=31))
    await demo.say(AMY, "hes not breathing")
    assert any(t.startswith("CALL 999") for t in await texts(demo, AMY))


async def test_stop_after_an_emergency_ends_it_and_the_next_emergency_is_answered(
    demo: Kitline,
) -> None:
    await demo.say(AMY, "shes blue and wont wake up")
    await demo.say(AMY, "STOP")
    await texts(demo, AMY)
    await demo.say(AMY, "ok")
    assert await texts(demo, AMY) == ["Text START to come back."]
    await demo.wait(timedelta(minutes=1))
    await demo.say(AMY, "shes gone blue again shes not breathing")
    assert (await texts(demo, AMY))[0].startswith("CALL 999")


async def test_delete_leaves_no_address_no_text_and_the_count(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await demo.say(SAM, "ACCEPT")
    await demo.say(AMY, "I am by the blue door")
    await demo.say(SAM, "ISSUED")
    await demo.say(AMY, "MENU")
    await demo.say(AMY, "DELETE")
    code = (await texts(demo, AMY))[-1].split("code: ")[1][:4]
    await demo.say(AMY, code)
    await demo.wait(timedelta(minutes=1))
    addresses = {a.address for a in await demo.read(Address)}
    assert AMY not in addresses
    erased = [c for c in await demo.read(Contact) if c.erased_at]
    assert len(erased) == 1
    assert not any(m.body for m in await demo.read(RelayMessage, from_contact_id=erased[0].id))
    assert not any(m.body for m in await demo.read(OutboxRow, contact_id=erased[0].id))
    assert len(await demo.read(Supply)) == 1
    with_text = [r for r in await demo.read(InboxRow) if r.body.get("address") == AMY]
    assert with_text == []


async def test_a_supply_leaves_only_the_district(demo: Kitline) -> None:
    await ask_for_kit(demo)
    await demo.say(SAM, "ACCEPT")
    await demo.say(SAM, "ISSUED")
    (request,) = await demo.read(KitRequest)
    assert (request.place, request.lat, request.lon) == ("", None, None)
    assert request.district == "DN31"
    (supply,) = await demo.read(Supply)
    assert (supply.district, supply.recipient, supply.quantity) == ("DN31", "self", 1)


async def test_undo_reverses_and_issued_may_be_sent_again(demo: Kitline) -> None:
    await demo.say(SAM, "ISSUED 1 friend DN31")
    await demo.say(SAM, "UNDO")
    await demo.say(SAM, "UNDO")
    assert "nothing" in (await texts(demo, SAM))[-1]
    rows = await demo.read(Supply)
    assert [r.quantity for r in rows] == [1, -1]
    assert rows[1].reverses == rows[0].id


async def test_what_waited_through_an_outage_is_told_so_once(demo: Kitline) -> None:
    old = demo.clock.now() - timedelta(hours=3)
    for n, said in enumerate(("hello", "anyone?", "KIT")):
        message = InboundMessage("sms", f"old{n}", "+447700900900", AMY, "text", said, sent_at=old)
        await demo.app.intake.accept(message)
    await demo.settle()
    got = await texts(demo, AMY)
    assert sum("this line was down" in t for t in got) == 1
    assert got[-1].endswith("Reply YES or NO")
    assert not any("Hello, this is" in t for t in got)


async def test_a_message_that_no_key_opens_holds_up_nobody(demo: Kitline) -> None:
    message = InboundMessage("sms", "sealed", "+447700900900", AMY, "text", "KIT")
    await demo.app.intake.accept(message)
    async with demo.app.db.transaction() as tx:
        await tx.execute(text("update inbox set body = :b"), {"b": b"not ours"})
    await demo.say(SAM, "STOCK")
    assert (await texts(demo, SAM))[0].startswith("You have")


async def test_a_message_that_breaks_every_turn_is_owned_up_to(
    demo: Kitline, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = routing.route

    async def breaks(turn: Turn, message: InboundMessage) -> None:
        if message.text == "boom":
            raise ZeroDivisionError
        await whole(turn, message)

    monkeypatch.setattr("handlers.inbox.routing.route", breaks)
    await demo.say(AMY, "boom")
    await demo.say(SAM, "STOCK")
    assert (await texts(demo, SAM))[0].startswith("You have")
    for _ in range(4):
        demo.clock.move_to(demo.clock.now() + timedelta(minutes=2))
        await demo.settle()
    assert any("something went wrong" in t for t in await texts(demo, AMY))
    assert [f.kind for f in await demo.read(Flag)] == ["dead_message"]


async def test_a_batch_the_peer_has_not_enough_of_changes_nothing(demo: Kitline) -> None:
    await demo.say(SAM, "STOCK ADD 1 nasal N9999 06/2028")
    for said in ("KIT", "YES", "YES", "work", "2", "DN31 1AA", "nasal", "meet", "YES"):
        await demo.say(AMY, said)
    await demo.say(SAM, "ACCEPT")
    (request,) = await demo.read(KitRequest)
    await demo.say(SAM, f"ISSUED {request.ref} N9999")
    assert "could not log it" in (await texts(demo, SAM))[-1]
    assert await demo.read(Supply) == []
    await demo.say(SAM, "ISSUED")
    (supply,) = await demo.read(Supply)
    assert (supply.batch, supply.quantity) == ("N2402", 2)


async def test_a_report_of_a_used_kit_is_kept_answer_by_answer_with_no_person_in_it(
    demo: Kitline,
) -> None:
    for said in ("USED", "no", "better", "2"):
        await demo.say(AMY, said)
    await demo.say(AMY, "MENU")  # gone in the middle
    (half,) = await demo.read(Administration)
    assert (half.outcome, half.doses, half.ambulance) == ("better", "two", "not_said")
    for said in ("USED", "no", "yes", "no", "yes", "spray", "today", "a stranger", "DN31 1AA"):
        await demo.say(AMY, said)
    (whole,) = await demo.read(Administration)
    assert (whole.ambulance, whole.product, whole.district) == ("yes", "nasal", "DN31")
    assert whole.by_kind == "public"
    assert not any("contact" in field.name for field in fields(Administration))


async def test_what_an_emergency_told_is_not_asked_again_for_the_report(demo: Kitline) -> None:
    for said in ("hes gone over", "nyxoid", "no", "done", "ambulance is here", "no", "report"):
        await demo.say(AMY, said)
    (row,) = await demo.read(Administration)
    assert (row.doses, row.product, row.used_on) == ("one", "nasal", "today")
    assert "What happened to the person?" in (await texts(demo, AMY))[-1]

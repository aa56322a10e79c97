"""People and the phones they have: dead numbers, an outage, a new owner, who stops."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from db.models import (
    Address,
    Consent,
    Contact,
    Conversation,
    Flag,
    Holding,
    KitRequest,
    LocalHelp,
    OutboxRow,
    Peer,
    Service,
)
from db.reference.gazetteer import Gazetteer
from handlers.delivery import OUTAGE
from handlers.engine.turn import Scene
from handlers.services.contacts import address_at, new_contact
from handlers.still_you import may_say_personal
from tests.harness import Kitline, kitline

AMY = "+447700900101"
SAM = "+447700900011"
LINE = "+447700900900"


@pytest.fixture
async def sms(sqlite_url: str, secret_key: str, gazetteer: Gazetteer) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer, "sms") as line:
        yield line


@pytest.fixture
async def demo(sqlite_url: str, secret_key: str, gazetteer: Gazetteer) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer) as line:
        yield line


async def heard(line: Kitline, address: str) -> list[str]:
    """What one address was sent since the last look."""
    return [message.text for to, message, _ in await line.new_messages() if to == address]


async def contact_at(line: Kitline, address: str) -> Contact:
    async with line.app.db.read() as tx:
        work = line.work(tx)
        known = await address_at(work, "sms", LINE, address)
        assert known
        return await work.need(Contact, known.contact_id)


async def asked(line: Kitline, address: str) -> bool:
    """Whether something personal may be said to this address now."""
    contact = await contact_at(line, address)
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        scene = Scene(work, line.app.engine.world)
        may = await may_say_personal(await scene.person(contact.id))
        scene.close()
        await work.flush()
    await line.settle()
    return may


async def written_to(line: Kitline, count: int) -> list[int]:
    """So many phones get a text each; returns their contacts."""
    made = []
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        scene = Scene(work, line.app.engine.world)
        for n in range(count):
            contact = await new_contact(work, "sms", LINE, f"+4477009005{n:02}")
            (await scene.person(contact.id)).say("common.thanks", kind="notice")
            made.append(contact.id)
        scene.close()
        await work.flush()
    return made


# --- dead numbers ------------------------------------------------------------------------------


async def test_nothing_is_sent_to_a_dead_number_till_it_writes(sms: Kitline) -> None:
    assert sms.twilio
    sms.twilio.undeliverable[AMY] = "30005"
    await sms.say(AMY, "MENU")
    (address,) = [a for a in await sms.read(Address) if a.address == AMY]
    assert address.lapse_reason == "gone"
    assert not await asked_is_said(sms)
    sms.twilio.undeliverable.clear()
    await sms.say(AMY, "MENU")
    (address,) = [a for a in await sms.read(Address) if a.address == AMY]
    assert address.lapsed_at is None
    assert (await contact_at(sms, AMY)).blocked_at is None


async def asked_is_said(line: Kitline) -> bool:
    """Whether a text nobody asked for would go out to Amy."""
    contact = await contact_at(line, AMY)
    before = len(await line.read(OutboxRow, contact_id=contact.id))
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        scene = Scene(work, line.app.engine.world)
        (await scene.person(contact.id)).say("common.nudge", kind="notice")
        await work.flush()
    return len(await line.read(OutboxRow, contact_id=contact.id)) > before


async def test_a_landline_that_texts_is_not_answered_but_in_an_emergency(sms: Kitline) -> None:
    assert sms.twilio
    landline = "+441472960001"
    await sms.say(landline, "KIT")
    assert sms.twilio.texts_to(landline) == []
    await sms.say(landline, "hes not breathing")
    assert sms.twilio.texts_to(landline)[0].startswith("CALL 999")


@pytest.mark.parametrize("sender", ["84433", "PARCELS"])
async def test_short_codes_and_names_are_never_answered(sms: Kitline, sender: str) -> None:
    assert sms.twilio
    await sms.say(sender, "Your parcel is here, reply YES")
    assert sms.twilio.texts_to(sender) == []
    assert [a for a in await sms.read(Address) if a.address == sender] == []


@pytest.mark.parametrize(("phones", "lapsed"), [(OUTAGE, OUTAGE), (OUTAGE + 1, 0)])
async def test_a_burst_of_one_code_is_an_outage(sms: Kitline, phones: int, lapsed: int) -> None:
    """So many dead numbers at once are the network's fault: nobody is let go."""
    assert sms.twilio
    people = await written_to(sms, phones)
    sms.twilio.undeliverable.update({f"+4477009005{n:02}": "30005" for n in range(phones)})
    await sms.settle()
    gone = [a for a in await sms.read(Address) if a.lapsed_at]
    blocked = [c for c in await sms.read(Contact) if c.id in people and c.blocked_at]
    assert (len(gone), len(blocked)) == (lapsed, lapsed)


# --- a new owner -------------------------------------------------------------------------------


async def holder(line: Kitline) -> Contact:
    """Amy once said that she has a kit, and yes to a reminder."""
    await line.say(AMY, "KIT")
    await line.say(AMY, "YES")
    await line.say(AMY, "MENU")
    contact = await contact_at(line, AMY)
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        work.save(Holding(work.new_id(), contact.id, "nasal", "N2402", None, work.now))
        await work.flush()
    return contact


async def silent_for(line: Kitline, contact: Contact, days: int) -> None:
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        talk = await work.need(Conversation, contact.id)
        work.save(replace(talk, last_in_at=work.now - timedelta(days=days)))
        await work.flush()


@pytest.mark.parametrize(("days", "may"), [(0, True), (179, True), (180, False), (400, False)])
async def test_after_a_long_silence_we_ask_before_we_say(
    demo: Kitline, days: int, may: bool
) -> None:
    await silent_for(demo, await holder(demo), days)
    await demo.new_messages()
    assert await asked(demo, AMY) is may
    said = await heard(demo, AMY)
    assert bool(said) is not may
    assert all("Did you text this line before?" in text for text in said)
    assert await asked(demo, AMY) is may  # and it is asked once
    assert await heard(demo, AMY) == []


async def test_it_was_them(demo: Kitline) -> None:
    amy = await holder(demo)
    await silent_for(demo, amy, 200)
    assert not await asked(demo, AMY)
    await demo.say(AMY, "1")
    assert await asked(demo, AMY)
    assert (await contact_at(demo, AMY)).id == amy.id
    assert [h.status for h in await demo.read(Holding)] == ["held"]


async def test_it_was_somebody_else(demo: Kitline) -> None:
    amy = await holder(demo)
    await silent_for(demo, amy, 200)
    await demo.say(AMY, "STATUS")
    await demo.say(AMY, "2")
    new = await contact_at(demo, AMY)
    assert new.id != amy.id
    assert [h.status for h in await demo.read(Holding)] == ["gone"]
    rows = await demo.read(Consent, contact_id=amy.id)
    assert not rows[-1].given
    (old,) = await demo.read(Address, contact_id=amy.id)
    assert (old.address, old.lapse_reason) == ("", "recycled")
    assert await demo.read(Consent, contact_id=new.id) == []


async def test_peers_are_never_asked_who_they_are(demo: Kitline) -> None:
    sam = await contact_at(demo, SAM)
    await silent_for(demo, sam, 400)
    assert await asked(demo, SAM)
    await demo.new_messages()
    await demo.say(SAM, "ON")
    assert await heard(demo, SAM) == ["You are on. Thank you. OFF any time."]


async def test_somebody_nothing_is_known_of_is_not_asked(demo: Kitline) -> None:
    await demo.say(AMY, "hello")
    await silent_for(demo, await contact_at(demo, AMY), 400)
    await demo.new_messages()
    await demo.say(AMY, "hello")
    assert "Did you text" not in (await heard(demo, AMY))[0]


# --- whom they mean ----------------------------------------------------------------------------


async def test_the_word_the_names_nobody(demo: Kitline) -> None:
    """ "The Junction" is called Junction; "the nurse" is the nurse."""
    (service, *_) = await demo.read(Service)
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        work.save(LocalHelp(work.new_id(), service.id, "other", "The Junction", work.now))
        await work.flush()
    await demo.say(AMY, "can i see the nurse")
    assert "outreach nurse" in (await heard(demo, AMY))[-1]
    await demo.say(AMY, "NO")
    await demo.say(AMY, "can i talk to someone at junction")
    assert "The Junction" in (await heard(demo, AMY))[-1]


# --- who stops ---------------------------------------------------------------------------------


async def test_a_peer_who_stops_is_asked_for_nothing(demo: Kitline) -> None:
    contact = await contact_at(demo, SAM)
    await demo.say(SAM, "STOP")
    (sam,) = await demo.read(Peer, contact_id=contact.id)
    assert sam.duty == "off"
    (flag,) = await demo.read(Flag)
    assert (flag.kind, flag.about) == ("peer_stopped", f"peer:{sam.id}")
    await demo.say(SAM, "START")
    (sam,) = await demo.read(Peer, contact_id=contact.id)
    assert sam.duty == "off"


async def test_a_request_whose_owner_stops_still_has_one(demo: Kitline) -> None:
    """The coordinator on call stops: what waited for them is asked of the next at once."""
    robin, pat = "+447700900051", "+447700900052"
    await demo.say(AMY, "TALK")
    await demo.say(AMY, "1")
    await demo.new_messages()
    await demo.say(robin, "STOP")
    messages = await demo.new_messages()
    assert [text.text.split(":")[1] for to, text, _ in messages if to == pat]
    assert await demo.read(KitRequest) == []


async def test_a_peer_who_is_back_reads_that_they_are_off_duty(sms: Kitline) -> None:
    assert sms.twilio
    sms.twilio.undeliverable[SAM] = "30005"
    await sms.say(SAM, "MENU")
    contact = await contact_at(sms, SAM)
    assert [flag.kind for flag in await sms.read(Flag, status="open")] == ["peer_stopped"]
    sms.twilio.undeliverable.clear()
    await sms.say(SAM, "hello")
    assert sms.twilio.texts_to(SAM)[-2].startswith("You are off duty.")
    await sms.say(SAM, "ON")
    (sam,) = await sms.read(Peer, contact_id=contact.id)
    assert sam.duty == "on"
    assert await sms.read(Flag, status="open") == []  # nobody need fetch their kits


async def test_a_peer_reads_that_an_outage_took_them_off_duty(sms: Kitline) -> None:
    assert sms.twilio
    sms.twilio.undeliverable[SAM] = "30005"
    await sms.say(SAM, "MENU")
    await written_to(sms, OUTAGE)
    sms.twilio.undeliverable.update({f"+4477009005{n:02}": "30005" for n in range(OUTAGE)})
    await sms.settle()
    sam = await contact_at(sms, SAM)
    assert sam.blocked_at is None
    said = [row.body["text"] for row in await sms.read(OutboxRow, contact_id=sam.id)]
    assert any(text.startswith("You are off duty.") for text in said)

"""Whose time is over: a year after their last message, or three months after a noted kit's date."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db.database import Database
from db.ids import Ids
from db.keys import Keyring
from db.models import (
    Address,
    Contact,
    Conversation,
    Outlet,
    Peer,
    RequestStatus,
    Service,
    Staff,
)
from db.retention import people_due
from db.tables import peers
from db.work import Work
from handlers.purging import forget
from handlers.services import requests
from handlers.services.contacts import new_contact
from handlers.services.holdings import note
from tests.handlers.made import HERE, NOON

LONG_AGO, LATELY = timedelta(days=366), timedelta(days=364)


async def _peer(work: Work, who: Contact, status: str) -> None:
    work.save(Peer(work.new_id(), 1, who.id, "Sam", NOON, status=status))


async def _staff(work: Work, who: Contact, role: str) -> None:
    work.save(Staff(work.new_id(), 1, "Robin", role, NOON, contact_id=who.id))


async def _request(work: Work, who: Contact, status: str) -> None:
    request = await requests.place(work, service_id=1, contact_id=who.id)
    if status == "closed":
        requests.close(work, request, RequestStatus.CANCELLED)


async def _kit(work: Work, who: Contact, expiry: date | None, status: str = "held") -> None:
    note(work, who, product="nasal", batch="N2402", expiry=expiry, status=status)


@pytest.fixture
async def work(database_url: str, secret_key: str) -> AsyncIterator[Work]:
    db = Database.open(database_url, Keyring([secret_key]))
    async with db.transaction() as tx:
        made = Work(db, tx, Ids(), NOON)
        made.save(Service(1, "grimsby", "Grimsby", "England", ("DN31",), *HERE, NOON))
        await made.flush()
        yield made
    await db.close()


@pytest.mark.parametrize(
    ("silent", "about", "due"),
    [
        (LATELY, None, False),
        (LONG_AGO, None, True),
        (LONG_AGO, (_peer, "active"), False),
        (LONG_AGO, (_peer, "paused"), False),
        (LONG_AGO, (_peer, "left"), True),
        (LONG_AGO, (_staff, "coordinator"), False),
        (LONG_AGO, (_request, "open"), False),
        (LONG_AGO, (_request, "closed"), True),
        (LONG_AGO, (_kit, NOON.date() + timedelta(days=30)), False),
        (LONG_AGO, (_kit, NOON.date() - timedelta(days=90)), False),
        (LONG_AGO, (_kit, NOON.date() - timedelta(days=95)), True),
        (LONG_AGO, (_kit, None), True),
        (LONG_AGO, (_kit, NOON.date() + timedelta(days=30), "used"), True),
    ],
)
async def test_whose_time_is_over(work: Work, silent: timedelta, about: Any, due: bool) -> None:
    who = await somebody(work, silent)
    if about:
        made, *values = about
        await made(work, who, *values)
    await work.flush()
    assert await people_due(work.tx, NOON) == ([who.id] if due else [])


async def test_a_shop_s_phone_is_kept(work: Work) -> None:
    who = await somebody(work, LONG_AGO)
    outlet = Outlet(work.new_id(), 1, "Shop", "pharmacy", "", "DN31", *HERE, NOON)
    work.save(outlet)
    work.save(replace(who, outlet_id=outlet.id))
    await work.flush()
    assert await people_due(work.tx, NOON) == []


@pytest.mark.parametrize("stopped", [True, False])
async def test_they_are_forgotten_once_and_a_stop_outlives_it(work: Work, stopped: bool) -> None:
    who = await somebody(work, LONG_AGO)
    if stopped:
        work.save(replace(who, stopped_at=NOON - LONG_AGO))
    await work.flush()
    assert (await forget(work))["people"] == 1
    await work.flush()
    (address,) = await work.find(Address, contact_id=who.id)
    assert address.address == ""
    assert address.address_hash.startswith("gone:") is not stopped
    assert (await forget(work))["people"] == 0


async def test_no_place_of_a_peer_outlives_them(work: Work) -> None:
    who = await somebody(work, LONG_AGO)
    lat, lon = HERE
    left = Peer(work.new_id(), 1, who.id, "Sam", NOON, "left", place="Grimsby", lat=lat, lon=lon)
    work.save(left)
    await work.flush()
    await forget(work)
    kept = await work.tx.execute(select(peers.c.name, peers.c.place, peers.c.lat, peers.c.lon))
    assert [tuple(row) for row in kept] == [(None, None, 0, 0)]


async def somebody(work: Work, silent: timedelta) -> Contact:
    """Who last wrote so long ago."""
    who = await new_contact(work, "sms", "", "+447700900101", 1)
    talk = await work.need(Conversation, who.id)
    work.save(replace(talk, last_in_at=NOON - silent))
    return work.save(replace(who, created_at=NOON - LONG_AGO))

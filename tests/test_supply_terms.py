"""An outlet's own terms at work: whom they leave out is not sent there, nor given a kit there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from db.models import Claim, Fact, KitRequest, Outlet, Supply
from db.reference.gazetteer import Gazetteer
from handlers.services.codes import show_claim_code
from tests.at_the_desk import do
from tests.conftest import FixedCodes
from tests.harness import Kitline, kitline

AMY, BOB, MARSH = "+447700900101", "+447700900102", "+447700900021"
PEERS = ("+447700900011", "+447700900012", "+447700900013", "+447700900014")
MINE = {"serves": ("self",), "terms_source": "agreement of May", "terms_from": date(2026, 5, 1)}


@pytest.fixture
async def line(sqlite_url: str, secret_key: str, gazetteer: Gazetteer, fixed_codes: FixedCodes):
    async with kitline(sqlite_url, secret_key, gazetteer) as found:
        yield found


async def says(line: Kitline, address: str, *texts: str) -> str:
    """What one address reads after the last of the texts."""
    for text in texts:
        await line.new_messages()
        await line.say(address, text)
    return "\n".join(m.text for to, m, _ in await line.new_messages() if to == address)


async def with_terms(line: Kitline, **terms: Any) -> None:
    """Marsh Lane has terms of its own."""
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        shop = next(one for one in await work.find(Outlet) if one.name.startswith("Marsh"))
        work.save(replace(shop, **terms))
        await work.flush()


async def asks(line: Kitline, number: str, who: str) -> str:
    return await says(line, number, "KIT", "YES", "YES", who, "DN32 7AA", "nasal", "collect", "YES")


async def test_somebody_the_outlet_does_not_serve_is_sent_to_another(line: Kitline) -> None:
    await with_terms(line, **MINE)
    assert "held for you at Marsh Lane" in await asks(line, AMY, "me")
    assert "held for you at Sea View" in await asks(line, BOB, "someone I know")


async def test_where_nobody_may_the_journal_says_why(line: Kitline) -> None:
    for address in PEERS:
        await line.say(address, "OFF")
    await with_terms(line, **MINE)
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        sea = next(one for one in await work.find(Outlet) if one.name.startswith("Sea"))
        work.save(replace(sea, kind="hostel"))  # no way in law, and no arrangement noted
        await work.flush()
    heard = await says(line, BOB, "KIT", "YES", "YES", "someone I know", "DN32 7AA")
    assert "No peer or pharmacy near" in heard
    await line.say(BOB, "YES")
    (fact,) = await line.read(Fact, fact="RequestEscalated")
    assert fact.data["outlets"] == {"does_not_serve": 1, "no_legal_route": 1}
    assert fact.data["peers"] == {"off_duty": 4}


async def test_terms_that_changed_hold_at_the_counter_too(line: Kitline) -> None:
    await asks(line, BOB, "someone I know")
    (claim,) = await line.read(Claim)
    await with_terms(line, **MINE)
    heard = await says(line, MARSH, f"ISSUED {show_claim_code(claim.code)}")
    assert "may not go to" in heard
    assert not await line.read(Supply)
    (request,) = await line.read(KitRequest)
    assert request.status == "waiting_claim"


async def test_terms_that_changed_hold_when_a_recall_moves_a_promise(line: Kitline) -> None:
    await line.say(MARSH, "STOCK ADD 2 nasal N9001 05/2028")
    assert "held for you at Marsh Lane" in await asks(line, BOB, "someone I know")
    await with_terms(line, **MINE)
    (claim,) = await line.read(Claim)
    await line.new_messages()
    await do(line, f"recall nasal {claim.batch} check")
    read = "\n".join(m.text for to, m, _ in await line.new_messages() if to == BOB)
    assert "no longer works" in read
    assert not await line.read(Claim, outlet_id=claim.outlet_id, status="open")

"""The services of the benchmark: invented, each with peers on duty and a pharmacy, well stocked.

So that a thousand requests in a few seconds find peers who can be asked, as in an ordinary hour,
each peer may have many open offers, and carries many kits.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from db import schema
from db.database import Database
from db.ids import Ids
from db.keys import Keyring
from db.models import Outlet, Peer, Service
from db.work import Work
from handlers.services.contacts import new_contact
from handlers.services.supplies import outlet_holder, peer_holder, receive
from tests.bench.story import Area, line_of

PEERS = 8
EXPIRY = date(2030, 6, 30)


async def fill(
    path: Path, secret: str, areas: list[Area], *, requests: int, channel: str, bot: str
) -> None:
    """Make the database with one service an area, able to ask peers for ``requests`` in all."""
    url = f"sqlite:///{path}"
    await schema.migrate(url)
    db = Database.open(url, Keyring([secret]))
    each = requests // len(areas) // PEERS + 3
    try:
        async with db.transaction() as tx:
            work = Work(db, tx, Ids(), datetime.now(UTC))
            for n, area in enumerate(areas):
                await _service(work, n, area, each, channel, bot)
            await work.flush()
    finally:
        await db.close()


async def _service(work: Work, n: int, area: Area, each: int, channel: str, bot: str) -> None:
    service = work.save(
        Service(
            id=work.new_id(),
            slug=f"service{n}",
            name=f"{area.district} Kit Line (invented)",
            nation="England",
            districts=(area.district,),
            lat=area.lat,
            lon=area.lon,
            created_at=work.now,
            sms_line=line_of(n),
            telegram_line=bot,
            rules={
                "public_places": [{"name": "the bus station", "lat": area.lat, "lon": area.lon}],
                "asks_per_day": each + 1,  # nobody is spared in a benchmark
                "asks_per_week": each + 1,
            },
        )
    )
    for i in range(PEERS):
        address = _address(channel, n * (PEERS + 1) + i)
        contact = await new_contact(work, channel, _line(service, channel), address, service.id)
        peer = work.save(
            Peer(
                id=work.new_id(),
                service_id=service.id,
                contact_id=contact.id,
                name=f"Peer {i}",
                created_at=work.now,
                duty="on",
                place=area.district,
                lat=area.lat + 0.002 * i,
                lon=area.lon,
                radius_km=8.0,
                trained_until=work.now.date() + timedelta(days=365),
                open_limit=each,
            )
        )
        await receive(work, peer_holder(peer), "nasal", "N2402", EXPIRY, each)
    outlet = work.save(
        Outlet(
            id=work.new_id(),
            service_id=service.id,
            name="Sample Pharmacy",
            kind="pharmacy",
            address="1 Sample Street",
            district=area.district,
            lat=area.lat,
            lon=area.lon,
            created_at=work.now,
            hours="24/7",
        )
    )
    await receive(work, outlet_holder(outlet), "nasal", "N2403", EXPIRY, 10)
    await receive(work, outlet_holder(outlet), "injectable", "P2312", EXPIRY, 10)


def _line(service: Service, channel: str) -> str:
    return service.telegram_line if channel == "telegram" else service.sms_line


def _address(channel: str, n: int) -> str:
    """Peers' own: American numbers kept for films, so that contacts have all of Ofcom's."""
    if channel == "telegram":
        return f"tg:{7_700_800_000 + n}"
    return f"+1{301 + n // 100}55501{n % 100:02d}"

"""The sample service of the demo: invented people and shops around Grimsby and Worcester.

Every number is from Ofcom's range for drama (07700 900xxx). Loading it twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from db.database import Database
from db.ids import Ids
from db.models import Contact, Invitation, LocalHelp, Outlet, Peer, Service, Staff
from db.work import Work
from handlers.joining import INVITED_FOR
from handlers.services.contacts import new_contact
from handlers.services.counter_links import with_key
from handlers.services.supplies import outlet_holder, peer_holder, receive

GRIMSBY = ("DN31", "DN32", "DN33", "DN34", "DN35", "DN36", "DN37", "DN40", "DN41")
WORCESTER = ("WR1", "WR2", "WR3", "WR4", "WR5", "WR9", "B97", "B98", "B60", "B61")


@dataclass(frozen=True)
class SamplePeer:
    """An invented peer; ``kits``: product, batch, how many."""

    name: str
    number: str
    place: str
    district: str
    lat: float
    lon: float
    kits: tuple[tuple[str, str, int], ...]
    telegram: bool = False


@dataclass(frozen=True)
class SampleOutlet:
    """An invented pharmacy."""

    name: str
    number: str
    address: str
    district: str
    lat: float
    lon: float
    hours: str
    kits: tuple[tuple[str, str, int], ...]


GRIMSBY_PEERS = (
    SamplePeer(
        "Sam", "+447700900011", "Grimsby", "DN31", 53.5660, -0.0860, (("nasal", "N2402", 3),)
    ),
    SamplePeer(
        "Jo",
        "+447700900012",
        "Cleethorpes",
        "DN35",
        53.5560,
        -0.0310,
        (("nasal", "N2402", 3), ("injectable", "P2311", 2)),
    ),
    SamplePeer(
        "Lee", "+447700900013", "Laceby", "DN37", 53.5420, -0.1650, (("injectable", "P2311", 4),)
    ),
    SamplePeer(
        "Ash", "tg:900014", "Scartho", "DN33", 53.5390, -0.0900, (("nasal", "N2405", 2),), True
    ),
)
GRIMSBY_OUTLETS = (
    SampleOutlet(
        "Marsh Lane Pharmacy (invented)",
        "+447700900021",
        "1 Sample Street, Grimsby",
        "DN32",
        53.5610,
        -0.0700,
        "Mo-Fr 09:00-18:00; Sa 09:00-17:00",
        (("nasal", "N2403", 5),),
    ),
    SampleOutlet(
        "Sea View Pharmacy (invented)",
        "+447700900022",
        "2 Example Road, Cleethorpes",
        "DN35",
        53.5590,
        -0.0290,
        "Mo-Sa 08:30-20:00; Su 10:00-16:00",
        (("nasal", "N2403", 4), ("injectable", "P2312", 3)),
    ),
)
WORCESTER_PEERS = (
    SamplePeer(
        "Kim", "+447700900031", "Worcester", "WR1", 52.1930, -2.2210, (("nasal", "N2406", 4),)
    ),
    SamplePeer(
        "Max", "+447700900032", "Redditch", "B97", 52.3040, -1.9500, (("nasal", "N2406", 3),)
    ),
)
WORCESTER_OUTLETS = (
    SampleOutlet(
        "Canal Side Pharmacy (invented)",
        "+447700900041",
        "3 Sample Row, Worcester",
        "WR1",
        52.1950,
        -2.2180,
        "Mo-Fr 09:00-17:30; Sa 09:00-13:00",
        (("nasal", "N2407", 6),),
    ),
)
INVITATIONS = (("Nell", "K7F-3NN", 8), ("Bo", "H4M-9TN", None))
"""People invited to be peers of Grimsby: name, code, days for which their training still holds."""
GRIMSBY_HELP = (
    ("Kay (invented)", "outreach_nurse", "Mo-Fr 09:00-17:00", "01632 960101", ""),
    ("Riverside Clinic (invented)", "clinic", "Mo-Fr 10:00-16:00", "", "4 Example Street"),
    ("Dee (invented)", "prison_link", "Tu,Th 13:00-16:00", "", ""),
)
"""Whom people can be put in touch with: name, kind, hours, phone, place."""
MANY_ASKS = {"asks_per_day": 20, "asks_per_week": 60}  # a demo has few peers and long days
LINES = {"grimsby": "+447700900900", "worcester": "+447700900901"}


async def load(
    db: Database, ids: Ids, now: datetime, *, channel: str = "", bot: str = "grimsby_demo"
) -> bool:
    """Fill an empty database with the sample services; False if they are there already.

    ``channel`` puts everybody on that one channel; ``bot`` is the first service's Telegram line.
    """
    async with db.transaction() as tx:
        work = Work(db, tx, ids, now)
        if await work.find(Service, slug="grimsby"):
            return False
        await _service(
            work,
            Service(
                id=work.new_id(),
                slug="grimsby",
                name="Grimsby Kit Line (sample)",
                nation="England",
                districts=GRIMSBY,
                lat=53.5600,
                lon=-0.0800,
                created_at=now,
                sms_line=LINES["grimsby"],
                telegram_line=bot,
                rules={
                    "team": "Grimsby Kit Line",
                    "ring": "111",
                    **MANY_ASKS,
                    "draft_languages": "cy pl ro pa pa-Latn ur ar lt pt",
                    "public_places": [
                        {"name": "the bus station, Grimsby", "lat": 53.5646, "lon": -0.0880},
                        {"name": "the pier entrance, Cleethorpes", "lat": 53.5614, "lon": -0.0264},
                        {"name": "the market square, Laceby", "lat": 53.5423, "lon": -0.1646},
                    ],
                },
            ),
            _on(channel, GRIMSBY_PEERS),
            GRIMSBY_OUTLETS,
            (
                ("Robin", "+447700900051", "coordinator", 1),
                ("Pat", "+447700900052", "safeguarding", 2),
            ),
        )
        await _invite(work, "grimsby")
        await _help(work)
        await _service(
            work,
            Service(
                id=work.new_id(),
                slug="worcester",
                name="Worcester Kit Line (sample)",
                nation="England",
                districts=WORCESTER,
                lat=52.1920,
                lon=-2.2200,
                created_at=now,
                sms_line=LINES["worcester"],
                telegram_line="worcester_demo",
                rules={
                    "team": "Worcester Kit Line",
                    "ring": "111",
                    **MANY_ASKS,
                    "public_places": [
                        {"name": "the cathedral square, Worcester", "lat": 52.1890, "lon": -2.2205}
                    ],
                },
            ),
            _on(channel, WORCESTER_PEERS),
            WORCESTER_OUTLETS,
            (("Alex", "+447700900053", "coordinator", 1),),
        )
        await work.flush()
    return True


async def _help(work: Work) -> None:
    (grimsby,) = await work.find(Service, slug="grimsby")
    for name, kind, hours, phone, place in GRIMSBY_HELP:
        work.save(
            LocalHelp(
                id=work.new_id(),
                service_id=grimsby.id,
                kind=kind,
                name=name,
                created_at=work.now,
                hours=hours,
                phone=phone,
                place=place,
                confirmed_on=work.now.date() if phone else None,
            )
        )


def _on(channel: str, peers: tuple[SamplePeer, ...]) -> tuple[SamplePeer, ...]:
    if not channel:
        return peers
    return tuple(replace(peer, telegram=channel == "telegram") for peer in peers)


async def _contact(work: Work, service: Service, number: str, telegram: bool) -> Contact:
    """Somebody on SMS or Telegram; one number becomes the other by its last six figures."""
    tail = number[-6:]
    if telegram:
        return await new_contact(work, "telegram", service.telegram_line, f"tg:{tail}", service.id)
    return await new_contact(work, "sms", service.sms_line, f"+447700{tail}", service.id)


async def _service(
    work: Work,
    service: Service,
    peers: tuple[SamplePeer, ...],
    outlets: tuple[SampleOutlet, ...],
    staff: tuple[tuple[str, str, str, int], ...],
) -> None:
    work.save(service)
    today = work.now.date()
    telegram = all(one.telegram for one in peers)
    for one in peers:
        contact = await _contact(work, service, one.number, one.telegram)
        peer = work.save(
            Peer(
                id=work.new_id(),
                service_id=service.id,
                contact_id=contact.id,
                name=one.name,
                created_at=work.now,
                duty="on",
                place=one.place,
                lat=one.lat,
                lon=one.lon,
                radius_km=8.0,
                trained_until=today + timedelta(days=365),
                open_limit=3,
            )
        )
        for product, batch, quantity in one.kits:
            await receive(work, peer_holder(peer), product, batch, _expiry(today), quantity)
    for shop in outlets:
        outlet = work.save(
            Outlet(
                id=work.new_id(),
                service_id=service.id,
                name=shop.name,
                kind="pharmacy",
                address=shop.address,
                district=shop.district,
                lat=shop.lat,
                lon=shop.lon,
                created_at=work.now,
                hours=shop.hours,
                hours_confirmed_on=today,
            )
        )
        outlet = with_key(work, outlet)
        contact = await _contact(work, service, shop.number, telegram)
        work.save(replace(contact, outlet_id=outlet.id))
        for product, batch, quantity in shop.kits:
            await receive(work, outlet_holder(outlet), product, batch, _expiry(today), quantity)
    for name, number, role, order in staff:
        contact = await _contact(work, service, number, telegram)
        work.save(
            Staff(
                id=work.new_id(),
                service_id=service.id,
                name=name,
                role=role,
                created_at=work.now,
                contact_id=contact.id,
                call_order=order,
            )
        )


async def _invite(work: Work, slug: str) -> None:
    service = (await work.find(Service, slug=slug))[0]
    for name, code, days in INVITATIONS:
        until = None if days is None else work.now.date() + timedelta(days=days)
        work.save(
            Invitation(
                id=work.new_id(),
                service_id=service.id,
                code=code.replace("-", ""),
                name=name,
                created_at=work.now,
                expires_at=work.now + INVITED_FOR,
                trained_until=until,
            )
        )


def _expiry(today: date) -> date:
    """The last day of June in the year after next: always well ahead."""
    return date(today.year + 2, 6, 30)

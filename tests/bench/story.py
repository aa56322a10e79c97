"""What each contact says, and what they must be answered."""

from __future__ import annotations

import random
from dataclasses import dataclass

PLACE = "{place}"


@dataclass(frozen=True)
class Step:
    """One message, and a phrase of every text that must answer it, in order."""

    says: str
    answers: tuple[str, ...]


NOTICE = ("free naloxone kits", "OK to go on?")
PLACED = ("I have asked a peer near you", "Reply NEXT or SKIP")

# By SMS each service has a number of its own.
SMS = (
    Step("KIT", NOTICE),
    Step("YES", ("18 or over",)),
    Step("yes", ("Who is the kit for?",)),
    Step("2", ("Where are you?",)),
    Step(PLACE, ("Which would you like?",)),
    Step("1", ("How would you like to get it?",)),
    Step("1", ("Shall I ask the peer?",)),
    Step("YES", PLACED),
)
# On Telegram all services share one bot, so the place comes first.
TELEGRAM = (
    Step("KIT", ("Which town are you in",)),
    Step(PLACE, NOTICE),
    *SMS[1:3],
    Step("2", ("Which would you like?",)),
    *SMS[5:],
)


@dataclass(frozen=True)
class Contact:
    """Somebody invented who asks for a kit. ``address`` is a number or a chat id."""

    address: str
    line: str
    place: str


@dataclass(frozen=True)
class Area:
    """Where one service works, and real postcodes in it."""

    district: str
    lat: float
    lon: float
    postcodes: tuple[str, ...]


DISTRICTS = (
    *("DN31", "DN35", "WR1", "B97", "LN1", "HU1", "YO1", "LE1", "NG1", "DE1"),
    *("CV1", "GL1", "EX1", "PL1", "TR1", "NR1", "IP1", "CB1", "PE1", "BD1"),
)


def areas(many: int) -> list[Area]:
    """Districts with a few of their postcodes, the same ones each time."""
    from db.reference.gazetteer import Gazetteer

    gazetteer = Gazetteer.open()
    dice = random.Random(7)
    found = []
    for district in DISTRICTS[:many]:
        middle = gazetteer.outcode(district)
        assert middle is not None
        postcodes: set[str] = set()
        for _ in range(40):
            spot = gazetteer.nearest_spot(
                middle.lat + dice.uniform(-0.004, 0.004),
                middle.lon + dice.uniform(-0.006, 0.006),
                1.0,
            )
            if spot and spot.spot.outcode == district:
                postcodes.add(spot.spot.postcode)
        found.append(Area(district, middle.lat, middle.lon, tuple(sorted(postcodes))))
    return found


def contacts(many: int, there: list[Area], channel: str) -> list[Contact]:
    """``many`` people, spread evenly over the areas; SMS numbers are Ofcom's for drama."""
    made = []
    for n in range(many):
        area = there[n % len(there)]
        if channel == "telegram":
            address = str(7_700_900_000 + n)
        elif n < 1000:
            address = f"+447700900{n:03d}"
        else:  # more people than drama has numbers: American ones kept for films
            address = f"+1{202 + n // 100}55501{n % 100:02d}"
        place = area.postcodes[n // len(there) % len(area.postcodes)]
        made.append(Contact(address, line_of(n % len(there)), place))
    return made


def line_of(service: int) -> str:
    """A service's own number."""
    return f"+1201555{100 + service:04d}"

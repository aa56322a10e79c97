"""What people give on a command line or in a CSV file, read strictly; ValueError says why not."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from bot.channels.numbers import is_uk_mobile, normalised
from content import library
from content.lines import lines
from db.models import Service
from db.reference.gazetteer import Gazetteer
from handlers.services.hours import check_hours
from handlers.services.places import DidYouMean, NotInUk, PlaceFound, find_place
from handlers.services.products import typed_products
from handlers.services.rota import read_rota
from handlers.services.rules import LONDON, Rules, rules_of
from handlers.stock_reading import read_entry, read_month

_UK_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_BATCH = re.compile(r"[A-Z0-9][A-Z0-9/-]{1,19}")
_CHAT = re.compile(r"tg:(\d{1,19})")
Kits = tuple[int, str, str, date]  # how many, which product, batch, expiry


def read_mobile(text: str) -> str:
    """A British mobile number as +447…"""
    found = normalised(text)
    if found is None:
        raise ValueError(f"{text.strip() or 'an empty phone'} is not a phone number")
    if not is_uk_mobile(found):
        raise ValueError(f"{text.strip()} is not a UK mobile, so it cannot be texted")
    return found


def read_address(text: str) -> tuple[str, str]:
    """Channel and address of a phone number or of ``tg:<chat id>``."""
    plain = text.strip().lower()
    if plain.startswith("tg:"):
        if not _CHAT.fullmatch(plain):
            raise ValueError(f"{text.strip()} is not a Telegram chat: write tg:123456789")
        return "telegram", plain
    return "sms", read_mobile(text)


def read_line(text: str) -> str:
    """One of our own numbers: any number, since Twilio also rents landlines that text."""
    found = normalised(text)
    if found is None:
        raise ValueError(f"{text.strip()} is not a phone number")
    return found


def read_day(text: str) -> date:
    """2027-05-31, 31/05/2027, or a month (05/2027 = its last day)."""
    plain = text.strip()
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", plain):
            return date.fromisoformat(plain)
        if found := _UK_DATE.fullmatch(plain):
            return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        raise ValueError(f"{plain} is not a day in the calendar") from None
    if re.fullmatch(r"\d{1,2}[/.-](\d{4}|\d{2})", plain) and (month := read_month(plain)):
        return month
    raise ValueError(f"{plain or 'an empty date'} is not a date: write 2027-05-31 or 05/2027")


def read_moment(text: str, now: datetime) -> datetime:
    """A time as on the wall: "2026-11-23 19:00", or "19:00" for today."""
    plain = text.strip().replace("T", " ")
    if re.fullmatch(r"\d{1,2}:\d{2}", plain):
        plain = f"{now.astimezone(LONDON):%Y-%m-%d} {plain.zfill(5)}"
    try:
        found = datetime.fromisoformat(plain)
    except ValueError:
        raise ValueError(f"{text} is not a time: write 2026-11-23 19:00, or 19:00") from None
    return (
        found.astimezone(now.tzinfo)
        if found.tzinfo
        else found.replace(tzinfo=LONDON).astimezone(now.tzinfo)
    )


def read_hours(text: str) -> str:
    """Opening hours in OpenStreetMap's syntax; empty = not known."""
    plain = " ".join(text.split())
    wrong = check_hours(plain) if plain else None
    if wrong:
        raise ValueError(wrong)
    if len(plain) > 300:
        raise ValueError("the opening hours are longer than 300 characters")
    return plain


def read_times(text: str) -> str:
    """When somebody works, in OpenStreetMap's syntax or as ROTA takes it: "mon-fri 6pm-10pm"."""
    plain = " ".join(text.split())
    if re.search(r"\d", plain) and check_hours(plain) and (found := read_rota(plain, Rules())):
        return found
    return read_hours(text)


def read_whole(text: str, least: int, most: int, what: str) -> int:
    """A whole number in a range."""
    plain = text.strip()
    if not plain.isascii() or not plain.isdigit() or not least <= int(plain) <= most:
        raise ValueError(f"{what} must be a whole number from {least} to {most}, not {plain}")
    return int(plain)


def read_miles(text: str) -> float:
    """A distance in miles, up to 100."""
    try:
        miles = float(text)
    except ValueError:
        raise ValueError(f"{text} is not a number of miles") from None
    if not 0 < miles <= 100:
        raise ValueError(f"{text} miles: give more than 0 and at most 100")
    return miles


def read_box(product: str, batch: str, expiry: str, home: Service) -> tuple[str, str, date]:
    """What is printed on a box of this service's: product, batch, last day."""
    return read_product(product, home), read_batch(batch), read_day(expiry)


def read_product(text: str, home: Service) -> str:
    """A product the service has, by its id, its name or its form."""
    known = typed_products(library.DEFAULT, rules_of(home))
    found = known.get(" ".join(text.split()).casefold())
    if found is None:
        ids = " or ".join(dict.fromkeys(known.values()))
        raise ValueError(f"{text.strip()} is not a product: {ids}")
    return found


def read_batch(text: str) -> str:
    """A batch number as it is kept: N2402."""
    batch = text.strip().upper()
    if not _BATCH.fullmatch(batch):
        raise ValueError(f"{text.strip()} is not a batch number")
    return batch


def read_kits(text: str, home: Service) -> list[Kits]:
    """ "3 nasal N2402 06/2027; 2 injectable P2311 05/2026" → kits, batch by batch."""
    found = []
    products = typed_products(library.DEFAULT, rules_of(home))
    for part in filter(None, (p.strip() for p in text.split(";"))):
        n = read_entry(part, products)
        if not (n.quantity and n.product and n.batch and n.expiry) or n.rest:
            raise ValueError(f'"{part}": write kits as 3 nasal N2402 06/2027')
        found.append((n.quantity, n.product, n.batch, n.expiry))
    return found


def read_place(text: str, gazetteer: Gazetteer, service: Service | None) -> PlaceFound:
    """A postcode, part of one, or a town; the middle of the service decides between namesakes."""
    near = (service.lat, service.lon) if service else None
    found = find_place(text, gazetteer, near=near) if text.strip() else None
    if isinstance(found, PlaceFound):
        return found
    if isinstance(found, DidYouMean) and found.options:
        options = " or ".join(option.label for option in found.options)
        raise ValueError(f"{text.strip()}: which place? {options}")
    if isinstance(found, NotInUk):
        raise ValueError(f"{text.strip()} is not in the UK")
    raise ValueError(f"{text.strip() or 'an empty place'} is not a place or postcode we know")


def read_line_check(text: str, today: date) -> tuple[str, str]:
    """ "frank=2026-11-20": a help line and the day on which it was rung."""
    key, _, day = (part.strip() for part in text.partition("="))
    known = [line.key for line in lines().values() if not line.always]
    if key not in known:
        raise ValueError(f"{key} is not a help line to check: {', '.join(known)}")
    try:
        rung = date.fromisoformat(day)
    except ValueError:
        raise ValueError(f"{text.strip()}: write it as {key}=2026-11-20") from None
    if rung > today:
        raise ValueError(f"{rung} has not come yet: give the day on which {key} was rung")
    return key, rung.isoformat()


def in_a_year(today: date) -> date:
    """A year from today, for what needs renewing."""
    return today + timedelta(days=365)

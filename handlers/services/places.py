"""Where somebody is, from what they typed or from a pin; never more exact than we can be sure of.

Only a label, codes and a position come back. What else was typed (house, street) goes no further.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from db.reference.districts import Outcode
from db.reference.gazetteer import Gazetteer
from db.reference.names import name_key
from db.reference.place_index import Place
from handlers.services.geo import haversine_km
from handlers.services.place_names import Span, named_spans, segments, standing_alone
from handlers.services.postcodes import Code, find_code, has_eircode

Precision = Literal["postcode", "sector", "district", "place", "pin"]
Point = tuple[float, float]

POSTCODE_ERROR_KM = 0.2  # a postcode is some 15 addresses; its position is their middle
PIN_ERROR_KM = 0.1  # a phone's own error, and the rounding below
PIN_DECIMALS = 3  # about 100 m: near enough to match, too coarse for a front door
LOCAL_KM = 40.0  # a place this near the service's centre is the one meant
_NEAR_THE = re.compile(
    r"(?i)\b(?:near|by|next to|opposite|behind|round the back of) (?:the|a|my|our)\b"
)
SURELY_KM = 60.0  # a small place farther off than this may be a slip for a nearer one
FAMOUS = 20_000  # a town that people name without its county
TOWN = 10_000
NAMED_AFTER_KM = 3.0  # how far a postcode may lie from the village it is called after
PIN_REACH_KM, PIN_MOST_KM = 2.5, 15.0  # how far from any postcode: at the coast, in the hills


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """`label` is fit to read out ("Laceby (DN37)"); `error_km` is an honest radius round the point.

    `district` "DN37", `sector` "DN37 7" if known; `country` "England" and so on.
    """

    label: str
    district: str
    sector: str | None
    lat: float
    lon: float
    precision: Precision
    error_km: float
    country: str


@dataclass(frozen=True, slots=True)
class DidYouMean:
    """Up to three places that may be meant, the likeliest first; labels name the county."""

    options: tuple[PlaceFound, ...]


@dataclass(frozen=True, slots=True)
class NotInUk:
    """A place outside the United Kingdom, or a pin at sea."""


@dataclass(frozen=True, slots=True)
class PlaceUnknown:
    """Nothing in the text is a place we know."""


def find_place(
    text: str, gazetteer: Gazetteer, *, near: Point | None
) -> PlaceFound | DidYouMean | NotInUk | PlaceUnknown:
    """The place meant by an answer to "where are you?"; `near` is the middle of the service."""
    head = _NEAR_THE.split(text, maxsplit=1)[0]
    if head.strip() and head != text:  # "Cleethorpes near the station": the station is anybody's
        found = find_place(head, gazetteer, near=near)
        if not isinstance(found, PlaceUnknown):
            return found
    if has_eircode(text) and not _is_live(text, gazetteer):
        return NotInUk()
    if code := find_code(text, gazetteer, strict=False):
        return _from_code(code, gazetteer)
    words = name_key(text).split()
    spans = named_spans(words, gazetteer)
    if spans:
        return _from_span(spans[0], words, gazetteer, near)
    parts = segments(words)
    if any(gazetteer.is_abroad(" ".join(part)) for part in parts):
        return NotInUk()
    for part in parts:
        if options := gazetteer.suggest(" ".join(part), near):
            return _did_you_mean(options, gazetteer)
    return PlaceUnknown()


def mentioned_place(text: str, gazetteer: Gazetteer, near: Point | None) -> PlaceFound | None:
    """A place in a message about something else, only if there is no doubt that it is one."""
    if code := find_code(text, gazetteer, strict=True):
        return _from_code(code, gazetteer)
    words = name_key(text).split()
    if alone := standing_alone(words, gazetteer):
        place = _choose(gazetteer.places_named(alone.name), near, words, gazetteer)
        if place and (not alone.common or _is_local_town(place, near)):
            return _from_place(place, gazetteer)
        return None
    for span in named_spans(words, gazetteer, strict=True):
        place = _choose(gazetteer.places_named(span.name), near, words, gazetteer)
        if place and (not span.common or place.population >= TOWN):
            return _from_place(place, gazetteer)
    return None


def place_from_pin(lat: float, lon: float, gazetteer: Gazetteer) -> PlaceFound | NotInUk:
    """The place of a shared location, NotInUk at sea and abroad."""
    at = round(lat, PIN_DECIMALS), round(lon, PIN_DECIMALS)
    if not (49 <= lat <= 61.5 and -9 <= lon <= 2.5):
        return NotInUk()
    if near := gazetteer.nearest_spot(lat, lon, PIN_MOST_KM):
        district = _district(near.spot.outcode, gazetteer)
        if near.km > max(PIN_REACH_KM, district.r90_km / 3) and not near.is_among:
            return NotInUk()
        return _at_pin(at, _called(at, district, gazetteer), district, near.spot.sector)
    district = gazetteer.nearest_outcode(lat, lon)
    if district.country in ("England", "Scotland", "Wales"):  # their postcodes were searched above
        return NotInUk()
    # Elsewhere only the middles of districts are open data.
    if haversine_km(at, (district.lat, district.lon)) > max(PIN_REACH_KM, 1.2 * district.r90_km):
        return NotInUk()
    if district.country == "Northern Ireland" and gazetteer.is_across_irish_border(lat, lon):
        return NotInUk()
    return _at_pin(at, _called(at, district, gazetteer), district, None)


def _at_pin(at: Point, name: str, district: Outcode, sector: str | None) -> PlaceFound:
    label = f"{name} ({district.outcode})"
    return PlaceFound(label, district.outcode, sector, *at, "pin", PIN_ERROR_KM, district.country)


def _is_live(text: str, gazetteer: Gazetteer) -> bool:
    code = find_code(text, gazetteer, strict=True)
    return code is not None and code.spot is not None


def _from_code(code: Code, gazetteer: Gazetteer) -> PlaceFound:
    district = _district(code.outcode, gazetteer)
    if spot := code.spot:
        at = spot.lat, spot.lon
        label = f"{_called(at, district, gazetteer)} ({spot.sector})"
        return PlaceFound(
            label,
            code.outcode,
            spot.sector,
            *at,
            "postcode",
            POSTCODE_ERROR_KM,
            district.country,
        )
    if code.sector and (sector := gazetteer.sector(code.sector)):
        at, error = (sector.lat, sector.lon), max(sector.r90_km, POSTCODE_ERROR_KM)
        label = f"{_called(at, district, gazetteer)} ({sector.sector})"
        return PlaceFound(
            label, code.outcode, sector.sector, *at, "sector", error, district.country
        )
    at, error = (district.lat, district.lon), max(district.r90_km, 0.5)
    label = f"{district.town or district.place} ({district.outcode})"
    return PlaceFound(label, district.outcode, None, *at, "district", error, district.country)


def _district(outcode: str, gazetteer: Gazetteer) -> Outcode:
    district = gazetteer.outcode(outcode)
    if district is None:
        raise LookupError(f"no district {outcode}")
    return district


def _called(at: Point, district: Outcode, gazetteer: Gazetteer) -> str:
    """The village or part of town that a point is in, else the district's town."""
    own = [p for p in gazetteer.places_in(district.outcode) if p.population or p.error_km < 1.5]
    nearest = min(own, key=lambda p: haversine_km(at, (p.lat, p.lon)), default=None)
    if nearest and haversine_km(at, (nearest.lat, nearest.lon)) <= NAMED_AFTER_KM:
        return nearest.name
    return district.town or district.place


def _from_place(place: Place, gazetteer: Gazetteer) -> PlaceFound:
    district = place.outcodes[0]
    label = f"{place.name} ({district})" if len(place.outcodes) == 1 else place.name
    country = _district(district, gazetteer).country
    return PlaceFound(label, district, None, place.lat, place.lon, "place", place.error_km, country)


def _from_span(
    span: Span, words: list[str], gazetteer: Gazetteer, near: Point | None
) -> PlaceFound | DidYouMean | NotInUk:
    named = gazetteer.places_named(span.name)
    place = _choose(named, near, words, gazetteer)
    if gazetteer.is_abroad(span.name) and not (place and _is_local(place, near)):
        return NotInUk()
    options = gazetteer.suggest(span.name, near)
    if place is None:
        return _did_you_mean(options, gazetteer)
    near_or_named = _is_local(place, near, SURELY_KM) or _is_qualified(place, words, gazetteer)
    doubtful = near is not None and place.population < TOWN and not near_or_named
    if doubtful and options and options[0] != place:
        return _did_you_mean(options, gazetteer)
    return _from_place(place, gazetteer)


def _choose(
    places: list[Place], near: Point | None, words: list[str], gazetteer: Gazetteer
) -> Place | None:
    """The one place of a name that is meant, None if that cannot be told."""
    places = [p for p in places if _is_qualified(p, words, gazetteer)] or places
    if len(places) == 1:
        return places[0]
    if near is not None:
        local = sorted((haversine_km(near, (p.lat, p.lon)), i) for i, p in enumerate(places))
        first, second = local[0], local[1]
        if first[0] <= LOCAL_KM and second[0] > 2 * first[0]:
            return places[first[1]]
        if first[0] <= LOCAL_KM:
            return None
    first_place, second_place = places[0], places[1]
    known = first_place.population >= FAMOUS
    return first_place if known and first_place.population >= 10 * second_place.population else None


def _is_qualified(place: Place, words: list[str], gazetteer: Gazetteer) -> bool:
    """Whether the text also names the county, country or town ("Newport, Wales")."""
    own = f" {name_key(place.name)} "
    rest = f" {' '.join(words)} ".replace(own, "  ", 1)
    names = [place.county, place.country, _district(place.outcodes[0], gazetteer).town]
    return any(name and f" {name_key(name)} " in rest for name in names)


def _is_local(place: Place, near: Point | None, within_km: float = LOCAL_KM) -> bool:
    return near is not None and haversine_km(near, (place.lat, place.lon)) <= within_km


def _is_local_town(place: Place, near: Point | None) -> bool:
    return place.population >= 1000 and _is_local(place, near)


def _did_you_mean(places: Iterable[Place], gazetteer: Gazetteer) -> DidYouMean:
    options = []
    for place in places:
        found = _from_place(place, gazetteer)
        district = _district(found.district, gazetteer)
        where = next(
            (w for w in (place.county, district.town, found.country) if w not in ("", place.name)),
            "",
        )
        options.append(replace(found, label=f"{place.name}, {where} ({found.district})"))
    return DidYouMean(tuple(options))

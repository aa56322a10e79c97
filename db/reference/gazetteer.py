"""The gazetteer: where postcodes, districts and named places of the United Kingdom are.

Data access only: it answers exact questions about the shipped files (see LICENCES.md). Making
sense of what people type is the work of `handlers.services.places`.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, cos, hypot, radians
from pathlib import Path
from statistics import fmean

from db.reference.distance import haversine_km
from db.reference.districts import Cells, Outcode, families, load_outcodes, nearest_first
from db.reference.names import name_key
from db.reference.place_index import Place, PlaceIndex
from db.reference.postcode_file import PostcodeFile

HERE = Path(__file__).parent
KM_PER_DEGREE = 111.2
NEIGHBOURS = 8  # districts that may hold the postcode nearest to a position


@dataclass(frozen=True, slots=True)
class Spot:
    """One live postcode: "DN37 7DL", its sector "DN37 7" and district "DN37", WGS84 degrees."""

    postcode: str
    sector: str
    outcode: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Sector:
    """The middle of a sector's live postcodes; 90 % of them lie within `r90_km`."""

    sector: str
    outcode: str
    lat: float
    lon: float
    r90_km: float
    postcodes: int


@dataclass(frozen=True, slots=True)
class NearbySpot:
    """The live postcode nearest to a position, and how far off it is.

    `is_among`: the position lies inside the rectangle of a sector, so it is hardly at sea.
    """

    spot: Spot
    km: float
    is_among: bool


class Gazetteer:
    """Answers from the files; opening it takes a fraction of a second and little memory."""

    def __init__(self, postcodes: PostcodeFile, outcodes: dict[str, Outcode], names: PlaceIndex):
        self._postcodes = postcodes
        self._outcodes = outcodes
        self._families = families(outcodes.values())
        self._cells = Cells(outcodes.values())
        self._names = names
        self._abroad, self._irish_border = _load_abroad(HERE / "abroad.csv")
        self.sector = lru_cache(maxsize=512)(self._sector)  # takes "DN37 7" or "DN377"
        self._derived = lru_cache(maxsize=512)(self._derive)

    @classmethod
    def open(cls, override: Path | None = None) -> "Gazetteer":
        """Load the shipped data; `override` is a postcode file made by `import_postcodes`."""
        postcodes = PostcodeFile(override or HERE / "postcodes.bin")
        outcodes = load_outcodes(HERE / "outcodes.csv")
        names = PlaceIndex(HERE / "places.tsv")
        names.warm()  # 50 ms now, so that nobody's first question waits for it
        return cls(postcodes, outcodes, names)

    def postcode(self, postcode: str) -> Spot | None:
        """A live postcode of Great Britain, in any case and spacing."""
        plain = _plain(postcode)
        if len(plain) < 5 or (at := self._postcodes.position(plain[:-2], plain[-2:])) is None:
            return None
        return _spot(plain, *at)

    def _sector(self, sector: str) -> Sector | None:
        plain = _plain(sector)
        points = [(lat, lon) for _, lat, lon in self._postcodes.units(plain)]
        if not points:
            return None
        middle = fmean(p[0] for p in points), fmean(p[1] for p in points)
        apart = sorted(haversine_km(middle, p) for p in points)
        r90 = apart[ceil(0.9 * len(apart)) - 1]
        name = f"{plain[:-1]} {plain[-1]}"
        return Sector(name, plain[:-1], *middle, r90, len(points))

    def outcode(self, outcode: str) -> Outcode | None:
        """A live district of the United Kingdom, the Channel Islands or the Isle of Man.

        Also what people call one: "SW1" is all of SW1A to SW1Y. A district that is only in the
        imported postcodes is put at the middle of its sectors.
        """
        plain = _plain(outcode)
        return self._outcodes.get(plain) or self._derived(plain)

    def _derive(self, outcode: str) -> Outcode | None:
        parts: list[Outcode | Sector] = [*self._families.get(outcode, ())]
        parts = parts or [s for digit in "0123456789" if (s := self.sector(outcode + digit))]
        if not parts:
            return None
        middle = fmean(p.lat for p in parts), fmean(p.lon for p in parts)
        r90 = max(haversine_km(middle, (p.lat, p.lon)) + p.r90_km for p in parts)
        like = self.nearest_outcode(*middle)
        return Outcode(outcode, *middle, r90, like.place, like.town, like.country)

    def places_named(self, name: str) -> list[Place]:
        """The places of exactly that name (case, hyphens, "St"/"Saint" aside), largest first."""
        return self._names.named(name_key(name))

    def suggest(
        self, name: str, near: tuple[float, float] | None = None, limit: int = 3
    ) -> list[Place]:
        """Places that may be meant by a misspelt or shortened name, the likeliest first."""
        return self._names.suggest(name_key(name), near, limit)

    def places_in(self, outcode: str) -> list[Place]:
        """The named places that lie in a district."""
        return self._names.in_outcode(outcode)

    def nearest_outcodes(self, lat: float, lon: float, limit: int) -> list[Outcode]:
        """The districts whose middles are nearest, the nearest first."""
        around = self._cells.around(lat, lon)
        if len(around) < limit or haversine_km((lat, lon), _point(around[0])) > Cells.SURE_KM:
            around = nearest_first(self._outcodes.values(), lat, lon)
        return around[:limit]

    def nearest_outcode(self, lat: float, lon: float) -> Outcode:
        """The district whose middle is nearest, however far that is."""
        return self.nearest_outcodes(lat, lon, 1)[0]

    def nearest_spot(self, lat: float, lon: float, within_km: float) -> NearbySpot | None:
        """The live postcode nearest to a position, None if there is none `within_km`.

        Looks at the sectors of the nearest districts, and only at those that reach near enough.
        """
        best: NearbySpot | None = None
        reach = within_km
        sectors = sorted(self._sectors_near(lat, lon))
        is_among = bool(sectors) and sectors[0][0] == 0
        for off, sector in sectors:
            if off > reach:
                break
            if unit := self._postcodes.nearest(sector, lat, lon):
                spot = _spot(sector + unit[0], *unit[1:])
                km = haversine_km((lat, lon), (spot.lat, spot.lon))
                if km <= reach:
                    best, reach = NearbySpot(spot, km, is_among), km
        return best

    def _sectors_near(self, lat: float, lon: float) -> Iterator[tuple[float, str]]:
        """The sectors of the nearest districts, with how many km off their rectangles are."""
        for district in self.nearest_outcodes(lat, lon, NEIGHBOURS):
            for digit in "0123456789":
                sector = district.outcode + digit
                if box := self._postcodes.box(sector):
                    yield _km_from_box(lat, lon, box), sector

    def is_abroad(self, name: str) -> bool:
        """Whether a name is that of a well-known country or town outside the kingdom."""
        return name_key(name) in self._abroad

    def is_across_irish_border(self, lat: float, lon: float) -> bool:
        """Whether a position in Ireland is nearer to a town of the Republic than to one of ours.

        There are no open boundary or postcode positions for Northern Ireland to decide it better.
        """
        here = (lat, lon)
        theirs = min(haversine_km(here, town) for town in self._irish_border)
        ours = min(haversine_km(here, town) for town in self._names.northern_irish())
        return theirs < ours


def _km_from_box(lat: float, lon: float, box: tuple[float, float, float, float]) -> float:
    south, west, north, east = box
    up = max(south - lat, 0, lat - north)
    across = max(west - lon, 0, lon - east) * cos(radians(lat))
    return KM_PER_DEGREE * hypot(up, across)


def _point(outcode: Outcode) -> tuple[float, float]:
    return outcode.lat, outcode.lon


def _plain(code: str) -> str:
    return "".join(c for c in code.upper() if c.isalnum())


def _spot(plain: str, lat: float, lon: float) -> Spot:
    outward, inward = plain[:-3], plain[-3:]
    return Spot(f"{outward} {inward}", f"{outward} {inward[0]}", outward, lat, lon)


def _load_abroad(path: Path) -> tuple[frozenset[str], list[tuple[float, float]]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    border = [(float(r["lat"]), float(r["lon"])) for r in rows if r["lat"]]
    return frozenset(name_key(r["name"]) for r in rows), border

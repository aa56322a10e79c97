"""Postcode districts ("DN37"), and which of them are nearest."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, floor, hypot, radians
from pathlib import Path

UNKNOWN_R90_KM = 5.0  # a district whose spread the source does not give


@dataclass(frozen=True, slots=True)
class Outcode:
    """A postcode district: its middle, most populous place, and nearest town of 10,000."""

    outcode: str
    lat: float
    lon: float
    r90_km: float
    place: str
    town: str
    country: str


class Cells:
    """The districts in squares of half a degree, so that a search looks at neighbours only."""

    SIZE = 0.5
    SURE_KM = 25.0  # less than the width of a square anywhere in the kingdom

    def __init__(self, outcodes: Iterable[Outcode]) -> None:
        self._cells: dict[tuple[int, int], list[Outcode]] = defaultdict(list)
        for outcode in outcodes:
            self._cells[self._cell(outcode.lat, outcode.lon)].append(outcode)

    def _cell(self, lat: float, lon: float) -> tuple[int, int]:
        return floor(lat / self.SIZE), floor(lon / self.SIZE)

    def around(self, lat: float, lon: float) -> list[Outcode]:
        """The districts of the nine squares round a position, the nearest first."""
        row, column = self._cell(lat, lon)
        squares = ((row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1))
        return nearest_first((o for s in squares for o in self._cells.get(s, ())), lat, lon)


def families(outcodes: Iterable[Outcode]) -> dict[str, list[Outcode]]:
    """The districts that people call by one name: "SW1" for SW1A, SW1E and so on."""
    found: dict[str, list[Outcode]] = defaultdict(list)
    for outcode in outcodes:
        if outcode.outcode[-1].isalpha():
            found[outcode.outcode[:-1]].append(outcode)
    return found


def nearest_first(outcodes: Iterable[Outcode], lat: float, lon: float) -> list[Outcode]:
    """Sorted by distance, on a flat map: right enough to rank neighbours."""
    shrink = cos(radians(lat))
    return sorted(outcodes, key=lambda o: hypot(o.lat - lat, (o.lon - lon) * shrink))


def load_outcodes(path: Path) -> dict[str, Outcode]:
    """The districts of outcodes.csv by their code."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["outcode"]: Outcode(
                row["outcode"],
                float(row["lat"]),
                float(row["lon"]),
                float(row["r90_km"]) if row["r90_km"] else UNKNOWN_R90_KM,
                row["place"],
                row["town"],
                row["country"],
            )
            for row in csv.DictReader(file)
        }

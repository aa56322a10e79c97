"""The compact file of postcodes: 1.7 million positions in under 6 MB, read in place.

Layout, little-endian. Header: magic, number of sectors, number of postcodes. Then one record a
sector in order of its key ("DN377"), then the positions. A sector's record holds its lowest
latitude and longitude in ten-thousandths of a degree (about 11 m), how many bits a difference
takes, where its positions start, and a map of 400 bits that says which of the 20 x 20 possible
units ("DL") exist. The position of a unit is found by counting the bits before its own.
"""

import mmap
import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import cos, radians
from pathlib import Path

UNIT_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"  # Royal Mail never uses C I K M O V here
SCALE = 10_000
_MAGIC = b"KLPOSTC1"
_HEADER = struct.Struct("<8sII")
_SECTOR = struct.Struct("<6siiBBI50s")
_PADDING = bytes(16)  # so that a read past the last position stays inside the file

# One sector's units: unit index (0-399) -> (latitude, longitude) in ten-thousandths of a degree.
Units = Mapping[int, tuple[int, int]]


def unit_index(unit: str) -> int | None:
    """0 to 399 for the last two letters of a postcode, None if they cannot be."""
    first, second = UNIT_LETTERS.find(unit[0]), UNIT_LETTERS.find(unit[1])
    return None if first < 0 or second < 0 else first * 20 + second


def unit_letters(index: int) -> str:
    """The two letters of a unit index."""
    return UNIT_LETTERS[index // 20] + UNIT_LETTERS[index % 20]


class NotAPostcodeFile(ValueError):
    """The file is not one that `write` made."""


@dataclass(frozen=True, slots=True)
class _Record:
    lat0: int
    lon0: int
    lat_bits: int
    lon_bits: int
    start: int
    units: int

    def box(self) -> tuple[float, float, float, float]:
        """A rectangle round all positions: south, west, north, east in degrees."""
        return (
            self.lat0 / SCALE,
            self.lon0 / SCALE,
            (self.lat0 + (1 << self.lat_bits)) / SCALE,
            (self.lon0 + (1 << self.lon_bits)) / SCALE,
        )


def write(target: Path, sectors: Iterable[tuple[str, Units]]) -> int:
    """Write the file (all of it or none of it) and return how many postcodes it holds.

    `sectors` must come in order of their keys. The same input gives the same bytes.
    """
    records: list[bytes] = []
    body = bytearray()
    total = 0
    for key, units in sectors:
        records.append(_pack_sector(key, units, body))
        total += len(units)
    shift = _HEADER.size + _SECTOR.size * len(records)
    part = target.with_name(target.name + ".part")
    with part.open("wb") as file:
        file.write(_HEADER.pack(_MAGIC, len(records), total))
        for record in records:
            *fields, start, bitmap = _SECTOR.unpack(record)
            file.write(_SECTOR.pack(*fields, start + shift, bitmap))
        file.write(body + _PADDING)
    os.replace(part, target)
    return total


def _pack_sector(key: str, units: Units, body: bytearray) -> bytes:
    """Append the positions to `body`; return the sector's record, its start counted in `body`."""
    lat0 = min(lat for lat, _ in units.values())
    lon0 = min(lon for _, lon in units.values())
    lat_bits = (max(lat for lat, _ in units.values()) - lat0).bit_length()
    lon_bits = (max(lon for _, lon in units.values()) - lon0).bit_length()
    bitmap = packed = 0
    for rank, index in enumerate(sorted(units)):
        lat, lon = units[index]
        bitmap |= 1 << index
        packed |= ((lat - lat0) | (lon - lon0) << lat_bits) << (rank * (lat_bits + lon_bits))
    start = len(body)
    body += packed.to_bytes((len(units) * (lat_bits + lon_bits) + 7) // 8, "little")
    name = key.encode("ascii")
    return _SECTOR.pack(name, lat0, lon0, lat_bits, lon_bits, start, bitmap.to_bytes(50, "little"))


class PostcodeFile:
    """Reads a postcode file through a memory map: only the pages asked for are ever loaded."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            head = file.read(_HEADER.size)
            if len(head) < _HEADER.size or not head.startswith(_MAGIC):
                raise NotAPostcodeFile(f"{path.name} is not a Kitline postcode file")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        _, self.sector_count, self.postcode_count = _HEADER.unpack(head)
        self._numbers = {self._key(n): n for n in range(self.sector_count)}

    def close(self) -> None:
        self._map.close()

    def position(self, sector: str, unit: str) -> tuple[float, float] | None:
        """Latitude and longitude of a postcode given as "DN377" and "DL"."""
        record, index = self._record(sector), unit_index(unit)
        if record is None or index is None or not record.units >> index & 1:
            return None
        rank = (record.units & ((1 << index) - 1)).bit_count()
        return self._read(record, rank)

    def units(self, sector: str) -> Iterator[tuple[str, float, float]]:
        """Every (unit letters, latitude, longitude) of a sector."""
        if (record := self._record(sector)) is None:
            return
        places = [index for index in range(400) if record.units >> index & 1]
        for index, (lat, lon) in zip(places, self._differences(record), strict=True):
            at = (record.lat0 + lat) / SCALE, (record.lon0 + lon) / SCALE
            yield unit_letters(index), *at

    def nearest(self, sector: str, lat: float, lon: float) -> tuple[str, float, float] | None:
        """The (unit letters, latitude, longitude) of a sector nearest to a position.

        Ranks on a flat map, in whole numbers: this is the inner loop of every pin.
        """
        if (record := self._record(sector)) is None:
            return None
        up, across = round(lat * SCALE) - record.lat0, round(lon * SCALE) - record.lon0
        shrink = cos(radians(lat)) ** 2
        apart = [
            (north - up) ** 2 + shrink * (east - across) ** 2
            for north, east in self._differences(record)
        ]
        rank = apart.index(min(apart))
        index = [i for i in range(400) if record.units >> i & 1][rank]
        return unit_letters(index), *self._read(record, rank)

    def box(self, sector: str) -> tuple[float, float, float, float] | None:
        """A rectangle (south, west, north, east) that holds the sector, None if there is none."""
        record = self._record(sector)
        return record.box() if record else None

    def sectors(self) -> Iterator[str]:
        """Every sector key, in order."""
        return iter(self._numbers)

    def _key(self, number: int) -> str:
        at = _HEADER.size + number * _SECTOR.size
        return self._map[at : at + 6].rstrip(b"\0").decode("ascii")

    def _record(self, sector: str) -> _Record | None:
        if (number := self._numbers.get(sector)) is None:
            return None
        fields = _SECTOR.unpack_from(self._map, _HEADER.size + number * _SECTOR.size)
        _, lat0, lon0, lat_bits, lon_bits, start, units = fields
        return _Record(lat0, lon0, lat_bits, lon_bits, start, int.from_bytes(units, "little"))

    def _differences(self, record: _Record) -> list[tuple[int, int]]:
        """Every position of a sector, from its south-west corner, in ten-thousandths."""
        width, count = record.lat_bits + record.lon_bits, record.units.bit_count()
        end = record.start + (count * width + 7) // 8
        bits = int.from_bytes(self._map[record.start : end], "little")
        lat_mask, mask = (1 << record.lat_bits) - 1, (1 << width) - 1
        raw = [bits >> shift & mask for shift in range(0, count * width, width)] if width else []
        return [(n & lat_mask, n >> record.lat_bits) for n in raw] or [(0, 0)] * count

    def _read(self, record: _Record, rank: int) -> tuple[float, float]:
        width = record.lat_bits + record.lon_bits
        at, shift = divmod(rank * width, 8)
        raw = self._map[record.start + at : record.start + at + 10]
        bits = int.from_bytes(raw, "little") >> shift
        lat = record.lat0 + (bits & ((1 << record.lat_bits) - 1))
        lon = record.lon0 + (bits >> record.lat_bits & ((1 << record.lon_bits) - 1))
        return lat / SCALE, lon / SCALE

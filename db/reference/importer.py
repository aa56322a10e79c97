"""Newer postcodes: Code-Point Open or an ONS directory into the file that the gazetteer reads.

Code-Point Open: CSV without a header, one file an area; postcode, quality, easting, northing.
ONSPD and NSPL: CSV with a header. Its column names carry moving two-digit years, so only the ones
that never move are used: `pcds`, `doterm` (empty = live), `lat`, `long`.
"""

import csv
import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import IO
from zipfile import ZipFile, is_zipfile

from db.reference.osgb import grid_to_wgs84
from db.reference.postcode_file import SCALE, Units, unit_index, write

Progress = Callable[[int, int], None]
Opener = Callable[[], IO[bytes]]
ONS_COLUMNS = ("pcds", "doterm", "lat", "long")
POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}")
ROWS_BETWEEN_REPORTS = 20_000
BAD_LINES_NAMED = 10


class NotPostcodes(ValueError):
    """The source holds no postcode list that we can read; the message says what was wrong."""


@dataclass(slots=True)
class ImportReport:
    """What an import did. `bad` names the first few lines that could not be read, and why."""

    kind: str = ""
    files: int = 0
    rows: int = 0
    written: int = 0
    no_longer_used: int = 0
    northern_ireland: int = 0
    without_position: int = 0
    bad_rows: int = 0
    bad: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    size: int
    open: Opener


def import_postcodes(source: Path, target: Path, progress: Progress) -> ImportReport:
    """Read a zip, a folder or one CSV and write a postcode file to `target`.

    `progress` is called with bytes done and bytes in all. Nothing is written when no postcode was
    found; `target` is replaced in one step.
    """
    report = ImportReport()
    # Unit, latitude, longitude in a row: as objects, the whole country would take 400 MB.
    sectors: dict[str, array[int]] = defaultdict(lambda: array("i"))
    with _files(source) as found:
        report.kind, files = _choose(found)
        total = sum(file.size for file in files)
        done = 0
        for file in files:
            _read(file, report, sectors, _counting_from(done, total, progress))
            done += file.size
            report.files += 1
    if not sectors:
        raise NotPostcodes(f"{source.name}: no live postcode with a position was found")
    report.written = write(target, ((key, _units(sectors[key])) for key in sorted(sectors)))
    progress(total, total)
    return report


def _counting_from(before: int, total: int, progress: Progress) -> Callable[[int], None]:
    return lambda done: progress(before + done, total)


def _units(flat: "array[int]") -> Units:
    return {flat[i]: (flat[i + 1], flat[i + 2]) for i in range(0, len(flat), 3)}


@contextmanager
def _files(source: Path) -> Iterator[list[_File]]:
    """Every CSV file in the source, whatever it holds."""
    if not source.exists():
        raise NotPostcodes(f"{source.name}: no such file or folder")
    if source.is_dir():
        paths = sorted(p for p in source.rglob("*") if p.suffix.lower() == ".csv")
        yield [_on_disk(path) for path in paths]
    elif is_zipfile(source):
        with ZipFile(source) as archive:
            names = sorted(n for n in archive.namelist() if n.lower().endswith(".csv"))
            yield [_zipped(archive, name) for name in names]
    else:
        yield [_on_disk(source)]


def _on_disk(path: Path) -> _File:
    return _File(path.name, path.stat().st_size, lambda: path.open("rb"))


def _zipped(archive: ZipFile, name: str) -> _File:
    return _File(name, archive.getinfo(name).file_size, lambda: archive.open(name))


def _choose(files: list[_File]) -> tuple[str, list[_File]]:
    """The kind of source, and those of its files that hold postcodes."""
    kinds: dict[str, list[_File]] = {"ONS": [], "Code-Point Open": []}
    for file in files:
        if kind := _kind(_first_row(file)):
            kinds[kind].append(file)
    if kinds["ONS"]:
        # The ONS zip holds the list twice: whole, and again in one file an area.
        whole = [f for f in kinds["ONS"] if "multi_csv" not in f.name]
        return "ONS", whole or kinds["ONS"]
    if kinds["Code-Point Open"]:
        return "Code-Point Open", kinds["Code-Point Open"]
    raise NotPostcodes("no Code-Point Open, ONSPD or NSPL list of postcodes in it")


def _kind(row: list[str]) -> str:
    if {"pcds", "lat", "long"} <= {cell.strip().lower() for cell in row}:
        return "ONS"
    looks_right = len(row) >= 4 and POSTCODE.fullmatch(_plain(row[0])) is not None
    return "Code-Point Open" if looks_right and row[2].strip().isdigit() else ""


@contextmanager
def _rows(file: _File) -> Iterator[Iterator[list[str]]]:
    with file.open() as raw, TextIOWrapper(raw, "utf-8-sig", errors="replace", newline="") as text:
        yield csv.reader(text)


def _first_row(file: _File) -> list[str]:
    with _rows(file) as rows:
        return next(rows, [])


def _read(
    file: _File,
    report: ImportReport,
    sectors: "dict[str, array[int]]",
    progress: Callable[[int], None],
) -> None:
    with _rows(file) as rows:
        columns = _ons_columns(next(rows)) if report.kind == "ONS" else None
        done = 0
        for number, row in enumerate(rows, start=1 if columns is None else 2):
            report.rows += 1
            done += sum(map(len, row)) + 3 * len(row)  # about the bytes of the line
            if number % ROWS_BETWEEN_REPORTS == 0:
                progress(min(done, file.size))
            try:
                _take(row, columns, report, sectors)
            except (ValueError, IndexError) as error:
                report.bad_rows += 1
                if len(report.bad) < BAD_LINES_NAMED:
                    report.bad.append(f"{file.name} line {number}: {error}")


def _ons_columns(header: list[str]) -> tuple[int, ...]:
    names = [cell.strip().lower() for cell in header]
    if missing := [c for c in ONS_COLUMNS if c not in names]:
        raise NotPostcodes(f"the list has no column {', '.join(missing)}")
    return tuple(names.index(column) for column in ONS_COLUMNS)


def _take(
    row: list[str],
    columns: tuple[int, ...] | None,
    report: ImportReport,
    sectors: "dict[str, array[int]]",
) -> None:
    """Add one row's postcode, or count why not. ValueError if the row cannot be read."""
    postcode = _plain(row[columns[0] if columns else 0])
    if not POSTCODE.fullmatch(postcode) or (unit := unit_index(postcode[-2:])) is None:
        raise ValueError(f"{postcode!r} is not a postcode")
    if postcode.startswith("BT"):  # not free to re-use, see LICENCES.md
        report.northern_ireland += 1
    elif columns and row[columns[1]].strip():
        report.no_longer_used += 1
    elif (at := _ons_position(row, columns) if columns else _grid_position(row)) is None:
        report.without_position += 1
    else:
        sectors[postcode[:-2]].extend((unit, round(at[0] * SCALE), round(at[1] * SCALE)))


def _ons_position(row: list[str], columns: tuple[int, ...]) -> tuple[float, float] | None:
    lat, lon = float(row[columns[2]] or 99), float(row[columns[3]] or 0)
    return (lat, lon) if lat < 90 else None  # 99.999999 is the ONS's "no position"


def _grid_position(row: list[str]) -> tuple[float, float] | None:
    quality, easting, northing = int(row[1]), float(row[2]), float(row[3])
    return None if quality == 90 or easting == 0 else grid_to_wgs84(easting, northing)


def _plain(postcode: str) -> str:
    return postcode.replace(" ", "").upper()

"""Builds the data files of this folder from the open data they come from.

    python -m db.reference.build SOURCE_FOLDER

SOURCE_FOLDER holds (columns in brackets; where to get them is in LICENCES.md):
  gb_postcodes.csv.xz  [postcode, lat, lon] every live postcode of Great Britain
  uk_outcodes.csv      [outcode, lat, lon, place, town, country, postcodes, r90_km, source]
  uk_places.csv        [name, outcode, lat, lon, county, country, population, accuracy]
It writes postcodes.bin, outcodes.csv and places.tsv, the same bytes every time, and then reads
every postcode back. To refresh only the postcodes, use `kitline postcodes import` instead.
"""

import csv
import html
import lzma
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby
from math import pi, sqrt
from pathlib import Path
from statistics import fmean

from db.reference.distance import haversine_km
from db.reference.names import name_key
from db.reference.postcode_file import SCALE, PostcodeFile, unit_index, write

HERE = Path(__file__).parent
Row = dict[str, str]
Point = tuple[float, float]

PEOPLE_PER_KM2 = 3000  # a British town, built-up area; turns a population into a radius
VILLAGE_KM = 1.0  # no named place is smaller than this
SAME_PLACE_KM = 6.0  # rows of one name nearer than this are one place
SAME_TOWN_KM = 30.0  # the same, if they have the same population


def read_postcodes(path: Path) -> Iterator[tuple[str, int, int]]:
    """("DN377DL", latitude, longitude) in ten-thousandths of a degree."""
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lat, lon = float(row["lat"]), float(row["lon"])
            yield row["postcode"], round(lat * SCALE), round(lon * SCALE)


def build_postcodes(source: Path, target: Path) -> int:
    """Pack the postcodes, read every one back and compare; returns how many there are."""
    sectors: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    for postcode, lat, lon in read_postcodes(source):
        index = unit_index(postcode[-2:])
        if index is None:
            raise ValueError(f"impossible unit in {postcode}")
        sectors[postcode[:-2]][index] = (lat, lon)
    total = write(target, sorted(sectors.items()))
    packed = PostcodeFile(target)
    for postcode, lat, lon in read_postcodes(source):
        if packed.position(postcode[:-2], postcode[-2:]) != (lat / SCALE, lon / SCALE):
            raise ValueError(f"{postcode} does not come back as it went in")
    packed.close()
    return total


def read_rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def clean_name(name: str) -> str:
    """The name without the slips of the source, "" if nobody calls a place that."""
    name = html.unescape(name.replace("&#40 ", "& ")).replace("’", "'").replace(" 0n ", " on ")
    name = re.split(r",", name)[0].strip()
    return "" if re.search("PO Boxes|County Borough", name) else re.sub(r"\s*\(.*\)", "", name)


def radius_km(population: int) -> float:
    """The radius of a round town of that many people, at least a village's."""
    return max(VILLAGE_KM, sqrt(population / PEOPLE_PER_KM2 / pi))


def point(row: Row) -> Point:
    return float(row["lat"]), float(row["lon"])


def one_place(seed: Row, row: Row) -> bool:
    """Whether two rows of the same name are parts of one place."""
    apart = haversine_km(point(seed), point(row))
    if seed["population"] == row["population"] != "0":
        return apart <= SAME_TOWN_KM
    return row["population"] == "0" and apart <= SAME_PLACE_KM + radius_km(int(seed["population"]))


def clusters(rows: list[Row]) -> list[list[Row]]:
    """Rows of one name, split into the places that bear it; the best row of each comes first."""
    found: list[list[Row]] = []
    order = sorted(
        rows, key=lambda r: (-int(r["population"]), r["accuracy"] != "place", r["outcode"])
    )
    for row in order:
        home = next((c for c in found if one_place(c[0], row)), None)
        if home is None:
            found.append([row])
        else:
            home.append(row)
    return found


def place_line(key: str, rows: list[Row], outcodes: dict[str, Row], county: str) -> str:
    """One line of places.tsv for one place."""
    exact = Counter(point(r) for r in rows if r["accuracy"] == "place")
    busiest: Counter[Point] = Counter()  # the centre is where most rows, then most addresses, are
    for row in rows:
        busiest[point(row)] += int(outcodes.get(row["outcode"], {}).get("postcodes") or 0)
    where = max(exact, key=lambda p: (exact[p], busiest[p], p)) if exact else point(rows[0])
    population = int(rows[0]["population"])
    error = radius_km(population)
    if population == 0:
        error = max([error, *(haversine_km(where, p) for p in exact)])

    def apart(code: str) -> tuple[float, str]:
        return haversine_km(where, point(outcodes[code])), code

    # The source names some districts that Royal Mail has given up (WD2): then the nearest live one.
    live = {r["outcode"] for r in rows} & outcodes.keys()
    codes = sorted(live, key=apart) or [min(outcodes, key=apart)]
    if not exact:
        error = max(error, float(outcodes[codes[0]]["r90_km"] or 0))
    country = rows[0]["country"] or outcodes[codes[0]]["country"]
    numbers = (f"{where[0]:.4f}", f"{where[1]:.4f}", f"{error:.1f}", str(population))
    return "\t".join((key, rows[0]["name"], county, country, *numbers, " ".join(codes)))


def extra_rows(path: Path, postcodes: PostcodeFile) -> list[Row]:
    """Places that no source has, put at the middle of the postcode sectors they lie in."""
    rows = []
    for row in read_rows(path):
        sectors = row["sectors"].split(";")
        units = [u for s in sectors for u in postcodes.units(s.replace(" ", ""))]
        where = {"lat": str(fmean(u[1] for u in units)), "lon": str(fmean(u[2] for u in units))}
        rest = {"outcode": sectors[0].split()[0], "population": "0", "accuracy": "place"}
        rows.append(row | where | rest)
    return rows


def counties(rows: list[Row]) -> dict[str, str]:
    """The county that most of a district's places name, for those that name none."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row["county"]:
            seen[row["outcode"]][row["county"]] += 1
    return {code: min(c, key=lambda name: (-c[name], name)) for code, c in seen.items()}


def build_places(rows: list[Row], outcodes: dict[str, Row]) -> Iterator[str]:
    """The lines of places.tsv in order of the name's key."""
    usual = counties(rows)
    named = [r | {"name": name} for r in rows if (name := clean_name(r["name"]))]
    named.sort(key=lambda r: name_key(r["name"]))
    for key, same in groupby(named, key=lambda r: name_key(r["name"])):
        for rows_of_place in clusters(list(same)):
            own = next((r["county"] for r in rows_of_place if r["county"]), "")
            county = own or usual.get(rows_of_place[0]["outcode"], "")
            yield place_line(key, rows_of_place, outcodes, county)


def write_outcodes(districts: list[Row], target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="\n") as file:
        writer = csv.DictWriter(file, list(districts[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(districts, key=lambda d: d["outcode"]))


def write_places(rows: list[Row], districts: list[Row], target: Path) -> int:
    lines = list(build_places(rows, {d["outcode"]: d for d in districts}))
    with target.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
    return len(lines)


def main(source: Path) -> None:
    """Build everything; the last line says what was made."""
    postcodes = build_postcodes(source / "gb_postcodes.csv.xz", HERE / "postcodes.bin")
    districts = read_rows(source / "uk_outcodes.csv")
    write_outcodes(districts, HERE / "outcodes.csv")
    extra = extra_rows(HERE / "extra_places.csv", PostcodeFile(HERE / "postcodes.bin"))
    rows = read_rows(source / "uk_places.csv") + extra
    places = write_places(rows, districts, HERE / "places.tsv")
    sys.stdout.write(f"{postcodes} postcodes, {len(districts)} districts, {places} places\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Named places: found by exact name, or by a misspelt or shortened one."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import exp, hypot, log10
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

MIN_FUZZY = 5  # a shorter word is too like too many others
SHORT_FORM = 5  # "stourport" may stand for Stourport-on-Severn, "sea" may not
LIKE_ENOUGH, WORD_LIKE_ENOUGH = 0.65, 0.8
FAR_BEHIND = 0.2  # a suggestion this much worse than the best only confuses
COMMON_WORD = 100  # a word in more names than this ("green") tells nothing
BY_START, BY_WORD = 0.95, 0.85  # how good "Malvern" is for Malvern Link, and for Great Malvern
NEAR_KM = 40.0  # the reach of a local service
KM_PER_DEGREE, SHRINK = 111.2, 0.6  # a degree of longitude at 53 north is so much shorter
NEAR_WEIGHT, PEOPLE_WEIGHT = 0.25, 0.03


@dataclass(frozen=True, slots=True)
class Place:
    """A village, town or city. `error_km`: its people live within about that far of the point.

    `outcodes` are its postcode districts, the one at the middle first; population 0 = unknown.
    """

    name: str
    county: str
    country: str
    lat: float
    lon: float
    error_km: float
    population: int
    outcodes: tuple[str, ...]


class PlaceIndex:
    """The lines of places.tsv by key; a line is only taken apart when it is asked for."""

    def __init__(self, path: Path) -> None:
        self._lines: dict[str, tuple[str, ...]] = {}
        with path.open(encoding="utf-8") as file:
            for line in file:
                key, rest = line.rstrip("\n").split("\t", 1)
                self._lines[key] = (*self._lines.get(key, ()), rest)

    def named(self, key: str) -> list[Place]:
        """The places with exactly this key, the most populous first."""
        return [_place(line) for line in self._lines.get(key, ())]

    def in_outcode(self, outcode: str) -> list[Place]:
        return [_place(line) for line in self._by_outcode.get(outcode, ())]

    def northern_irish(self) -> list[tuple[float, float]]:
        """Where the named places of Northern Ireland are."""
        return self._northern_irish

    def suggest(self, key: str, near: tuple[float, float] | None, limit: int) -> list[Place]:
        """The likeliest places, by likeness first, then nearness and population."""
        if len(key) < MIN_FUZZY:
            return self.named(key)[:limit]
        likeness = self._alike(key)
        scored = [
            (_score(place, like, near), place)
            for name, like in likeness.items()
            for place in self.named(name)
        ]
        scored.sort(key=lambda pair: (-pair[0], pair[1].name, pair[1].county))
        return [place for score, place in scored[:limit] if score > scored[0][0] - FAR_BEHIND]

    def _alike(self, key: str) -> dict[str, float]:
        """Keys of places that the key may stand for, with how alike they are (0 to 1)."""
        found: dict[str, float] = {}
        for name, like in self._within_slips(key):
            if name in self._lines:
                found[name] = max(like, found.get(name, 0))
            for longer in self._by_word.get(name, ()) if like >= WORD_LIKE_ENOUGH else ():
                share = BY_START if longer.startswith(name) else BY_WORD
                found[longer] = max(like * share, found.get(longer, 0))
        return found

    def _within_slips(self, key: str) -> Iterable[tuple[str, float]]:
        """Names and words of names that a few slips of the finger turn into the key."""
        slips = 1 if len(key) <= 4 else 2 if len(key) <= 8 else 3
        for length in range(len(key) - slips, len(key) + slips + 1):
            for end in (key[0] + "*", "*" + key[-1]):
                for name, distance, _ in process.extract(
                    key,
                    self._by_shape.get((length, end), ()),
                    scorer=OSA.distance,
                    score_cutoff=slips,
                    limit=40,
                ):
                    like = 1 - distance / max(len(key), len(name))
                    if like >= LIKE_ENOUGH:
                        yield name, like

    @cached_property
    def _by_word(self) -> dict[str, list[str]]:
        """Every long enough word of the names of several words, with those names."""
        found: dict[str, list[str]] = defaultdict(list)
        for key in self._lines:
            if " " in key:
                for word in key.split():
                    if len(word) >= SHORT_FORM:
                        found[word].append(key)
        return {word: names for word, names in found.items() if len(names) <= COMMON_WORD}

    @cached_property
    def _by_shape(self) -> dict[tuple[int, str], list[str]]:
        """Names by length and first letter, and by length and last: few slips touch both ends."""
        found: dict[tuple[int, str], list[str]] = defaultdict(list)
        for name in sorted(self._lines.keys() | self._by_word.keys()):
            found[len(name), name[0] + "*"].append(name)
            found[len(name), "*" + name[-1]].append(name)
        return dict(found)

    @cached_property
    def _by_outcode(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for lines in self._lines.values():
            for line in lines:
                for code in line.rsplit("\t", 1)[1].split():
                    found[code].append(line)
        return dict(found)

    @cached_property
    def _northern_irish(self) -> list[tuple[float, float]]:
        lines = (line for lines in self._lines.values() for line in lines)
        places = [_place(line) for line in lines if "\tNorthern Ireland\t" in line]
        return [(p.lat, p.lon) for p in places]

    def warm(self) -> None:
        """Build what the first fuzzy question would otherwise wait for."""
        _ = self._by_shape, self._by_outcode, self._northern_irish


@lru_cache(maxsize=4096)
def _place(line: str) -> Place:
    name, county, country, lat, lon, error, population, codes = line.split("\t")
    return Place(
        name,
        county,
        country,
        float(lat),
        float(lon),
        float(error),
        int(population),
        tuple(codes.split()),
    )


def _score(place: Place, like: float, near: tuple[float, float] | None) -> float:
    score = like + PEOPLE_WEIGHT * log10(place.population + 1)
    if near is not None:
        # A flat map: this only ranks, and for a popular name it is asked hundreds of times.
        across = (place.lon - near[1]) * SHRINK
        score += NEAR_WEIGHT * exp(-KM_PER_DEGREE * hypot(place.lat - near[0], across) / NEAR_KM)
    return score

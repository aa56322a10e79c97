"""Which words of a message may be the name of a place."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from db.reference.gazetteer import Gazetteer

LONGEST = 5  # words in a name ("Ashby de la Zouch" has four)
BEFORE_A_PLACE = frozenset({"in", "at", "near", "from"})
LOOSELY_BEFORE = BEFORE_A_PLACE | {"by", "around", "round", "outside", "to", "nr", "off"}

_WHERE = "im am is are hes shes were live living lives staying based located ahm"
_STREETS = """street st road rd lane ln avenue ave drive dr close crescent terrace way court ct
    gardens place square house hotel pub inn arms flats"""
_PADDING = """i m ah a the my me we our by to of its it this that area town village city centre
    center please pls plz thanks ta cheers mate pal love duck sorry hi hello hey just only round
    around outside close next nearby here now right currently way side end part somewhere postcode
    location place estate on and or so yeah yes ok well think"""
SAYS_WHERE = frozenset(_WHERE.split())
STREETS = frozenset(_STREETS.split())
# Words round the name in an answer to "where?".
PADDING = BEFORE_A_PLACE | SAYS_WHERE | frozenset(_PADDING.split())


@dataclass(frozen=True, slots=True)
class Span:
    """Words that are a place's name; `common` if they are everyday words too."""

    name: str
    common: bool


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Everyday words, and first names, that may not be taken for a place on their own."""
    text = files("db.reference").joinpath("common_words.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())


def is_common(name: str) -> bool:
    """Whether every word of it is an everyday word or a number."""
    return all(word in common_words() or word.isdigit() for word in name.split())


def named_spans(words: list[str], gazetteer: Gazetteer, *, strict: bool = False) -> list[Span]:
    """Names of known places among the words, the one most likely meant first.

    A name counts for more at the start of the answer or after "in", "near" and the like, and for
    nothing before "street" or "road". An everyday word counts only after "im in", or alone.
    `strict`, for free text: only right after "in", "at", "near" or "from".
    """
    core = _trim(words)
    if not strict:
        for whole in (words, core):
            name = " ".join(whole)
            street = len(words) > 1 and whole[-1:] and whole[-1] in STREETS and is_common(name)
            if whole and not street and gazetteer.places_named(name):
                return [Span(name, False)]
    offset = _find(words, core)
    ranked: list[tuple[bool, int, int, Span]] = []
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
            name = " ".join(words[start:end])
            if len(name) < 3 or not gazetteer.places_named(name):
                continue
            led = _is_led(words, start, strict)
            common = is_common(name)
            if _before_street(words, end) or (strict and not led):
                continue
            if common and not _says_where(words, start):
                continue
            ranked.append((not (led or start == offset), start - end, start, Span(name, common)))
    return [entry[3] for entry in sorted(ranked, key=lambda entry: entry[:3])]


def standing_alone(words: list[str], gazetteer: Gazetteer) -> Span | None:
    """The name that makes up the whole message, if it is one."""
    for part in (words, _trim(words)):
        name = " ".join(part)
        if 1 <= len(part) <= LONGEST and gazetteer.places_named(name):
            common = is_common(name)
            return None if common and part != words else Span(name, common)
    return None


def segments(words: list[str]) -> list[list[str]]:
    """Parts of an answer that may be a misspelt name: all of it, or what follows "in" or "near".

    Parts with everyday words in them are left out: guessing at those only annoys.
    """
    leads = [i for i, word in enumerate(words) if word in LOOSELY_BEFORE]
    ends = [*leads[1:], len(words)] if leads else []
    parts = [words, *(words[i + 1 : end] for i, end in zip(leads, ends, strict=True))]
    found: list[list[str]] = []
    for part in map(_trim, parts):
        odd = any(w in common_words() or w in STREETS or w.isdigit() for w in part)
        if 0 < len(part) <= LONGEST and not odd and part not in found:
            found.append(part)
    return found


def _trim(words: list[str]) -> list[str]:
    """Without the words that only lead up to the name or follow it."""
    kept = [i for i, word in enumerate(words) if word not in PADDING and not word.isdigit()]
    return words[kept[0] : kept[-1] + 1] if kept else []


def _find(words: list[str], core: list[str]) -> int:
    return next((i for i in range(len(words)) if core and words[i : i + len(core)] == core), -1)


def _is_led(words: list[str], start: int, strict: bool) -> bool:
    return start > 0 and words[start - 1] in (BEFORE_A_PLACE if strict else LOOSELY_BEFORE)


def _says_where(words: list[str], start: int) -> bool:
    """Whether "im in", "live near" or the like stands right before."""
    return start > 1 and words[start - 1] in BEFORE_A_PLACE and words[start - 2] in SAYS_WHERE


def _before_street(words: list[str], end: int) -> bool:
    return end < len(words) and words[end] in STREETS

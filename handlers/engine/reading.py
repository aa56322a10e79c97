"""Reading a message as words: cut it up, mend the spelling, find the phrases of the phrasebook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from content.phrasebook import Phrase, Rule, fold, phrasebook, shorter, slips_allowed, squeeze

MOST_WORDS = 1500
MOST_PLACES = 40  # of one word: a text that repeats itself is read from its end
MOST_MENDED = 250  # mending is the slow part; the last words of a message count most
TOKEN = re.compile(
    r"\d+\.\d+|[a-z0-9]+(?:['/][a-z0-9]+)*|[^\W_a-z0-9]+|[.!?;\n]+|[^\w\s,.!?;:'\"()\[\]{}-]"
)
# "OD" is written with a capital tail, dots or a stroke; "odd" in small letters is another word.
OVERDOSED = re.compile(
    r"\bO[./]?D(?:['’.]?e?d|['’]E?D|ED)\b|\b[oO]d['’][eE]?[dD]\b|\bo['./]?d['’]?ed\b|\bo['./]d['’]?d\b"
)
OD_DOTS = re.compile(r"\b[oO][./][dD]\b\.?")
STRAY = re.compile(r"(?<=[\u0600-\u0a7f])[a-z](?=[\u0600-\u0a7f])")  # a slip on the other keyboard
LEET = str.maketrans("013457@$", "oieasta" + "s")

SHORT = {"not", "hes", "shes", "her", "his", "him"}  # too much hangs on them to let them go

Cell = tuple[str, ...]  # what one typed word may stand for; mostly just itself


@dataclass(frozen=True, slots=True)
class Reading:
    cells: tuple[Cell, ...]
    typed: tuple[str, ...]
    sentence: tuple[int, ...]  # which sentence each word stands in
    places: Mapping[str, Sequence[int]]  # word -> where it stands
    guessed: frozenset[int]  # the words that were mended: what was typed nobody knows

    def text(self, start: int, end: int) -> str:
        return " ".join(self.typed[start:end])


@dataclass(frozen=True, slots=True)
class Match:
    rule: Rule
    start: int
    end: int
    phrase: Phrase


def read(text: str) -> Reading:
    text = OD_DOTS.sub("od", OVERDOSED.sub("oded", text[:20_000]))
    typed: list[str] = []
    sentence: list[int] = []
    number = 0
    for token in TOKEN.findall(STRAY.sub("", fold(text))):
        if token[0] in ".!?;\n":
            number += 1
        else:
            typed.append(token.replace("'", ""))
            sentence.append(number)
    if len(typed) > MOST_WORDS:
        typed, sentence = typed[-MOST_WORDS:], sentence[-MOST_WORDS:]
    return _mended(typed, sentence)


def _mended(typed: list[str], sentence: list[int]) -> Reading:
    book = phrasebook()
    cells: list[Cell] = []
    words: list[str] = []
    places: list[int] = []
    guessed: set[int] = set()
    mend_from = max(0, len(typed) - MOST_MENDED)
    i = 0
    while i < len(typed):
        taken, together, sure = _joined(typed, i)
        if taken:
            found: tuple[Cell, ...] = tuple((w,) for w in together)
        elif typed[i] in book.known or i < mend_from:
            taken, found, sure = 1, ((typed[i],),), True
        else:
            taken, found = 1, mend(typed[i])
            sure = found == ((typed[i],),)
        if not sure:
            guessed.update(range(len(cells), len(cells) + len(found)))
        cells += found
        words += [" ".join(typed[i : i + taken])] + [""] * (len(found) - 1)
        places += [sentence[i]] * len(found)
        i += taken
    stands: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        for word in cell:
            stands.setdefault(word, []).append(place)
    return Reading(tuple(cells), tuple(words), tuple(places), stands, frozenset(guessed))


def _joined(typed: list[str], i: int) -> tuple[int, tuple[str, ...], bool]:
    """Words written or heard apart ("over dose"): how many, what they are, and if it is sure."""
    book = phrasebook()
    for length in (3, 2):
        if i + length <= len(typed):
            together = book.same.get(tuple(typed[i : i + length]))
            if together:
                return length, together, True
    one = (typed[i],)
    if one in book.same:
        return 1, book.same[one], True
    if i + 1 < len(typed):
        return *_mended_pair(typed[i], typed[i + 1]), False
    return 0, (), True


def _mended_pair(first: str, second: str) -> tuple[int, tuple[str, ...]]:
    """A space too many ("brea thing") or one letter too early or late ("goneo ver")."""
    book = phrasebook()
    strange = first not in book.known or second not in book.known
    if not (strange or second in "stmd"):
        return 0, ()
    both = first + second
    if not both.isalpha():
        return 0, ()
    if both in book.vocabulary:
        return 2, (both,)
    if strange and len(second) > 1 and len(first) > 1:
        for cut in (len(first) - 1, len(first) + 1):
            left, right = both[:cut], both[cut:]
            if left in book.vocabulary and right in book.vocabulary:
                return 2, (left, right)
    return 0, ()


@lru_cache(maxsize=4096)
def mend(word: str) -> tuple[Cell, ...]:
    """What a word that nobody knows may have been meant to be; itself when nothing is near."""
    book = phrasebook()
    if not word.isalpha():
        letters = word.translate(LEET)
        if word.isdigit() or not letters.isalpha():
            return ((word,),)
        if letters in book.vocabulary and len(letters) > 2:
            return ((letters,),)
        fixed = _near(letters) if len(letters) > 4 else ()
        return (fixed or (word,),)
    if word.isascii() and len(word) > 40:
        return ((word,),)
    near = _near(word)
    if near:
        return (near,)
    return _parted(word)


def _parted(word: str) -> tuple[Cell, ...]:
    """Two words run together, with nothing or one wrong letter for the space between them."""
    known = phrasebook().vocabulary
    for slip in (0, 1):
        for cut in range(2, len(word) - 1 - slip):
            left, right = word[:cut], word[cut + slip :]
            if left in known and right in known:
                return ((left,), (right,))
    return ((word,),)


def _near(word: str) -> Cell:
    book = phrasebook()
    if word in book.known:
        return (word,)
    if len(word) > 2:
        short = squeeze(word)
        if len(word) - len(short) > 1 or len(short) > 4:
            alike = book.squeezed.get(short)
            if alike:
                return alike
    slips = slips_allowed(word)
    if not slips:
        return ()
    found: dict[str, int] = {}
    for near in shorter(word):
        for candidate in book.deletes.get(near, ()):
            if candidate not in found:
                found[candidate] = OSA.distance(word, candidate, score_cutoff=slips)
    allowed = {w: d for w, d in found.items() if d <= slips and _may_be(word, w, d)}
    if not allowed:
        return ()
    least = min(allowed.values())
    return tuple(sorted(w for w, d in allowed.items() if d == least))


def _may_be(typed: str, word: str, slips: int) -> bool:
    """Short words are near too much: in most only letters swapped or left out are put right."""
    if slips > 1:
        return len(word) > 8
    if len(typed) > 3 or len(word) > 3:
        return True
    return word in SHORT or sorted(typed) == sorted(word)


def find(reading: Reading, kind: str) -> list[Match]:
    """Every phrase of this kind of rule in the message, once for each place it stands."""
    index = phrasebook().indexes.get(kind, {})
    there = reading.places.keys()
    found: dict[tuple[int, int], Match] = {}
    for word, places in reading.places.items():
        for rule, phrase in index.get(word, ()):
            if phrase.needed and any(there.isdisjoint(needed) for needed in phrase.needed):
                continue
            for start, end in _spans(reading, phrase, places[-MOST_PLACES:]):
                key = (id(rule), start)
                if key not in found or found[key].end < end:
                    found[key] = Match(rule, start, end, phrase)
    return sorted(found.values(), key=lambda match: match.start)


def _spans(reading: Reading, phrase: Phrase, places: Sequence[int]) -> list[tuple[int, int]]:
    """Where the phrase stands round these places of its anchor: from word to word."""
    if phrase.is_word:
        return [(place, place + 1) for place in places]
    first = phrase.elements[0]
    spans = []
    for anchor in places:
        for start in range(max(0, anchor - phrase.reach), anchor + 1):
            if first.words.isdisjoint(reading.cells[start]) and not first.optional:
                continue
            if phrase.at_start and not _starts(reading, start):
                continue
            end = _follow(reading, phrase, 0, start, start)
            if end > anchor:
                spans.append((start, end))
    return spans


def _starts(reading: Reading, i: int) -> bool:
    return i == 0 or reading.sentence[i - 1] != reading.sentence[i]


def _ends(reading: Reading, i: int) -> bool:
    return i == len(reading.cells) or reading.sentence[i] != reading.sentence[i - 1]


def _follow(reading: Reading, phrase: Phrase, step: int, at: int, start: int) -> int:
    """Where the rest of the phrase ends when it goes on at this word; -1 when it does not."""
    if step == len(phrase.elements):
        return at if not phrase.at_end or _ends(reading, at) else -1
    element = phrase.elements[step]
    gap = element.gap if at > start else 0
    for place in range(at, min(at + gap + 1, len(reading.cells))):
        if reading.sentence[place] != reading.sentence[start]:
            break
        if not element.words.isdisjoint(reading.cells[place]):
            end = _follow(reading, phrase, step + 1, place + 1, start)
            if end > 0:
                return end
    return _follow(reading, phrase, step + 1, at, start) if element.optional else -1

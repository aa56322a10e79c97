"""Does this message say that an overdose, or another danger to life, may be happening now?

Signs are looked for first; each sign found is then asked what could take it back: a "not" before
it, a question about people in general, training, the news, a time gone by, an idiom. A sign that
nothing takes back makes the message an emergency: doubt is answered as one.
The rules are data (`content/phrases/`); `docs/understanding.md` says how to read them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz.distance import OSA

from content.phrasebook import phrasebook
from handlers.engine.hunch import sounds_like
from handlers.engine.reading import Match, Reading, find, read

NEAR = 16  # words: how far "last year" or "on the training" reaches past its own sentence
BESIDE = 7  # words: how far a sign looks for the person it is about
ENOUGH = 6  # signs: no more are needed to say why
SHORT = 6  # words: "overdose" alone is a cry, in a long sentence it is a topic
LIKELY = 0.7  # probability: where no sign was seen, this much of a hunch counts as one
STILL_LIKELY = 0.9  # and this much where every sign was taken back, or something would take it
MOSTLY = 0.6  # of the words have to be English for a hunch
SCREAM = re.compile(r"(?=.*([a-z])\1\1)h+e+l+p+")  # "HEEELP": "help" alone asks for the menu
FEWEST = 4  # words: shorter messages are left to the rules


@dataclass(frozen=True)
class Verdict:
    is_emergency: bool
    why: tuple[str, ...] = ()  # the rules that stand, and the words that made them
    taken_back: tuple[str, ...] = ()  # the signs that did not count, and why not
    language: str = ""  # of the first sign that stands


@dataclass(frozen=True)
class Scene:
    """The message, and everything in it that could take a sign back."""

    reading: Reading
    marks: Mapping[tuple[str, str], Sequence[Match]]  # by language and kind of mark
    idioms: Sequence[Match]


def _scene(reading: Reading) -> Scene:
    """What takes a sign back has to stand there as typed: a slip must not hide an emergency."""
    marks: dict[tuple[str, str], list[Match]] = {}
    for match in find(reading, "mark"):
        if reading.guessed.isdisjoint(range(match.start, match.end)):
            marks.setdefault((match.rule.language, match.rule.mark), []).append(match)
    idioms = [
        m for m in find(reading, "idiom") if reading.guessed.isdisjoint(range(m.start, m.end))
    ]
    return Scene(reading, marks, idioms)


def emergency(text: str, *, already: bool = False) -> Verdict:
    """`already`: an emergency is open, so that "still nothing what do i do" counts too."""
    return judge(read(text), already=already)


def judge(reading: Reading, *, already: bool = False) -> Verdict:
    cry = _cry(" ".join(filter(None, reading.typed)))
    if cry:
        return Verdict(True, (f"exact: {cry}",), language=phrasebook().exact[cry][1])
    signs = [s for s in find(reading, "sign") if already or s.rule.tense != "open"]
    if not signs:
        return _hunch(reading, LIKELY)
    scene = _scene(reading)
    standing: dict[str, Match] = {}
    taken_back: dict[str, None] = {}
    for sign in reversed(signs):
        reason = _taken_back(sign, scene)
        if reason:
            taken_back[f"{_why(sign, reading)} ({reason})"] = None
        else:
            standing[_why(sign, reading)] = sign
        if len(standing) == ENOUGH:
            break
    if not standing:
        return _hunch(reading, STILL_LIKELY, tuple(taken_back))
    return Verdict(True, tuple(standing), tuple(taken_back), _language(standing))


def _hunch(reading: Reading, enough: float, taken_back: tuple[str, ...] = ()) -> Verdict:
    """No sign stands; and yet it may sound like an emergency."""
    if len(reading.cells) < FEWEST or not _is_english(reading):
        return Verdict(False, (), taken_back)
    sounds = sounds_like(reading)
    likely = sounds.likely["emergency"]
    if likely < enough or (likely < STILL_LIKELY and _speaks_against(reading)):
        return Verdict(False, (), taken_back)
    why = f"sounds like an emergency ({likely:.2f}): {', '.join(sounds.telling)}"
    return Verdict(True, (why,), taken_back)


def _speaks_against(reading: Reading) -> bool:
    """Something that would take a sign back, or a crisis: its own texts name 999 too."""
    marks = {match.rule.mark for match in find(reading, "mark")}
    if marks and "recent" not in marks:
        return True
    crisis = any(match.rule.intent == "crisis" for match in find(reading, "intent"))
    return crisis or bool(find(reading, "idiom"))


def _is_english(reading: Reading) -> bool:
    """In other languages there are too few examples to have a hunch."""
    words = [word for typed in reading.typed for word in typed.split()]
    known = phrasebook().english
    return sum(word in known or word.isdigit() for word in words) >= MOSTLY * len(words)


def _language(standing: Mapping[str, Match]) -> str:
    """ "pomocy on nie oddycha, od": the language of the first sign."""
    first = min(standing.values(), key=lambda sign: sign.start, default=None)
    return first.rule.language if first else ""


def _cry(whole: str) -> str:
    """The whole message is one of the words or short cries we know, or one slip away from it."""
    cries = _cries()
    if whole in cries:
        return whole
    if SCREAM.fullmatch(whole):
        return "help now"
    if len(whole) < 5 and whole.count("9") > 1 and OSA.distance(whole, "999") < 2:
        return "999"
    if not 5 < len(whole) < 25 or phrasebook().known.issuperset(whole.split()):
        return ""  # "hes ok" is a letter away from "hes od", and is no slip
    near = (cry for cry in cries if len(cry) > 5 and abs(len(cry) - len(whole)) < 2)
    return next((cry for cry in near if OSA.distance(whole, cry, score_cutoff=1) < 2), "")


@cache
def _cries() -> tuple[str, ...]:
    return tuple(m for m, (intent, _) in phrasebook().exact.items() if intent == "emergency")


def _why(sign: Match, reading: Reading) -> str:
    return f"{sign.rule.id}: {reading.text(sign.start, sign.end)}"


def _taken_back(sign: Match, scene: Scene) -> str:
    if sign.rule.tense == "open":
        return ""
    if _in_idiom(sign, scene):
        return "idiom"
    if _negated(sign, scene.reading):
        return "negated"
    tense = _tense(sign, scene)
    if tense == "cry":
        return ""
    if tense == "plea":
        doubtful = _before(sign, scene, "condition") or _near(sign, scene, "fiction", "training")
        return "general" if doubtful else ""
    if _in_general(sign, scene, tense, _person(sign, scene.reading)):
        return "general"
    past = tense != "now" or _told_as_past(sign, scene.reading)
    return "over" if past and _over(sign, scene) else ""


def _tense(sign: Match, scene: Scene) -> str:
    tense = sign.rule.tense
    was = _class(sign, "was")
    if tense in ("now", "done") and _any_of(scene.reading, was, sign.start - 2, sign.end):
        return "past"
    return tense


def _told_as_past(sign: Match, reading: Reading) -> bool:
    """ "found my brother on the floor": the sign has no tense of its own, and "found" is past."""
    if _any_of(reading, _class(sign, "present"), sign.start - 1, sign.end):
        return False
    was = _class(sign, "was")
    before = range(max(0, sign.start - BESIDE), sign.start)
    return any(
        reading.sentence[i] == reading.sentence[sign.start] and not was.isdisjoint(reading.cells[i])
        for i in before
    )


def _in_general(sign: Match, scene: Scene, tense: str, person: str) -> bool:
    """It is about what happens to people, not about somebody here."""
    if _near(sign, scene, "fiction"):
        return True
    if tense == "bare" and (
        len(scene.reading.cells) > SHORT
        and _near(sign, scene, "question", "condition", "training", "news")
    ):
        return True
    if tense == "bare" and _near(sign, scene, "question"):
        return True
    conditional = _before(sign, scene, "condition")
    if tense == "habit" and (conditional or _before(sign, scene, "question")):
        return True
    news = _near(sign, scene, "news")
    if person == "person" and (tense == "now" or (tense == "done" and not news)):
        return False
    if person == "stranger" and tense in ("now", "done") and not (news or conditional):
        return False
    return (
        conditional
        or (_before(sign, scene, "question") and not _somebody(sign, scene.reading))
        or news
        or _near(sign, scene, "training")
    )


def _over(sign: Match, scene: Scene) -> bool:
    """It was, and is not now."""
    if _near(sign, scene, "calm"):
        return True
    just = any(m.start < sign.end and sign.start - m.end < 2 for m in _of(sign, scene, "recent"))
    if just:
        return False
    return _near(sign, scene, "past")


def _in_idiom(sign: Match, scene: Scene) -> bool:
    return any(
        m.start < sign.end and sign.start < m.end and m.rule.language == sign.rule.language
        for m in scene.idioms
    )


def _negated(sign: Match, reading: Reading) -> bool:
    """A "not" stands in it or before it, with nothing but small words between.

    "nobody's overdosing", "hes not unconscious"; but the "not" of "not breathing" is its own.
    """
    negators, fillers = _class(sign, "negator"), _class(sign, "filler")
    own = any(not element.words.isdisjoint(negators) for element in sign.phrase.elements)
    if sign.rule.negative and (own or sign.rule.language != "en"):
        return False
    if _any_of(reading, _class(sign, "denies"), sign.start, sign.end):
        return True
    for i in range(sign.start - 1, max(-1, sign.start - 5), -1):
        if reading.sentence[i] != reading.sentence[sign.start]:
            return False
        if not negators.isdisjoint(reading.cells[i]):
            return True
        if fillers.isdisjoint(reading.cells[i]):
            return False
    return False


def _person(sign: Match, reading: Reading) -> str:
    """Whom it is about.

    Somebody here ("person"), "a lad" whom the news may be about too ("stranger"), anybody
    ("someone"), or nobody named ("").
    """
    person, someone = _class(sign, "person"), _class(sign, "someone")
    inside = range(sign.start, sign.end)
    left = range(sign.start - 1, max(-1, sign.start - BESIDE), -1)
    right = range(sign.end, min(len(reading.cells), sign.end + 3))
    for places in (inside, left, right):
        for i in places:
            if reading.sentence[i] != reading.sentence[sign.start]:
                break
            if not someone.isdisjoint(reading.cells[i]):
                return "someone"
            if not person.isdisjoint(reading.cells[i]):
                named = not _any_of(reading, _class(sign, "article"), i - 1, i)
                return "person" if named else "stranger"
    return ""


def _somebody(sign: Match, reading: Reading) -> bool:
    """ "someones od'd": not named, and yet here."""
    return any(
        not _class(sign, "somebody_is").isdisjoint(reading.cells[i])
        for i in range(max(0, sign.start - 3), sign.end)
    )


def _of(sign: Match, scene: Scene, kind: str) -> Sequence[Match]:
    return scene.marks.get((sign.rule.language, kind), ())


def _before(sign: Match, scene: Scene, kind: str) -> bool:
    place = scene.reading.sentence
    return any(
        m.start <= sign.start and place[m.start] == place[sign.start] and sign.start - m.end < NEAR
        for m in _of(sign, scene, kind)
    )


def _near(sign: Match, scene: Scene, *kinds: str) -> bool:
    return any(
        m.start - sign.end < NEAR and sign.start - m.end < NEAR
        for kind in kinds
        for m in _of(sign, scene, kind)
    )


def _class(sign: Match, name: str) -> frozenset[str]:
    return phrasebook().words[sign.rule.language].get(name, frozenset())


def _any_of(reading: Reading, words: frozenset[str], start: int, end: int) -> bool:
    return any(not words.isdisjoint(reading.cells[i]) for i in range(max(0, start), end))

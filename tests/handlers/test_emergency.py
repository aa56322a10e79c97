"""Rule 1: an overdose that may be happening now is recognised, however it is typed."""

from __future__ import annotations

import csv
import math
import statistics
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.hunch import hunch
from content.phrasebook import compile_phrase, fold
from handlers.engine import emergency as emergency_module
from handlers.engine.emergency import emergency
from handlers.engine.hunch import Sounds
from handlers.engine.reading import Reading
from tests.measure_understanding import k_of_n, parts, survives_typos
from tools.train_hunch import fingerprint, rows

DATA = Path(__file__).parents[1] / "data"
LONGEST_SECONDS = 0.02


def _rows(name: str = "phrases_dev.csv") -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


DEV = _rows()
EXAMPLES = DEV + _rows("fresh_dev.csv")
URGENT = [r["text"] for r in EXAMPLES if r["emergency"] == "1"]
HARMLESS = [r["text"] for r in EXAMPLES if r["emergency"] == "0"]
HARD = [
    r["text"]
    for r in EXAMPLES
    if r["notes"].startswith("hard negative") and "emergency" not in r["notes"].partition("also")[2]
]


@pytest.mark.parametrize(
    "text",
    [
        "hes gone over",
        "is he overdosing? lips are going blue",
        "what do i do hes dropped",
        "someone's dropped at the hostel",
        "he od'd last week and now hes gone over again",
        "jabbed him in the leg nothing happening",
        "do i have to ring 999? hes unconscious",
        "kit no wait shes collapsed",
        "no hes still not breathing",
        "stop hes not breathing",
        "help him please",
        "ambulance here now",
        "999 they came and left now hes not breathing",
        "no wait hes a man and hes gone blue",
        "💀 help him",
        "🆘",
        "999",
        "O.D.",
        "h3s n0t br3athing",
        "hеs nоt brеathing",  # Cyrillic е and о
        "hes\u200bnot\u200b breathing",
        "HES NOT BREATHINGGGG!!!",
        "wontwake up",
        "HEEEELP",
        "nodded and fell off chair",
        "he dropped out in the lift",
        "wakey wakey doesnt work",
        "kids are in the house and she is on the nod",
        "DONT WANT TO LIVE, TOOK ALL THE GEAR",
        "mae o'n las",
        "zlapal go bezdech",
        "nie oddycha",
        "لا يتنفس",
        "ਸਾਹ ਨਹੀਂ ਲੈ ਰਿਹਾ",
    ],
)
def test_is_an_emergency(text: str) -> None:
    verdict = emergency(text)
    assert verdict.is_emergency
    assert verdict.why


@pytest.mark.parametrize(
    "text",
    [
        "",
        "help",
        "he overdosed last year",
        "nobody's overdosing",
        "what do i do if someone goes over",
        "its not an emergency",
        "i overdosed on chocolate",
        "dying for a brew",
        "used the kit on saturday he is fine",
        "no news about my kit yet",
        "gone over the details",
        "hes ok",
        "took my methadone this morning all good",
        "he went under a false name",
        "my nan is dying in hospital of cancer",
        "ive had too much to drink hungover",
        "knocked out cold by that new mattress",
        "ive run out of naloxone and i want 2",
        "gave my spare naloxone to a lad",
        "ambulance was here last week",
        "ambulance here thank god",
        "999 yeh they came",
        "woman. no wait hes a man",
        "my friend uses heroin and im scared hell od",
        "where can i get more naloxone now",
        "no i cant talk hes here",
        "hes gone in the ambulance",
        "theyve took him to hospital",
        "mam na imię Ola",
        "już nie trzeba",
        "vreau sa mor",
        "im doing well",
        "STOP",
        "CANCEL",
    ],
)
def test_is_none(text: str) -> None:
    assert not emergency(text).is_emergency


@pytest.mark.parametrize("text", ["still nothing", "second spray done", "what now", "hes worse"])
def test_an_open_emergency_goes_on(text: str) -> None:
    assert emergency(text, already=True).is_emergency


def test_why_names_the_rule_and_the_words() -> None:
    assert "en/not-breathing: not breathing" in emergency("hes not breathing").why


def test_a_sign_taken_back_is_named_with_the_reason() -> None:
    (first, *_) = emergency("my brother overdosed last year").taken_back
    assert first.endswith("(over)")


def share(wrong: list[str], some: list[str]) -> str:
    return f"{k_of_n(len(wrong), len(some))} wrong: {wrong}"


def test_recall_on_the_example_phrases() -> None:
    missed = [text for text in URGENT if not emergency(text).is_emergency]
    assert len(missed) <= 0.02 * len(URGENT), share(missed, URGENT)


def test_false_alarms_on_the_hard_examples() -> None:
    alarms = [text for text in HARD if emergency(text).is_emergency]
    assert len(alarms) <= 0.05 * len(HARD), share(alarms, HARD)


def test_false_alarms_on_all_harmless_examples() -> None:
    alarms = [text for text in HARMLESS if emergency(text).is_emergency]
    assert len(alarms) <= 0.02 * len(HARMLESS), share(alarms, HARMLESS)


def test_the_sentences_written_to_try_the_rules_stay_right() -> None:
    rows = _rows("phrases_more.csv")
    wrong = [r for r in rows if emergency(r["text"]).is_emergency != (r["emergency"] == "1")]
    assert len(wrong) <= 0.03 * len(rows), wrong


@pytest.mark.parametrize("part", ["written from", "held back"])
def test_an_emergency_survives_one_typo(part: str) -> None:
    kept, slips = survives_typos(r for r in parts()[part] if r in DEV)
    assert slips >= 1000
    assert kept >= 0.95 * slips, k_of_n(kept, slips)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hes not breathing", "en"),
        ("999", "en"),
        ("overdose", "en"),
        ("kolega nie oddycha", "pl"),
        ("przedawkowanie", "pl"),
        ("nu respira ajutor", "ro"),
        ("mae o ddim yn anadlu", "cy"),
        ("ele não respira", "pt"),
        ("jis nekvėpuoja", "lt"),
        ("لا يتنفس", "ar"),
        ("ਸਾਹ ਨਹੀਂ ਲੈ ਰਿਹਾ", "pa"),
        ("woh saans nahi le raha", "ur"),
        ("hiya", ""),
    ],
)
def test_the_language_of_the_first_sign(text: str, language: str) -> None:
    assert emergency(text).language == language


def test_what_names_no_sign_may_still_sound_like_an_emergency() -> None:
    verdict = emergency(
        "he had a funny turn in the van and i cant get a word out of the lad at all"
    )
    assert verdict.is_emergency


def test_a_hunch_says_what_it_heard() -> None:
    (why,) = emergency("think my drink had stuff in it cant move").why
    assert why.startswith("sounds like an emergency (0.")


def test_a_sign_that_stands_is_never_talked_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model may add an alarm; it is no instead of the rules."""

    def none(_: Reading) -> Sounds:
        return Sounds({"emergency": 0.0}, ())

    monkeypatch.setattr(emergency_module, "sounds_like", none)
    assert emergency("hes gone over in the kitchen").is_emergency


def test_the_hunch_was_made_from_the_examples_that_are_here() -> None:
    assert hunch().rows == fingerprint(rows()), "run: python -m tools.train_hunch"


@pytest.mark.parametrize("change", [str.upper, str.title, lambda t: f"  {t}  ", lambda t: t + "!!"])
def test_case_and_space_change_nothing(change: object) -> None:
    assert callable(change)
    missed = [
        t for t in URGENT if emergency(t).is_emergency and not emergency(change(t)).is_emergency
    ]
    assert not missed


def test_found_at_the_end_and_in_the_middle_of_a_long_text() -> None:
    chat = "can i get a kit for my sister in grimsby she is on methadone and lives near the docks. "
    for text in (chat * 45 + "hes not breathing", chat * 20 + "hes gone blue " + chat * 20):
        assert emergency(text[-4000:]).is_emergency


def test_short_messages_take_less_than_two_milliseconds() -> None:
    took = sorted(_fastest(text) for text in URGENT + HARMLESS)
    assert statistics.mean(took) < 0.001
    assert took[int(0.99 * len(took))] < 0.002


def _fastest(text: str, under: float = 0) -> float:
    """Seconds of our own work: the least of three tries, or of nine while it is not under this.

    A busy neighbour on the same core doubles a try; it does not double all nine.
    """
    least = math.inf
    for n in range(9):
        start = time.thread_time()
        emergency(text)
        least = min(least, time.thread_time() - start)
        if n >= 2 and (not under or least < under):
            break
    return least


@pytest.mark.parametrize(
    "text",
    [
        "not breathing ",
        "if someone not ",
        "the lips lips blue ",
        "he ",
        "a",
        "💀",
        "he was not overdosing yesterday ",
        " ".join(HARMLESS),
    ],
)
def test_four_thousand_characters_of_anything_are_read_in_time(text: str) -> None:
    assert _fastest((text * 4000)[:4000], LONGEST_SECONDS) < LONGEST_SECONDS


WORDS = st.sampled_from([w for t in URGENT + HARMLESS for w in t.split()])
# What fingers, phones and copied text do to letters.
HOMOGLYPHS = str.maketrans("aeopcxyi", "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456")
SPOILT = (
    str.upper,
    str.swapcase,
    lambda w: w[1:] + w[:1],
    lambda w: w[:1] + w,
    lambda w: w[:-1],
    lambda w: " ".join(w),
    lambda w: w.translate(HOMOGLYPHS),
    lambda w: w.replace("e", "3").replace("o", "0"),
    lambda w: w + "\u200b\u0301",
    lambda w: w + "💀🚑",
    lambda w: w + "!!!\n",
    lambda w: w * 3,
)
SPOILT_WORDS = st.builds(lambda word, spoil: spoil(word), WORDS, st.sampled_from(SPOILT))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(codec=None), max_size=300))
def test_never_raises(text: str) -> None:
    emergency(text)
    emergency(text, already=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS | SPOILT_WORDS, max_size=900).map(" ".join))
def test_never_slow(text: str) -> None:
    assert _fastest(text[:4000], LONGEST_SECONDS) < LONGEST_SECONDS


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(codec=None), min_size=500, max_size=4000))
def test_never_slow_on_nonsense(text: str) -> None:
    assert _fastest(text, LONGEST_SECONDS) < LONGEST_SECONDS


@pytest.mark.parametrize(
    "text", ["\ud800", "\0\0", "\u202ehes not breathing", "\x85", "İ" * 50, "ﷺ" * 99]
)
def test_odd_characters(text: str) -> None:
    emergency(text)


def test_fold() -> None:
    assert fold("Él’s ＢＬＵＥ") == "el's blue"


def test_a_phrase_reads_as_written() -> None:
    phrase = compile_phrase("^ hes|<she> .. blue? $", {"she": frozenset({"shes"})})
    first, last = phrase.elements
    assert first.words == {"hes", "shes"}
    assert (last.gap, last.optional) == (2, True)
    assert phrase.at_start
    assert phrase.at_end

"""From what was typed to the option that was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.engine.matching import longest_inside, match_option, plain

YES_NO = {"yes": ("yes", "y", "yeah", "ok"), "no": ("no", "n", "nope")}
KITS = {"nasal": ("nose spray", "nasal", "spray"), "injectable": ("injection", "injectable")}
WHO = {"self": ("me", "myself"), "friend": ("someone i know", "friend"), "work": ("my work",)}


@pytest.mark.parametrize(
    ("text", "plainly"),
    [
        ("  YES!! ", "yes"),
        ("It\u2019s", "it's"),
        ("\uff39\uff25\uff33", "yes"),
        ("a\n\tb", "a b"),
        ("...", ""),
        ("\U0001f642", ""),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
    ],
)
def test_plain(text: str, plainly: str) -> None:
    assert plain(text) == plainly


@pytest.mark.parametrize(
    ("text", "words", "careful", "option"),
    [
        ("yes", YES_NO, False, "yes"),
        ("Yes.", YES_NO, False, "yes"),
        ("Y", YES_NO, False, "yes"),
        ("yes please", YES_NO, False, "yes"),
        ("no thanks", YES_NO, False, "no"),
        ("nope mate", YES_NO, False, "no"),
        ("yes or no", YES_NO, False, None),
        ("1", YES_NO, False, "yes"),
        ("2", YES_NO, False, "no"),
        ("3", YES_NO, False, None),
        ("0", YES_NO, False, None),
        ("12", YES_NO, False, None),
        ("\u1369", YES_NO, False, None),  # an Ethiopic one: a digit, and no number to int()
        ("1 please", YES_NO, False, "yes"),
        ("number 2", YES_NO, False, "no"),
        ("1 please", YES_NO, True, "yes"),  # "please" is only politeness
        ("number 2", YES_NO, True, None),
        ("1 or 2", YES_NO, False, None),
        ("i want 1 now really", YES_NO, False, None),
        ("", YES_NO, False, None),
        ("?", YES_NO, False, None),
        ("Nose Spray", KITS, False, "nasal"),
        ("nosespray", KITS, False, "nasal"),
        ("injektion", KITS, False, "injectable"),
        ("injction", KITS, False, "injectable"),
        ("nasla", KITS, False, "nasal"),
        ("me", WHO, False, "self"),
        ("ma", WHO, False, None),  # too short for a typo
        ("freind", WHO, False, "friend"),
        ("someone i know!! told you", WHO, False, "friend"),
        ("not the friend", WHO, False, None),
        ("woman. no hes a man", {"man": ("man",), "woman": ("woman",)}, False, None),
        ("alive in hospital", {"b": ("alive",), "h": ("alive in hospital",)}, False, "h"),
        ("no he died", {"a": ("alive",), "d": ("died", "he died")}, False, "d"),
        ("first one", KITS, False, "nasal"),
        ("the 2nd one", KITS, False, "injectable"),
        ("2 sprays", KITS, False, None),
        ("someone I know", WHO, False, "friend"),
        ("self", WHO, False, "self"),
        ("٢", YES_NO, False, "no"),  # an Arabic 2
        ("²", YES_NO, False, "no"),
    ],
)
def test_match(text: str, words: dict[str, tuple[str, ...]], careful: bool, option: str) -> None:
    assert match_option(text, list(words), words, careful=careful) == option


@given(st.text(max_size=80))
def test_nothing_breaks_it(text: str) -> None:
    for careful in (True, False):
        assert match_option(text, list(YES_NO), YES_NO, careful=careful) in ("yes", "no", None)


def test_punctuation_inside_a_sentence_hides_nothing() -> None:
    words = {"asleep": ("wont wake",), "not_breathing": ("not breathing",)}
    assert longest_inside("hes not breathing, wont wake", words) == "not_breathing"
    assert longest_inside("not breathing!! he is blue", words) == "not_breathing"


def test_marks_at_the_end_of_a_word_are_part_of_it() -> None:
    assert plain("ਨਹੀਂ!") == "ਨਹੀਂ"
    assert plain("1\ufe0f\u20e3") == "1"

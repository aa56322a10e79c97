"""The two tables of GSM 03.38, what a text costs, and where a long one is cut."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.segments import (
    BASIC,
    EXTENDED,
    is_gsm7,
    not_gsm7,
    segment_count,
    split,
    to_gsm7,
)

LONG = (
    "Call 999 now and put the phone on speaker. Is the person breathing? If they are not, push "
    "hard and fast on the middle of the chest.\nGive naloxone if you have it. Wait 2 to 3 minutes."
)


def test_the_tables_have_every_character_of_the_standard():
    assert len(BASIC) == 127  # 128 places, one of which is the escape
    assert len(EXTENDED) == 10
    assert not BASIC & EXTENDED


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 459, 3),
        ("a" * 460, 4),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 158 + "€", 1),
        ("a" * 159 + "€", 2),
        # A pair is never cut: the first part ends at 152, so 306 places need three parts.
        ("a" * 152 + "€" + "a" * 152, 3),
        ("a" * 152 + "€" + "a" * 151, 2),
        ("ł" * 70, 1),
        ("ł" * 71, 2),
        ("ł" * 134, 2),
        ("ł" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
        ("a" * 66 + "😀" + "a" * 66, 3),
        ("’" + "a" * 159, 3),
        ("line\nline", 1),
    ],
)
def test_segments(text, segments):
    assert segment_count(text) == segments


@pytest.mark.parametrize("text", ["£5 @ Ås, ñ?", "{[~]}|\\^€", "Ça", "Ø\r\n"])
def test_is_gsm7(text):
    assert is_gsm7(text)


@pytest.mark.parametrize("text", ["it’s", "ç", "ŵ", "`", "a\u00a0b", "a\tb", "😀", "–"])
def test_is_not_gsm7(text):
    assert not is_gsm7(text)


def test_not_gsm7_names_each_character_once():
    assert not_gsm7("it’s “so” it’s") == ["’", "“", "”"]


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("it’s “here” – now…", 'it\'s "here" - now...'),
        ("2\u20113 minutes\u00a0only", "2-3 minutes only"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("a\r\nb\tc", "a\nb c"),
        ("• one", "- one"),
        ("Dŵr a bwyd", "Dŵr a bwyd"),
        ("zażółć", "zażółć"),
    ],
)
def test_look_alikes_are_replaced_and_letters_are_kept(written, sent):
    assert to_gsm7(written) == sent


def test_this_repository_has_no_curly_quotes_in_the_voice_of_the_channels():
    for file in Path("bot/channels").glob("*.py"):
        assert not set(file.read_text()) & set("‘’“”"), file


def within(limit):
    return lambda text: len(text) <= limit


def test_split_leaves_a_short_text_alone():
    assert split("Call 999.", within(20)) == ["Call 999."]
    assert split("  ", within(20)) == []


def test_split_prefers_sentences_then_words_then_characters():
    assert split(LONG, within(100)) == [
        "Call 999 now and put the phone on speaker. Is the person breathing?",
        "If they are not, push hard and fast on the middle of the chest.\n"
        "Give naloxone if you have it.",
        "Wait 2 to 3 minutes.",
    ]
    assert split("one two three", within(8)) == ["one two", "three"]
    assert split("abcdefgh", within(3)) == ["abc", "def", "gh"]


def test_split_keeps_pairs_whole():
    parts = split("😀" * 100, lambda text: segment_count(text) <= 1)
    assert [len(part) for part in parts] == [35, 35, 30]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=600), st.integers(1, 3))
def test_split_loses_nothing_but_spaces(text, most):
    parts = split(text, lambda part: segment_count(part) <= most)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(1 <= segment_count(part) <= most for part in parts)

"""The advice topics: every one complete, every statement with its source, found by slang."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content import library, pictures, signing
from content.segments import not_gsm7, segment_count
from content.sources import sources
from content.topics import find_topics, groups, title, topics
from tools.pictures import fingerprint

NAMES = sorted(topics())
SAYS_ITSELF = ("Ask ", "Text ")  # what this line or the reader's service does; no fact of medicine
CITED = re.compile(r"\[([a-z0-9-]+)\]")
ENDS_WITH_SOURCES = re.compile(r"(\[[a-z0-9-]+\])+$")


def block(topic: str, name: str) -> str:
    return library.text("en", f"advice/{topic}.{name}")


def statements(page: str) -> list[str]:
    """Paragraphs and list items; headings state nothing."""
    return [line.strip() for line in page.splitlines() if line.strip() and not line.startswith("#")]


def test_each_topic_stands_in_a_group_and_has_its_file() -> None:
    grouped = {name for names in groups().values() for name in names}
    assert grouped == set(NAMES)
    assert sorted(p.stem for p in (library.LOCALES / "en" / "advice").glob("*.txt")) == NAMES


@pytest.mark.parametrize("topic", NAMES)
def test_each_topic_is_complete(topic: str) -> None:
    assert 0 < len(title("en", topic)) <= 28
    assert len(statements(block(topic, "page"))) > 4
    if topic == "support_lines":
        return  # its short text is advice.lines, with the lines that may be sent today
    short = block(topic, "short")
    assert segment_count(short) <= 2
    assert not not_gsm7(short)
    rich = library.text("en", f"advice/{topic}.short", "telegram")
    assert rich != short
    assert len(rich) <= 900


@pytest.mark.parametrize("topic", NAMES)
def test_each_statement_names_a_source_we_have(topic: str) -> None:
    head = library.text_file("en", f"advice/{topic}").head  # type: ignore[union-attr]
    cited = set()
    for statement in statements(block(topic, "page")):
        if not statement.startswith(SAYS_ITSELF):
            assert ENDS_WITH_SOURCES.search(statement), statement
        cited |= set(CITED.findall(statement))
    assert cited <= set(sources())
    assert cited == set(head.sources)
    assert head.safety


@pytest.mark.parametrize("topic", NAMES)
def test_a_translation_keeps_the_sources_line_by_line(topic: str) -> None:
    english = [CITED.findall(line) for line in statements(block(topic, "page"))]
    for locale in library.locales():
        if locale != "en" and library.has_text(locale, f"advice/{topic}.page"):
            page = library.text(locale, f"advice/{topic}.page")
            assert [CITED.findall(line) for line in statements(page)] == english, locale


def test_no_word_finds_two_topics() -> None:
    words = [word for topic in topics().values() for word in topic.words]
    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize(
    ("words", "topic"),
    [
        ("benzos", "mixing"),
        ("benzoz", "mixing"),
        ("vallies", "mixing"),
        ("about spice", "nitazenes"),
        ("nitazenez", "nitazenes"),
        ("the bizzies", "police"),
        ("tranq", "xylazine"),
        ("just got out of prison", "tolerance"),
        ("on me own? nobody with me", "using_alone"),
        ("prenoxid", "prenoxad"),
        ("the recovery posision", "recovery_position"),
        ("water on a hot day", "stimulants"),
        ("an abcess on my leg", "wounds"),
        ("works and barrels", "needle_exchange"),
        ("is it legal to carry it", "law"),
        ("put him in a cold shower", "myths"),
        ("whats the CPR thing, 30 and 2?", "rescue_breaths"),
    ],
)
def test_slang_and_typos_find_the_topic(words: str, topic: str) -> None:
    assert find_topics(words) == [topic]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "hello",
        "thx",
        "skip",
        "sorry pressed wrong thing",
        "i want a dog",
        "???",
        "\ud83d\ude00",
    ],
)
def test_what_names_no_topic_finds_none(words: str) -> None:
    assert find_topics(words) == []


def test_what_may_mean_several_is_asked() -> None:
    assert set(find_topics("spray")) == {"nyxoid", "ventizolve"}
    assert set(find_topics("overdose")) == {"signs", "what_to_do", "aftercare"}


def test_each_title_finds_its_topic() -> None:
    assert {name: find_topics(title("en", name)) for name in NAMES} == {n: [n] for n in NAMES}


def test_questions_of_the_example_phrases_find_something() -> None:
    """Nearly all of them: some are about deaths in the news, and have no card."""
    file = Path(__file__).parents[1] / "data" / "phrases_dev.csv"
    rows = csv.DictReader(file.read_text("utf-8").splitlines())
    asked = [row["text"] for row in rows if row["intent"] == "advice" and row["lang"] == "en"]
    found = sum(bool(find_topics(text)) for text in asked)
    assert found >= 0.95 * len(asked), f"{found} of {len(asked)}"


@given(st.text(max_size=400))
def test_any_words_are_borne(words: str) -> None:
    found = find_topics(words)
    assert len(found) <= 4
    assert set(found) <= set(NAMES)


# --- drawings ----------------------------------------------------------------------------------


def test_each_drawing_has_its_files_up_to_date() -> None:
    drawn = {path.stem for path in signing.PICTURES.glob("*.svg")}
    assert drawn == set(signing.pictures())
    for name in drawn:
        drawing = pictures.picture(name)
        assert drawing is not None
        assert drawing.png.read_bytes().startswith(b"\x89PNG")
        made_from = drawing.svg.with_suffix(".sha256").read_text().strip()
        assert made_from == fingerprint(drawing.svg), f"{name}: run python -m tools.pictures"
        text = drawing.svg.read_text("utf-8")
        assert "<title" in text
        assert "<desc" in text
        assert drawing.alt
        assert set(drawing.sources) <= set(sources())
    assert {t.picture for t in topics().values() if t.picture} <= drawn


def test_a_clinical_drawing_shows_only_once_signed() -> None:
    assert pictures.may_show("which_kit", ())
    assert not pictures.may_show("giving_nyxoid", ())
    assert not pictures.may_show("giving_nyxoid", {"giving_prenoxad"})
    assert pictures.may_show("giving_nyxoid", {"giving_nyxoid"})
    assert not pictures.may_show("no_such_drawing", {"no_such_drawing"})


@pytest.mark.parametrize(
    ("locale", "words", "topic"),
    [
        ("pl", "zastrzyk jak", "prenoxad"),
        ("pl", "wyszedłem z więzienia", "tolerance"),
        ("pl", "amfetamina", "stimulants"),
        ("pl", "pozycja boczna", "recovery_position"),
        ("cy", "carchar", "tolerance"),
        ("cy", "beth am yr heddlu", "police"),
        ("cy", "cymysgu", "mixing"),
    ],
)
def test_topics_are_found_in_the_persons_language(locale: str, words: str, topic: str) -> None:
    assert find_topics(words, locale)[0] == topic

"""What people answer and chat on an ordinary day is no emergency: a false alarm stops a request."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from content import library
from handlers.engine.emergency import emergency

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
URGENT = re.compile(r"overdose|emergency|language|crisis|used|false_alarm|bad_night")
SAID = re.compile(r"^\w+ > (?!\[)(.+)$", re.MULTILINE)
ABOUT_AN_OVERDOSE = re.compile(r"^(overdose|meeting_check|aftercare|crisis)\.|^asides")


def answers(locale: str) -> Iterator[str]:
    """Every word and label of every option that is not about an overdose."""
    file = tomllib.loads((library.LOCALES / locale / "words.toml").read_text("utf-8"))
    for question, options in file.get("options", {}).items():
        if not ABOUT_AN_OVERDOSE.match(question):
            for option in options.values():
                yield from (option["label"], *option.get("words", ()))
    for words in (file.get("global", {}), *file.get("role", {}).values()):
        for name, typed in words.items():
            if name not in ("sos", "overdose", "emergency"):
                yield from typed


MEANT = {"99", "SOS", "hes not breathing"}
"""A slip of 999 (and an age), a peer in danger, and one emergency in a meeting."""


@pytest.mark.parametrize("locale", ["en", "cy", "pl"])
def test_answers_and_command_words(locale: str) -> None:
    wrong = {text for text in answers(locale) if emergency(text).is_emergency}
    assert wrong <= MEANT


def test_what_is_typed_in_ordinary_transcripts() -> None:
    lines = [
        line
        for path in sorted(TRANSCRIPTS.glob("*.txt"))
        if not URGENT.search(path.stem)
        for line in SAID.findall(path.read_text("utf-8"))
    ]
    assert len(lines) > 200
    assert {line for line in lines if emergency(line).is_emergency} <= MEANT


PLACES = (
    *("Grimsby", "Cleethorpes", "Laceby", "Healing", "Worcester", "Malvern", "Redditch"),
    *("Immingham", "Barking", "Deal", "Diss", "Goole", "Bath", "Wakes Colne", "Crook", "Dull"),
    *("Cold Ash", "Blue Anchor", "Great Snoring", "Little Snoring", "Pity Me", "Westward Ho"),
    *("Ash", "Loose", "Lost", "Nasty", "Withdean", "Deadwater", "Killingworth", "Overton"),
)
CHAT = [
    "i can be at the bus station at 8 by the blue door",
    "im by the pharmacy, blue coat",
    "running late sorry, 10 mins",
    "is it raining there",
    "can you come to the library instead",
    "im the one with the dog",
    "cant find you",
    "where are you",
    "ok see you there",
    "thanks so much",
    "you're a star",
    "what do you look like",
    "ill be on the floor below, by the lifts",
    "my phone is dying ill be there at 5",
    "im dead tired can we do tomorrow",
    "its for my nan",
    "my brother",
    "kasia",
    "me and my mate",
    "the spray one please",
    "how long does it take",
    "is it free",
    "no worries",
    "not today thanks",
    "17a",
    "N2402",
    "06/2028",
    "DN31 1AA",
    "its raining and im freezing lol",
]


@pytest.mark.parametrize("text", [*PLACES, *CHAT])
def test_places_and_chat(text: str) -> None:
    verdict = emergency(text)
    assert not verdict.is_emergency, verdict.why

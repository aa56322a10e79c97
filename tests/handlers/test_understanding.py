"""What a message wants, and the facts it gives."""

from __future__ import annotations

import csv
import statistics
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.engine.understanding import as_json, understand

PHRASES = Path(__file__).parents[1] / "data" / "phrases_dev.csv"


def _rows() -> list[dict[str, str]]:
    with PHRASES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


INTENTS = {row["intent"] for row in _rows()}


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("STOP", "stop"),
        ("stop.", "stop"),
        ("KIT", "request_kit"),
        ("od", "emergency"),
        ("yes", "yes"),
        ("NO", "no"),
        ("CANCEL", "unclear"),
        ("quit", "unclear"),
        ("help", "help"),
        ("accept 4521", "peer_accept"),
        ("used", "report_used"),
        ("B97", "location"),
        ("im in cleethorpes", "location"),
        ("how do i use the spray", "advice"),
        ("what do i do if someone goes over", "advice"),
        ("i want to die", "crisis"),
        ("delete my data", "delete_data"),
        ("nearest chemist", "find_pharmacy"),
        ("ta", "thanks"),
    ],
)
def test_intent(text: str, intent: str) -> None:
    assert understand(text).intent == intent


@pytest.mark.parametrize("text", ["so", "np", "st", "ye", "on", "ns", "cancle", "stop by later"])
def test_two_letters_or_a_near_miss_never_stop_anything(text: str) -> None:
    assert understand(text).intent != "stop"


def test_several_wishes_and_facts_at_once() -> None:
    found = understand("lost my kit and im in b97 can i get another nasal one for my sister")
    assert found.intent == "replace_kit"
    assert "location" in found.also
    assert found.slots == {"kit": "nasal", "reason": "lost", "who": "friend_family"}


@pytest.mark.parametrize(
    ("text", "slot", "value"),
    [
        ("prenoxad please", "kit", "injectable"),
        ("a kit for me", "who", "self"),
        ("10 kits for our hostel", "who", "professional"),
        ("police took my kit", "reason", "confiscated"),
        ("my kit is out of date", "reason", "expired"),
        ("someone nicked my kit", "reason", "stolen"),
        ("gave my kit to another lad", "reason", "given_away"),
        ("is it legal to carry naloxone", "topic", "law"),
        ("whats the recovery position", "topic", "recovery_position"),
        ("can i have this in polish", "language", "pl"),
    ],
)
def test_slots(text: str, slot: str, value: str) -> None:
    assert understand(text).slots.get(slot) == value


def test_an_emergency_comes_first_and_the_rest_is_kept() -> None:
    found = understand("need a kit my mate has overdosed")
    assert (found.intent, found.emergency) == ("emergency", True)
    assert "request_kit" in found.also


def test_accuracy_on_the_example_phrases() -> None:
    wrong = []
    for row in _rows():
        _, _, also = row["notes"].partition("also accept:")
        right = {row["intent"], *(a.strip() for a in also.split(";")[0].split(","))}
        if understand(row["text"]).intent not in right:
            wrong.append((row["text"], row["intent"], understand(row["text"]).intent))
    assert len(wrong) <= 0.1 * len(_rows()), wrong


def test_a_gazetteer_can_be_handed_in() -> None:
    assert understand("Healing", is_place=lambda text: text == "Healing").intent == "location"


def test_as_json() -> None:
    found = as_json("STOP")
    assert list(found) == ["text", "emergency", "intent", "also", "slots", "why"]
    assert found["intent"] == "stop"


def test_short_messages_take_less_than_a_millisecond() -> None:
    understand("warm")
    took = []
    for row in _rows():
        start = time.thread_time()
        understand(row["text"])
        took.append(time.thread_time() - start)
    assert statistics.median(took) < 0.001


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(codec=None), max_size=300))
def test_never_raises_and_names_a_known_intent(text: str) -> None:
    assert understand(text).intent in INTENTS

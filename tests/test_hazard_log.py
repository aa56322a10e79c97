"""The hazard log: every hazard names a control and the test that proves it, and the test exists."""

from __future__ import annotations

import ast
import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.commands import hazards

TOP = Path(__file__).resolve().parents[1]
LOG = hazards.read(TOP / hazards.FOLDER / "hazards.toml")
WORDS = ("id", "hazard", "harm", "owner", "status")
LISTS = ("causes", "controls", "tests")


@cache
def names_in(path: str) -> frozenset[str]:
    """The tests a file defines, without importing it."""
    tree = ast.parse((TOP / path).read_text("utf-8"))
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def exists(proof: str) -> bool:
    """Whether a test or a transcript is there."""
    path, _, name = proof.partition("::")
    if not (TOP / path).is_file():
        return False
    return name in names_in(path) if name else path.startswith("tests/transcripts/")


def faults(hazard: dict[str, Any]) -> list[str]:
    """What is wrong with an entry."""
    found = [f"no {name}" for name in WORDS if not hazard.get(name)]
    found += [f"no {name}" for name in LISTS if name not in hazard]
    found += ["no causes or controls"] if not (hazard["causes"] and hazard["controls"]) else []
    if hazard["status"] not in hazards.STATUSES:
        found.append(f"{hazard['status']} is no status")
    if hazard["status"] != "controlled" and not hazard.get("left"):
        found.append("does not say what is left, or why")
    if not hazard["tests"] and hazard["status"] != "open":
        found.append("nothing proves it")
    return found + [f"there is no {proof}" for proof in hazard["tests"] if not exists(proof)]


@pytest.mark.parametrize("hazard", LOG, ids=lambda hazard: hazard["id"])
def test_every_hazard_is_controlled_and_proved_or_says_why_not(hazard: dict[str, Any]) -> None:
    assert faults(hazard) == []


def test_the_starter_hazards_are_all_there_and_no_number_is_used_twice() -> None:
    ids = [hazard["id"] for hazard in LOG]
    assert len(ids) == len(set(ids))
    assert {f"H{n}" for n in range(1, 19)} <= set(ids)


def test_nobody_has_scored_or_signed_it() -> None:
    scores = {"severity", "likelihood", "risk", "signed", "signed_by", "reviewer"}
    assert [hazard["id"] for hazard in LOG if scores & hazard.keys()] == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"tests": []}, "nothing proves it"),
        ({"tests": ["tests/test_hazard_log.py::test_nosuch"]}, "there is no tests/test_hazard"),
        ({"tests": ["tests/nosuch.py::test_x"]}, "there is no tests/nosuch.py"),
        ({"tests": ["tests/test_hazard_log.py"]}, "there is no tests/test_hazard"),
        ({"status": "fine"}, "fine is no status"),
        ({"status": "open"}, "does not say what is left"),
        ({"controls": []}, "no causes or controls"),
        ({"harm": ""}, "no harm"),
    ],
)
def test_a_breach_is_seen(change: dict[str, Any], fault: str) -> None:
    good = {
        **dict.fromkeys(WORDS, "x"),
        "status": "controlled",
        "causes": ["x"],
        "controls": ["x"],
        "tests": ["tests/test_hazard_log.py::test_a_breach_is_seen", "tests/transcripts/stop.txt"],
    }
    assert faults(copy.deepcopy(good)) == []
    assert any(one.startswith(fault) for one in faults({**good, **change}))


def test_the_page_is_made_from_the_log() -> None:
    page = (TOP / hazards.FOLDER / "hazards.md").read_text("utf-8")
    assert page == hazards.document(LOG)
    for hazard in LOG:
        assert f"## {hazard['id']}: {hazard['hazard']}" in page

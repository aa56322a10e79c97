"""The journeys of the product against the conversations that prove them: none without one."""

from __future__ import annotations

import re
from fnmatch import fnmatch

from tests.test_transcripts import FILES, FOLDER, Script

# J0 to J17 by the product's own numbers. Those without a conversation have other proofs.
BY_CONVERSATION = {f"J{n}" for n in (*range(11), 12)}
_ROW = re.compile(r"^\| (J\d+(?:, J\d+)*)[^|]*\|([^|]+)\|")


def journeys() -> dict[str, set[str]]:
    """Journey → the transcripts that the table in the README names for it."""
    found: dict[str, set[str]] = {}
    for line in (FOLDER / "README.md").read_text("utf-8").splitlines():
        if row := _ROW.match(line):
            patterns = [name.strip() for name in row.group(2).split(",")]
            for pattern in patterns:
                files = {path.stem for path in FILES if fnmatch(path.stem, pattern)}
                assert files, f"{pattern}: no such transcript"
                for journey in row.group(1).split(", "):
                    found.setdefault(journey, set()).update(files)
    return found


def test_every_journey_has_a_conversation() -> None:
    assert not BY_CONVERSATION - journeys().keys()


def test_every_journey_is_lived_on_sms_and_on_telegram() -> None:
    for journey, names in journeys().items():
        channels = {c for name in names for c in Script.read(FOLDER / f"{name}.txt").channels}
        assert {"sms", "telegram"} <= channels, journey


def test_every_conversation_belongs_to_a_journey() -> None:
    named = set().union(*journeys().values())
    assert not {path.stem for path in FILES} - named

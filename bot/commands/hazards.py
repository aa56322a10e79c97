"""The hazard log as a page: docs/clinical-safety/hazards.toml, set out to be read and scored."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path("docs/clinical-safety")
STATUSES = ("controlled", "partly", "open")

Hazard = Mapping[str, Any]

_INTRO = """\
# Hazard log

Made from `hazards.toml` by `kitline check --write-docs`; edit that file. What this is and is not:
[README.md](README.md). **Not scored and not signed**: severity, likelihood and whether what is left
can be borne are for a clinical safety officer to say, and none has been named.
"""


def read(path: Path) -> list[Hazard]:
    """The hazards of a file, in its order."""
    found: list[Hazard] = tomllib.loads(path.read_text("utf-8"))["hazard"]
    return found


def document(hazards: Sequence[Hazard]) -> str:
    """The page: a table to see it all, then each hazard in full."""
    counts = Counter(hazard["status"] for hazard in hazards)
    said = ", ".join(f"{counts[status]} {status}" for status in STATUSES)
    lines = [_INTRO, f"{len(hazards)} hazards: {said}.", "", "| id | hazard | status | owner |"]
    lines.append("|---|---|---|---|")
    lines += [f"| {h['id']} | {h['hazard']} | {h['status']} | {h['owner']} |" for h in hazards]
    for hazard in hazards:
        lines += ["", *_entry(hazard)]
    return "\n".join(lines) + "\n"


def _entry(hazard: Hazard) -> list[str]:
    lines = [f"## {hazard['id']}: {hazard['hazard']}", ""]
    lines += [f"- **Causes:** {'; '.join(hazard['causes'])}.", f"- **Harm:** {hazard['harm']}."]
    lines += ["- **Controls:**", *(f"  - {control}." for control in hazard["controls"])]
    if hazard["tests"]:
        lines += ["- **Proved by:**", *(f"  - `{test}`" for test in hazard["tests"])]
    lines.append(f"- **Status:** {hazard['status']}; owner: {hazard['owner']}.")
    if left := hazard.get("left"):
        lines.append(f"- **Left:** {left}")
    return lines

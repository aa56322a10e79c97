"""The figures as a table, on the screen and in docs/performance.md."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from tests.bench.runs import Result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
START, END = "<!-- bench: written by `make bench ARGS=--write` -->", "<!-- bench: end -->"
COLUMNS = (
    "run",
    "messages",
    "messages/s",
    "ratio",
    "ack p50 / p95 / p99 (ms)",
    "reply p50 / p95 / p99 (ms)",
    "server CPU a message (ms)",
    "server peak (MB)",
    "load core: generator + stand-in",
)


def quantiles(seconds: Sequence[float]) -> str:
    """p50 / p95 / p99 in milliseconds."""
    if not seconds:
        return "–"
    ordered = sorted(seconds)
    return " / ".join(
        f"{1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]:.1f}"
        for share in (0.50, 0.95, 0.99)
    )


def row(result: Result, measure: float | None) -> list[str]:
    waits = result.waits
    return [
        result.name,
        str(len(waits.acknowledged)),
        f"{result.rate:.0f}",
        f"{result.rate / measure:.2f}" if measure else "–",
        quantiles(waits.acknowledged),
        quantiles(waits.replied),
        f"{result.cpu_ms:.2f}",
        f"{result.peak_mb:.0f}",
        f"{waits.load_share:.0%} + {result.provider_cpu:.0%}",
    ]


def table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table that also reads well on a screen."""
    widths = [max(len(one[i]) for one in (COLUMNS, *rows)) for i in range(len(COLUMNS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(one, widths, strict=True)) + " |"
        for one in (COLUMNS, *rows)
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def machine() -> str:
    return (
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{platform.system()} {platform.machine()}"
    )


def write(text: str) -> None:
    """Put the figures between the markers of the page."""
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}\n\n{text}\n\n{END}{after}", "utf-8")

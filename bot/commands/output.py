"""How lists are printed: plain columns, so that scripts and screen readers can take them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import typer

from handlers.services.rules import LONDON


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Print columns under their heads, or ``empty``."""
    if not rows:
        typer.echo(empty)
        return
    lines = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(heads))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def when(at: datetime | None) -> str:
    """A time as the wall clock shows it."""
    return f"{at.astimezone(LONDON):%Y-%m-%d %H:%M}" if at else "-"


def plural(n: int, noun: str) -> str:
    """ "1 peer", "2 peers", "3 pharmacies"."""
    if n == 1:
        return f"1 {noun}"
    return f"{n} {noun[:-1]}ies" if noun.endswith("y") else f"{n} {noun}s"

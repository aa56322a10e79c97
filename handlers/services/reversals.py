"""Append-only logs: a mistake is put right by a row that names the one it is against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from db.models import Supply, Training

Row = TypeVar("Row", Supply, Training)


def standing(rows: Sequence[Row]) -> list[Row]:
    """Those that were not taken back, without the rows against the others."""
    taken_back = {row.reverses for row in rows}
    return [row for row in rows if row.reverses is None and row.id not in taken_back]

"""The log is append-only: a mistake is put right by a row that ``reverses`` it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from db.models import Supply, Training
from db.work import Work

Row = TypeVar("Row", Supply, Training)


def standing(rows: Sequence[Row]) -> list[Row]:
    """Those that were not taken back, without the rows against the others."""
    taken_back = {row.reverses for row in rows}
    return [row for row in rows if row.reverses is None and row.id not in taken_back]


async def standing_supply(work: Work, request_id: int) -> Supply | None:
    """What a request led to: its last supply that was not taken back."""
    found = standing(await work.find(Supply, request_id=request_id))
    return found[-1] if found else None

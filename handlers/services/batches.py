"""A batch as somebody copies it from a box, and the batches the service knows."""

from __future__ import annotations

from rapidfuzz.distance import OSA

from db.models import Recall
from db.stock import alike, stock_of
from db.work import Work


async def as_known(work: Work, service_id: int, typed: str) -> str:
    """A batch as the service already writes it, be it typed N-2700, LOT N2700 or N27OO."""
    if not typed:
        return ""
    for known in (await _recalled(work, service_id), await _on_lists(work, service_id)):
        if typed in known:
            return typed
        if found := next((one for one in known if one and alike(one) == alike(typed)), ""):
            return found
    return typed


async def spellings(work: Work, service_id: int, batches: tuple[str, ...]) -> tuple[str, ...]:
    """These batches, and every other way our lists write them."""
    same = set(map(alike, batches))
    others = [one for one in await _on_lists(work, service_id) if alike(one) in same]
    return tuple(dict.fromkeys((*batches, *others)))


async def nearly_recalled(work: Work, service_id: int, typed: str) -> str:
    """The recalled batch that one slip would make of a batch nobody knows ("" = none)."""
    if typed in await _on_lists(work, service_id):
        return ""
    said = alike(typed)
    for batch in await _recalled(work, service_id):
        if OSA.distance(said, alike(batch), score_cutoff=1) == 1:
            return batch
    return ""


async def _recalled(work: Work, service_id: int) -> list[str]:
    recalls = await work.find(Recall, service_id=service_id, status="open")
    return [batch for recall in recalls for batch in recall.batches]


async def _on_lists(work: Work, service_id: int) -> list[str]:
    return list(dict.fromkeys(line.batch for line in await stock_of(work, service_id)))

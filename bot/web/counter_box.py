"""Which batch a form of the counter page means: one of the list, or what was typed off a box."""

from __future__ import annotations

import re

from bot.web.counter_forms import OTHER, Shelf, Wrong, sure
from bot.web.counter_visit import Visit
from db.stock import StockLine, stock_of
from handlers.counter import Batch
from handlers.services.batches import as_known, nearly_recalled
from handlers.services.products import product_words
from handlers.services.supplies import lines_of, outlet_holder
from handlers.stock_reading import read_batch, read_month

_BATCH = re.compile(r"[A-Z0-9][A-Z0-9/-]{2,19}")


async def batch_of(visit: Visit, shelf: Shelf) -> Batch:
    """The batch chosen; what was typed off the box counts before it, whatever is ticked."""
    typed = visit.form.get("batch", "").strip() or visit.form.get("expiry", "").strip()
    if visit.form.get("line") == OTHER or typed:
        return await typed_batch(visit)
    line = shelf.named(visit.form.get("line", ""))
    return Batch(line.product, line.batch, line.expiry)


async def typed_batch(visit: Visit, over: str = "over") -> Batch:
    """A batch as typed from the box; one on the list needs no date.

    ``over``: the name of what is wrong with one that is out of date.
    """
    form, shelf = visit.form, await visit.shelf(only_free=False)
    product = form.get("product", "")
    if product not in {one.id for one in shelf.rules.products}:
        raise Wrong("product")
    batch = read_batch(form.get("batch", ""))
    if not _BATCH.fullmatch(batch):
        raise Wrong("batch")
    batch = await as_known(visit.work, visit.service.id, batch)
    if near := await nearly_recalled(visit.work, visit.service.id, batch):
        sure(form, "near", batch, batch=batch, near=near)
    here = [n for n in await lines_of(visit.work, outlet_holder(visit.outlet)) if n.batch == batch]
    if not form.get("expiry", "").strip() and len(here) == 1:
        return Batch(here[0].product, batch, here[0].expiry)
    expiry = read_month(form.get("expiry", ""))
    if expiry is None:
        raise Wrong("expiry")
    if expiry < shelf.today:
        raise Wrong(over)
    known = [n for n in await stock_of(visit.work, visit.service.id) if n.batch == batch]
    if known and (product, expiry) not in {(n.product, n.expiry) for n in known}:
        what = f"{batch} {product} {expiry}"
        sure(form, "differs", what, batch=batch, known=_said(visit, (here or known)[0]))
    return Batch(product, batch, expiry, from_box=True)


def _said(visit: Visit, line: StockLine) -> str:
    until = f", to {line.expiry:%m/%Y}" if line.expiry else ""
    return product_words("en", line.product, visit.rules) + until

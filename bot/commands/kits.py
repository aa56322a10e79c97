"""Kits that a holder starts with, and how stock reads in a list."""

from __future__ import annotations

from collections.abc import Sequence

from bot.commands.reading import Kits
from db.models import Movement
from db.work import Work
from handlers.services.rules import uk_day
from handlers.services.supplies import Holder, lines_of, receive


async def add_first_kits(work: Work, holder: Holder, kits: Sequence[Kits]) -> bool:
    """Kits from a list come in once: a batch this holder ever had is left as it is."""
    moved = await work.find(Movement, holder_id=holder.id, holder_kind=holder.kind)
    known = {(m.product, m.batch, m.expiry) for m in moved}
    new = [k for k in kits if (k[1], k[2], k[3]) not in known]
    for quantity, product, batch, expiry in new:
        await receive(work, holder, product, batch, expiry, quantity)
    return bool(new)


async def kits_words(work: Work, holder: Holder) -> str:
    """ "3 nasal N2402 to 06/2027, 1 injectable P2311 OVER"."""
    today = uk_day(work.now)
    parts = []
    for line in await lines_of(work, holder):
        until = f" to {line.expiry:%m/%Y}" if line.expiry else ""
        over = " OVER" if line.is_over(today) else ""
        held = f" ({line.reserved} promised)" if line.reserved else ""
        parts.append(f"{line.quantity} {line.product} {line.batch}{until}{over}{held}")
    return ", ".join(parts) or "none"

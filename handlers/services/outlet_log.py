"""What outlets gave out, for their own list and for whoever pays them: no person in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from db.models import Claim, Outlet, Supply, SupplyFact
from db.work import Work
from handlers.services.reversals import standing
from handlers.services.rules import LONDON, uk_day

COLUMNS = (
    *("date", "time", "outlet", "ods_code", "product", "batch", "expiry", "quantity"),
    *("recipient", "reason", "trained", "district", "code_ends", "disputed"),
)


@dataclass(frozen=True, slots=True)
class Logged:
    """One supply that stands. ``code_ends``: the last two characters of its code, if it had one.

    ``disputed``: who asked for it says that they never got it; it stays in the log, and is marked.
    """

    supply: Supply
    outlet: Outlet
    trained: str
    code_ends: str
    disputed: bool = False

    def cells(self) -> tuple[str, ...]:
        """As the columns of the export."""
        one, local = self.supply, self.supply.at.astimezone(LONDON)
        return (
            *(f"{local:%Y-%m-%d}", f"{local:%H:%M}", self.outlet.name, self.outlet.ods_code),
            *(one.product, one.batch, one.expiry.isoformat() if one.expiry else ""),
            *(str(one.quantity), one.recipient, one.reason, self.trained, one.district),
            self.code_ends,
            "yes" if self.disputed else "",
        )


async def logged(work: Work, outlets: Sequence[Outlet], first: date, last: date) -> list[Logged]:
    """What these outlets gave out from the first to the last day (London's), oldest first.

    What was taken back is left out, with the row against it.
    """
    by_id = {outlet.id: outlet for outlet in outlets}
    given = standing(await work.find(Supply, by_kind="outlet", by_id=tuple(by_id)))
    rows = [row for row in given if first <= uk_day(row.at) <= last]
    rows.sort(key=lambda row: row.at)
    facts: dict[str, dict[int, str]] = {"trained": {}, "arrived": {}}
    for fact in await work.find(SupplyFact, supply_id=tuple(row.id for row in rows)):
        facts.setdefault(fact.name, {})[fact.supply_id] = fact.value
    shown = facts["trained"]
    asked = tuple({row.request_id for row in rows if row.request_id})
    codes = {
        (claim.request_id, claim.outlet_id): claim.code[-2:]
        for claim in await work.find(Claim, request_id=asked, status="redeemed")
    }
    return [
        Logged(
            row,
            by_id[row.by_id],
            shown.get(row.id, row.trained),
            codes.get((row.request_id or 0, row.by_id), ""),
            facts["arrived"].get(row.id) == "no",
        )
        for row in rows
    ]


def as_csv(rows: Sequence[Logged]) -> str:
    """A file that a spreadsheet or a claim system takes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row.cells()])
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A spreadsheet must not take a cell for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell

"""Three lists of pharmacies as one: our own, the NHSBSA's (with hours), the ODS's (without).

Our own: heads name, address, postcode and, if known, hours, phone, texts_from, kind, products,
ods_code.
NHSBSA Consolidated Pharmaceutical List: heads, a column a day; hours leave bank holidays out.
ODS edispensary: no heads, 27 columns; A or ACTIVE, type 1 or RO182, no close date is a pharmacy.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.commands.csv_files import Row, as_row, with_heads
from bot.commands.shared import UserError

Lines = Sequence[tuple[int, list[str]]]

MUST = ("name", "address", "postcode")
MAY = ("hours", "phone", "texts_from", "kind", "products", "ods_code")
DAYS = {"MONDAY": "Mo", "TUESDAY": "Tu", "WEDNESDAY": "We", "THURSDAY": "Th", "FRIDAY": "Fr"}
DAYS |= {"SATURDAY": "Sa", "SUNDAY": "Su"}
_CODE = re.compile(r"[A-Z0-9]{3,8}")
_ODS_LEAST = 14  # columns up to the one that tells a pharmacy from an appliance contractor


@dataclass(frozen=True)
class PharmacyList:
    """A list in our own columns. ``national``: only a service's own districts are taken."""

    rows: list[Row]
    national: bool
    left_out: Counter[str]


def read_list(lines: Lines, name: str) -> PharmacyList:
    """The list, whichever of the three it is."""
    heads = [re.sub(r"[^A-Z0-9]+", "_", head.upper()).strip("_") for head in lines[0][1]]
    if heads[0].startswith("PHARMACY_ODS_CODE"):
        return _nhsbsa(heads, lines[1:])
    if "postcode" in [cell.strip().lower() for cell in lines[0][1]]:
        return PharmacyList(with_heads(lines, MUST, MAY, name), False, Counter())
    if len(heads) >= _ODS_LEAST and _CODE.fullmatch(heads[0]):
        return _ods(lines)
    raise UserError(
        f"{name} is none of the lists we read: our own (heads {', '.join(MUST)}), "
        "the NHSBSA Consolidated List, ODS edispensary"
    )


def _nhsbsa(heads: Sequence[str], lines: Lines) -> PharmacyList:
    rows, left_out = [], Counter[str]()
    addresses = [h for h in heads if re.fullmatch(r"ADDRESS_FIELD_?\d", h)]
    days = {short: _column(heads, f"OPENING_HOURS_{day}") for day, short in DAYS.items()}
    for number, cells in lines:
        row = as_row(number, heads, cells)
        if row.get("CONTRACT_TYPE").upper() == "DAC":
            left_out["appliances only"] += 1
            continue
        found = {
            "ods_code": _code(row.get(heads[0])),
            "name": _cased(row.get("PHARMACY_TRADING_NAME") or row.get("ORGANISATION_NAME")),
            "address": _joined(row.get(a) for a in addresses),
            "postcode": row.get("POST_CODE") or row.get("POSTCODE"),
            **{short: row.get(head) for short, head in days.items()},
        }
        rows.append(Row(number, found, row.too_long))
    return PharmacyList(rows, True, left_out)


def _column(heads: Sequence[str], ending: str) -> str:
    found = next((head for head in heads if head.endswith(ending)), None)
    if found is None:
        raise UserError(f"the NHSBSA list has no column for {ending}")
    return found


def _ods(lines: Lines) -> PharmacyList:
    rows, left_out = [], Counter[str]()
    for number, cells in lines:
        cell = [c.strip() for c in cells] + [""] * 27
        if cell[13].upper() not in ("1", "RO182"):
            left_out["not a pharmacy"] += 1
        elif cell[12].upper() not in ("A", "ACTIVE") or cell[11]:
            left_out["closed"] += 1
        else:
            found = {
                "ods_code": _code(cell[0]),
                "name": _cased(cell[1]),
                "address": _joined(cell[4:9]),
                "postcode": cell[9],
                "phone": cell[17],
            }
            rows.append(Row(number, found))
    return PharmacyList(rows, True, left_out)


def _code(text: str) -> str:
    """An ODS code, or "" for what is none."""
    code = text.strip().upper()
    return code if _CODE.fullmatch(code) else ""


def _joined(parts: Iterable[str]) -> str:
    return _cased(", ".join(dict.fromkeys(p.strip() for p in parts if p.strip())))


def _cased(text: str) -> str:
    """SHOUTED names as people write them."""
    return string.capwords(text) if text.isupper() else text

"""Codes printed on packs: anybody may text one, with no name given.

Seven characters, the first of them a figure and the last a check: no postcode begins with a
figure, a claim code has six, a reference four.
"""

from __future__ import annotations

import re
import secrets
from datetime import date

from db.models import PackCode
from db.work import Work
from handlers.services.codes import LETTERS, is_misread

_FIGURES = [c for c in LETTERS if c.isdigit()]
_WEIGHTS = (1, 2, 4, 5, 10, 11)  # each, and each difference of neighbours, prime to the alphabet's
_SHAPE = re.compile(rf"[{''.join(_FIGURES)}][{LETTERS}]{{2}}[\s-]?[{LETTERS}]{{4}}")


def new_pack_code() -> str:
    """A code for one pack; never figures alone, as batch numbers may be."""
    while True:
        body = secrets.choice(_FIGURES) + "".join(secrets.choice(LETTERS) for _ in range(5))
        code = body + _check(body)
        if not body.isdigit() and not is_misread(show_pack_code(code)):
            return code


def _check(body: str) -> str:
    total = sum(w * LETTERS.index(c) for w, c in zip(_WEIGHTS, body, strict=True))
    return LETTERS[-total % len(LETTERS)]


def show_pack_code(code: str) -> str:
    """A code as it is printed: 4KF-7QXM."""
    return f"{code[:3]}-{code[3:]}"


def looks_like_pack_code(text: str) -> bool:
    """Whether somebody meant to type a code from a pack, right or wrong."""
    said = text.strip().upper()
    return bool(_SHAPE.fullmatch(said)) and not re.fullmatch(r"[\d\s-]+", said)


def read_pack_code(text: str) -> str | None:
    """A code as typed ("4kf-7qxm", "4KF 7QXM"), or None if the check fails."""
    if not looks_like_pack_code(text):
        return None
    code = re.sub(r"[\s-]", "", text.upper())
    return code if _check(code[:6]) == code[6] else None


async def pack_of(work: Work, text: str) -> PackCode | None:
    """The pack whose code this is, if it is one of ours."""
    code = read_pack_code(text)
    found = await work.find(PackCode, code=code) if code else []
    return found[0] if found else None


async def make(
    work: Work, service_id: int, product: str, batch: str, expiry: date | None, count: int
) -> list[PackCode]:
    """Codes for so many packs of a batch."""
    made: dict[str, PackCode] = {}
    while len(made) < count:
        code = new_pack_code()
        if code in made or await work.find(PackCode, code=code):
            continue
        made[code] = work.save(
            PackCode(work.new_id(), service_id, code, product, batch, expiry, made_at=work.now)
        )
    return list(made.values())

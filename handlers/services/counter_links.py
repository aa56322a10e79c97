"""The link of an outlet's counter page: whoever has it speaks for the outlet."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import replace
from hashlib import sha256

from db.models import Outlet
from db.work import Work

_PURPOSE = "counter page"
_BYTES = 20


def with_key(work: Work, outlet: Outlet, *, new: bool = False) -> Outlet:
    """The outlet with a key for its link; a new key ends the link it had."""
    if outlet.counter_key and not new:
        return outlet
    return work.save(replace(outlet, counter_key=secrets.token_hex(16)))


def token_of(work: Work, outlet: Outlet) -> str:
    """What the link carries: the outlet's id, and proof that it comes from us."""
    return f"{outlet.id}-{_proof(_secrets(work)[0], outlet)}"


async def outlet_of_token(work: Work, token: str) -> Outlet | None:
    """The outlet a link belongs to, or None: never ours, ended, or of an outlet that has left."""
    number, _, proof = token.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 19 and proof.isascii()):
        return None
    outlet = await work.get(Outlet, int(number))
    if outlet is None or not outlet.counter_key or outlet.status == "left":
        return None
    fits = [hmac.compare_digest(_proof(secret, outlet), proof) for secret in _secrets(work)]
    return outlet if any(fits) else None


def _secrets(work: Work) -> list[str]:
    return work.db.keyring.signing_secrets(_PURPOSE)


def _proof(secret: str, outlet: Outlet) -> str:
    signed = hmac.new(secret.encode(), f"{outlet.id}:{outlet.counter_key}".encode(), sha256)
    return base64.b32encode(signed.digest()[:_BYTES]).decode().lower()

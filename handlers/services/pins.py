"""Coordinators' PINs: kept as slow hashes, compared in constant time."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def hash_pin(pin: str) -> str:
    """The hash to keep. A PIN has 4 to 8 figures; ValueError otherwise."""
    if not (pin.isdigit() and 4 <= len(pin) <= 8):
        raise ValueError("a PIN has 4 to 8 figures")
    return _hasher.hash(pin)


def pin_fits(pin_hash: str, pin: str) -> bool:
    """Whether this is the PIN."""
    if not pin_hash:
        return False
    try:
        return _hasher.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False

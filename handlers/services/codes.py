"""Short codes people read out and type: no look-alike characters, and a check where it matters."""

from __future__ import annotations

import re
import secrets

from handlers.engine.understanding import understand

LETTERS = "ACDEFHJKMNPRTWXY34679"
WEIGHTS = (2, 4, 5, 10, 11)


def new_ref() -> str:
    """A request's reference: 4 characters, at least one of them a letter."""
    while True:
        ref = "".join(secrets.choice(LETTERS) for _ in range(4))
        if not ref.isdigit() and not is_misread(ref):
            return ref


def new_claim_code() -> str:
    """A claim code: 5 characters and a check character (see ``check_character``)."""
    while True:
        body = "".join(secrets.choice(LETTERS) for _ in range(5))
        code = body + check_character(body)
        if not is_misread(show_claim_code(code)):
            return code


def is_misread(code: str) -> bool:
    """Whether the line would take a code for a cry for help, as about one in a thousand would be:
    DONE CTMA is one letter from a coma, and 4999 ends in 999."""
    typed = (code, f"DONE {code}")
    return any(understand(t, lambda _: False).intent in ("emergency", "crisis") for t in typed)


def check_character(body: str) -> str:
    """A weighted sum over our alphabet: finds any one wrong character and any swap of neighbours.

    It does because every weight, and every difference of two beside each other, shares no factor
    with the alphabet's length (Luhn's check needs an even one).
    """
    total = sum(w * LETTERS.index(c) for w, c in zip(WEIGHTS, reversed(body), strict=True))
    return LETTERS[-total % len(LETTERS)]


def read_claim_code(text: str) -> str | None:
    """A claim code as typed ("k7f-3qx", "K7F 3QX"), or None if the check fails."""
    code = re.sub(r"[^A-Z0-9]", "", text.upper())
    if len(code) != 6 or any(c not in LETTERS for c in code):
        return None
    return code if check_character(code[:5]) == code[5] else None


def split_claim_code(text: str) -> tuple[str, str]:
    """A typed claim code, in one piece or two ("K7F 3QX N2405"), and what follows it."""
    tokens = text.split()
    for n in range(1, len(tokens) + 1):
        typed = "".join(tokens[:n])
        if len(re.sub(r"[^A-Za-z0-9]", "", typed)) >= 6:
            return typed, " ".join(tokens[n:])
    return text.strip(), ""


def show_claim_code(code: str) -> str:
    """A claim code as people read it best: K7F-3QX."""
    return f"{code[:3]}-{code[3:]}"


def new_offer_code(taken: set[str]) -> str:
    """A two-figure code for an offer, different from the peer's other open ones."""
    free = [str(n) for n in range(10, 100) if str(n) not in taken]
    return secrets.choice(free or [str(n) for n in range(100, 1000) if str(n) not in taken])


def new_echo_code() -> str:
    """Four figures to type back, so that a forged sender cannot act."""
    while is_misread(code := f"{secrets.randbelow(10000):04d}"):
        pass
    return code

"""What a message wants: its intent, what else it asks, and the facts it already gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from handlers.engine.emergency import judge
from handlers.engine.reading import read

ENOUGH = 2  # the weight a second intent needs to be mentioned


@dataclass(frozen=True)
class Understood:
    intent: str
    also: tuple[str, ...] = ()
    slots: dict[str, str] = field(default_factory=dict)
    emergency: bool = False
    why: tuple[str, ...] = ()


def understand(text: str) -> Understood:
    reading = read(text)
    verdict = judge(reading)
    return Understood(
        "emergency" if verdict.is_emergency else "unclear",
        emergency=verdict.is_emergency,
        why=verdict.why,
    )


def as_json(text: str) -> dict[str, object]:
    """For `kitline understand`."""
    found = understand(text)
    return {
        "text": text,
        "emergency": found.emergency,
        "intent": found.intent,
        "also": list(found.also),
        "slots": found.slots,
        "why": list(found.why),
    }

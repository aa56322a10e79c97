"""What a check of the flows or the texts has to say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong. ``kind`` groups findings; a warning does not fail the check."""

    kind: str
    where: str
    what: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}: {self.what}"

"""The line drawings: what they show, where they lie, and whether they may be shown.

Each is an SVG beside a PNG of it (for Telegram), made by ``tools/pictures.py``; pictures.toml
describes them. A drawing of a clinical step is shown nowhere until it is signed off.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from content import signing


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing. ``alt`` says in words what it shows."""

    name: str
    alt: str
    clinical: bool
    sources: tuple[str, ...]

    @property
    def svg(self) -> Path:
        """The drawing itself."""
        return signing.picture_path(self.name)

    @property
    def png(self) -> Path:
        """The same for Telegram, which takes no SVG."""
        return self.svg.with_suffix(".png")


def picture(name: str) -> Picture | None:
    """A drawing by its name, if there is one."""
    about = signing.pictures().get(name)
    if about is None:
        return None
    return Picture(name, about["alt"], about["clinical"], tuple(about["sources"]))


def may_show(name: str, signed: Collection[str]) -> bool:
    """Whether a drawing may be shown, given the names that are signed off."""
    found = picture(name)
    return found is not None and (not found.clinical or name in signed)

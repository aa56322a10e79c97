"""In which languages a text is said. A translation is a draft until somebody has signed it off.

A draft about an emergency or a crisis goes out together with the English text, after it. Any other
draft is said only where drafts are switched on; elsewhere English is.
"""

from __future__ import annotations

from dataclasses import dataclass

from content import library
from content.languages import languages

CARD = "overdose.card"  # said before anybody knows who asks, and so always in English first
OFFER = "language.ask"  # who signs this stands by writing to people in that language
URGENT = ("overdose", "crisis")
"""The texts whose drafts are never said alone."""


@dataclass(frozen=True)
class Ears:
    """What a person understands. ``chosen``: their language; ``noticed``: what they wrote in."""

    chosen: str
    noticed: str = ""
    drafts_on: bool = False
    signed: frozenset[str] = frozenset()

    @property
    def tongue(self) -> str:
        """The language they seem to think in: not yet asked about, but heard."""
        return self.chosen if self.chosen != library.DEFAULT else self.noticed or self.chosen

    @property
    def labels(self) -> str:
        """The language of short words and options, which have no text of their own to follow."""
        return self.chosen if is_full(self.chosen) and self.reads_own else library.DEFAULT

    @property
    def reads_own(self) -> bool:
        """Whether texts may be said in it at all."""
        return self.drafts_on or OFFER in self.signed

    def languages_for(self, name: str) -> tuple[str, ...]:
        """The languages to say a text in, in order."""
        urgent = name.partition(".")[0] in URGENT
        own = self.tongue if urgent or not is_full(self.tongue) else self.chosen
        if own == library.DEFAULT or not library.has_text(own, name):
            return (library.DEFAULT,)
        signed = name in self.signed
        if urgent:
            return (own,) if signed and name != CARD else (library.DEFAULT, own)
        return (own,) if signed or self.drafts_on else (library.DEFAULT,)


def is_full(code: str) -> bool:
    """Whether every text is there in this language."""
    return code in languages() and languages()[code].full

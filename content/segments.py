"""What a text costs by SMS, and how to keep it cheap: GSM 03.38, counted by plain functions.

160 characters fit one SMS in the GSM alphabet, 70 as soon as one character is outside it. Longer
texts travel in parts of 153 or 67, because each part carries a header.
"""

import re
from bisect import bisect_left
from collections.abc import Callable

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
"""Characters that take two places: an escape and themselves."""

GSM = BASIC | EXTENDED

# Look-alikes that writers, phones and word processors put in. Letters are left alone: a Welsh or
# Polish text must keep its own.
LOOK_ALIKES = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′´`ʼ", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("•·‣●▪", "-"),
        **dict.fromkeys("\t\u00a0\u2002\u2003\u2004\u2005\u2007\u2008\u2009\u200a\u202f", " "),
        **dict.fromkeys("\u00ad\u200b\u2060\ufeff", None),
        **dict.fromkeys("\u2028\u2029", "\n"),
        "…": "...",
        "×": "x",
        "½": "1/2",
        "¼": "1/4",
        "¾": "3/4",
        "→": "->",
        "™": "",
        "®": "",
    }
)

# Where a long text may be cut, best first: after a sentence or at a line end, then between words.
BREAKS = (re.compile(r"(?<=[.!?])\s+|\s*\n\s*"), re.compile(r"\s+"))


def is_gsm7(text: str) -> bool:
    """Every character is in the GSM alphabet, so 160 fit one SMS."""
    return GSM.issuperset(text)


def not_gsm7(text: str) -> list[str]:
    """The characters that turn this text into UCS-2, each once, in order: for `check`."""
    return [char for char in dict.fromkeys(text) if char not in GSM]


def to_gsm7(text: str) -> str:
    """Curly quotes, long dashes, odd spaces and the like replaced by what GSM has for them."""
    return text.replace("\r\n", "\n").translate(LOOK_ALIKES)


def widths(text: str) -> list[int]:
    """Places each character takes, in whichever of the two alphabets the text needs."""
    if is_gsm7(text):
        return [2 if char in EXTENDED else 1 for char in text]
    return [2 if ord(char) > 0xFFFF else 1 for char in text]


def segment_count(text: str) -> int:
    """How many SMS this text is billed as; 0 if it is empty.

    A character of two places is never cut in half, so a part may end one place early.
    """
    single, part = (160, 153) if is_gsm7(text) else (70, 67)
    places = widths(text)
    if sum(places) <= single:
        return 1 if text else 0
    count, used = 1, 0
    for places_taken in places:
        if used + places_taken > part:
            count, used = count + 1, 0
        used += places_taken
    return count


def split(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The text in as few parts as sensible, each of which ``fits``, cut between sentences.

    Where one sentence is too long it is cut between words, and a word between characters.
    """
    parts = []
    rest = text.strip()
    while rest and not fits(rest):
        end = _cut(rest, fits)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*parts, rest] if rest else parts


def _cut(text: str, fits: Callable[[str], bool]) -> int:
    for pattern in BREAKS:
        ends = [found.start() for found in pattern.finditer(text) if found.start()]
        fitting = _fitting(text, ends, fits)
        if fitting:
            return ends[fitting - 1]
    return max(1, _fitting(text, list(range(1, len(text))), fits))


def _fitting(text: str, ends: list[int], fits: Callable[[str], bool]) -> int:
    """How many of the rising ``ends`` leave a beginning that fits."""
    return bisect_left(ends, True, key=lambda end: not fits(text[:end]))

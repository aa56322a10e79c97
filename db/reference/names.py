"""How a place name is compared: one key for every way people write the same name."""

import re
import unicodedata

_DROPPED = re.compile(r"['’`.]")
_SEPARATORS = re.compile(r"[^a-z0-9]+")


def name_key(name: str) -> str:
    """The name as plain lower-case words: "St. Ann's-on-Sea" and "Saint Anns on Sea" agree.

    Accents, apostrophes and full stops go, hyphens and other signs become spaces, "&" becomes
    "and", "saint" becomes "st".
    """
    plain = name if name.isascii() else _without_accents(name)
    spaced = _DROPPED.sub("", plain.lower()).replace("&", " and ")
    words = _SEPARATORS.sub(" ", spaced).split()
    return " ".join("st" if word == "saint" else word for word in words)


def _without_accents(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(c for c in decomposed if not unicodedata.combining(c))

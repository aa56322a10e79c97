"""What a signature is given for: the exact words, labels and sources of a text, or a drawing.

Pure: it reads the content and nothing else. Who has signed is in the database; see
``handlers/services/sign_offs.py`` (``signed_names``).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from content import library

PICTURES = Path(__file__).parent / "pictures"
ROLES = (library.COORDINATOR, library.CLINICAL_LEAD)
"""Who may sign; each may sign what those before it may."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that wants a signature. A drawing has no locale of its own: the default's."""

    locale: str
    name: str
    signer: str
    fingerprint: str
    is_picture: bool = False


@cache
def pictures() -> dict[str, dict[str, Any]]:
    """The drawings by name, as pictures.toml describes them."""
    path = PICTURES / "pictures.toml"
    found: dict[str, dict[str, Any]] = (
        tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    )
    return {name: about for name, about in found.items() if picture_path(name).exists()}


def picture_path(name: str) -> Path:
    """Where a drawing lies."""
    return PICTURES / f"{name}.svg"


@cache
def items(locale: str) -> tuple[Item, ...]:
    """Every text of a locale, and in the default locale the drawings too."""
    found = []
    for flow in library.flows(locale):
        file = library.text_file(locale, flow) or library.TextFile(library.Head(), {})
        for step in dict.fromkeys(block.partition("__")[0] for block in file.blocks):
            name = f"{flow}.{step}"
            found.append(Item(locale, name, file.head.signer, fingerprint(locale, name)))
    if locale == library.DEFAULT:
        for name, about in pictures().items():
            signer = library.CLINICAL_LEAD if about.get("clinical") else library.COORDINATOR
            found.append(Item(locale, name, signer, fingerprint(locale, name), is_picture=True))
    return tuple(found)


@cache
def fingerprint(locale: str, name: str) -> str:
    """What changes with any change of a text or a drawing; "" where there is none of that name.

    A translation's changes with the English too: whoever signed it compared the two.
    """
    what = _picture(name) if name in pictures() else _text(locale, name)
    if what is None:
        return ""
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:32]


def _picture(name: str) -> Any:
    return [name, picture_path(name).read_text("utf-8"), pictures()[name]]


def _text(locale: str, name: str) -> Any:
    flow, _, step = name.rpartition(".")
    file = library.text_file(locale, flow)
    if file is None or step not in file.blocks:
        return None
    words = {b: source for b, source in file.blocks.items() if b.partition("__")[0] == step}
    labels = library.labels_of(locale, name)
    original = "" if locale == library.DEFAULT else fingerprint(library.DEFAULT, name)
    return [locale, name, words, labels, file.head.sources, original]


def may_sign(role: str, item: Item) -> bool:
    """Whether a role is enough for what an item needs."""
    return ROLES.index(role) >= ROLES.index(item.signer)


def chosen(locale: str, what: str) -> tuple[Item, ...]:
    """The items of a flow, a folder of flows, one text or one drawing; "pictures": all of those."""
    return tuple(
        item
        for item in items(locale)
        if what == item.name
        or (item.is_picture and what == "pictures")
        or (not item.is_picture and _belongs(item.name, what))
    )


def _belongs(name: str, what: str) -> bool:
    flow = name.rpartition(".")[0]
    return flow == what or flow.startswith(f"{what}/")

"""What a service supplies and what is in its packs, as given on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, replace

import typer

from bot.commands.shared import UserError
from content import library
from db.models import Service
from db.stock import stock_of
from db.work import Work
from handlers.services.products import EITHER, FORMS
from handlers.services.rules import Product, rules_of

PARTS = ("kit", "gloves", "face_shield", "card", "torch")
RULES = ("products", "pack")
"""The rules that are set here, and not with --rule."""
OLDEST_FLOOR = 99
_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")

PRODUCT_OPTION = typer.Option(
    [], "--product", help='One of its own products: "nyxoid=nasal, Nyxoid, 14" (name, youngest).'
)
PACK_OPTION = typer.Option("", "--pack", help=f'What is in a pack: "{", ".join(PARTS)}".')


def read_own_product(text: str) -> Product:
    """ "nyxoid=nasal, Nyxoid 1.8 mg, 14": id, form, and if given the name on the box and an age."""
    id_, equals, about = (part.strip() for part in text.partition("="))
    form, name, age = ([part.strip() for part in about.split(",")] + ["", ""])[:3]
    if not equals or not _ID.fullmatch(id_) or id_ == EITHER:
        raise ValueError(f'{text}: write it as "nyxoid=nasal, Nyxoid, 14"')
    if form not in FORMS:
        raise ValueError(f"{form or text} is not a form: {' or '.join(FORMS)}")
    if id_ in FORMS and id_ != form:
        raise ValueError(f"{id_} is {id_}, not {form}")
    if age and not (age.isdigit() and int(age) <= OLDEST_FLOOR):
        raise ValueError(f"{age} is not an age in years")
    if len(name) > 30:
        raise ValueError(f"{name}: a name of at most 30 letters")
    return Product(id_, form, name, int(age or 0))


def read_pack(text: str) -> list[str]:
    """ "kit, gloves, face shield" → parts of a pack; the kit itself is always one."""
    named = {library.label(library.DEFAULT, "pack", part): part for part in PARTS}
    found = []
    for said in filter(None, (part.strip().lower() for part in text.split(","))):
        part = named.get(said, said)
        if part not in PARTS:
            raise ValueError(f"{said} is not a part of a pack: {', '.join(PARTS)}")
        found.append(part)
    if "kit" not in found:
        raise ValueError("a pack without a kit is not one")
    return list(dict.fromkeys(found))


async def with_products(
    work: Work, service: Service, given: Sequence[str], pack: str, *, clear: bool
) -> Service:
    """The service with more products of its own, and its pack; ``clear`` forgets those so far."""
    rules = dict(service.rules)
    try:
        new = {one.id: asdict(one) for one in map(read_own_product, given)}
        if pack:
            rules["pack"] = read_pack(pack)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    own = [] if clear else rules.pop("products", [])
    if clear:
        rules.pop("products", None)
    if new or own:
        rules["products"] = list({**{one["id"]: one for one in own}, **new}.values())
    changed = replace(service, rules=rules)
    await _refuse_held(work, changed)
    return changed


async def _refuse_held(work: Work, service: Service) -> None:
    """A product that somebody holds cannot be forgotten: nobody would be offered it again."""
    known = {one.id for one in rules_of(service).products} | set(FORMS)
    held = {line.product for line in await stock_of(work, service.id) if line.quantity}
    if gone := sorted(held - known):
        raise UserError(f"there is stock of {', '.join(gone)}: count it to 0 first, or keep it")


def said(name: str, value: Sequence[object]) -> str:
    """How these rules stand in a list."""
    if name == "pack":
        return f"pack={'+'.join(map(str, value))}"
    ids = (str(one["id"]) for one in value if isinstance(one, dict))
    return f"products={'+'.join(ids)}"

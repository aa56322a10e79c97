"""Texts filled with the longest values that are sensible, to see what they cost at worst.

``samples.toml`` holds the values. One that is made of other texts names them:
``{ longest = [names] }`` or ``{ joined = [names] }``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, meta, nodes

from content.library import TextFile

Shelf = Mapping[str, TextFile]
"""The texts of one locale: name of the file → its texts."""

_environment = Environment(undefined=StrictUndefined, autoescape=False)


@cache
def samples() -> dict[str, Any]:
    """The sample values: ``values`` for all texts, ``texts`` for single ones."""
    return tomllib.loads((Path(__file__).parent / "samples.toml").read_text("utf-8"))


@cache
def needs(source: str) -> frozenset[str]:
    """The values a text cannot do without."""
    if "{" not in source:
        return frozenset()
    return frozenset(meta.find_undeclared_variables(_environment.parse(source)))


def source_of(shelf: Shelf, name: str, channel: str = "") -> str:
    """A text as written, for a channel."""
    flow, _, step = name.rpartition(".")
    blocks = shelf[flow].blocks
    return blocks.get(f"{step}__{channel}", blocks.get(step, ""))


def drafts(shelf: Shelf, name: str, given: Mapping[str, Any]) -> list[str]:
    """A text as it may look by SMS: once with every value, once with each optional one left out."""
    source = source_of(shelf, name, "sms")
    values = _values(shelf, name, source, given)
    template = _template(source)
    found = [template.render(values)]
    for optional in _tested(source):
        left_out = {**values, optional: type(values[optional])()}
        found.append(template.render(left_out))
    return found


def longest(shelf: Shelf, name: str, given: Mapping[str, Any]) -> str:
    """The longest of a text's drafts."""
    return max(drafts(shelf, name, given), key=len)


@cache
def _template(source: str) -> Template:
    return _environment.from_string(source)


def _values(shelf: Shelf, name: str, source: str, given: Mapping[str, Any]) -> dict[str, Any]:
    own = given.get("texts", {}).get(name, {})
    values = {key: {**given["values"], **own}[key] for key in needs(source)}
    return {key: _composed(shelf, value, given) for key, value in values.items()}


def _composed(shelf: Shelf, value: Any, given: Mapping[str, Any]) -> Any:
    if not isinstance(value, dict):
        return value
    if "joined" in value:
        return " ".join(longest(shelf, name, given) for name in value["joined"])
    return max((longest(shelf, name, given) for name in value["longest"]), key=len)


@cache
def _tested(source: str) -> frozenset[str]:
    """The values that an ``if`` asks about."""
    if "{%" not in source:
        return frozenset()
    tests = [branch.test for branch in _environment.parse(source).find_all(nodes.If)]
    return frozenset(name for test in tests for name in _names(test))


def _names(test: nodes.Node) -> set[str]:
    own = {test.name} if isinstance(test, nodes.Name) else set()
    return own | {name.name for name in test.find_all(nodes.Name)}

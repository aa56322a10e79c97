"""Telegram's Bot API in machine-readable form: does this call have the right parameters?"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "contracts" / "telegram_bot_api.json"


class BadCallError(Exception):
    """What Telegram answers with 400."""


@cache
def api() -> dict[str, Any]:
    return json.loads(FILE.read_text())


def checked(method: str, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters with their real types, or BadCallError.

    Telegram itself ignores a parameter it does not know; here it is a mistake of ours.
    """
    fields = api()["methods"][method]["fields"]
    _check_names(method, fields, given)
    return {name: _value(fields[name]["type"], given[name], name) for name in given}


def _check_names(where: str, fields: dict[str, Any], given: dict[str, Any]) -> None:
    unknown = given.keys() - fields.keys()
    missing = {name for name, about in fields.items() if about["required"]} - given.keys()
    if unknown or missing:
        raise BadCallError(
            f"Bad Request: {where}: unknown {sorted(unknown)}, missing {sorted(missing)}"
        )


def _value(kind: str, value: Any, where: str) -> Any:
    """A form has only strings: what should be something else is JSON inside one."""
    if isinstance(value, str) and kind != "String":
        try:
            value = json.loads(value)
        except ValueError:
            if "String" not in kind.split(" or "):
                raise BadCallError(f"Bad Request: {where}: not {kind}") from None
    if not _is(kind, value, where):
        raise BadCallError(f"Bad Request: {where}: not {kind}")
    return value


def _is(kind: str, value: Any, where: str) -> bool:
    if kind.startswith("Array of "):
        inner = kind.removeprefix("Array of ")
        return isinstance(value, list) and all(_is(inner, item, where) for item in value)
    if " or " in kind:
        return any(_matches(one, value, where) for one in kind.split(" or "))
    if kind in SIMPLE:
        return isinstance(value, SIMPLE[kind]) and (kind in BOOLEAN or not isinstance(value, bool))
    fields = api()["types"].get(kind, {}).get("fields")
    if not isinstance(value, dict):
        return False
    if fields:
        _check_names(f"{where}: {kind}", fields, value)
        return all(_is(fields[name]["type"], value[name], where) for name in value)
    return True


def _matches(kind: str, value: Any, where: str) -> bool:
    try:
        return _is(kind, value, where)
    except BadCallError:
        return False


BOOLEAN = {"Boolean", "True", "False"}
SIMPLE: dict[str, Any] = {
    "Integer": int,
    "Float": (int, float),
    "String": str,
    **dict.fromkeys(BOOLEAN, bool),
}

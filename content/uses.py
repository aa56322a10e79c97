"""Which texts the program says, and with which values: read from its source, nothing is run.

A name that is put together while running is followed as far as the source shows it; what remains
open becomes a star ("cards/*.short").
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

ANY = "*"
NOT_VALUES = frozenset(
    ("buttons", "style", "kind", "priority", "ask_location", "in_place", "dedupe", "picture")
)
"""What ``turn.say`` takes for itself; everything else fills a gap in the text."""

_NAME = re.compile(r"[a-z_/*][\w/*]*\.[\w*]+")
_MENTION = re.compile(r"[a-z_/]+\.[a-z]\w*")
_MOST_NAMES = 200

Scope = dict[str, list[ast.expr]]


@dataclass(frozen=True, slots=True)
class Use:
    """A place that says a text. ``values`` is None where the source does not show them."""

    name: str
    values: frozenset[str] | None
    where: str


@dataclass(frozen=True, slots=True)
class Hint:
    """A place that repeats a question after a hint, ``Again("…")``."""

    name: str
    values: frozenset[str]
    module: str
    where: str


def uses_in(source: str, where: str) -> list[Use]:
    """Every ``turn.say(name, …)``, ``turn.text(name, …)``, ``library.text(locale, name, …)`` and
    ``saying(name, …)``."""
    found = []
    for call, scope in _calls(ast.parse(source)):
        arguments = _from_the_name_on(call)
        if not arguments:
            continue
        given = _given(call)
        for name in sorted(possible(arguments[0], scope)):
            generic = ANY in name and given is None  # the engine, saying whatever step it is at
            if _NAME.fullmatch(name) and not name.startswith(ANY) and not generic:
                found.append(Use(name, given, f"{where}:{call.lineno}"))
    return found


def _from_the_name_on(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that says a text, its name first; [] for any other call."""
    function = call.func
    if isinstance(function, ast.Name):
        return call.args if function.id == "saying" else []
    if not isinstance(function, ast.Attribute) or function.attr not in ("say", "text"):
        return []
    from_library = isinstance(function.value, ast.Name) and function.value.id == "library"
    return call.args[1:] if from_library else call.args


def hints_in(source: str, where: str, module: str) -> list[Hint]:
    """Every ``Again(hint, values)``."""
    found = []
    for call, scope in _calls(ast.parse(source)):
        if not (isinstance(call.func, ast.Name) and call.func.id == "Again" and call.args):
            continue
        values = _keys(call.args[1]) if len(call.args) > 1 else frozenset()
        for name in sorted(possible(call.args[0], scope)):
            if ANY not in name:
                found.append(Hint(name, values or frozenset(), module, f"{where}:{call.lineno}"))
    return found


def mentions_in(source: str, where: str, files: Iterable[str]) -> list[Use]:
    """Names of texts that stand in the source on their own, to be said elsewhere."""
    known = set(files)
    tree = ast.parse(source)
    pieces = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    return [
        Use(node.value, None, f"{where}:{node.lineno}")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in pieces
        and _MENTION.fullmatch(node.value)
        and node.value.rpartition(".")[0] in known
    ]


def label_groups_in(source: str) -> set[str]:
    """Every group asked for by ``library.label(locale, group, name)``."""
    groups: set[str] = set()
    for call, scope in _calls(ast.parse(source)):
        named = isinstance(call.func, ast.Attribute) and call.func.attr == "label"
        if named and len(call.args) == 3:
            groups |= possible(call.args[1], scope)
    return groups


def strings_in(source: str) -> set[str]:
    """Every string in the source."""
    return {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def returned_keys(function: Callable[..., Any]) -> frozenset[str] | None:
    """The keys of the dict a function returns, or None where its source does not show them."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    keys: frozenset[str] | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.Return):
            own = _keys(node.value) if node.value else None
            if own is None:
                return None
            keys = own if keys is None else keys & own  # what every way out gives
    return keys


def possible(node: ast.expr, scope: Scope, depth: int = 0) -> set[str]:
    """The strings an expression may stand for."""
    if depth > 8:
        return {ANY}
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else {ANY}
    if isinstance(node, ast.JoinedStr):
        parts = [possible(part, scope, depth + 1) for part in node.values]
        names = {"".join(chosen) for chosen in product(*parts)}
        return names if len(names) <= _MOST_NAMES else {ANY}
    inner = _alternatives(node, scope)
    if not inner:
        return {ANY}
    return set().union(*(possible(one, scope, depth + 1) for one in inner))


def _alternatives(node: ast.expr, scope: Scope) -> list[ast.expr]:
    """The expressions that another may turn out to be."""
    if isinstance(node, ast.FormattedValue):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.Name):
        return scope.get(node.id, [])
    if isinstance(node, ast.Subscript):
        return [value for one in _dicts(node.value, scope) for value in one.values]
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
    ):
        looked_up = [value for one in _dicts(node.func.value, scope) for value in one.values]
        return [*looked_up, *node.args[1:2]] if looked_up else []
    return []


def _dicts(node: ast.expr, scope: Scope) -> list[ast.Dict]:
    candidates = [node, *(scope.get(node.id, []) if isinstance(node, ast.Name) else [])]
    return [one for one in candidates if isinstance(one, ast.Dict)]


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, Scope]]:
    """Every call, with what the names around it stand for."""
    outside: Scope = _assigned(tree.body)
    yield from _calls_under(tree, outside)


def _calls_under(node: ast.AST, scope: Scope) -> Iterator[tuple[ast.Call, Scope]]:
    for child in ast.iter_child_nodes(node):
        inner = scope
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            own = [n for n in ast.walk(child) if isinstance(n, ast.stmt)]
            hidden: Scope = {a.arg: [] for a in (*child.args.args, *child.args.kwonlyargs)}
            inner = {**scope, **hidden, **_assigned(own)}
        if isinstance(child, ast.Call):
            yield child, inner
        yield from _calls_under(child, inner)


def _assigned(statements: Iterable[ast.stmt]) -> Scope:
    found: Scope = {}
    for statement in statements:
        if isinstance(statement, ast.Assign):
            goals, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value:
            goals, value = [statement.target], statement.value
        else:
            continue
        for goal in goals:
            if isinstance(goal, ast.Name):
                found.setdefault(goal.id, []).append(value)
    return found


def _given(call: ast.Call) -> frozenset[str] | None:
    names = [keyword.arg for keyword in call.keywords]
    if None in names:
        return None
    return frozenset(name for name in names if name) - NOT_VALUES


def _keys(node: ast.expr) -> frozenset[str] | None:
    if not isinstance(node, ast.Dict):
        return None
    keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
    return frozenset(str(key) for key in keys) if len(keys) == len(node.keys) else None

"""Static checks of every flow, as functions of values: nothing is run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from content.findings import Finding
from content.library import MissingText, OptionWords
from content.uses import Hint, Use, returned_keys
from handlers.engine.flow import Choose, Do, Flow, targets
from handlers.engine.matching import plain

MOST_BYTES = 64  # of a Telegram button's data
LONGEST_SEQ = 999999

Flows = Mapping[str, Flow]


def questions(flows: Flows) -> Iterator[tuple[str, Choose]]:
    """Every question with options, by its full name."""
    for flow in flows.values():
        for step in flow.steps:
            if isinstance(step, Choose):
                yield f"{flow.name}.{step.name}", step


# --- where steps lead --------------------------------------------------------------------------


def undeclared(flows: Flows) -> Iterator[Finding]:
    """Functions that do not say where they lead, and options that lead nowhere."""
    for flow in flows.values():
        for step in flow.steps:
            where = f"{flow.name}.{step.name}"
            if callable(step.then) and not getattr(step.then, "leads_to", ()):
                yield Finding("no leads_to", where, "its function must be marked @leads_to(…)")
            if isinstance(step, Choose) and isinstance(step.then, Mapping):
                for option in sorted(set(step.options) ^ set(step.then)):
                    yield Finding("option leads nowhere", where, f"option {option}")


def nowhere(flows: Flows) -> Iterator[Finding]:
    """Steps that lead to one that is not there."""
    for flow in flows.values():
        for step in flow.steps:
            for target in targets(step):
                if isinstance(target, str) and not _there(flows, flow, target):
                    yield Finding("leads nowhere", f"{flow.name}.{step.name}", f"to {target}")


def _there(flows: Flows, flow: Flow, target: str) -> bool:
    if target.startswith("flow:"):
        return target.removeprefix("flow:") in flows
    return target in flow.by_name


def unreachable(flows: Flows) -> Iterator[Finding]:
    """Steps that no way leads to."""
    for flow in flows.values():
        reached: set[str] = set()
        to_visit = [flow.first, *flow.by_timer]
        while to_visit:
            name = to_visit.pop()
            if name in reached or name not in flow.by_name:
                continue
            reached.add(name)
            to_visit += [t for t in targets(flow.by_name[name]) if isinstance(t, str)]
        for step in flow.steps:
            if step.name not in reached:
                yield Finding("unreachable step", f"{flow.name}.{step.name}", "no way leads there")


def twice(flows: Flows) -> Iterator[Finding]:
    """Steps of one name in one flow."""
    for flow in flows.values():
        if len(flow.by_name) < len(flow.steps):
            yield Finding("step twice", flow.name, "two steps have the same name")


# --- what they say -----------------------------------------------------------------------------


def step_uses(flows: Flows) -> list[Use]:
    """The text of every step, with the values its function gives."""
    found = []
    for flow in flows.values():
        for step in flow.steps:
            if not isinstance(step, Do):
                given = returned_keys(step.values) if step.values else frozenset()
                name = f"{flow.name}.{step.name}"
                found.append(Use(name, given, f"step {name}"))
    return found


def hint_uses(flows: Flows, hints: Iterable[Hint], known: Iterable[str]) -> list[Use]:
    """The text each hint stands for: the flow's own, or the one all flows share."""
    texts = set(known)
    found = []
    for hint in hints:
        own = [
            f"{flow.name}.{hint.name}"
            for flow in flows.values()
            if hint.module in _modules(flow) and f"{flow.name}.{hint.name}" in texts
        ]
        for name in own or [f"common.{hint.name}"]:
            found.append(Use(name, hint.values, hint.where))
    return found


def _modules(flow: Flow) -> set[str]:
    return {step.then.__module__ for step in flow.steps if callable(step.then)}


def numbered(flows: Flows, words: Words, given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The options that SMS lists below a question; ``given`` has those made on the spot."""
    found = {}
    for name, step in questions(flows):
        if step.style == "numbers":
            made = tuple(given.get("options", {}).get(name, ()))
            found[name] = made + tuple(
                words[name, option].label for option in step.options if (name, option) in words
            )
    return found


# --- options and their words -------------------------------------------------------------------

Words = Mapping[tuple[str, str], OptionWords]
"""Label and words of each option: (question, option) → words."""


def words_of(flows: Flows, look_up: Any, locale: str) -> dict[tuple[str, str], OptionWords]:
    """The words of every option that has some."""
    found = {}
    for name, step in questions(flows):
        for option in step.options:
            try:
                found[name, option] = look_up(locale, name, option)
            except MissingText:
                continue
    return found


def unlabelled(flows: Flows, words: Words) -> Iterator[Finding]:
    """Options without a label."""
    for name, step in questions(flows):
        for option in step.options:
            if (name, option) not in words:
                yield Finding("missing label", f"{name}.{option}", "words.toml has none")


def shared_words(flows: Flows, words: Words) -> Iterator[Finding]:
    """Two options of one question that answer to the same word."""
    for name, step in questions(flows):
        taken: dict[str, str] = {}
        for option in step.options:
            for word in sorted(_typed(option, words.get((name, option)))):
                if taken.setdefault(word, option) != option:
                    what = f'"{word}" means {taken[word]} and {option}'
                    yield Finding("shared word", name, what)


def hidden_words(
    flows: Flows,
    words: Words,
    global_words: Mapping[str, str],
    allowed: Mapping[str, Mapping[str, str]],
) -> Iterator[Finding]:
    """Options that hide a word which works anywhere. ``allowed``: option → word → why."""
    everywhere = {plain(word): name for word, name in global_words.items()}
    met = set()
    for name, step in questions(flows):
        for option in step.options:
            where = f"{name}.{option}"
            for word in sorted(_typed(option, words.get((name, option)))):
                if word not in everywhere:
                    continue
                met.add((where, word))
                if not allowed.get(where, {}).get(word):
                    what = f'"{word}" works anywhere, as {everywhere[word]}'
                    yield Finding("hides a word", where, what)
    for where, reasons in allowed.items():
        for word in reasons:
            if (where, word) not in met:
                yield Finding("hides a word", where, f'"{word}" is allowed and hides nothing')


def _typed(option: str, words: OptionWords | None) -> set[str]:
    """What is taken for an option, as matching compares it."""
    said = {option, *(plain(word) for word in words.words)} if words else {option}
    return said - {""}


def dead_words(
    flows: Flows, file: Mapping[str, Any], strings: set[str], groups: set[str]
) -> Iterator[Finding]:
    """Words and labels that nothing asks for. ``strings``: all that the code spells out."""
    asked = {(name, option) for name, step in questions(flows) for option in step.options}
    for question, options in file.get("options", {}).items():
        for option in options:
            if (question, option) not in asked:
                yield Finding("dead word", f"{question}.{option}", "no question has this option")
    for option in file.get("shared", {}):
        if option not in {name for _, name in asked}:
            yield Finding("dead word", f"shared.{option}", "no question has this option")
    for group in file.get("labels", {}):
        if group not in groups:
            yield Finding("dead word", f"labels.{group}", "nothing asks for these labels")
    for name in file.get("global", {}):
        if name not in strings:
            yield Finding("dead word", f"global.{name}", "routing does nothing with it")


def fat_buttons(flows: Flows) -> Iterator[Finding]:
    """Options whose button data Telegram would refuse."""
    for name, step in questions(flows):
        for option in step.options:
            data = f"{name}.{LONGEST_SEQ}.{option}"
            if len(data.encode()) > MOST_BYTES:
                what = f"{len(data.encode())} bytes, {MOST_BYTES} allowed"
                yield Finding("button data too long", f"{name}.{option}", what)

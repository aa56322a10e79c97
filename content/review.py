"""Every text and drawing on one page, for the person who signs them off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from content.checks import is_sent
from content.library import TextFile
from content.samples import Shelf
from content.signing import Item

Sources = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of each text, by name: segments, labels of options, reading age, signature."""

    segments: Mapping[str, int]
    options: Mapping[str, tuple[str, ...]]
    ages: Mapping[str, float | None]
    signed: Mapping[str, str]


def document(
    locale: str,
    shelf: Shelf,
    original: Shelf,
    facts: Facts,
    sources: Sources,
    summary: str,
    drawings: Iterable[str],
) -> str:
    """A Markdown page: each file's sources, each text with its cost, and who has signed it.

    ``original`` is what a translation was made from; it stands beside.
    """
    lines = [
        f"# The texts of the line ({locale})",
        "",
        f"{summary} Words in `{{{{ }}}}` are filled in when a text is sent. Segments are what one "
        "SMS is billed as, with the longest sensible values. The reading age is an alarm, not a "
        "verdict: try the words on people.",
        "",
    ]
    for flow, file in shelf.items():
        lines += _file(flow, file, original.get(flow), facts, sources)
    if shown := list(drawings):
        lines += ["## Drawings", "", *shown]
    return "\n".join(lines)


def _file(
    flow: str, file: TextFile, original: TextFile | None, facts: Facts, sources: Sources
) -> list[str]:
    kind = " (safety texts)" if file.head.safety else ""
    lines = [f"## {flow}{kind}", "", f"To be signed by a {file.head.signer}.", ""]
    lines += [source_line(name, sources) for name in file.head.sources] or ["- No sources."]
    lines.append("")
    for block, source in file.blocks.items():
        step, _, variant = block.partition("__")
        name = f"{flow}.{step}"
        lines += [f"### {_heading(name, variant, facts)}", ""]
        if not variant:
            lines += [f"{facts.signed[name]}.", ""]
        lines += [f"> {line}".rstrip() for line in source.splitlines()]
        lines += [f"> {n} {label}" for n, label in enumerate(facts.options.get(name, ()), 1)]
        lines.append("")
        if original and (english := original.blocks.get(block, original.blocks.get(step))):
            lines += ["In English:", "", *(f"> {line}".rstrip() for line in english.splitlines())]
            lines.append("")
    return lines


def _heading(name: str, variant: str, facts: Facts) -> str:
    if variant:
        return f"{name}, on {variant} only (signed with it)"
    cost = f", {facts.segments[name]} SMS" if name in facts.segments else ""
    cost = cost if is_sent(name) else ", web page"
    age = facts.ages.get(name)
    return name + cost + (f", reading age about {age:.0f}" if age else "")


def drawing(item: Item, path: str, about: Mapping[str, Any], signed: str) -> str:
    """A line of the drawings' list. A clinical step is shown to nobody until it is signed."""
    kind = "a clinical step, shown nowhere until signed" if about.get("clinical") else "no step"
    sources = ", ".join(about.get("sources", ())) or "no sources"
    alt = about.get("alt", "")
    return f"- {item.name} (`{path}`; {kind}; {sources}; {item.signer}): {signed}. {alt}"


def source_line(name: str, sources: Sources) -> str:
    """A source with its address and the day it was read."""
    found = sources.get(name)
    if found is None:
        return f"- {name}: unknown source"
    return f"- {found['publisher']}: {found['title']}. {found['url']} (read {found['retrieved']})"

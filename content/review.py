"""Every text on one page, for the person who signs it off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from content.library import Head, TextFile
from content.samples import Shelf

Sources = Mapping[str, Mapping[str, Any]]


def document(
    locale: str,
    shelf: Shelf,
    segments: Mapping[str, int],
    options: Mapping[str, tuple[str, ...]],
    sources: Sources,
) -> str:
    """A Markdown page: each file's sign-off and sources, each text with what it costs."""
    unsigned = sum(1 for file in shelf.values() if not file.head.reviewed)
    lines = [
        f"# The texts of the line ({locale})",
        "",
        f"{len(shelf)} files, {len(segments)} texts; {unsigned} files are not signed off. Words in "
        "`{{ }}` are filled in when a text is sent. Segments are what one SMS is billed as, with "
        "the longest sensible values.",
        "",
    ]
    for flow, file in shelf.items():
        lines += _file(flow, file, segments, options, sources)
    return "\n".join(lines)


def _file(
    flow: str,
    file: TextFile,
    segments: Mapping[str, int],
    options: Mapping[str, tuple[str, ...]],
    sources: Sources,
) -> list[str]:
    kind = " (safety texts)" if file.head.safety else ""
    lines = [f"## {flow}{kind}", "", signed(file.head), ""]
    lines += [_source(name, sources) for name in file.head.sources] or ["- No sources."]
    lines.append("")
    for block, source in file.blocks.items():
        step, _, channel = block.partition("__")
        name = f"{flow}.{step}"
        count = segments.get(name, 0)
        only = f", on {channel} only" if channel else f", {count} SMS"
        lines += [f"### {name}{only}", ""]
        lines += [f"> {line}".rstrip() for line in source.splitlines()]
        lines += [f"> {n} {label}" for n, label in enumerate(options.get(name, ()), 1)]
        lines.append("")
    return lines


def signed(head: Head) -> str:
    """Who has signed a file off, and until when."""
    if not (head.reviewed and head.reviewer):
        return "**Not signed off.**"
    again = f", to be looked at again by {head.review_by}" if head.review_by else ""
    return f"Signed off by {head.reviewer} on {head.reviewed}{again}."


def _source(name: str, sources: Sources) -> str:
    found = sources.get(name)
    if found is None:
        return f"- {name}: unknown source"
    return f"- {found['publisher']}: {found['title']}. {found['url']} (read {found['retrieved']})"

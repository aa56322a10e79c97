"""Imports: CSV read forgivingly, taken strictly. One bad line, and nothing is imported."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typer

from bot.bootstrap import App
from bot.commands.session import change
from bot.commands.shared import UserError
from db.work import Work

LARGEST = 100_000_000
BAD_SHOWN = 50
PROGRESS_EVERY = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file: its number there, and its cells by column."""

    line: int
    cells: dict[str, str]
    too_long: bool = False

    def get(self, name: str) -> str:
        """A cell, "" if the file has no such column."""
        return self.cells.get(name, "").strip()

    def need(self, name: str) -> str:
        """A cell that must not be empty."""
        if not (found := self.get(name)):
            raise ValueError(f"{name} is missing")
        return found


@dataclass
class Outcome:
    """What an import did; ``done`` and ``left_out`` count by word, ``seen`` finds repeats."""

    done: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    seen: dict[object, str] = field(default_factory=dict)


Take = Callable[[App, Work, Row, Outcome], Awaitable[str]]


def read_lines(path: Path) -> list[tuple[int, list[str]]]:
    """The file's lines with their numbers; UTF-8 or what Excel saves, commas or semicolons."""
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path.name} is too large to be such a list")
        data = path.read_bytes()
    except OSError as why:
        raise UserError(f"{path.name} cannot be read: {why.strerror}") from None
    if b"\0" in data:
        raise UserError(f"{path.name} is not a CSV file. In a spreadsheet: save as CSV.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    lines, start = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as wrong:
        raise UserError(f"{path.name} line {start}: {wrong}") from None
    if not lines:
        raise UserError(f"{path.name} is empty")
    return lines


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


def with_heads(
    lines: Sequence[tuple[int, list[str]]], must: Sequence[str], may: Sequence[str], name: str
) -> list[Row]:
    """Rows under the file's own heads; refuses a file without those it must have."""
    heads = [head.strip().lower().replace(" ", "_") for head in lines[0][1]]
    if missing := [head for head in must if head not in heads]:
        raise UserError(
            f"{name} has no column {', '.join(missing)}. Columns: {', '.join((*must, *may))}"
        )
    if unknown := [head for head in heads if head and head not in (*must, *may)]:
        others = ", ".join(head for head in (*must, *may) if head not in heads)
        or_name = f", or give it one of these heads: {others}" if others else ""
        raise UserError(
            f"{name} has a column nobody reads: {', '.join(unknown)}. Take it out{or_name}"
        )
    return [as_row(n, heads, cells) for n, cells in lines[1:]]


def as_row(line: int, heads: Sequence[str], cells: Sequence[str]) -> Row:
    """A line's cells under their heads."""
    too_long = any(cell.strip() for cell in cells[len(heads) :])
    return Row(line, dict(zip(heads, cells, strict=False)), too_long)


class _Refused(Exception):
    """Something was bad, so the transaction is given up."""


def import_rows(rows: Sequence[Row], take: Take, *, noun: str, skip_bad: bool) -> None:
    """Take in every row in one transaction, and say what happened."""
    last = Outcome()

    async def act(app: App, work: Work) -> Outcome:
        nonlocal last
        last = Outcome()
        for n, row in enumerate(rows, 1):
            if n % PROGRESS_EVERY == 0:
                typer.echo(f"... {n} of {len(rows)} lines", err=True)
            mark = work.mark()
            try:
                if row.too_long:
                    raise ValueError("more cells than heads: put quotes round a text with commas")
                last.done[await take(app, work, row, last)] += 1
            except ValueError as wrong:
                work.undo(mark)
                last.bad.append(f"line {row.line}: {wrong}")
        if last.bad and not skip_bad:
            raise _Refused
        return last

    try:
        change(act)
    except _Refused:
        _say_bad(last)
        n = len(last.bad)
        raise UserError(
            f"nothing was imported, because of {n} bad line{'s' * (n > 1)}. "
            "Mend them, or leave them out with --skip-bad."
        ) from None
    _say_bad(last)
    for note in last.notes:
        typer.echo(f"note: {note}")
    counts = [f"{n} {word}" for word, n in last.done.items() if word]
    counts += [f"{n} left out ({why})" for why, n in last.left_out.items()]
    counts += [f"{len(last.bad)} bad"] if last.bad else []
    typer.echo(f"{noun}: {', '.join(counts) or 'nothing to import'}.")
    if last.bad and not last.done:
        raise UserError("no line could be read, so nothing was imported")


def _say_bad(outcome: Outcome) -> None:
    for line in outcome.bad[:BAD_SHOWN]:
        typer.echo(line, err=True)
    if len(outcome.bad) > BAD_SHOWN:
        typer.echo(f"... and {len(outcome.bad) - BAD_SHOWN} more", err=True)

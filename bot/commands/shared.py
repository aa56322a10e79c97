"""What every command does alike: settings, one-line errors."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import typer

from bot.config import ConfigError, Settings, load
from db.database import DatabaseError, Unreachable
from db.keys import Sealed

P = ParamSpec("P")
R = TypeVar("R")


class UserError(RuntimeError):
    """Something the person at the terminal can put right; one line says what and how."""


@contextmanager
def as_typed() -> Iterator[None]:
    """What was typed wrong is for whoever typed it to put right: ValueError becomes UserError."""
    try:
        yield
    except ValueError as wrong:
        raise UserError(str(wrong)) from None


def load_settings(**overrides: object) -> Settings:
    """The settings, or a one-line error and exit code 2."""
    try:
        return load(**overrides)
    except ConfigError as wrong:
        typer.echo(f"kitline: {wrong}", err=True)
        raise typer.Exit(2) from None


def failing(command: Callable[P, R]) -> Callable[P, R]:
    """Errors are one line on stderr and exit code 1, never a traceback for a user's mistake."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (UserError, DatabaseError) as wrong:
            typer.echo(f"kitline: {wrong}", err=True)
            raise typer.Exit(1) from None
        except Sealed:
            typer.echo(
                "kitline: this SECRET_KEY does not open what the database holds. Set the one it "
                "was made with; several can be listed with commas between them.",
                err=True,
            )
            raise typer.Exit(1) from None
        except Unreachable:
            typer.echo(
                "kitline: the database does not answer as expected. Check DATABASE_URL, or run "
                "`kitline migrate`.",
                err=True,
            )
            raise typer.Exit(1) from None

    return run

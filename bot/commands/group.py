"""Wrong use is one line on stderr and exit code 2, whatever the library would have printed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

DESTROY = ("restore", "erase", "purge", "end")
"""Commands never guessed at from a slip of the finger."""


class OneLineGroup(TyperGroup):
    """The command line, with errors on one line."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; leaves with its exit code."""
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except typer.Abort:
            typer.echo("kitline: stopped; nothing more was done.", err=True)
            sys.exit(1)
        except Exception as wrong:  # the library's own family, which it does not export
            if type(wrong).__name__ == "NoArgsIsHelpError":
                typer.echo(str(wrong))
                sys.exit(2)
            if not hasattr(wrong, "format_message"):
                raise
            said = " ".join(wrong.format_message().split())
            said, _, guess = said.partition(" Did you mean ")
            if guess and not any(f"'{name}'" in guess for name in DESTROY):
                said = f"{said} Did you mean {guess}"
            typer.echo(f"kitline: {said} See: {_help(wrong)}", err=True)
            sys.exit(getattr(wrong, "exit_code", 2))
        sys.exit(code if isinstance(code, int) else 0)


def _help(wrong: Exception) -> str:
    context = getattr(wrong, "ctx", None)
    return f"{context.command_path if context else 'kitline'} --help"

"""kitline: the command line."""

from __future__ import annotations

import typer

from bot.commands import checks, running

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The phone line of a peer-to-peer naloxone service.",
)
for command in (*running.app.registered_commands, *checks.app.registered_commands):
    cli.registered_commands.append(command)


def main() -> None:
    """The entry point."""
    cli()


if __name__ == "__main__":
    main()

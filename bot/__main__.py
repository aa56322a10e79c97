"""kitline: the command line."""

from __future__ import annotations

import typer

from bot.commands import (
    checks,
    data,
    database,
    doctor,
    near,
    peers,
    pharmacies,
    postcodes,
    requests,
    running,
    services,
    signing,
    staff,
    stock,
)
from bot.commands.group import OneLineGroup

cli = typer.Typer(
    cls=OneLineGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The phone line of a peer-to-peer naloxone service.",
)
for one_word in (
    *(running.app, checks.app, signing.app, doctor.app),
    *(near.app, database.app, data.single),
):
    cli.registered_commands.extend(one_word.registered_commands)
cli.add_typer(services.app, name="services")
cli.add_typer(staff.app, name="staff")
cli.add_typer(peers.app, name="peers")
cli.add_typer(pharmacies.app, name="pharmacies")
cli.add_typer(stock.app, name="stock")
cli.add_typer(requests.app, name="requests")
cli.add_typer(postcodes.app, name="postcodes")
cli.add_typer(data.app, name="contacts")


def main() -> None:
    """The entry point."""
    cli()


if __name__ == "__main__":
    main()

"""kitline: the command line."""

from __future__ import annotations

import typer

from bot.commands import (
    checks,
    data,
    database,
    doctor,
    local_help,
    near,
    packs,
    peer_records,
    pharmacies,
    pharmacy_counter,
    pharmacy_terms,
    postcodes,
    recall,
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
cli.add_typer(peer_records.app, name="peers")
for more in (pharmacy_counter, pharmacy_terms):
    pharmacies.app.registered_commands.extend(more.app.registered_commands)
cli.add_typer(pharmacies.app, name="pharmacies")
cli.add_typer(local_help.app, name="local-help")
cli.add_typer(stock.app, name="stock")
cli.add_typer(requests.app, name="requests")
cli.add_typer(recall.app, name="recall")
cli.add_typer(packs.app, name="packs")
cli.add_typer(postcodes.app, name="postcodes")
cli.add_typer(data.app, name="contacts")


def main() -> None:
    """The entry point."""
    cli()


if __name__ == "__main__":
    main()

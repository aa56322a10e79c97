"""postcodes import."""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import BadZipFile

import typer

from bot.bootstrap import POSTCODES_OVERRIDE, data_folder
from bot.commands.shared import UserError, failing, load_settings
from db.reference.importer import ImportReport, NotPostcodes, import_postcodes

app = typer.Typer(help="Newer postcodes than those shipped.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `postcodes import` two words."""


@app.command("import")
@failing
def import_(
    file: Path = typer.Argument(exists=True, help="A zip, a folder or one CSV."),
    skip_bad: bool = typer.Option(False, help="Import the good lines and leave the bad ones."),
) -> None:
    """Import Code-Point Open, ONSPD or NSPL; takes effect at the next start."""
    target = data_folder(load_settings()) / POSTCODES_OVERRIDE
    made = target.with_name(f"{target.name}.new")
    with typer.progressbar(length=100, label="Reading postcodes") as bar:
        shown = 0

        def progress(done: int, total: int) -> None:
            nonlocal shown
            percent = min(100, 100 * done // max(total, 1))
            bar.update(percent - shown)
            shown = percent

        try:
            report = import_postcodes(file, made, progress)
        except NotPostcodes as wrong:
            raise UserError(str(wrong)) from None
        except (OSError, BadZipFile, EOFError) as wrong:
            raise UserError(f"{file.name} cannot be read: {wrong}") from None
    _say(report)
    if report.bad_rows and not skip_bad:
        made.unlink()
        raise UserError(
            f"nothing was imported, because of {report.bad_rows} bad lines. "
            "Mend them, or leave them out with --skip-bad."
        )
    os.replace(made, target)
    typer.echo(f"Kept as {target.name} beside the database. Restart the service to use it.")


def _say(report: ImportReport) -> None:
    for line in report.bad:
        typer.echo(line, err=True)
    left_out = {
        "no longer in use": report.no_longer_used,
        "without a position": report.without_position,
        "of Northern Ireland (not free to re-use)": report.northern_ireland,
        "unreadable": report.bad_rows,
    }
    typer.echo(f"{report.kind}: {report.written} postcodes from {report.files} file(s).")
    for why, n in left_out.items():
        if n:
            typer.echo(f"  left out: {n} {why}")

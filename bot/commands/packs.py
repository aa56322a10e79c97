"""packs print · packs list."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import segno
import typer
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.bootstrap import App
from bot.commands.output import plural, table
from bot.commands.reading import read_box
from bot.commands.session import change, look, service_named, services_named
from bot.commands.shared import UserError, failing
from bot.web.pages import PUBLIC, spaced
from content import library
from db.models import PackCode, Service
from db.work import Work
from handlers.services import pack_codes
from handlers.services.products import product_words
from handlers.services.rules import rules_of

app = typer.Typer(help="Codes on packs, for people who give no name.", no_args_is_help=True)
_service = typer.Option("", "--service", help="Which service.")
_templates = Environment(
    loader=FileSystemLoader(PUBLIC / "templates"), autoescape=True, undefined=StrictUndefined
)


@app.command("print")
@failing
def print_(
    product: str = typer.Option(..., help="nasal, injectable or a product of the service."),
    batch: str = typer.Option(..., help="The batch on the boxes."),
    expiry: str = typer.Option(..., help="The expiry on the boxes: 06/2027."),
    count: int = typer.Option(24, min=1, max=2000, help="How many labels."),
    out: Path = typer.Option(Path("labels.html"), help="The page to print, 24 to a sheet of A4."),
    service: str = _service,
) -> None:
    """Make codes for the packs of a batch, and a page of labels to print."""

    async def act(app: App, work: Work) -> str:
        home = await service_named(work, service)
        try:
            box = read_box(product, batch, expiry, home)
        except ValueError as wrong:
            raise typer.BadParameter(str(wrong)) from None
        number = home.sms_line or app.settings.twilio_from
        if not number:
            raise UserError("the labels need a number to text: kitline services set --sms")
        made = await pack_codes.make(work, home.id, *box, count)
        return sheet(home, made, number)

    out.write_text(change(act), "utf-8")
    typer.echo(f"{plural(count, 'label')} for batch {batch.strip().upper()}: print {out}")


def sheet(home: Service, packs: list[PackCode], number: str) -> str:
    """A page of labels: the code, what to do with it, and the same for a phone's camera."""
    labels = []
    for pack in packs:
        code = pack_codes.show_pack_code(pack.code)
        said = library.text("en", "pack.label", number=spaced(number))
        qr = segno.make(f"sms:{number}?body={code}", error="m")
        svg = Markup(qr.svg_inline(omitsize=True, border=2))
        labels.append({"code": code, "said": said, "qr": svg})
    first = packs[0]
    return _templates.get_template("pack_labels.html").render(
        title=f"{product_words('en', first.product, rules_of(home))}, batch {first.batch}",
        labels=labels,
    )


@app.command("list")
@failing
def list_(service: str = _service) -> None:
    """How many codes each batch has, and how many of those packs were swapped."""

    async def act(app: App, work: Work) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for home in await services_named(work, service):
            packs = await work.find(PackCode, service_id=home.id)
            made = Counter((p.product, p.batch) for p in packs)
            swapped = Counter((p.product, p.batch) for p in packs if p.status == "replaced")
            rows += [(home.slug, *kit, made[kit], swapped[kit]) for kit in sorted(made)]
        return rows

    heads = ("SERVICE", "PRODUCT", "BATCH", "CODES", "SWAPPED")
    table(heads, look(act), "No codes yet. Make some: kitline packs print --help")

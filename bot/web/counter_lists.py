"""What an outlet gave out, as a page and a file; the sheet for the counter."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, timedelta

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.web.counter_visit import HEADERS, Door, Visit, clock
from bot.web.pages import qr, spaced
from content import library
from handlers.services.outlet_log import as_csv, logged
from handlers.services.products import product_words
from handlers.services.rules import uk_day

_MONTH = re.compile(r"20\d\d-\d\d")
_DAY = re.compile(r"20\d\d-\d\d-\d\d")


def list_routes(door: Door) -> list[Route]:
    """Lists and things to print."""
    return [
        Route("/c/{token}/log", door.opens(log)),
        Route("/c/{token}/log.csv", door.opens(log_csv)),
        Route("/c/{token}/sheet", door.opens(sheet)),
    ]


async def log(visit: Visit) -> Response:
    """GET …/log: what was given out on a day (?day=) or in a month (?month=)."""
    first, last = _days(visit)
    rows = await logged(visit.work, [visit.outlet], first, last)
    labels = {
        **library.labels_of(library.DEFAULT, "street.who"),
        **library.labels_of(library.DEFAULT, "resupply.why"),
        **library.labels_of(library.DEFAULT, "training.ask"),
    }
    return await visit.page(
        "counter_log.html",
        tab="log",
        first=first,
        last=last,
        today=uk_day(visit.now),
        labels=labels,
        total=sum(row.supply.quantity for row in rows),
        rows=[
            {
                "at": clock(row.supply.at, visit.now),
                "id": row.supply.id,
                "product": product_words("en", row.supply.product, visit.rules),
                "row": row,
            }
            for row in rows
        ],
    )


async def log_csv(visit: Visit) -> Response:
    """GET …/log.csv: the same as a file."""
    first, last = _days(visit)
    rows = await logged(visit.work, [visit.outlet], first, last)
    attached = {"Content-Disposition": f'attachment; filename="kits-{first}-{last}.csv"'}
    return PlainTextResponse(as_csv(rows), headers={**HEADERS, **attached}, media_type="text/csv")


async def sheet(visit: Visit) -> Response:
    """GET …/sheet: one page of A4 for the counter."""
    link = f"{visit.app.settings.url}{visit.base}"
    return await visit.page(
        "counter_sheet.html",
        tab="sheet",
        link=link,
        code=qr(link),
        number=spaced(visit.service.sms_line or visit.app.settings.twilio_from),
    )


def _days(visit: Visit) -> tuple[date, date]:
    """The first and the last day wanted; today, if nothing sensible is asked for."""
    asked = visit.request.query_params
    with suppress(ValueError):
        if _MONTH.fullmatch(month := asked.get("month", "")):
            first = date.fromisoformat(f"{month}-01")
            return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        if _DAY.fullmatch(day := asked.get("day", "")):
            return date.fromisoformat(day), date.fromisoformat(day)
    return uk_day(visit.now), uk_day(visit.now)

"""doctor: what is missing, wrong, stale or unreachable."""

from __future__ import annotations

import asyncio

import typer

from bot.bootstrap import App, build
from bot.checkup import channels, content, database, services
from bot.checkup.finding import Finding, Level
from bot.checkup.settings import read_settings
from bot.clock import DemoClock
from bot.commands.people import line_of
from bot.commands.shared import failing
from bot.config import Settings
from db import meta
from db.work import Work
from handlers.services.contacts import all_services

app = typer.Typer()


@app.command("doctor")
@failing
def doctor() -> None:
    """Check everything; leaves with 0 only if fit to serve."""
    found = asyncio.run(examine())
    for one in found:
        typer.echo(f"{one.level:<5}{one.what}" + (f"  -> {one.do}" if one.do else ""))
    counts = {level: sum(one.level == level for one in found) for level in Level}
    typer.echo(
        f"{counts[Level.OK]} fine, {counts[Level.WARN]} to look at, {counts[Level.FAIL]} wrong"
    )
    if counts[Level.FAIL]:
        raise typer.Exit(1)


async def examine() -> list[Finding]:
    """Every finding, settings first; stops early where the rest cannot be looked at."""
    settings, found = read_settings()
    if settings is None:
        return found
    usable, about_database = await database.reach(settings)
    found += about_database
    if not usable:
        return found
    kitline = build(settings)
    try:
        return found + await _inside(kitline, settings)
    finally:
        for channel in kitline.channels.values():
            await channel.close()
        await kitline.db.close()


async def _inside(kitline: App, settings: Settings) -> list[Finding]:
    if isinstance(kitline.clock, DemoClock):
        kitline.clock.offset = await meta.demo_offset(kitline.db)
    now = kitline.clock.now()
    found = await database.sound(kitline)
    sealed = any(one.level == Level.FAIL for one in found)
    lines: set[str] = set()
    if not sealed:
        async with kitline.db.read() as tx:
            work = Work(kitline.db, tx, kitline.engine.ids, now)
            found += await database.waiting(kitline, work)
            found += await services.services(kitline, work)
            found += [*await content.texts(work), *await content.lines(work)]
            if kitline.sms:
                found += await channels.own_opt_out(kitline.db, tx, now)
            lines = {line_of(kitline, home, "sms") for home in await all_services(work)} - {""}
    if kitline.sms:
        lines |= {kitline.sms.from_number} - {""}
        found += await channels.twilio(kitline.sms, settings, lines)
    if kitline.telegram:
        found += await channels.telegram(kitline.telegram, settings, now)
    return found

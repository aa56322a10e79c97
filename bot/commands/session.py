"""What a command works with: the App, a database that is ready, one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from bot.bootstrap import App, build
from bot.clock import DemoClock
from bot.commands.shared import UserError, load_settings
from bot.config import Settings
from db import meta, schema
from db.database import Conflict, async_url
from db.models import Service
from db.work import Work
from handlers.services.contacts import all_services

T = TypeVar("T")
Act = Callable[[App, Work], Awaitable[T]]
TRIES = 5


def change(act: Act[T]) -> T:
    """Do something in one transaction; creates the database if there is none."""
    return asyncio.run(_run(load_settings(), act, changes=True))


def look(act: Act[T]) -> T:
    """Read something; whatever it saved is thrown away."""
    return asyncio.run(_run(load_settings(), act, changes=False))


async def _run(settings: Settings, act: Act[T], *, changes: bool) -> T:
    await be_ready(settings, create=changes)
    app = build(settings)
    try:
        if isinstance(app.clock, DemoClock):
            app.clock.offset = await meta.demo_offset(app.db)
        if not changes:
            async with app.db.read() as tx:
                return await act(app, Work(app.db, tx, app.engine.ids, app.clock.now()))
        return await _commit(app, act)
    finally:
        for channel in app.channels.values():
            await channel.close()
        await app.db.close()


async def _commit(app: App, act: Act[T]) -> T:
    for _ in range(TRIES):
        try:
            async with app.db.transaction() as tx:
                work = Work(app.db, tx, app.engine.ids, app.clock.now())
                result = await act(app, work)
                await work.flush()
            return result
        except Conflict:  # the service changed a row meanwhile
            continue
    raise UserError("the database is too busy: the same rows keep changing. Try again.")


async def be_ready(settings: Settings, *, create: bool) -> None:
    """Refuse a database of another version; an empty one is made, or refused when only reading."""
    url = async_url(settings.database_url)
    file = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
    missing = file is not None and not file.exists()
    revision = "" if missing else await schema.current(settings.database_url)
    if revision == schema.newest():
        return
    if revision:
        schema.refuse_newer(revision)
        raise UserError(f"the database is older ({revision}) than this program: kitline migrate")
    if not create:
        raise UserError("there is no database yet. Check DATABASE_URL, or run: kitline migrate")
    await schema.migrate(settings.database_url)


async def services_named(work: Work, name: str) -> list[Service]:
    """The service of that name; with "", every one."""
    return [await service_named(work, name)] if name else await all_services(work)


async def service_named(work: Work, name: str) -> Service:
    """A service by its short name or its name; with "", the only one there is."""
    services = await all_services(work)
    if not services:
        raise UserError("there is no service yet. Add one: kitline services add --help")
    if not name and len(services) == 1:
        return services[0]
    wanted = name.casefold()
    for service in services:
        if wanted in (service.slug.casefold(), service.name.casefold()):
            return service
    known = ", ".join(service.slug for service in services)
    if not name:
        raise UserError(f"which service? Give --service, one of: {known}")
    raise UserError(f"there is no service {name}. There is: {known}")

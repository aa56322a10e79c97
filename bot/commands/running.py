"""serve, work, migrate, say, understand, demo."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import uuid
from contextlib import suppress

import typer
import uvicorn

from bot import logs
from bot.bootstrap import build
from bot.commands.shared import failing, load_settings
from bot.web.app import web_app
from db import schema
from db.models import InboundMessage
from handlers.engine.understanding import as_json

app = typer.Typer(help="Run it")


@app.command()
@failing
def serve(
    host: str = typer.Option("", help="Where to listen (HOST)."),
    port: int = typer.Option(0, help="Which port (PORT)."),
    no_worker: bool = typer.Option(False, "--no-worker", help="Web only; run `kitline work` too."),
) -> None:
    """Web, channels and worker loops in one process."""
    overrides: dict[str, object] = {}
    if port:
        overrides["port"] = port
    if host:
        overrides["host"] = host
    settings = load_settings(**overrides)
    logs.set_up(settings.log_format, settings.log_level)
    kitline = build(settings, works_here=not no_worker)
    where = f"http://{settings.listen_host}:{settings.port}"
    typer.echo(f"Kitline is on {where}  (Ctrl-C stops it)")
    if settings.is_demo:
        typer.echo(f"  Try it:  {where}/demo   three phones, nothing leaves this computer")
        typer.echo(f"           {where}/demo/counter   a pharmacy's page at the counter")
        typer.echo("  No channel is configured, so this is the demo. See docs/ for real ones.")
    config = uvicorn.Config(
        web_app(kitline, work=not no_worker),
        host=settings.listen_host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
        ws="none",
    )
    uvicorn.Server(config).run()


@app.command()
@failing
def work() -> None:
    """The worker loops alone; any number of them, on PostgreSQL."""
    settings = load_settings()
    logs.set_up(settings.log_format, settings.log_level)

    async def run() -> None:
        kitline = build(settings)
        await kitline.prepare()
        loops = asyncio.create_task(kitline.worker.run())
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, loops.cancel)
        with suppress(asyncio.CancelledError):
            await loops
        await kitline.close()

    asyncio.run(run())


@app.command()
@failing
def migrate() -> None:
    """Create or upgrade the database; refuses one newer than the program."""
    settings = load_settings()
    before, after = asyncio.run(schema.migrate(settings.database_url))
    typer.echo(
        f"The database is at {after}." if before == after else f"{before or 'empty'} → {after}"
    )


@app.command()
@failing
def demo() -> None:
    """Load the sample service; doing it twice changes nothing."""
    from bot import sample

    settings = load_settings()

    async def run() -> bool:
        kitline = build(settings)
        await schema.migrate(settings.database_url)
        try:
            return await sample.load(kitline.db, kitline.engine.ids, kitline.clock.now())
        finally:
            await kitline.close()

    loaded = asyncio.run(run())
    typer.echo(
        "The sample service is loaded." if loaded else "The sample service is there already."
    )


@app.command()
@failing
def understand() -> None:
    """Read lines on standard input, print one JSON object a line. Needs no database."""
    for line in sys.stdin:
        typer.echo(json.dumps(as_json(line.rstrip("\n")), ensure_ascii=False))


@app.command()
@failing
def say(
    sender: str = typer.Option("+447700900001", "--from", help="Who is typing."),
    to: str = typer.Option("", help="Which of our numbers they write to."),
) -> None:
    """A conversation in the terminal."""
    settings = load_settings()

    async def run() -> None:
        kitline = build(settings)
        await kitline.prepare()
        typer.echo("Type as if you were texting; an empty line ends it.")
        while True:
            text = await asyncio.to_thread(_line)
            if not text:
                break
            message = InboundMessage("terminal", uuid.uuid4().hex, to, sender, "text", text)
            await kitline.intake.accept(message)
            await kitline.worker.drain()
        await kitline.close()

    asyncio.run(run())


def _line() -> str:
    sys.stdout.write("> ")
    sys.stdout.flush()
    return sys.stdin.readline().strip()

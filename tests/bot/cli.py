"""The command line in this process, on a database of the test's own, with invented people."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.bootstrap import App
from bot.commands import session
from db.reference.gazetteer import Gazetteer
from db.work import Work

T = TypeVar("T")
SETTINGS = (
    *("DATABASE_URL", "SECRET_KEY", "PUBLIC_URL", "HOST", "PORT", "DEMO", "SENTRY_DSN"),
    *("TELEGRAM_BOT_TOKEN", "TELEGRAM_MODE", "TELEGRAM_API_BASE_URL", "TWILIO_ACCOUNT_SID"),
    *("TWILIO_AUTH_TOKEN", "TWILIO_FROM", "TWILIO_MESSAGING_SERVICE_SID", "TWILIO_API_BASE_URL"),
)


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@dataclass
class Cli:
    """Runs commands; ``folder`` is where it works."""

    folder: Path
    database: Path

    def __call__(self, *args: object, code: int = 0, stdin: str | None = None) -> Said:
        result = CliRunner().invoke(cli, [str(a) for a in args], input=stdin, prog_name="kitline")
        assert result.exception is None or isinstance(result.exception, SystemExit), result
        said = Said(result.exit_code, result.stdout, result.stderr)
        assert said.code == code, said
        return said

    def fails(self, *args: object, code: int = 1) -> str:
        """What it says on stderr: one line."""
        err = self(*args, code=code).err
        assert err.count("\n") == 1, err
        assert err.startswith("kitline: ")
        return err

    def csv(self, name: str, text: str, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(text.encode(encoding))
        return path

    def look(self, act: Callable[[App, Work], Awaitable[T]]) -> T:
        return session.look(act)

    def change(self, act: Callable[[App, Work], Awaitable[T]]) -> T:
        return session.change(act)

    def rows(self, model: type[Any], **equals: Any) -> list[Any]:
        async def act(app: App, work: Work) -> list[Any]:
            return await work.find(model, **equals)

        return self.look(act)


def make(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    template: Path | None,
    gazetteer: Gazetteer,
    secret: str,
    **settings: str,
) -> Cli:
    """A command line whose settings are these alone."""
    database = folder / "kitline.db"
    if template:
        shutil.copy(template, database)
    monkeypatch.chdir(folder)
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    given = {"DATABASE_URL": f"sqlite:///{database}", "SECRET_KEY": secret, "DEMO": "1", **settings}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("bot.bootstrap.Gazetteer.open", lambda _: gazetteer)
    return Cli(folder, database)


def run(awaitable: Awaitable[T]) -> T:
    """Run something async from a test that is not."""

    async def whole() -> T:
        return await awaitable

    return asyncio.run(whole())

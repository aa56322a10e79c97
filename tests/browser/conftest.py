"""The real server with the demo in it, and a real browser before it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH")
START_SECONDS = 60
TOP = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def demo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that the tests share: each brings a person of its own."""
    with demo_server(tmp_path_factory.mktemp("demo")) as url:
        yield url


@pytest.fixture
def fresh_demo_url(tmp_path: Path) -> Iterator[str]:
    """A server on which nothing has happened yet."""
    with demo_server(tmp_path) as url:
        yield url


@contextmanager
def demo_server(folder: Path) -> Iterator[str]:
    """`kitline serve` in a process of its own, with nothing configured."""
    url = f"http://127.0.0.1:{_free_port()}"
    settings = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    settings |= {"PORT": url.rpartition(":")[2], "DATABASE_URL": f"sqlite:///{folder}/demo.db"}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve"], cwd=TOP, env=settings, stdout=log, stderr=log
        )
        try:
            _wait_for(url, server, folder / "server.log")
            yield url
        finally:
            server.kill()  # a clean stop waits for the pages' long polls
            server.wait(20)


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One a module, and closed after it: while it is open no other event loop can run."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("Chromium is required: apt-get install chromium")
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def screen(
    browser: Browser, width: int, height: int = 800, **more: Any
) -> Iterator[BrowserContext]:
    """A window of this size, in pixels."""
    context = browser.new_context(viewport={"width": width, "height": height}, **more)
    yield context
    context.close()

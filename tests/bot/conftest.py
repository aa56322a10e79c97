"""Command lines to try: one with nothing in it, one with the sample service."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.reference.gazetteer import Gazetteer
from tests.bot.cli import Cli, make


@pytest.fixture
def kitline(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sqlite_template: Path,
    gazetteer: Gazetteer,
    secret_key: str,
) -> Cli:
    return make(monkeypatch, tmp_path, sqlite_template, gazetteer, secret_key)


@pytest.fixture
def sampled(kitline: Cli) -> Cli:
    kitline("demo")
    return kitline

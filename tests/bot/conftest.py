"""A command line with the sample service in it."""

from __future__ import annotations

import pytest

from tests.bot.cli import Cli


@pytest.fixture
def sampled(kitline: Cli) -> Cli:
    kitline("demo")
    return kitline

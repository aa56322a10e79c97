"""What tests of services share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.handlers.shelf import Shelf, open_shelf


@pytest.fixture
async def shelf(sqlite_url: str, secret_key: str) -> AsyncIterator[Shelf]:
    async with open_shelf(sqlite_url, secret_key) as opened:
        yield opened

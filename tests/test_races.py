"""Two programs on one PostgreSQL: what both do at the same instant happens once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import sample
from bot.bootstrap import App, build
from bot.config import Settings
from db.models import Fact, KitRequest, Offer, OfferStatus, Peer, RequestStatus, Service, Timer
from db.reference.gazetteer import Gazetteer
from db.work import Work
from handlers import ladder
from handlers.engine.turn import Scene
from handlers.services import requests
from handlers.services.contacts import new_contact
from handlers.services.supplies import peer_holder, receive
from tests.harness import PUBLIC
from tests.robust.server import LINE, Network, Server
from tests.standins.wire import serve

pytestmark = pytest.mark.postgres
TRIES = 100
OTHER = "https://other.example.org"  # the second program's public address: same path, same token
SAM, JO = "+447700900011", "+447700900012"
TOLD = ("Someone else was quicker", "That one has gone")


@dataclass
class Both:
    """Two servers, the network before them, and the database behind them."""

    app: App
    network: Network
    gone_on: int = 0

    async def at_once(self, first: tuple[str, str], second: tuple[str, str]) -> list[list[str]]:
        """Two people text, each to another server, at the same instant; what each is answered."""
        sent = await asyncio.gather(
            self.network.say(*first, self.network.servers[0]),
            self.network.say(*second, self.network.servers[1]),
        )
        assert [one.status for one in sent] == [200, 200]
        return [one.replies for one in sent]

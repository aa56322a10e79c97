"""Alive, able to work, and how much waits."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.bootstrap import App
from db import messages

TOO_OLD_S = 300.0


class Health:
    """The operator's three routes."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def alive(self, request: Request) -> Response:
        """GET /healthz."""
        return PlainTextResponse("ok")

    async def ready(self, request: Request) -> Response:
        """GET /readyz: able to store a message, and not far behind."""
        try:
            async with self.app.db.transaction() as tx:
                counts = await messages.counts(tx, self.app.clock.now())
        except Exception:
            return JSONResponse({"ready": False, "why": "the database does not answer"}, 503)
        behind = max(counts["inbox_oldest_s"], counts["outbox_oldest_s"]) > TOO_OLD_S
        return JSONResponse({"ready": not behind, **counts}, 503 if behind else 200)

    async def metrics(self, request: Request) -> Response:
        """GET /metrics: Prometheus."""
        registry = CollectorRegistry()
        try:
            async with self.app.db.read() as tx:
                counts = await messages.counts(tx, self.app.clock.now())
        except Exception:
            return PlainTextResponse("the database does not answer", 503)
        for name, value in counts.items():
            Gauge(f"kitline_{name}", name.replace("_", " "), registry=registry).set(value)
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")

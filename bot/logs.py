"""Structured logs. Ids and event names only: texts, numbers, names and places are dropped here."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict

NOISY = (
    "httpx", "httpcore", "uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "twilio",
    "telegram", "aiohttp.access", "aiosqlite", "sqlalchemy", "python_multipart", "multipart",
)  # fmt: skip
OURS = ("bot.", "handlers.", "content.", "db.")

# Only these may stand beside an event.
ALLOWED = {
    "event", "level", "timestamp", "logger", "error", "inbox_id", "outbox_id", "kind", "loop",
    "messages", "where", "host", "port", "status", "seconds", "code",
}  # fmt: skip


def _keep_allowed(logger: Any, name: str, event: EventDict) -> EventDict:
    """Drop whatever is not known to be harmless; of an exception keep its type and place."""
    record: logging.LogRecord | None = event.pop("_record", None)
    if record is not None:
        for key in ALLOWED & set(record.__dict__):
            event.setdefault(key, record.__dict__[key])
        if not record.name.startswith(OURS):
            event["event"] = _first_line(record.msg)
    why = (event.get("exc_info") or (None, None))[1]
    if why is not None:
        event["error"] = type(why).__name__
        event["where"] = _place(why)
    return {key: value for key, value in event.items() if key in ALLOWED}


def _first_line(message: object) -> str:
    """A library's line before its values are put in: they may be a text, a number, a name."""
    return str(message).strip().partition("\n")[0][:200]


def _place(why: BaseException) -> str:
    """File and line of the innermost frames: where, never what."""
    frames = traceback.extract_tb(why.__traceback__)[-4:]
    return " < ".join(f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno}" for f in reversed(frames))


def set_up(log_format: str, level: str) -> None:
    """Send every log line through one place. ``log_format`` "" = console on a terminal."""
    console = log_format == "console" or (not log_format and sys.stderr.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if console
        else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[_keep_allowed, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)

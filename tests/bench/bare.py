"""The measure: a bare Starlette handler, as little as any durable line of texts could do.

    python -m tests.bench.bare --port 8100 --database bare.db --token … --url https://…

Check the signature, read the form, one INSERT and one COMMIT into the same kind of SQLite file
(WAL, synchronous=FULL, plain sqlite3), answer one <Message>. No conversation, nothing looked up.
"""

from __future__ import annotations

import argparse
import sqlite3

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

ANSWER = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Message>Where are you? Send a postcode, '
    "part of one (like DN31 2), or a town.</Message></Response>"
)


def opened(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    connection.execute(
        "create table if not exists inbox"
        " (id integer primary key, sid text unique, sender text, body text)"
    )
    return connection


def app(database: str, token: str, public_url: str) -> Starlette:
    connection = opened(database)
    validator = RequestValidator(token)

    async def sms(request: Request) -> Response:
        form = dict(await request.form())
        url = f"{public_url}{request.url.path}"
        if not validator.validate(url, form, request.headers.get("X-Twilio-Signature", "")):
            return Response("unsigned", 403)
        connection.execute("begin immediate")
        connection.execute(
            "insert into inbox (sid, sender, body) values (?, ?, ?)",
            (form["MessageSid"], form["From"], form["Body"]),
        )
        connection.execute("commit")
        return Response(ANSWER, media_type="text/xml")

    async def alive(_: Request) -> Response:
        return Response("ok")

    return Starlette(routes=[Route("/twilio/sms", sms, methods=["POST"]), Route("/healthz", alive)])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bare")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--url", required=True)
    given = parser.parse_args()
    uvicorn.run(
        app(given.database, given.token, given.url),
        host="127.0.0.1",
        port=given.port,
        log_config=None,
        access_log=False,
        ws="none",
    )


if __name__ == "__main__":
    main()

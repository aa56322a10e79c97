"""Where the server's time goes, by layer, from what py-spy recorded.

    make bench ARGS="--only sms --profile /tmp/kitline.raw"
    .venv/bin/python -m tests.bench.layers /tmp/kitline.raw

Each sample belongs to the layer of its innermost frame that is in the list: SQLAlchemy called by a
turn counts as SQLAlchemy.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

LAYERS = (
    ("Twilio's signature", ("signature_ok", "RequestValidator")),
    ("reading the form", ("_signed_form (bot/web/webhooks", "parse_sms")),
    ("TwiML and drawing texts", ("twiml_each", "draw_sms", "_riding (bot/web")),
    ("emergency words", ("handlers/engine/emergency", "emergency (")),
    ("understanding words", ("handlers/engine/understanding", "engine/matching", "engine/reading")),
    ("places and postcodes", ("services/places", "services/postcodes", "db/reference")),
    ("texts (jinja2, content)", ("content/library", "jinja2/")),
    ("opening and sealing rows", ("db/keys",)),
    ("rows to objects and back", ("db/rows",)),
    ("SQLAlchemy and SQLite", ("sqlalchemy/", "db/sqlite.py:", "db/database")),
    ("unit of work (db/work, messages)", ("db/work", "db/stock", "db/messages", "db/statements")),
    ("peers and pharmacies near", ("services/dispatch", "services/outlets", "services/hours")),
    ("turns: routing, flows, ladder", ("handlers/",)),
    ("intake and worker", ("bot/intake", "bot/worker")),
    ("sending (aiohttp, twilio, telegram)", ("bot/channels", "aiohttp/", "twilio/", "telegram/")),
    ("HTTP (uvicorn, starlette)", ("uvicorn/protocols", "starlette/", "bot/web")),
)


def layer_of(frames: list[str]) -> str:
    for frame in reversed(frames):  # the innermost that is somebody's
        for name, signs in LAYERS:
            if any(sign in frame for sign in signs):
                return name
    return "event loop and the rest"


def main() -> None:
    found: Counter[str] = Counter()
    for line in Path(sys.argv[1]).read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        found[layer_of(stack.split(";"))] += int(count)
    total = sum(found.values())
    print("| layer | share |\n|---|---|")
    for name, samples in found.most_common():
        print(f"| {name} | {samples / total:.0%} |")


if __name__ == "__main__":
    main()

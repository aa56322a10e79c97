"""Write the next migration from what changed in tables.py: python -m db.new_migration "words"."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from sqlalchemy.ext.asyncio import create_async_engine

from db import schema
from db.database import async_url


async def main(words: str) -> None:
    """Bring an empty SQLite to the newest revision, then write the difference."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'new.db'}"
        number = f"{len(schema.known()) + 1:04d}"
        if schema.known():
            await schema.migrate(url)
        engine = create_async_engine(async_url(url))
        async with engine.begin() as connection:
            await connection.run_sync(schema.write_revision, words, number)
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

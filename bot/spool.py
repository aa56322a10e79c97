"""An emergency that could not be stored: kept encrypted in files and replayed later."""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from db.keys import Keyring, Sealed
from db.models import InboundMessage

log = logging.getLogger(__name__)
MOST_FILES = 10_000


class Spool:
    """A folder of sealed messages, oldest first by name."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self.folder = folder
        self.keyring = keyring

    def keep(self, message: InboundMessage, now: datetime) -> bool:
        """Keep a message; False when even that is impossible (the answer still goes out)."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if sum(1 for _ in self.folder.iterdir()) >= MOST_FILES:
                return False
            when = message.sent_at or now
            body = json.dumps({**asdict(message), "sent_at": when.isoformat()})
            name = f"{now:%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}"
            part = self.folder / f"{name}.part"
            part.write_bytes(self.keyring.seal(body, "spool"))
            part.rename(self.folder / f"{name}.msg")
        except OSError:
            log.exception("an emergency could not be spooled")
            return False
        return True

    def waiting(self) -> list[tuple[Path, InboundMessage]]:
        """What waits to be replayed."""
        found = []
        for path in sorted(self.folder.glob("*.msg")) if self.folder.is_dir() else []:
            try:
                body = json.loads(self.keyring.open(path.read_bytes(), "spool"))
            except (OSError, Sealed, ValueError):
                log.exception("a spooled message cannot be read; it is laid aside")
                path.rename(path.with_suffix(".unreadable"))
                continue
            if body.get("sent_at"):
                body["sent_at"] = datetime.fromisoformat(body["sent_at"])
            found.append((path, InboundMessage(**body)))
        return found

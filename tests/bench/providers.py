"""The stand-ins for Twilio and Telegram in a process of their own, with a tap.

    python -m tests.bench.providers twilio --port 4011 --tap /tmp/…/tap

What they are asked to send is told at once to the load generator: one JSON line each, with the
time (CLOCK_MONOTONIC, the same in every process), whom it is for, and the text.
"""

from __future__ import annotations

import argparse
import json
import socket
import time
from typing import Any

from tests.standins.telegram import TelegramStandIn
from tests.standins.twilio import TwilioStandIn
from tests.standins.wire import run


class Tap:
    """A line to the load generator."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)

    def tell(self, to: str, text: str) -> None:
        line = json.dumps([time.monotonic(), to, text])
        self._socket.sendall(line.encode() + b"\n")


class TappedTwilio(TwilioStandIn):
    """Tells of each text it is asked to send."""

    tap: Tap

    def _record(
        self, from_: str | None, to: str, body: str, direction: str, status: str, **more: Any
    ) -> dict[str, Any]:
        if direction == "outbound-api":
            self.tap.tell(to, body)
        return super()._record(from_, to, body, direction, status, **more)


class TappedTelegram(TelegramStandIn):
    """Tells of each message it is asked to send."""

    tap: Tap

    def do_sendMessage(
        self, chat_id: int, text: str, reply_markup: Any = None, **more: Any
    ) -> dict[str, Any]:
        sent = super().do_sendMessage(chat_id, text, reply_markup, **more)
        self.tap.tell(str(chat_id), text)
        return sent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.providers")
    parser.add_argument("provider", choices=("twilio", "telegram"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tap", required=True)
    given = parser.parse_args()
    provider: TappedTwilio | TappedTelegram
    if given.provider == "twilio":
        provider = TappedTwilio(contract=False, status_callbacks=False)
    else:
        provider = TappedTelegram(contract=False)
    provider.tap = Tap(given.tap)
    run(provider.app, given.port)


if __name__ == "__main__":
    main()

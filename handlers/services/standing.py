"""Whether a peer may be asked at all: training and checks that have a last day."""

from __future__ import annotations

from datetime import date

from db.models import Peer


def run_out(peer: Peer, today: date) -> str:
    """What no longer holds: "training", "check", or "". No day for a check = none is asked for."""
    if peer.trained_until is None or peer.trained_until < today:
        return "training"
    if peer.checked_until is not None and peer.checked_until < today:
        return "check"
    return ""


def last_days(peer: Peer) -> dict[str, date]:
    """The last day of each, as far as there is one."""
    days = {"training": peer.trained_until, "check": peer.checked_until}
    return {what: day for what, day in days.items() if day is not None}

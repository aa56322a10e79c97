"""Which kits a recall is about, and what a notice has come to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from db.models import Recall, RecallNotice, Service
from handlers.services.recalls import concerns, settled
from tests.handlers.made import HERE, NOON

PRODUCTS = [
    {"id": "prenoxad", "form": "injectable"},
    {"id": "nyxoid", "form": "nasal"},
    {"id": "nasal", "form": "nasal"},
]
HOME = Service(1, "grimsby", "Grimsby", "England", ("DN31",), *HERE, NOON)
RECALL = Recall(1, 1, "K7FP", "injectable", ("0116917", "0119973"), "check", NOON)
NOTICE = RecallNotice(1, 1, 1, "0116917", 1, "waiting", NOON, contact_id=7)


@pytest.mark.parametrize(
    ("recalled", "product", "batch", "told"),
    [
        ("injectable", "injectable", "0116917", True),
        ("injectable", "injectable", "0116918", False),
        ("injectable", "nasal", "0116917", False),
        ("injectable", "other", "0116917", True),  # not sure which kind: rather told
        ("injectable", "prenoxad", "0119973", True),
        ("prenoxad", "injectable", "0119973", True),
        ("prenoxad", "nyxoid", "0119973", False),
    ],
)
def test_which_kits_it_is_about(recalled: str, product: str, batch: str, told: bool) -> None:
    home = replace(HOME, rules={"products": PRODUCTS})
    assert concerns(replace(RECALL, product=recalled), home, product, batch) is told


SOON, LATE = timedelta(minutes=5), timedelta(hours=25)


@pytest.mark.parametrize(
    ("status", "answer", "sent", "after", "comes_to"),
    [
        ("waiting", "", None, SOON, "waiting"),
        ("waiting", "", ("sent", "sms"), SOON, "waiting"),  # sent is not reached
        ("waiting", "", ("sent", "sms"), LATE, "not_reached"),
        ("waiting", "", None, LATE, "not_reached"),
        ("waiting", "", ("delivered", "sms"), SOON, "reached"),
        ("waiting", "", ("failed", "sms"), SOON, "not_reached"),
        ("waiting", "fine", ("failed", "sms"), SOON, "reached"),  # they answered
        ("waiting", "", ("sent", "telegram"), SOON, "reached"),  # it says no more than that
        ("not_reached", "", ("delivered", "sms"), LATE, "reached"),  # late, but there
        ("opted_out", "", None, LATE, "opted_out"),
        ("reached", "", ("failed", "sms"), LATE, "reached"),
    ],
)
def test_what_a_notice_has_come_to(
    status: str, answer: str, sent: tuple[str, str] | None, after: timedelta, comes_to: str
) -> None:
    notice = replace(NOTICE, status=status, answer=answer)
    assert settled(notice, sent, NOON, NOON + after) == comes_to

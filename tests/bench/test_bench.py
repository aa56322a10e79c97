"""The benchmark's own checks: a broken conversation must not look fast."""

from __future__ import annotations

from collections import deque

import pytest

from tests.bench import report
from tests.bench.layers import layer_of
from tests.bench.load import BrokenError, Mailboxes, Talker
from tests.bench.story import SMS, Contact
from tests.bench.wire import Written, riding, write_sms
from tests.standins.twilio import TOKEN

AMY = Contact("+447700900001", "+12015550100", "DN31 3EQ")


def who() -> Written:
    return write_sms(AMY, SMS, TOKEN)


def test_every_text_must_be_the_one_that_is_due() -> None:
    talker = Talker(Mailboxes(), riding)
    due = deque(SMS[0].answers)
    talker._fits(due, "Kit Line here: free naloxone kits, from peers", who(), 0)
    talker._fits(due, "OK to go on? Reply YES or NO", who(), 0)
    assert not due
    with pytest.raises(BrokenError):
        talker._fits(due, "one more that nobody expects", who(), 0)
    with pytest.raises(BrokenError):
        talker._fits(deque(SMS[1].answers), "Sorry, something went wrong", who(), 1)


def test_texts_are_read_from_the_answer() -> None:
    body = (
        b'<Response><Message statusCallback="x">a &amp; b</Message><Message>c</Message></Response>'
    )
    assert riding(body) == ["a & b", "c"]


def test_a_place_stands_in_the_message() -> None:
    assert b"Body=DN31+3EQ" in who().requests[4]


def test_quantiles_are_in_milliseconds() -> None:
    assert report.quantiles([n / 1000 for n in range(100)]) == "50.0 / 95.0 / 99.0"


def test_a_sample_belongs_to_its_innermost_layer() -> None:
    stack = ["run (uvicorn/protocols/x.py:1)", "route (handlers/routing.py:2)"]
    assert layer_of(stack) == "turns: routing, flows, ladder"
    assert layer_of([*stack, "execute (sqlalchemy/engine/base.py:3)"]) == "SQLAlchemy and SQLite"

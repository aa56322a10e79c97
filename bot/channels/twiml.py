"""Answers in Twilio's XML, which ride back on its own request."""

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
VOICE = 'voice="Polly.Amy" language="en-GB"'

# XML 1.0 has no way to write these; one of them and Twilio throws the whole answer away.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def twiml(parts: Sequence[str], status_callback: str = "") -> str:
    """The answer to an inbound text: one <Message> a part, or none."""
    return twiml_each([(part, status_callback) for part in parts])


def twiml_each(parts: Sequence[tuple[str, str]]) -> str:
    """Like ``twiml``, with a status callback of its own for each part ("" for none)."""
    messages = "".join(
        f"<Message{f' statusCallback={quoteattr(callback)}' if callback else ''}>"
        f"{_xml(part)}</Message>"
        for part, callback in parts
    )
    return f"{HEAD}<Response>{messages}</Response>"


def voice_twiml(said: str, *, offer: str = "", action: str = "", goodbye: str = "") -> str:
    """The answer to a call: ``said``, then ``offer`` with one key to press, then the end.

    ``offer`` is such as "Press 1 and we will text you"; the key is posted to ``action``, as Digits.
    What is said comes first and whole: nobody should have to choose before they hear "999".
    """
    gather = (
        f'<Gather numDigits="1" timeout="8" action={quoteattr(action)} method="POST">'
        f"{_say(offer)}</Gather>"
        if offer
        else ""
    )
    return f"{HEAD}<Response>{_say(said)}{gather}{_say(goodbye)}<Hangup/></Response>"


def _say(sentence: str) -> str:
    return f"<Say {VOICE}>{_xml(sentence)}</Say>" if sentence else ""


def _xml(text: str) -> str:
    return escape(NOT_XML.sub("", text))

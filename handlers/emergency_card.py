"""The emergency card: what is said first, known without a database.

It is said in English, and then in the language of the message if there is a text in it. Telegram's
answer in place holds one message, so there both stand in one text.
"""

from __future__ import annotations

from content import library
from db.models import OutboundMessage
from handlers.engine.emergency import emergency
from handlers.engine.languages import heard_in
from handlers.engine.matching import plain
from handlers.engine.speech import CARD
from handlers.engine.turn import EMERGENCY, Turn

DANGER = "meeting.danger"


def emergency_cards(channel: str, language: str = "") -> tuple[OutboundMessage, ...]:
    """The whole card, one segment; then the same in the language that was heard."""
    texts = [library.text(library.DEFAULT, CARD, channel), *_own(channel, language)]
    if channel == "telegram":
        texts = ["\n\n".join(texts)]
    return tuple(OutboundMessage(text, emergency=True) for text in texts)


def _own(channel: str, language: str) -> list[str]:
    there = language != library.DEFAULT and library.has_text(language, CARD)
    return [library.text(language, CARD, channel)] if there else []


def danger_cards(channel: str) -> tuple[OutboundMessage, ...]:
    """What a peer's SOS is answered with: their danger comes first, not how to help another."""
    return (OutboundMessage(library.text(library.DEFAULT, DANGER, channel), emergency=True),)


def is_sos(text: str) -> bool:
    """SOS and nothing else. From a peer it means that they are in danger themselves."""
    return library.global_words(library.DEFAULT).get(plain(text)) == "sos"


def language_of_cry(text: str) -> str:
    """The language somebody calls for help in, from their words or the rules these met."""
    return heard_in(text, emergency(text).language)


def send_card(turn: Turn, heard: str = "") -> None:
    """The whole card, sent by us."""
    for card in emergency_cards(turn.channel, heard or turn.tongue):
        turn.send(card, kind="emergency", priority=EMERGENCY)


def say_card(turn: Turn) -> None:
    """The whole card; what of it the webhook's own answer held is only recorded."""
    heard = language_of_cry(turn.message.text) if turn.message else ""
    turn.overhear(heard)
    if not turn.scene.answered:
        send_card(turn, heard)
        return
    for card in emergency_cards(turn.channel, heard):
        turn.send(card, kind="emergency", priority=EMERGENCY, in_place=True)
    if not heard:  # the webhook did not know whose cry it was
        for text in _own(turn.channel, turn.tongue):
            own = OutboundMessage(text, emergency=True)
            turn.send(own, kind="emergency", priority=EMERGENCY)

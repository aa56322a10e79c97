"""Our messages as Telegram shows them: parts, inline buttons, the keyboard below."""

from __future__ import annotations

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
)

from bot.channels.base import clean
from content import library
from content.segments import split
from db.models import Button, OutboundMessage

MAX_TEXT = 4096  # counted in UTF-16, as Telegram does
MAX_CHOICE = 64  # bytes

ROW_OF = 3
SHORT = 12


def draw_telegram(message: OutboundMessage) -> list[str]:
    """The text in as few messages as Telegram's limit allows; buttons hang on the last."""
    return split(clean(message.text), lambda text: len(text.encode("utf-16-le")) <= 2 * MAX_TEXT)


def emergency_label(message: OutboundMessage) -> str:
    """What the one button that is always there says; neutral words on a shared phone."""
    return _label(message, "help_now" if message.quiet else "emergency")


def _label(message: OutboundMessage, name: str) -> str:
    return library.label(message.locale, "keyboard", name)


def inline_buttons(buttons: tuple[Button, ...]) -> InlineKeyboardMarkup:
    """Buttons under a message: short ones side by side, longer ones a line each."""
    drawn = [InlineKeyboardButton(b.label, callback_data=_choice(b)) for b in buttons]
    side_by_side = len(drawn) <= ROW_OF and all(len(b.label) <= SHORT for b in buttons)
    return InlineKeyboardMarkup([drawn] if side_by_side else [[one] for one in drawn])


def keyboard(message: OutboundMessage) -> ReplyKeyboardMarkup:
    """The keyboard in place of letters: the emergency button, always.

    Telegram hands out a place only from this keyboard, and a message can carry only one kind, so
    while a place is asked for the options stand here too and arrive as their labels, typed.
    """
    rows = [[KeyboardButton(emergency_label(message))]]
    if not message.ask_location:
        return ReplyKeyboardMarkup(rows, resize_keyboard=True, is_persistent=True)
    place = KeyboardButton(_label(message, "place"), request_location=True)
    options = [[KeyboardButton(button.label)] for button in message.buttons]
    return ReplyKeyboardMarkup(
        [[place], *options, *rows], resize_keyboard=True, one_time_keyboard=True
    )


def _choice(button: Button) -> str:
    if len(button.choice.encode()) > MAX_CHOICE:
        raise ValueError(f"button data over {MAX_CHOICE} bytes: {button.choice}")
    return button.choice

"""A Telegram update as our own message. Nothing here raises, whatever Telegram invents next."""

from __future__ import annotations

from typing import Any

from telegram import Chat, ChatMember, Message, Update

from bot.channels.base import clean
from db.models import InboundMessage

MEDIA = (
    *("photo", "voice", "video", "video_note", "audio", "animation", "document", "sticker"),
    *("paid_media", "story"),
)


def parse_update(update_json: dict[str, Any], line: str = "") -> InboundMessage | None:
    """What one person sent to our bot, or None: groups, channels, kinds we never asked for.

    ``line`` is our bot. An update the library cannot read still gives its text: a new kind of
    attachment must not hide the words "he's not breathing".
    """
    try:
        update = Update.de_json(update_json, None)
        return _read(update, line)
    except Exception:
        return _bare_text(update_json, line)


def pressed_message(callback_id: str) -> int | None:
    """The message whose button was pressed, so that its buttons can be taken away."""
    _, _, message_id = callback_id.partition("/")
    return int(message_id) if message_id.isdecimal() else None


def _read(update: Update, line: str) -> InboundMessage | None:
    if update.callback_query is not None:
        return _press(update, line)
    if update.my_chat_member is not None:
        return _blocking(update, line)
    message = update.message or update.edited_message
    if message is None or not _is_person(message):
        return None
    kind, words = _content(message)
    place = message.location
    return InboundMessage(
        channel="telegram",
        external_id=str(update.update_id),
        line=line,
        address=f"tg:{message.chat.id}",
        kind=kind if update.message else "edited",
        text=_plain(words),
        lat=place.latitude if place else None,
        lon=place.longitude if place else None,
        sent_at=message.date,
    )


def _is_person(message: Message) -> bool:
    is_bot = message.from_user is not None and message.from_user.is_bot
    return message.chat.type == Chat.PRIVATE and not is_bot


def _content(message: Message) -> tuple[str, str]:
    if message.text is not None:
        return "text", message.text
    if message.location is not None:
        return "location", ""
    if message.contact is not None:
        # Somebody else's number is not ours to keep; the sender's own joins their two addresses.
        sender = message.from_user
        own = sender is not None and message.contact.user_id == sender.id
        return "contact", message.contact.phone_number if own else ""
    if any(getattr(message, kind) for kind in MEDIA):
        return "media", message.caption or ""
    return "unsupported", message.caption or ""


def _plain(words: str) -> str:
    """The words; a command such as /kit@kitline_bot is the word "kit"."""
    words = clean(words)
    if not words.startswith("/"):
        return words
    command, space, rest = words[1:].partition(" ")
    return command.partition("@")[0] + space + rest


def _press(update: Update, line: str) -> InboundMessage | None:
    query = update.callback_query
    if query is None or query.data is None:
        return None
    # Old messages come as an InaccessibleMessage, with a chat and an id but nothing else.
    chat = query.message.chat if query.message else None
    if chat is not None and chat.type != Chat.PRIVATE:
        return None
    pressed = f"/{query.message.message_id}" if query.message else ""
    return InboundMessage(
        channel="telegram",
        external_id=str(update.update_id),
        line=line,
        address=f"tg:{chat.id if chat else query.from_user.id}",
        kind="choice",
        choice=clean(query.data),
        callback_id=query.id + pressed,
    )


def _blocking(update: Update, line: str) -> InboundMessage | None:
    change = update.my_chat_member
    if change is None or change.chat.type != Chat.PRIVATE:
        return None
    # In a private chat this comes only when the person blocks the bot or lets it in again.
    blocked = change.new_chat_member.status == ChatMember.BANNED
    return InboundMessage(
        channel="telegram",
        external_id=str(update.update_id),
        line=line,
        address=f"tg:{change.chat.id}",
        kind="blocked" if blocked else "unblocked",
        sent_at=change.date,
    )


def _bare_text(update_json: dict[str, Any], line: str) -> InboundMessage | None:
    try:
        message = update_json["message"]
        chat, words = message["chat"], message.get("text") or message.get("caption") or ""
        if chat["type"] != "private":
            return None
        return InboundMessage(
            channel="telegram",
            external_id=str(int(update_json["update_id"])),
            line=line,
            address=f"tg:{int(chat['id'])}",
            kind="text" if words else "unsupported",
            text=_plain(str(words)),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None

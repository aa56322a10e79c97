"""Updates as Telegram writes them, with invented people."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

clock: Callable[[], float] = time.time  # a test may set its own


def _person(chat: int) -> dict[str, Any]:
    return {"id": chat, "is_bot": False, "first_name": "Sam", "language_code": "en"}


def _chat(chat: int, kind: str = "private") -> dict[str, Any]:
    if kind == "private":
        return {"id": chat, "type": kind, "first_name": "Sam"}
    return {"id": -abs(chat), "type": kind, "title": "A group"}


def message(chat: int, *, kind: str = "private", number: int = 1, **content: Any) -> dict[str, Any]:
    """An update with one message: ``text=``, ``photo=``, ``sticker=`` …"""
    base = {"message_id": number, "date": int(clock())}
    return {"message": {**base, "from": _person(chat), "chat": _chat(chat, kind), **content}}


def text(chat: int, words: str, **more: Any) -> dict[str, Any]:
    if words.startswith("/"):
        length = len(words.partition(" ")[0])
        more["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
    return message(chat, text=words, **more)


def place(chat: int, lat: float, lon: float) -> dict[str, Any]:
    return message(chat, location={"latitude": lat, "longitude": lon})


def contact(chat: int, number: str, *, own: bool = True) -> dict[str, Any]:
    owner = {"user_id": chat} if own else {}
    return message(chat, contact={"phone_number": number, "first_name": "Sam", **owner})


def photo(chat: int, caption: str = "") -> dict[str, Any]:
    size = {"file_id": "p1", "file_unique_id": "u1", "width": 90, "height": 90}
    words = {"caption": caption} if caption else {}
    return message(chat, photo=[size], **words)


def edited(chat: int, words: str) -> dict[str, Any]:
    sent = message(chat, text=words, edit_date=int(clock()))
    return {"edited_message": sent["message"]}


def press(chat: int, data: str, query_id: str = "q1", number: int = 1) -> dict[str, Any]:
    below = {"message_id": number, "date": int(clock()), "chat": _chat(chat), "text": "?"}
    query = {"id": query_id, "from": _person(chat), "chat_instance": "c1", "data": data}
    return {"callback_query": {**query, "message": below}}


def membership(chat: int, status: str) -> dict[str, Any]:
    """``status``: "kicked" (the person blocked the bot) or "member"."""
    bot = {"id": 1, "is_bot": True, "first_name": "Kitline"}
    old = "member" if status == "kicked" else "kicked"
    return {
        "my_chat_member": {
            "chat": _chat(chat),
            "from": _person(chat),
            "date": int(clock()),
            "old_chat_member": _member(bot, old),
            "new_chat_member": _member(bot, status),
        }
    }


def _member(user: dict[str, Any], status: str) -> dict[str, Any]:
    until = {"until_date": 0} if status == "kicked" else {}
    return {"user": user, "status": status, **until}

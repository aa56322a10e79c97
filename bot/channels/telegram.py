"""Telegram by python-telegram-bot: our messages with buttons, and the bot's own settings."""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardMarkup,
    ReplyKeyboardMarkup,
    WebhookInfo,
)
from telegram import Message as TelegramMessage
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    TelegramError,
)

from bot.channels.base import Receipt, SendError
from bot.channels.telegram_draw import draw_telegram, emergency_label, inline_buttons, keyboard
from bot.channels.telegram_parse import parse_update, pressed_message
from bot.channels.telegram_request import AiohttpRequest, TooManyRequests
from content import pictures
from content.pictures import Picture
from db.models import InboundMessage, OutboundMessage

__all__ = ["TelegramChannel", "draw_telegram", "parse_update", "pressed_message"]

# Its debug lines hold texts and chat ids, and no setting of ours may bring those into the log.
logging.getLogger("telegram.Bot").setLevel(logging.INFO)

TELEGRAM = "https://api.telegram.org"
UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
MAX_CAPTION = 1024  # counted in UTF-16, as Telegram does
MENDING_SECONDS = 120.0
POLL_SECONDS = 25
REMEMBERED_KEYBOARDS = 20_000

T = TypeVar("T")
Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup


class TelegramChannel:
    """One bot. ``line`` is its numeric id, the token's first half."""

    name = "telegram"

    def __init__(self, token: str, *, base_url: str = TELEGRAM) -> None:
        base = (base_url or TELEGRAM).rstrip("/")
        self.line = token.partition(":")[0]
        self._requests = AiohttpRequest()
        self._polling = AiohttpRequest()
        self.bot = Bot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._requests,
            get_updates_request=self._polling,
        )
        self._keyboards = Keyboards()

    def draw(self, message: OutboundMessage) -> list[str]:
        return draw_telegram(message)

    def parse(self, update_json: dict[str, Any]) -> InboundMessage | None:
        return parse_update(update_json, self.line)

    async def send(
        self, address: str, message: OutboundMessage, *, line: str, reference: str = ""
    ) -> Receipt:
        """The receipt's id is that of the message which has the buttons."""
        sent = None
        parts = self._with_markup(address, message)
        for number, (text, markup) in enumerate(parts):
            shown = pictures.picture(message.picture) if number == 0 else None
            sent = await self._with_photo(address, shown, text, markup) if shown else None
            if sent is None:
                asked = self.bot.send_message(_chat(address), text, reply_markup=markup)
                sent = await _asked(asked)
        if sent is None:
            raise SendError("empty")
        if isinstance(parts[0][1], ReplyKeyboardMarkup):
            self._keyboards.given(address, message)
        return Receipt(str(sent.message_id), len(parts))

    async def _with_photo(
        self, address: str, shown: Picture, text: str, markup: Markup
    ) -> TelegramMessage | None:
        """The text below its drawing, or None: it still has to be sent.

        The words matter more than the drawing: whatever is wrong with that, they go without it.
        """
        fits = len(text.encode("utf-16-le")) <= 2 * MAX_CAPTION
        try:
            sent = await self.bot.send_photo(
                _chat(address),
                shown.png.read_bytes(),
                caption=text if fits else None,
                reply_markup=markup if fits else None,
                filename=shown.png.name,
            )
        except (TooManyRequests, Forbidden) as failure:
            raise _refused(failure) from None
        except (TelegramError, OSError):
            return None
        return sent if fits else None

    def _with_markup(self, address: str, message: OutboundMessage) -> list[tuple[str, Markup]]:
        """Each part with what hangs on it: inline buttons on the last, the keyboard before.

        A message carries one or the other. Where this chat has not got the keyboard yet, the text
        is sent as two, so that the emergency button is there from the first answer on. In an
        emergency nobody needs the button any more, and one message is there sooner than two.
        """
        parts = self.draw(message)
        in_two = bool(message.buttons) and not (message.ask_location or message.emergency)
        if in_two and len(parts) == 1 and not self._keyboards.has(address, message):
            parts = [part for part in parts[0].rpartition("\n\n")[::2] if part.strip()]
        below, last = keyboard(message), _markup(message)
        return [(part, below) for part in parts[:-1]] + [(part, last) for part in parts[-1:]]

    def method_answer(self, address: str, message: OutboundMessage) -> dict[str, Any]:
        """The message as the answer to Telegram's own request: no database, no second call.

        Telegram then tells us neither an id nor whether it worked. One message fits.
        """
        return {
            "method": "sendMessage",
            "chat_id": _chat(address),
            "text": self.draw(message)[0],
            "reply_markup": _markup(message).to_dict(),
        }

    async def answer_callback(self, callback_id: str, text: str = "") -> None:
        """Stops the pressed button's spinner; ``text`` is shown for a moment. Late is harmless."""
        query_id = callback_id.partition("/")[0]
        await _harmless(self.bot.answer_callback_query(query_id, text[:200] or None))

    async def clear_buttons(self, address: str, message_id: int) -> None:
        """Takes the buttons of an answered question away; they may be gone already."""
        chat = _chat(address)
        await _harmless(self.bot.edit_message_reply_markup(chat, message_id, reply_markup=None))

    async def set_up(
        self, webhook_url: str, secret: str, commands: Sequence[tuple[str, str]]
    ) -> None:
        """Registers webhook and command menu. What waited at Telegram is never dropped."""
        await _asked(
            self.bot.set_webhook(
                webhook_url,
                secret_token=secret,
                allowed_updates=UPDATES,
                drop_pending_updates=False,
            )
        )
        await self.set_commands(commands)

    async def set_commands(self, commands: Sequence[tuple[str, str]]) -> None:
        menu = [BotCommand(word, meaning) for word, meaning in commands]
        await _asked(self.bot.set_my_commands(menu))

    async def webhook_info(self) -> WebhookInfo:
        """Address, backlog and last error, as Telegram sees them: for `doctor`."""
        return await _asked(self.bot.get_webhook_info())

    async def username(self) -> str:
        """The bot's public name, for its link; asks Telegram."""
        return str((await _asked(self.bot.get_me())).username)

    async def start_polling(self) -> None:
        """Development only. Telegram refuses getUpdates while a webhook is set."""
        await _asked(self.bot.delete_webhook(drop_pending_updates=False))

    async def poll(self, offset: int | None, seconds: int = POLL_SECONDS) -> list[dict[str, Any]]:
        """Waiting updates, raw. Asking with the last one's id + 1 is what acknowledges them.

        The library's own method would log an update it cannot read, and stop at it for ever.
        """
        asked = {"offset": offset, "timeout": seconds, "allowed_updates": json.dumps(UPDATES)}
        given = urlencode({name: value for name, value in asked.items() if value is not None})
        url = f"{self.bot.base_url}/getUpdates?{given}"
        updates: Any = await _asked(self._polling.post(url, read_timeout=seconds + 10))
        return list(updates)

    async def close(self) -> None:
        await self._requests.shutdown()
        await self._polling.shutdown()


class Keyboards:
    """Which keyboard each chat was last given. Forgotten at a restart, then given once more."""

    def __init__(self) -> None:
        self._label: OrderedDict[str, str] = OrderedDict()

    def has(self, address: str, message: OutboundMessage) -> bool:
        return self._label.get(address) == emergency_label(message)

    def given(self, address: str, message: OutboundMessage) -> None:
        """After a keyboard that asks for a place, the plain one has to be given again."""
        self._label.pop(address, None)
        if not message.ask_location:
            self._label[address] = emergency_label(message)
        if len(self._label) > REMEMBERED_KEYBOARDS:
            self._label.popitem(last=False)


def _markup(message: OutboundMessage) -> Markup:
    if not message.buttons or message.ask_location:
        return keyboard(message)
    try:
        return inline_buttons(message.buttons)
    except ValueError:
        raise SendError("button_too_long") from None


def _chat(address: str) -> int:
    try:
        return int(address.removeprefix("tg:"))
    except ValueError:
        raise SendError("not_a_chat") from None


async def _asked(call: Awaitable[T]) -> T:
    try:
        return await call
    except TelegramError as failure:
        raise _refused(failure) from None  # its text may hold the address


async def _harmless(call: Awaitable[Any]) -> None:
    try:
        await call
    except BadRequest:
        return
    except TelegramError as failure:
        raise _refused(failure) from None


def _refused(failure: TelegramError) -> SendError:
    if isinstance(failure, TooManyRequests):
        return SendError("429", retryable=True, retry_after=failure.retry_after)
    if isinstance(failure, Forbidden):  # blocked, or the account is gone
        return SendError("403", stops=True)
    if isinstance(failure, InvalidToken):
        # Says nothing about the message: it waits until the token is mended.
        return SendError("401", retryable=True, retry_after=MENDING_SECONDS)
    if isinstance(failure, ChatMigrated):
        return SendError("migrated")
    if isinstance(failure, BadRequest):
        return SendError("400")
    if isinstance(failure, Conflict):
        return SendError("409", retryable=True)
    return SendError("network", retryable=True)

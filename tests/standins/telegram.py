"""A stand-in for Telegram's Bot API: it keeps what was sent, calls our webhook, and fails.

    python -m tests.standins.telegram --port 4012 --latency-ms 50

In a process of its own it is steered by `POST /_control`, `POST /_deliver` and `GET /_state`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.standins import telegram_updates as updates
from tests.standins.telegram_contract import BadCallError, api, checked
from tests.standins.wire import Answer, Loopback, UnreachableError, Wire, run

TOKEN = "123456789:stand-in-token"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
OLD_QUERY = "query is too old and response timeout expired or query ID is invalid"


class RefusedError(Exception):
    """Telegram's own error answer."""

    def __init__(self, status: int, description: str, retry_after: int = 0) -> None:
        super().__init__(description)
        self.status, self.description, self.retry_after = status, description, retry_after

    def answer(self) -> Response:
        more = {"parameters": {"retry_after": self.retry_after}} if self.retry_after else {}
        return JSONResponse(
            {"ok": False, "error_code": self.status, "description": self.description, **more},
            self.status,
        )


@dataclass(frozen=True)
class Failure:
    """One planned failure; ``accepted``: the call takes effect and only its answer is lost."""

    status: int
    retry_after: int
    accepted: bool


@dataclass(frozen=True)
class Delivery:
    """What came of one update: ``status`` 0 if nobody answered or it waits for getUpdates."""

    update_id: int
    status: int
    attempts: int


@dataclass
class TelegramStandIn:
    """One bot. ``sent`` holds every message in order; a blocked chat answers 403.

    ``routes`` says where a public address really is: {"https://line.test": "http://127.0.0.1:…"}.
    """

    token: str = TOKEN
    wire: Wire = field(default_factory=Loopback)
    latency: float = 0.0
    fail_rate: float = 0.0
    contract: bool = True
    routes: dict[str, str] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    sent: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    webhook: dict[str, Any] = field(default_factory=dict)
    commands: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.failures: deque[Failure] = deque()
        self.random = random.Random(7)
        self.queries: set[str] = set()
        self.last_update = 1000
        self.last_error: tuple[int, str] | None = None
        self.arrived = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/bot{token}/{method}", self._call, methods=["GET", "POST"]),
                Route("/_control", self._control, methods=["POST"]),
                Route("/_deliver", self._deliver, methods=["POST"]),
                Route("/_state", self._state, methods=["GET"]),
            ]
        )

    # --- what a test says -----------------------------------------------------------------------

    def fail_next(
        self, count: int = 1, status: int = 500, retry_after: int = 0, *, accepted: bool = False
    ) -> None:
        """``status=429`` comes with ``retry_after`` seconds, 1 unless another is given."""
        retry_after = retry_after or int(status == 429)
        self.failures.extend([Failure(status, retry_after, accepted)] * count)

    def texts_to(self, chat: int) -> list[str]:
        return [message["text"] for message in self.sent if message["chat"]["id"] == chat]

    async def say(self, chat: int, words: str) -> Delivery:
        return await self.deliver(updates.text(chat, words))

    async def press(self, chat: int, data: str, message_id: int = 1) -> Delivery:
        """A button pressed; its query can be answered once it was delivered."""
        query_id = f"q{self.last_update + 1}"
        return await self.deliver(updates.press(chat, data, query_id, message_id))

    async def share(self, chat: int, lat: float, lon: float) -> Delivery:
        return await self.deliver(updates.place(chat, lat, lon))

    async def block(self, chat: int) -> Delivery:
        self.blocked.add(chat)
        return await self.deliver(updates.membership(chat, "kicked"))

    async def unblock(self, chat: int) -> Delivery:
        self.blocked.discard(chat)
        return await self.deliver(updates.membership(chat, "member"))

    async def deliver(
        self, update: dict[str, Any], *, tries: int = 3, pause: float = 0.02
    ) -> Delivery:
        """Posts an update to the webhook, again if it must; keeps it if that fails or none is set.

        An update with an ``update_id`` repeats an earlier delivery.
        """
        if "update_id" not in update:
            self.last_update += 1
            update = {"update_id": self.last_update, **update}
        if "callback_query" in update:
            self.queries.add(update["callback_query"]["id"])
        status, attempts = 0, 0
        while self.webhook and attempts < tries:
            attempts += 1
            status = await self._post_update(update)
            if 200 <= status < 300:
                return Delivery(update["update_id"], status, attempts)
            await asyncio.sleep(pause)
        self.waiting.append(update)
        self.arrived.set()
        return Delivery(update["update_id"], status, attempts)

    async def redeliver(self) -> list[Delivery]:
        """What waited is sent again, oldest first, as Telegram does for a day."""
        waiting, self.waiting = self.waiting, []
        return [await self.deliver(update) for update in waiting]

    async def close(self) -> None:
        await self.wire.close()

    # --- our webhook, called by Telegram --------------------------------------------------------

    async def _post_update(self, update: dict[str, Any]) -> int:
        headers = {"Content-Type": "application/json"}
        if secret := self.webhook.get("secret_token"):
            headers[SECRET_HEADER] = secret
        url = self.webhook["url"]
        for public_url, real in self.routes.items():
            if url.startswith(public_url):
                url = real + url.removeprefix(public_url)
        try:
            answer = await self.wire.post(url, json.dumps(update).encode(), headers)
        except UnreachableError as failure:
            self.last_error = (int(time.time()), f"Connection failed: {failure}")
            return 0
        if answer.status >= 300:
            wrong = f"Wrong response from the webhook: {answer.status}"
            self.last_error = (int(time.time()), wrong)
        else:
            self._obey(answer)
        return answer.status

    def _obey(self, answer: Answer) -> None:
        """A method in the webhook's answer is carried out; nobody hears whether it worked."""
        if "json" not in answer.content_type or not answer.text.strip():
            return
        asked = json.loads(answer.text)
        if not isinstance(asked, dict) or "method" not in asked:
            return
        try:
            self._do(asked.pop("method"), asked)
        except (RefusedError, BadCallError) as refused:
            self.last_error = (int(time.time()), str(refused))

    # --- the API --------------------------------------------------------------------------------

    async def _call(self, request: Request) -> Response:
        if self.latency:
            await asyncio.sleep(self.latency)
        given = {**request.query_params, **await _body(request)}
        method = request.path_params["method"]
        try:
            if request.path_params["token"] != self.token:
                raise RefusedError(401, "Unauthorized")
            failure = self.failures.popleft() if self.failures else None
            if failure is None and self.random.random() < self.fail_rate:
                failure = Failure(500, 0, False)
            if failure and not failure.accepted:
                raise RefusedError(failure.status, "Planned failure", failure.retry_after)
            result = self._do(method, given)
            if method == "getUpdates":
                result = await self._wait_for_updates(given)
            if failure:
                raise RefusedError(failure.status, "Planned failure", failure.retry_after)
        except RefusedError as refused:
            return refused.answer()
        except BadCallError as broken:
            return RefusedError(400, str(broken)).answer()
        return JSONResponse({"ok": True, "result": result})

    def _do(self, method: str, given: dict[str, Any]) -> Any:
        if method not in api()["methods"] or not hasattr(self, f"do_{method}"):
            raise RefusedError(404, "Not Found")
        asked = checked(method, given) if self.contract else _loosely(given)
        self.calls.append((method, asked))
        return getattr(self, f"do_{method}")(**asked)

    def do_getMe(self) -> dict[str, Any]:
        return {
            "id": int(self.token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Kitline",
            "username": "kitline_stand_in_bot",
            "can_join_groups": False,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    def do_sendMessage(
        self, chat_id: int, text: str, reply_markup: Any = None, **_: Any
    ) -> dict[str, Any]:
        chat = int(chat_id)
        if chat in self.blocked:
            raise RefusedError(403, "Forbidden: bot was blocked by the user")
        if not text.strip():
            raise RefusedError(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) > 2 * 4096:
            raise RefusedError(400, "Bad Request: message is too long")
        inline = (reply_markup or {}).get("inline_keyboard", [])
        if any(not 0 < len(b.get("callback_data", "x").encode()) <= 64 for r in inline for b in r):
            raise RefusedError(400, "Bad Request: BUTTON_DATA_INVALID")
        message = {
            "message_id": len(self.sent) + 1,
            "date": int(time.time()),
            "chat": {"id": chat, "type": "private", "first_name": "Sam"},
            "from": self.do_getMe(),
            "text": text,
            "reply_markup": reply_markup,
        }
        self.sent.append(message)
        return _shown(message)

    def do_sendPhoto(
        self, chat_id: int, photo: Any, caption: str = "", reply_markup: Any = None, **_: Any
    ) -> dict[str, Any]:
        if not photo.get("bytes", b"").startswith(b"\x89PNG"):
            raise RefusedError(400, "Bad Request: IMAGE_PROCESS_FAILED")
        if len(caption.encode("utf-16-le")) > 2 * 1024:
            raise RefusedError(400, "Bad Request: message caption is too long")
        sent = self.do_sendMessage(chat_id, caption or "(photo)", reply_markup)
        self.sent[-1]["photo"] = photo["name"]
        self.sent[-1]["text"] = caption
        named = {name: v for name, v in sent.items() if name != "text"}
        return {**named, "caption": caption, "photo": []}

    def do_editMessageReplyMarkup(
        self, chat_id: int, message_id: int, reply_markup: Any = None
    ) -> dict[str, Any]:
        for message in self.sent:
            if message["message_id"] == message_id and message["chat"]["id"] == chat_id:
                if message["reply_markup"] == reply_markup:
                    raise RefusedError(400, "Bad Request: message is not modified")
                message["reply_markup"] = reply_markup
                return _shown(message)
        raise RefusedError(400, "Bad Request: message to edit not found")

    def do_deleteMessage(self, chat_id: int, message_id: int) -> bool:
        for message in self.sent:
            if message["message_id"] == message_id and message["chat"]["id"] == chat_id:
                message["text"], message["deleted"] = "", True
                return True
        raise RefusedError(400, "Bad Request: message to delete not found")

    def do_answerCallbackQuery(self, callback_query_id: str, text: str = "", **_: Any) -> bool:
        if callback_query_id not in self.queries:
            raise RefusedError(400, f"Bad Request: {OLD_QUERY}")
        if len(text) > 200:
            raise RefusedError(400, "Bad Request: MESSAGE_TOO_LONG")
        self.answered.append((callback_query_id, text))
        return True

    def do_setWebhook(self, url: str, secret_token: str = "", **more: Any) -> bool:
        if not url.startswith(("https://", "http://127.0.0.1")):
            raise RefusedError(400, "Bad Request: bad webhook: An HTTPS URL must be provided")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret_token):
            raise RefusedError(400, "Bad Request: secret token contains unallowed characters")
        if more.get("drop_pending_updates"):
            self.waiting.clear()
        self.webhook = {"url": url, "secret_token": secret_token, **more}
        return True

    def do_deleteWebhook(self, drop_pending_updates: bool = False) -> bool:
        self.webhook = {}
        if drop_pending_updates:
            self.waiting.clear()
        return True

    def do_getWebhookInfo(self) -> dict[str, Any]:
        info: dict[str, Any] = {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self.waiting),
        }
        if self.last_error:
            info["last_error_date"], info["last_error_message"] = self.last_error
        return info

    def do_setMyCommands(self, commands: list[dict[str, str]], **_: Any) -> bool:
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise RefusedError(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise RefusedError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands = commands
        return True

    def do_getUpdates(self, offset: int = 0, **_: Any) -> None:
        """Asking with an offset acknowledges everything before it."""
        if self.webhook:
            raise RefusedError(409, "Conflict: can't use getUpdates method while webhook is active")
        self.waiting = [update for update in self.waiting if update["update_id"] >= offset]

    async def _wait_for_updates(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        if not self.waiting:
            self.arrived.clear()
            try:
                await asyncio.wait_for(self.arrived.wait(), float(given.get("timeout", 0)))
            except TimeoutError:
                return []
        return self.waiting[: int(given.get("limit", 100))]

    # --- for a test in another process ----------------------------------------------------------

    async def _control(self, request: Request) -> Response:
        """Any of: reset, fail_next (with status, retry_after, accepted), blocked, routes,
        latency_ms, fail_rate."""
        asked = await request.json()
        if asked.get("reset"):
            for kept in (self.sent, self.calls, self.answered, self.waiting, self.failures):
                kept.clear()
        if "fail_next" in asked:
            status, after = asked.get("status", 500), asked.get("retry_after", 0)
            self.fail_next(asked["fail_next"], status, after, accepted=asked.get("accepted", False))
        self.blocked.update(asked.get("blocked", ()))
        self.routes.update(asked.get("routes", {}))
        self.latency = asked.get("latency_ms", self.latency * 1000) / 1000
        self.fail_rate = asked.get("fail_rate", self.fail_rate)
        return JSONResponse({"ok": True})

    async def _deliver(self, request: Request) -> Response:
        """{"update": …}, or {"chat": 1, "text": "…"}, or {"chat": 1, "press": "…"}."""
        asked = await request.json()
        if "update" in asked:
            delivery = await self.deliver(asked["update"])
        elif "press" in asked:
            message_id = asked.get("message_id", 1)
            delivery = await self.press(asked["chat"], asked["press"], message_id)
        else:
            delivery = await self.say(asked["chat"], asked["text"])
        return JSONResponse(asdict(delivery))

    async def _state(self, request: Request) -> Response:
        after = int(request.query_params.get("after", 0))
        return JSONResponse(
            {
                "messages": self.sent[after:],
                "count": len(self.sent),
                "calls": len(self.calls),
                "answered": self.answered,
                "waiting": len(self.waiting),
                "webhook": {**self.webhook, "secret_token": bool(self.webhook)},
                "commands": self.commands,
                "last_error": self.last_error,
            }
        )


async def _body(request: Request) -> dict[str, Any]:
    if request.method == "GET" or not await request.body():
        return {}
    if "json" in request.headers.get("Content-Type", ""):
        return dict(await request.json())
    form = (await request.form()).items()
    return {name: await _uploaded(v) if isinstance(v, UploadFile) else v for name, v in form}


async def _uploaded(file: UploadFile) -> dict[str, Any]:
    """A file as the contract's InputFile."""
    content = await file.read()
    await file.close()
    return {"name": file.filename, "bytes": content}


def _loosely(given: dict[str, Any]) -> dict[str, Any]:
    """For load: no contract, only what the methods need as numbers and objects."""
    loose = {name: given[name] for name in given}
    for name in ("chat_id", "message_id", "offset", "reply_markup", "commands"):
        if isinstance(loose.get(name), str):
            loose[name] = json.loads(loose[name])
    return loose


def _shown(message: dict[str, Any]) -> dict[str, Any]:
    """A message as Telegram gives it back: only inline buttons are part of it."""
    markup = message["reply_markup"]
    inline = isinstance(markup, dict) and "inline_keyboard" in markup
    return {name: v for name, v in message.items() if name != "reply_markup" or inline}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.standins.telegram")
    parser.add_argument("--port", type=int, default=4012)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--no-contract", action="store_true", help="faster: for load")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--fail-rate", type=float, default=0, help="share of calls answered 500")
    parser.add_argument("--route", action="append", default=[], metavar="PUBLIC=REAL")
    given = parser.parse_args()
    stand_in = TelegramStandIn(
        token=given.token,
        contract=not given.no_contract,
        latency=given.latency_ms / 1000,
        fail_rate=given.fail_rate,
        routes=dict(pair.split("=", 1) for pair in given.route),
    )
    run(stand_in.app, given.port)


if __name__ == "__main__":
    main()

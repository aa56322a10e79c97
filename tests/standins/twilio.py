"""A stand-in for Twilio's Messages API: it keeps what was sent, rings our webhooks, and fails.

    python -m tests.standins.twilio --port 4011 --status-callbacks --latency-ms 50

In a process of its own it is steered by `POST /_control`, `POST /_deliver` and `GET /_state`.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import random
import re
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4
from xml.etree import ElementTree

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

from content.segments import segment_count
from tests.standins.twilio_contract import violation
from tests.standins.wire import Answer, Loopback, UnreachableError, Wire, run

SID = "AC" + "0" * 31 + "1"
TOKEN = "stand-in-token"
API = "2010-04-01"
STOP_WORDS = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}

MESSAGES = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    21211: "Invalid 'To' Phone Number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number is not a valid, SMS-capable Twilio number for your account",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
}


class RefusedError(Exception):
    """Twilio's error JSON, raised from wherever the reason is found."""

    def __init__(self, code: int, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.status = code, status

    def answer(self) -> Response:
        return JSONResponse(
            {
                "code": self.code,
                "message": MESSAGES.get(self.code, "Error"),
                "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
                "status": self.status,
            },
            self.status,
            headers={"Retry-After": "1"} if self.status == 429 else None,
        )


@dataclass(frozen=True)
class Failure:
    """One planned failure; ``accepted``: the message goes out and only the answer is lost."""

    code: int
    status: int
    accepted: bool = False


@dataclass(frozen=True)
class Delivery:
    """What came of handing one inbound text to a webhook."""

    sid: str
    status: int
    replies: list[str]
    attempts: int


@dataclass
class TwilioStandIn:
    """One Twilio account. Times are real, texts are kept, nothing leaves the machine.

    ``routes`` says where a public address really is: {"https://line.test": "http://127.0.0.1:…"};
    signatures are made for the public one, as behind any proxy.
    """

    account_sid: str = SID
    auth_token: str = TOKEN
    wire: Wire = field(default_factory=Loopback)
    contract: bool = False
    status_callbacks: bool = True
    callback_gap: float = 0.0
    latency: float = 0.0
    fail_rate: float = 0.0
    own_stop_words: bool = False
    shuffle_callbacks: bool = False
    numbers: set[str] = field(default_factory=set)
    voice_only: set[str] = field(default_factory=set)
    hooks: dict[str, str] = field(default_factory=dict)
    status: str = "active"
    kind: str = "Full"
    routes: dict[str, str] = field(default_factory=dict)
    opted_out: set[str] = field(default_factory=set)
    undeliverable: dict[str, str] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    callbacks: list[tuple[str, str, int]] = field(default_factory=list)
    webhook_errors: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    calls: int = 0

    def __post_init__(self) -> None:
        self.failures: deque[Failure] = deque()
        self.random = random.Random(7)
        self.tasks: set[asyncio.Task[None]] = set()
        account = f"/{API}/Accounts/{{account}}"
        self.app = Starlette(
            routes=[
                Route(f"{account}/Messages.json", self._api(self._create), methods=["POST"]),
                Route(f"{account}/Messages.json", self._api(self._list), methods=["GET"]),
                Route(f"{account}/Messages/{{sid}}.json", self._api(self._one), methods=["GET"]),
                Route(f"{account}.json", self._api(self._account)),
                Route(f"{account}/IncomingPhoneNumbers.json", self._api(self._numbers)),
                Route("/_control", self._control, methods=["POST"]),
                Route("/_deliver", self._deliver, methods=["POST"]),
                Route("/_state", self._state, methods=["GET"]),
            ]
        )

    # --- what a test says -----------------------------------------------------------------------

    def fail_next(
        self, count: int = 1, code: int = 20500, status: int = 500, *, accepted: bool = False
    ) -> None:
        self.failures.extend([Failure(code, status, accepted)] * count)

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["direction"] != "inbound"]

    def texts_to(self, number: str) -> list[str]:
        return [message["body"] for message in self.sent if message["to"] == number]

    def receive(
        self, from_: str, to: str, body: str, *, media: int = 0, at: datetime | None = None
    ) -> str:
        """A text that reaches Twilio and no further: an outage on our side."""
        return self._record(from_, to, body, "inbound", "received", media=media, at=at)["sid"]

    async def deliver(
        self,
        url: str,
        from_: str,
        to: str,
        body: str,
        *,
        sid: str = "",
        media: int = 0,
        tries: int = 3,
        pause: float = 0.02,
        **extra: str,
    ) -> Delivery:
        """Hands an inbound text to the webhook at the public ``url``, again if it must.

        ``sid`` repeats an earlier delivery. A <Message> in the answer becomes a sent message.
        """
        sid = sid or self.receive(from_, to, body, media=media)
        form = self._inbound_form(sid, from_, to, body, media) | extra
        if self.own_stop_words:
            form |= self._opt_out(from_, body)
        answer, attempts = await self._post_with_retries(url, form, tries, pause)
        if answer is None:
            return Delivery(sid, 0, [], attempts)
        return Delivery(sid, answer.status, self._replies(answer, to, from_), attempts)

    async def settle(self) -> None:
        """Waits until every status callback is out."""
        while self.tasks:
            await asyncio.gather(*self.tasks)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.wire.close()

    # --- the API --------------------------------------------------------------------------------

    def _api(
        self, endpoint: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            self.calls += 1
            if self.latency:
                await asyncio.sleep(self.latency)
            try:
                self._check_login(request)
                response = await endpoint(request)
            except RefusedError as refused:
                return refused.answer()
            if self.contract and (broken := violation(request, await request.body(), response)):
                self.violations.append(broken)
                return RefusedError(20500, 500).answer()
            return response

        return answer

    def _check_login(self, request: Request) -> None:
        login = b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given, f"Basic {login}"):
            raise RefusedError(20003, 401)
        if request.path_params["account"] != self.account_sid:
            raise RefusedError(20404, 404)

    async def _create(self, request: Request) -> Response:
        await request.body()  # kept, so that the contract can read it after the form
        form = {key: str(value) for key, value in (await request.form()).items()}
        failure = self.failures.popleft() if self.failures else None
        if failure is None and self.random.random() < self.fail_rate:
            failure = Failure(20500, 500)
        if failure and not failure.accepted:
            raise RefusedError(failure.code, failure.status)
        self._check_message(form)
        service = form.get("MessagingServiceSid")
        message = self._record(
            form.get("From"), form["To"], form["Body"], "outbound-api", "queued", service=service
        )
        answer = JSONResponse(public(message), 201)
        self._start_callbacks(message, form.get("StatusCallback", ""))
        if failure:
            raise RefusedError(failure.code, failure.status)
        return answer

    def _check_message(self, form: dict[str, str]) -> None:
        to, sender = form.get("To", ""), form.get("From", "")
        if not to:
            raise RefusedError(21604)
        if not sender and not form.get("MessagingServiceSid"):
            raise RefusedError(21603)
        if self.numbers and sender and sender not in self.numbers:
            raise RefusedError(21606)
        if not form.get("Body"):
            raise RefusedError(21602)
        if len(form["Body"]) > 1600:
            raise RefusedError(21617)
        if not re.fullmatch(r"\+[1-9]\d{7,14}", to):
            raise RefusedError(21211)
        if re.match(r"\+44[123]", to):
            raise RefusedError(21614)
        if to in self.opted_out:
            raise RefusedError(21610)

    async def _one(self, request: Request) -> Response:
        for message in self.messages:
            if message["sid"] == request.path_params["sid"]:
                return JSONResponse(public(message))
        raise RefusedError(20404, 404)

    async def _list(self, request: Request) -> Response:
        asked = request.query_params
        size, page = int(asked.get("PageSize", 50)), int(asked.get("Page", 0))
        found = [m for m in reversed(self.messages) if listed(m, dict(asked))]
        start = page * size
        base = f"/{API}/Accounts/{self.account_sid}/Messages.json?"

        def uri(number: int) -> str:
            token = {"PageToken": f"PA{number}"} if number else {}
            return base + urlencode({**asked, "PageSize": size, "Page": number, **token})

        return JSONResponse(
            {
                "messages": [public(message) for message in found[start : start + size]],
                "page": page,
                "page_size": size,
                "start": start,
                "end": min(start + size, len(found)) - 1,
                "uri": uri(page),
                "first_page_uri": uri(0),
                "previous_page_uri": uri(page - 1) if page else None,
                "next_page_uri": uri(page + 1) if start + size < len(found) else None,
            }
        )

    async def _account(self, request: Request) -> Response:
        return JSONResponse({"sid": self.account_sid, "status": self.status, "type": self.kind})

    async def _numbers(self, request: Request) -> Response:
        """Every number of the account; ``hooks`` says where its texts and calls go."""
        asked = request.query_params.get("PhoneNumber", "")
        found = [
            {
                "phone_number": number,
                "capabilities": {"sms": number not in self.voice_only, "voice": True, "mms": False},
                "sms_url": self.hooks.get("sms", ""),
                "voice_url": self.hooks.get("voice", ""),
            }
            for number in sorted(self.numbers)
            if asked in ("", number)
        ]
        page = {"page": 0, "page_size": 50, "uri": str(request.url.path), "next_page_uri": None}
        return JSONResponse({"incoming_phone_numbers": found, **page})

    # --- our webhooks, rung by Twilio -----------------------------------------------------------

    async def _post(self, url: str, form: dict[str, str]) -> Answer:
        signature = RequestValidator(self.auth_token).compute_signature(url, form)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": signature,
            "User-Agent": "TwilioProxy/1.1",
        }
        for public_url, real in self.routes.items():
            if url.startswith(public_url):
                url = real + url.removeprefix(public_url)
        return await self.wire.post(url, urlencode(form).encode(), headers)

    async def _post_with_retries(
        self, url: str, form: dict[str, str], tries: int, pause: float
    ) -> tuple[Answer | None, int]:
        answer = None
        for attempt in range(1, tries + 1):
            try:
                answer = await self._post(url, form)
            except UnreachableError as failure:
                self.webhook_errors.append(f"11205 {failure}")
            else:
                if answer.status < 500:
                    return answer, attempt
                self.webhook_errors.append(f"11200 {answer.status}")
            if attempt < tries:
                await asyncio.sleep(pause)
        return answer, tries

    def _replies(self, answer: Answer, from_: str, to: str) -> list[str]:
        if answer.status >= 400 or not answer.text:
            return []
        if "xml" not in answer.content_type:
            self.webhook_errors.append(f"12300 {answer.content_type}")
            return []
        try:
            root = ElementTree.fromstring(answer.text)
        except ElementTree.ParseError as broken:
            self.webhook_errors.append(f"12100 {broken}")
            return []
        replies = []
        for element in root.iter("Message"):
            body = "".join(element.itertext())
            replies.append(body)
            if to in self.opted_out:
                self.webhook_errors.append("21610")
                continue
            message = self._record(from_, to, body, "outbound-reply", "queued")
            self._start_callbacks(message, element.get("statusCallback", ""))
        return replies

    def _start_callbacks(self, message: dict[str, Any], url: str) -> None:
        error = self.undeliverable.get(message["to"], "")
        states = ["queued", "sent", "undelivered" if error else "delivered"]
        if self.shuffle_callbacks:
            states.reverse()
        if not (url and self.status_callbacks):
            message["status"] = "undelivered" if error else "delivered"
            message["error_code"] = int(error) if error else None
            return
        task = asyncio.create_task(self._call_back(message, url, states, error))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _call_back(
        self, message: dict[str, Any], url: str, states: list[str], error: str
    ) -> None:
        for state in states:
            await asyncio.sleep(self.callback_gap)
            failed = state == "undelivered"
            form = {
                "MessageSid": message["sid"],
                "SmsSid": message["sid"],
                "MessageStatus": state,
                "SmsStatus": state,
                "To": message["to"],
                "From": message["from"] or "",
                "AccountSid": self.account_sid,
                "ApiVersion": API,
            }
            if failed:
                message["error_code"] = int(error)
                form["ErrorCode"] = error
            if state == "delivered":
                form["RawDlrDoneDate"] = f"{datetime.now(UTC):%y%m%d%H%M}"
            message["status"] = state
            answer, _ = await self._post_with_retries(url, form, 2, 0.02)
            self.callbacks.append((message["sid"], state, answer.status if answer else 0))

    def _opt_out(self, from_: str, body: str) -> dict[str, str]:
        """Twilio's default handling of STOP, which must be off on a live line."""
        word = body.strip().upper()
        if word in STOP_WORDS:
            self.opted_out.add(from_)
            return {"OptOutType": "STOP"}
        if word in {"START", "UNSTOP", "YES"}:
            self.opted_out.discard(from_)
            return {"OptOutType": "START"}
        return {"OptOutType": "HELP"} if word in {"HELP", "INFO"} else {}

    # --- records --------------------------------------------------------------------------------

    def _record(
        self,
        from_: str | None,
        to: str,
        body: str,
        direction: str,
        status: str,
        *,
        media: int = 0,
        service: str | None = None,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        sid = ("MM" if media else "SM") + uuid4().hex
        uri = f"/{API}/Accounts/{self.account_sid}/Messages/{sid}"
        now = at or datetime.now(UTC)
        message = {
            "sid": sid,
            "account_sid": self.account_sid,
            "api_version": API,
            "body": body,
            "from": from_,
            "to": to,
            "direction": direction,
            "status": status,
            "num_media": str(media),
            "num_segments": "0" if service else str(segment_count(body)),
            "messaging_service_sid": service,
            "error_code": None,
            "error_message": None,
            "price": None,
            "price_unit": "GBP",
            "date_created": format_datetime(now),
            "date_updated": format_datetime(now),
            "date_sent": format_datetime(now),
            "uri": f"{uri}.json",
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "_day": now.astimezone(UTC).date(),
        }
        self.messages.append(message)
        return message

    def _inbound_form(self, sid: str, from_: str, to: str, body: str, media: int) -> dict[str, str]:
        form = {
            "ToCountry": "GB",
            "ToState": "",
            "SmsMessageSid": sid,
            "NumMedia": str(media),
            "ToCity": "",
            "FromZip": "",
            "SmsSid": sid,
            "FromState": "",
            "SmsStatus": "received",
            "FromCity": "",
            "Body": body,
            "FromCountry": "GB",
            "To": to,
            "ToZip": "",
            "NumSegments": str(segment_count(body)),
            "MessageSid": sid,
            "AccountSid": self.account_sid,
            "From": from_,
            "ApiVersion": API,
        }
        for number in range(media):
            form[f"MediaContentType{number}"] = "image/jpeg"
            form[f"MediaUrl{number}"] = f"https://api.twilio.com/media/{sid}/{number}"
        return form

    # --- for a test in another process ----------------------------------------------------------

    async def _control(self, request: Request) -> Response:
        """Any of: reset, fail_next (with code, status, accepted), opt_out, undeliverable, routes,
        latency_ms, fail_rate, status_callbacks, shuffle_callbacks, own_stop_words."""
        asked = await request.json()
        if asked.get("reset"):
            for kept in (self.messages, self.callbacks, self.webhook_errors, self.failures):
                kept.clear()
        if "fail_next" in asked:
            code, status = asked.get("code", 20500), asked.get("status", 500)
            self.fail_next(asked["fail_next"], code, status, accepted=asked.get("accepted", False))
        self.opted_out.update(asked.get("opt_out", ()))
        self.undeliverable.update(asked.get("undeliverable", {}))
        self.routes.update(asked.get("routes", {}))
        self.latency = asked.get("latency_ms", self.latency * 1000) / 1000
        for name in ("fail_rate", "status_callbacks", "shuffle_callbacks", "own_stop_words"):
            setattr(self, name, asked.get(name, getattr(self, name)))
        return JSONResponse({"ok": True})

    async def _deliver(self, request: Request) -> Response:
        """{"url", "from", "to", "body"} and any other form field: one inbound text."""
        asked = await request.json()
        asked["from_"] = asked.pop("from")
        return JSONResponse(asdict(await self.deliver(**asked)))

    async def _state(self, request: Request) -> Response:
        after = int(request.query_params.get("after", 0))
        return JSONResponse(
            {
                "messages": [public(message) for message in self.messages[after:]],
                "count": len(self.messages),
                "sent": sum(message["direction"] != "inbound" for message in self.messages),
                "calls": self.calls,
                "callbacks": len(self.callbacks),
                "callbacks_refused": sum(status != 200 for _, _, status in self.callbacks),
                "webhook_errors": self.webhook_errors[-100:],
                "violations": self.violations,
            }
        )


def public(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if not name.startswith("_")}


def listed(message: dict[str, Any], asked: dict[str, str]) -> bool:
    """Filtered as Twilio does: dates by the day."""
    day: date = message["_day"]
    return (
        asked.get("To", message["to"]) == message["to"]
        and asked.get("From", message["from"]) == message["from"]
        and ("DateSent>" not in asked or day >= date.fromisoformat(asked["DateSent>"][:10]))
        and ("DateSent<" not in asked or day <= date.fromisoformat(asked["DateSent<"][:10]))
        and ("DateSent" not in asked or day == date.fromisoformat(asked["DateSent"][:10]))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.standins.twilio")
    parser.add_argument("--port", type=int, default=4011)
    parser.add_argument("--account-sid", default=SID)
    parser.add_argument("--auth-token", default=TOKEN)
    parser.add_argument("--status-callbacks", action="store_true")
    parser.add_argument("--contract", action="store_true", help="check against Twilio's OpenAPI")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--fail-rate", type=float, default=0, help="share of sends answered 500")
    parser.add_argument("--route", action="append", default=[], metavar="PUBLIC=REAL")
    given = parser.parse_args()
    stand_in = TwilioStandIn(
        account_sid=given.account_sid,
        auth_token=given.auth_token,
        contract=given.contract,
        status_callbacks=given.status_callbacks,
        latency=given.latency_ms / 1000,
        fail_rate=given.fail_rate,
        routes=dict(pair.split("=", 1) for pair in given.route),
    )
    run(stand_in.app, given.port)


if __name__ == "__main__":
    main()

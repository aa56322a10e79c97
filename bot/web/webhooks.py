"""Webhooks: verify, look for an emergency, store, answer. Nothing else happens here.

An emergency is answered before it is stored, with no database and no network: the card rides in
the webhook's own answer, which is always a 200. Any other message that cannot be stored gets a 503,
so that the provider tries again.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time
from dataclasses import replace

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.bootstrap import App
from bot.channels.numbers import can_be_answered, is_a_phone, is_uk_mobile
from bot.channels.sms import draw_sms, opt_out_type, parse_sms, parse_status, signature_ok
from bot.channels.sms_errors import send_error
from bot.channels.telegram_parse import pressed_message
from bot.channels.twiml import twiml_each, voice_twiml
from bot.worker import message_of
from content import library
from db import messages, meta
from db.models import InboundMessage, OutboundMessage, OutboxRow, OutboxStatus
from db.work import Work
from handlers.emergency_card import danger_cards, emergency_cards, is_sos
from handlers.engine.emergency import emergency
from handlers.engine.languages import heard_in
from handlers.services.contacts import is_a_peer

log = logging.getLogger(__name__)

MOST_BYTES = 64 * 1024
RIDE_SECONDS = 2.0
EMERGENCY_STORE_SECONDS = 1.0
SAME_LINE_ONCE_SECONDS = 30.0
XML = "text/xml"
COMMANDS = (
    ("kit", "Get a naloxone kit"),
    ("status", "How my request stands"),
    ("change", "Get it another way"),
    ("used", "A kit was used"),
    ("lost", "Replace a kit"),
    ("advice", "What to know"),
    ("near", "Pharmacies near me"),
    ("talk", "Talk to a person"),
    ("language", "English, Cymraeg, Polski and more"),
    ("help", "What this is"),
    ("stop", "No more messages"),
)


class JustAnswered:
    """Emergency lines answered a moment ago: an identical one is answered once (per process)."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[str, float]] = {}

    def is_echo(self, message: InboundMessage) -> bool:
        """The same line from the same address within 30 s; a provider's repeat is not an echo."""
        now = time.monotonic()
        if len(self._seen) > 10_000:
            self._seen = {k: v for k, v in self._seen.items() if now - v[1] < 30}
        key = (message.address, message.text.strip().casefold())
        last = self._seen.get(key)
        if last and last[0] != message.external_id and now - last[1] < SAME_LINE_ONCE_SECONDS:
            return True
        self._seen[key] = (message.external_id, now)
        return False


class Webhooks:
    """The providers' doors."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.just_answered = JustAnswered()
        settings = app.settings
        self.telegram_secret = settings.telegram_webhook_secret or app.db.keyring.signing_secret(
            "telegram webhook"
        )

    # --- Twilio --------------------------------------------------------------------------------

    async def _signed_form(self, request: Request) -> dict[str, str] | Response:
        """Twilio's form, if its signature over the public address is right."""
        if self.app.sms is None:
            return PlainTextResponse("SMS is off", 404)
        body = await whole_body(request)
        if body is None:
            return PlainTextResponse("too large", 413)
        try:
            form = {k: v for k, v in (await request.form()).multi_items() if isinstance(v, str)}
        except Exception:
            return PlainTextResponse("not a form", 400)
        query = f"?{request.url.query}" if request.url.query else ""
        url = f"{self.app.settings.url}{request.url.path}{query}"
        token = self.app.settings.twilio_auth_token
        if not signature_ok(token, url, form, request.headers.get("X-Twilio-Signature")):
            return PlainTextResponse("unsigned", 403)
        return form

    async def sms(self, request: Request) -> Response:
        """POST /twilio/sms."""
        form = await self._signed_form(request)
        if isinstance(form, Response):
            return form
        message = parse_sms(form)
        if not message.address:
            return _twiml([])
        verdict = emergency(message.text)
        if verdict.is_emergency:
            return await self._emergency_sms(message, heard_in(message.text, verdict.language))
        if opt_out_type(form):
            await self._twilio_acted()
        if not is_a_phone(message.address):
            log.info("a text from a short code or a name was left unanswered")
            return _twiml([])
        rides = RIDE_SECONDS if can_be_answered(message.address) else 0.0
        try:
            accepted = await self.app.intake.accept(message, ride_seconds=rides)
            rows = accepted.replies or ()
            if not accepted.is_new:
                rows = await self._again(message)
        except Exception:
            log.exception("an inbound text could not be stored")
            self.app.catch_up.due.set()
            return PlainTextResponse("try again", 503)
        riding = [row for row in rows if row.owner == self.app.intake.owner]
        return self._riding(riding)

    async def _twilio_acted(self) -> None:
        """Twilio acted on a word itself, so it may keep an emergency answer away: for `doctor`."""
        log.warning("Twilio's own opt-out words are on: see the set-up guide")
        try:
            await meta.note_opt_out(self.app.db, self.app.clock.now())
        except Exception:  # the text itself comes first
            log.exception("that could not be noted")

    def _riding(self, rows: list[OutboxRow]) -> Response:
        """Replies in the webhook's own answer; noted as sent once the answer is written."""
        parts: list[tuple[str, str]] = []
        callback = f"{self.app.settings.url}/twilio/status"
        for row in rows:
            texts = draw_sms(message_of(row))
            parts += [(text, f"{callback}?m={row.id}") for text in texts]
        response = _twiml(parts)
        if rows:
            ids = [row.id for row in rows]
            response.background = BackgroundTask(self._handed_over, ids)
        return response

    async def _handed_over(self, ids: list[int]) -> None:
        self.app.intake.handed_over(ids)

    async def _again(self, message: InboundMessage) -> tuple[OutboxRow, ...]:
        """A repeated delivery gets the answer it got before."""
        async with self.app.db.read() as tx:
            rows = await messages.repeated_answer(
                self.app.db, tx, message.channel, message.external_id
            )
        mine = self.app.intake.owner
        return tuple(replace(row, owner=mine) for row in rows if row.owner.startswith("web-"))

    async def _emergency_sms(self, message: InboundMessage, language: str) -> Response:
        echo = self.just_answered.is_echo(message)
        cards = await self._answer_emergency(message, language)
        shown = () if echo else cards
        return _twiml([(text, "") for card in shown for text in draw_sms(card)])

    async def _answer_emergency(
        self, message: InboundMessage, language: str
    ) -> tuple[OutboundMessage, ...]:
        """Store it, and what goes back in place. A peer's bare SOS is about their own danger."""
        if not is_sos(message.text):
            await self._store_emergency(message)
            return emergency_cards(message.channel, language)
        _, a_peer = await asyncio.gather(self._store_emergency(message), self._is_a_peer(message))
        if a_peer:
            return danger_cards(message.channel)
        return emergency_cards(message.channel, language)

    async def _is_a_peer(self, message: InboundMessage) -> bool:
        """As far as can be told quickly: without a database nobody is, and the card goes out."""
        app = self.app
        try:
            async with asyncio.timeout(EMERGENCY_STORE_SECONDS), app.db.read() as tx:
                return await is_a_peer(Work(app.db, tx, app.engine.ids, app.clock.now()), message)
        except Exception:
            log.exception("whether an SOS is a peer's could not be looked up")
            return False

    async def _store_emergency(self, message: InboundMessage) -> None:
        """Store it if that is quick; else keep it in a file. The answer waits for neither long."""
        try:
            async with asyncio.timeout(EMERGENCY_STORE_SECONDS):
                await self.app.intake.accept(message, answered=True)
        except Exception:
            log.exception("an emergency could not be stored; it goes to the spool")
            kept = await asyncio.to_thread(self.app.spool.keep, message, self.app.clock.now())
            self.app.catch_up.due.set()
            if not kept:
                log.critical("an emergency could be neither stored nor spooled")

    async def status(self, request: Request) -> Response:
        """POST /twilio/status."""
        form = await self._signed_form(request)
        if isinstance(form, Response):
            return form
        report = parse_status(form)
        if report is None:
            return Response(status_code=204)
        named = request.query_params.get("m", "")
        status = OutboxStatus(report.status)
        try:
            async with self.app.db.transaction() as tx:
                row = await messages.report_outbound(
                    self.app.db,
                    tx,
                    report.provider_id,
                    status,
                    report.error_code,
                    self.app.clock.now(),
                    int(named) if named.isdigit() and len(named) < 19 else None,
                )
        except Exception:
            log.exception("a delivery report could not be stored")
            return PlainTextResponse("try again", 503)
        if row and status == OutboxStatus.FAILED:
            shut = send_error(report.error_code or "0").shut
            await self.app.worker.given_up(row, report.error_code, shut)
        return Response(status_code=204)

    async def voice(self, request: Request) -> Response:
        """POST /twilio/voice: somebody rings. Said calmly: 999 first, then that it is by text."""
        form = await self._signed_form(request)
        if isinstance(form, Response):
            return form
        caller = form.get("From", "")
        missed = form.get("CallStatus", "") in ("no-answer", "busy", "failed", "canceled")
        if (form.get("Digits") == "1" or missed) and is_uk_mobile(caller):
            call = InboundMessage(
                channel="sms",
                external_id=f"call-{form.get('CallSid', '')}",
                line=form.get("To", ""),
                address=caller,
                kind="call",
            )
            try:
                await self.app.intake.accept(call)
            except Exception:
                log.exception("a call could not be stored")
            return _xml(voice_twiml(_voice("texted"), goodbye=_voice("goodbye")))
        offer = _voice("offer") if is_uk_mobile(caller) else ""
        action = f"{self.app.settings.url}/twilio/voice"
        said = voice_twiml(_voice("ring"), offer=offer, action=action, goodbye=_voice("goodbye"))
        return _xml(said)

    # --- Telegram ------------------------------------------------------------------------------

    async def register_telegram(self) -> None:
        """Tell Telegram where we are. What waits there is never dropped; a failure is only noted:
        a line that is already registered works on."""
        assert self.app.telegram is not None
        try:
            url = f"{self.app.settings.url}/telegram/webhook"
            await self.app.telegram.set_up(url, self.telegram_secret, COMMANDS)
        except Exception as why:
            log.error("telegram webhook not registered", extra={"error": type(why).__name__})

    async def telegram(self, request: Request) -> Response:
        """POST /telegram/webhook."""
        channel = self.app.telegram
        if channel is None:
            return PlainTextResponse("Telegram is off", 404)
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(secret.encode(), self.telegram_secret.encode()):
            return PlainTextResponse("wrong secret", 403)
        body = await whole_body(request)
        if body is None:
            return PlainTextResponse("too large", 413)
        try:
            message = channel.parse(json.loads(body))
        except Exception as why:
            # 200, or Telegram will call again and again
            log.warning("an update could not be read", extra={"error": type(why).__name__})
            return JSONResponse({})
        if message is None:
            return JSONResponse({})
        verdict = emergency(message.text)
        if verdict.is_emergency:
            echo = self.just_answered.is_echo(message)
            language = heard_in(message.text, verdict.language)
            card = (await self._answer_emergency(message, language))[0]
            return JSONResponse({} if echo else channel.method_answer(message.address, card))
        try:
            await self.app.intake.accept(message)
        except Exception:
            log.exception("an update could not be stored")
            return PlainTextResponse("try again", 503)
        if not message.callback_id:
            return JSONResponse({})
        answer = {
            "method": "answerCallbackQuery",
            "callback_query_id": message.callback_id.partition("/")[0],
        }
        pressed = pressed_message(message.callback_id)
        clear = BackgroundTask(channel.clear_buttons, message.address, pressed) if pressed else None
        return JSONResponse(answer, background=clear)


def _voice(name: str) -> str:
    return library.text("en", f"voice.{name}")


def _twiml(parts: list[tuple[str, str]]) -> Response:
    return _xml(twiml_each(parts))


def _xml(text: str) -> Response:
    return Response(text, media_type=XML)


async def whole_body(request: Request) -> bytes | None:
    """The body, or None past the limit: nothing of ours is that long."""
    length = request.headers.get("Content-Length", "0")
    if length.isdigit() and int(length) > MOST_BYTES:
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    request._body = body  # so that request.form() reads what was read here
    return body

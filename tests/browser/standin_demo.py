"""A stand-in for the demo's JSON API with a scripted story, to work on the page alone.

`python tests/browser/standin_demo.py` serves it on http://127.0.0.1:8765/demo.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PUBLIC = Path(__file__).parents[2] / "bot" / "web" / "public"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PEER, PEER_TG, SHOP, BOSS = "+447700900101", "tg:900102", "+447700900201", "+447700900301"
PEOPLE = [
    {"role": role, "name": name, "address": address, "channel": channel, "service": service}
    for role, name, address, channel, service in (
        ("peer", "Jo", PEER, "sms", "grimsby"),
        ("peer", "Sam", PEER_TG, "telegram", "grimsby"),
        ("peer", "Mo", "+447700900103", "sms", "worcester"),
        ("pharmacy", "Marsh Lane Chemist", SHOP, "sms", "grimsby"),
        ("coordinator", "Pat", BOSS, "sms", "grimsby"),
    )
]
QUESTIONS = [
    ("Kitline is run by the Grimsby service. We keep your number, locked away. Texts can show on a"
     " phone bill. STOP ends them.\nOK to go on? Reply YES or NO.", ["Yes", "No"]),
    ("Are you 18 or over? YES or NO", ["Yes", "No"]),
    ("Who is it for?\n1 Me\n2 Someone I know\n3 My work", ["Me", "Someone I know", "My work"]),
    ("Where are you, roughly? A town or part of a postcode. Never your home address.", []),
    ("A peer about 1 mile away can meet you. Marsh Lane Chemist is 0.4 miles away, open till 6.\n"
     "Reply MEET or COLLECT", ["Meet", "Collect"]),
]  # fmt: skip
EMERGENCY = (
    "Call 999 NOW, speaker on. Not breathing: push hard on the chest. Breathing: roll on their"
    " side. Give naloxone, again after 2-3 minutes. Stay."
)


class Story:
    def __init__(self) -> None:
        self.ahead = timedelta()
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.seen: set[str] = set()
        self.step: dict[str, int] = {}
        self.state: dict[str, list[dict[str, Any]]] = {
            key: []
            for key in ("requests", "offers", "supplies", "flags", "outbox", "timers", "journal")
        }
        names = ("holder", "product", "batch", "quantity", "expiry")
        held = (
            (PEER, "nasal", "B97", 4),
            (PEER, "injectable", "P12", 2),
            (SHOP, "nasal", "C03", 9),
        )
        self.state["stock"] = [dict(zip(names, (*row, "2028-03"), strict=True)) for row in held]
        self.news = asyncio.Condition()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def at(self, minutes: float = 0) -> str:
        return (self.now() + timedelta(minutes=minutes)).isoformat()

    def put(self, address: str, direction: str, text: str, labels: list[str]) -> None:
        box = self.messages.setdefault(address, [])
        buttons = [{"label": label, "choice": f"q:{label.lower()}"} for label in labels]
        box.append(
            {
                "n": len(box) + 1,
                "direction": direction,
                "text": text,
                "buttons": buttons if address.startswith("tg:") else [],
                "at": self.at(),
                "status": "received" if direction == "in" else "delivered",
            }
        )

    def say(self, address: str, text: str, *labels: str, kind: str = "reply") -> None:
        self.put(address, "out", text, list(labels))
        self.state["outbox"].append({"address": address, "status": "delivered", "kind": kind})

    def fact(self, name: str, **values: Any) -> None:
        self.state["journal"].append({"at": self.at(), "name": name, **values})

    def hear(self, address: str, text: str) -> None:
        self.put(address, "in", text, [])
        word = text.strip().upper()
        if "WONT WAKE" in word or word in {"999", "EMERGENCY"}:
            self.say(address, EMERGENCY, kind="emergency")
            self.say(address, "Is there a naloxone kit with you?\n1 Yes\n2 No", "Yes", "No")
            self.fact("EmergencyAnswered", address=address)
            self.state["flags"].append({"at": self.at(), "kind": "overdose", "address": address})
        elif word == "KIT":
            self.step[address] = 0
            self.ask(address)
        elif address in self.step:
            self.step[address] += 1
            self.ask(address)
        elif address == PEER:
            self.peer(word, text)
        elif self.partner(address):
            self.say(PEER, f"Robin: {text}", kind="relay")
        else:
            self.say(address, "Sorry, I did not get that. Text KIT, USED, ADVICE, TALK or HELP.")

    def partner(self, address: str) -> dict[str, Any] | None:
        accepted = (r for r in self.state["requests"] if r["status"] == "accepted")
        return next((r for r in accepted if address in (r["address"], PEER)), None)

    def ask(self, address: str) -> None:
        if self.step[address] < len(QUESTIONS):
            text, labels = QUESTIONS[self.step[address]]
            self.say(address, text, *labels, kind="prompt")
            return
        del self.step[address]
        ref = f"K{len(self.state['requests']) + 1:02}"
        self.state["requests"].append(
            {"ref": ref, "status": "offered", "owner": "Jo", "next_timer_at": self.at(10),
             "address": address, "product": "nasal", "route": "peer"}
        )  # fmt: skip
        self.state["offers"].append(
            {"request": ref, "address": PEER, "code": "42", "status": "sent",
             "expires_at": self.at(10)}
        )  # fmt: skip
        self.state["timers"].append({"kind": "offer_expiry", "due_at": self.at(10), "request": ref})
        self.fact("RequestPlaced", request=ref, district="DN32")
        self.fact("OfferSent", request=ref, peer=PEER)
        self.say(address, f"On its way. Your reference is {ref}. We are asking a peer now.")
        self.say(
            PEER,
            "Kit wanted near DN32, about 1 mile, for the person themselves, nasal."
            f" Until {self.now() + timedelta(minutes=10):%H:%M}. ACCEPT or DECLINE?",
            kind="offer",
        )

    def peer(self, word: str, text: str) -> None:
        request = next((r for r in self.state["requests"] if r["status"] == "offered"), None)
        meeting = self.partner(PEER)
        if word.startswith("ACCEPT") and request:
            request.update(status="accepted", next_timer_at=self.at(30))
            self.state["offers"][-1]["status"] = "accepted"
            self.fact("OfferAccepted", request=request["ref"], peer=PEER)
            self.say(PEER, "Thank you. You can talk here now. Text ONWAY, HERE, ISSUED or CANT.")
            self.say(
                request["address"], "Jo said yes. You can talk here. See http://127.0.0.1/help"
            )
        elif word == "ISSUED" and meeting:
            meeting.update(status="supplied", next_timer_at=self.at(1440))
            self.state["stock"][0]["quantity"] -= 1
            self.state["supplies"].append(
                {"request": meeting["ref"], "by": PEER, "by_role": "peer", "product": "nasal",
                 "batch": "B97", "expiry": "2028-03", "quantity": 1, "recipient": "self",
                 "reason": "first", "trained": True, "district": "DN32", "at": self.at(),
                 "reverses": None}
            )  # fmt: skip
            self.fact("KitSupplied", request=meeting["ref"], batch="B97")
            self.say(PEER, "Logged: 1 nasal, batch B97. That is one more life that can be saved.")
            self.say(meeting["address"], "Did the kit reach you? YES or NO")
        elif meeting:
            self.say(meeting["address"], f"Jo: {text}", kind="relay")
        else:
            self.say(PEER, "Nothing is open. Text ON, OFF or STOCK.")


def app() -> Starlette:
    story = Story()
    pages = Jinja2Templates(PUBLIC / "templates")
    shown = {
        "demo": True,
        "services": [
            {"name": "Grimsby Peers", "sms_number": "+44 7700 900999", "bot_link": None},
            {"name": "Worcester Peers", "sms_number": "+44 7700 900999", "bot_link": None},
        ],
        "attributions": ["Contains OS data © Crown copyright and database right 2025."] * 3,
    }

    def page(name: str) -> Route:
        async def show(request: Request) -> Response:
            return pages.TemplateResponse(request, f"{name}.html", shown)

        return Route("/" if name == "front" else f"/{name}", show)

    async def post(request: Request) -> Response:
        body = await request.json()
        if body.get("id") in story.seen:
            return JSONResponse({"id": body["id"]})
        story.seen.add(body.get("id"))
        place = body.get("location")
        text = body.get("text") or body.get("choice", "").removeprefix("q:")
        async with story.news:
            story.hear(body["from"], text or f"{place['lat']}, {place['lon']}")
            story.news.notify_all()
        return JSONResponse({"id": body.get("id", "1")})

    async def get(request: Request) -> Response:
        address, after = request.query_params["address"], int(request.query_params["after"])

        def newer() -> list[dict[str, Any]]:
            return [m for m in story.messages.get(address, []) if m["n"] > after]

        async with story.news:
            try:
                wait = float(request.query_params.get("wait", 0))
                await asyncio.wait_for(story.news.wait_for(newer), wait or 0.01)
            except TimeoutError:
                pass
        return JSONResponse({"messages": newer()})

    async def clock(request: Request) -> Response:
        seconds = (await request.json())["advance_seconds"]
        await asyncio.sleep(0.3)
        story.ahead += timedelta(seconds=seconds)
        due = [t for t in story.state["timers"] if t["due_at"] <= story.at()]
        story.state["timers"] = [t for t in story.state["timers"] if t not in due]
        for timer in due:
            story.fact("TimerFired", kind_of=timer["kind"], request=timer["request"])
        return JSONResponse({"now": story.at()})

    async def state(request: Request) -> Response:
        return JSONResponse({**story.state, "people": PEOPLE, "now": story.at()})

    return Starlette(
        routes=[
            page("front"), page("demo"), page("about"),
            Route("/demo/messages", post, methods=["POST"]), Route("/demo/messages", get),
            Route("/demo/clock", clock, methods=["POST"]), Route("/demo/state", state),
            Mount("/static", StaticFiles(directory=PUBLIC / "static")),
        ],
        middleware=[Middleware(Policy)],
    )  # fmt: skip


class Policy:
    """The strict headers that the real server sends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"content-security-policy", POLICY.encode()))
            await send(message)

        await self.app(scope, receive, with_policy)


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app(), port=8765, log_level="warning")

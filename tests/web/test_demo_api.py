"""The simulator's JSON, as docs/interfaces.md promises it."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from db.models import InboxRow
from tests.harness import Kitline
from tests.web.calls import AMY, SAM, ask_for_a_kit, meet

LISTS = (
    *("people", "requests", "offers", "supplies", "administrations", "stock", "claims"),
    *("consents", "flags", "outbox", "timers", "journal"),
)
FIELDS = {
    "people": {"role", "name", "address", "channel", "service"},
    "requests": {"ref", "status", "owner", "next_timer_at", "address", "product", "route"},
    "offers": {"request", "address", "code", "status", "expires_at"},
    "supplies": {
        *("request", "by", "by_role", "product", "batch", "expiry", "quantity", "recipient"),
        *("reason", "trained", "district", "at", "reverses"),
    },
    "stock": {"holder", "product", "batch", "expiry", "quantity"},
    "outbox": {"address", "status", "kind"},
}


async def get(line: Kitline, path: str, **query: Any) -> httpx.Response:
    async with line.client() as client:
        return await client.get(path, params=query)


async def post(line: Kitline, path: str, **body: Any) -> httpx.Response:
    async with line.client() as client:
        return await client.post(path, json=body)


async def texts(line: Kitline, address: str, **query: Any) -> list[dict[str, Any]]:
    answer = await get(line, "/demo/messages", address=address, **query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["messages"]
    return found


async def state(line: Kitline) -> dict[str, Any]:
    answer = await get(line, "/demo/state")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


# --- messages ----------------------------------------------------------------------------------


async def test_a_message_is_stored_and_answered(demo: Kitline) -> None:
    answer = await post(demo, "/demo/messages", channel="sms", text="KIT", **{"from": AMY})
    assert answer.json()["id"]
    assert len(await demo.read(InboxRow)) == 1
    await demo.settle()
    messages = await texts(demo, AMY, after=0)
    assert [m["n"] for m in messages] == [1, 2, 3]
    assert [m["direction"] for m in messages] == ["in", "out", "out"]
    assert {"n", "direction", "text", "buttons", "at", "status"} <= messages[-1].keys()
    assert "OK to go on" in messages[-1]["text"]
    assert await texts(demo, AMY, after=2) == messages[2:]
    assert await texts(demo, "+447700900199") == []


async def test_a_drawing_comes_with_what_it_shows(demo: Kitline) -> None:
    chat = "tg:900001"
    for words in ("ADVICE which kit", "ADVICE nyxoid"):
        await post(demo, "/demo/messages", channel="telegram", text=words, **{"from": chat})
        await demo.settle()
    drawn = [m["picture"] for m in await texts(demo, chat, after=0) if m.get("picture")]
    assert [picture["src"] for picture in drawn] == ["/help/pictures/which_kit.svg"]
    assert drawn[0]["alt"].startswith("Three kits")


async def test_an_id_repeats_a_delivery(demo: Kitline) -> None:
    for new in (True, False):
        body = {"channel": "sms", "from": AMY, "text": "KIT", "id": "m1"}
        answer = await post(demo, "/demo/messages", **body)
        assert answer.json() == {"id": "m1", "new": new}
    await demo.settle()
    assert len(await texts(demo, AMY)) == 3


async def test_a_button_is_pressed_by_its_data_or_its_label(demo: Kitline) -> None:
    tg = {"channel": "telegram", "from": "tg:4242"}
    await post(demo, "/demo/messages", text="KIT", **tg)
    await demo.settle()
    (*_, question) = await texts(demo, "tg:4242")
    assert [b["label"] for b in question["buttons"]] == ["Yes", "No"]
    await post(demo, "/demo/messages", choice=question["buttons"][0]["choice"], **tg)
    await demo.settle()
    (*_, question) = await texts(demo, "tg:4242")
    assert "18 or over" in question["text"]
    await post(demo, "/demo/messages", choice="Yes", **tg)
    await demo.settle()
    (*_, question) = await texts(demo, "tg:4242")
    assert "Who is the kit for" in question["text"]


async def test_a_place_can_be_shared(demo: Kitline) -> None:
    tg = {"channel": "telegram", "from": "tg:4242"}
    for text in ("KIT", "Yes", "Yes", "Me"):
        await post(demo, "/demo/messages", text=text, **tg)
        await demo.settle()
    await post(demo, "/demo/messages", location={"lat": 53.566, "lon": -0.086}, **tg)
    await demo.settle()
    assert "kinds of kit" in (await texts(demo, "tg:4242"))[-1]["text"]


async def test_waiting_ends_with_the_first_new_message(demo: Kitline) -> None:
    async def later() -> None:
        await asyncio.sleep(0.2)
        await demo.say(AMY, "HELP")

    started = time.monotonic()
    found, _ = await asyncio.gather(texts(demo, AMY, wait=10), later())
    assert [m["direction"] for m in found] == ["in", "out"]
    assert time.monotonic() - started < 8
    assert await texts(demo, AMY, after=2, wait=0.2) == []


@pytest.mark.parametrize(
    "body",
    [
        {"text": "KIT"},
        {"from": "", "text": "KIT"},
        {"from": "x" * 41, "text": "KIT"},
        {"from": AMY},
        {"from": AMY, "channel": "pigeon", "text": "KIT"},
        {"from": AMY, "channel": ["sms"], "text": "KIT"},
        {"from": AMY, "location": "here"},
        {"from": AMY, "location": {"lat": 53.5}},
        {"from": AMY, "location": {"lat": "north", "lon": 1}},
        {"from": AMY, "location": {"lat": 91, "lon": 1}},
        {"from": AMY, "location": {"lat": 1, "lon": 1e9}},
    ],
)
async def test_a_wrong_message_is_refused_in_words(demo: Kitline, body: dict[str, Any]) -> None:
    answer = await post(demo, "/demo/messages", **body)
    assert answer.status_code == 400
    assert len(answer.json()["error"].split()) > 3


async def test_odd_values_are_no_trouble(demo: Kitline) -> None:
    for body in (
        {"from": AMY, "text": 7},
        {"from": AMY, "text": {"a": [1]}},
        {"from": AMY, "choice": "no.such.button"},
        {"from": "a\0b", "text": "KIT", "id": "i\0" * 100, "to": "t" * 500},
        {"from": AMY, "text": "x" * 4000, "id": 7},
    ):
        assert (await post(demo, "/demo/messages", **body)).status_code == 200
    async with demo.client() as client:
        nan = b'{"from": "+447700900101", "location": {"lat": NaN, "lon": Infinity}}'
        assert (await client.post("/demo/messages", content=nan)).status_code == 400
    await demo.settle()
    assert all(row.done_at and not row.error for row in await demo.read(InboxRow))
    assert (await get(demo, "/demo/state")).status_code == 200


@pytest.mark.parametrize(
    "query", [{"after": "x"}, {"wait": "x"}, {"wait": "nan"}, {"wait": "-1"}, {"after": ""}]
)
async def test_wrong_numbers_are_refused(demo: Kitline, query: dict[str, str]) -> None:
    answer = await get(demo, "/demo/messages", address=AMY, **query)
    assert answer.status_code == 400


# --- the clock ---------------------------------------------------------------------------------


async def test_the_clock_fires_what_is_due_in_order(demo: Kitline) -> None:
    from bot.clock import DemoClock

    app = demo.app
    clock = DemoClock()
    app.clock = app.worker.clock = app.intake.clock = clock
    await ask_for_a_kit(demo, AMY)
    before = clock.now()
    answer = await post(demo, "/demo/clock", advance_seconds=45 * 60)
    moved = datetime.fromisoformat(answer.json()["now"]) - before
    assert timedelta(minutes=45) <= moved < timedelta(minutes=47)
    (request,) = (await state(demo))["requests"]
    facts = [f["fact"] for f in (await state(demo))["journal"]]
    assert facts.index("OfferSent") < facts.index("OfferExpired")
    assert request["status"] != "offered"
    assert datetime.fromisoformat(request["next_timer_at"]) > clock.now()


@pytest.mark.parametrize("seconds", ["x", None, -1, 1e12, [], float("nan")])
async def test_a_wrong_move_of_the_clock_is_refused(demo: Kitline, seconds: Any) -> None:
    import json

    async with demo.client() as client:
        content = json.dumps({"advance_seconds": seconds})
        assert (await client.post("/demo/clock", content=content)).status_code == 400


# --- the state ---------------------------------------------------------------------------------


async def test_the_state_has_what_the_story_left(demo: Kitline) -> None:
    before = await state(demo)
    assert set(LISTS) | {"now"} <= before.keys()
    await meet(demo, AMY, SAM)
    (request,) = (await state(demo))["requests"]
    assert (request["status"], request["owner"], request["route"]) == (
        "accepted",
        "peer Sam",
        "peer",
    )
    await demo.say(SAM, "ISSUED")
    after = await state(demo)
    for name, fields in FIELDS.items():
        assert fields <= after[name][0].keys(), name
    (supply,) = after["supplies"]
    expected = {"by": "Sam", "by_role": "peer", "product": "nasal", "batch": "N2402", "quantity": 1}
    assert {key: supply[key] for key in expected} == expected
    assert (supply["recipient"], supply["reason"]) == ("friend_family", "first")

    def sams(found: dict[str, Any]) -> list[int]:
        return [line["quantity"] for line in found["stock"] if line["holder"] == "Sam"]

    assert (sams(before), sams(after)) == ([3], [2])
    assert after["requests"][0]["status"] == "supplied"
    assert after["requests"][0]["address"] == AMY
    assert [offer["status"] for offer in after["offers"]] == ["accepted"]
    assert all(consent["given"] for consent in after["consents"])
    assert {entry["fact"] for entry in after["journal"]} >= {"OfferSent", "OfferAccepted"}
    assert not {"text", "body"} & {key for entry in after["journal"] for key in entry}

"""A browser at an outlet's counter page, and a kit that is held there."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx

from db.models import (
    Claim,
    Movement,
    Outlet,
)
from handlers.services.codes import show_claim_code
from handlers.services.counter_links import token_of
from tests.harness import Kitline

AMY, MARSH = "+447700900101", "+447700900021"
ASKS = ("KIT", "YES", "YES", "Someone I know", "DN32 7AA", "Nose spray", "Collect", "YES", "SKIP")


class Page:
    """A browser at an outlet's page."""

    def __init__(self, line: Kitline, outlet: Outlet, token: str) -> None:
        self.line, self.outlet, self.token = line, outlet, token

    async def get(self, path: str = "") -> httpx.Response:
        async with self.line.client() as client:
            return await client.get(f"/c/{self.token}{path}")

    async def post(self, path: str, **form: str) -> httpx.Response:
        async with self.line.client() as client:
            answer = await client.post(f"/c/{self.token}{path}", data=form)
            if answer.status_code == 303:
                answer = await client.get(answer.headers["Location"])
        await self.line.settle()
        return answer

    async def change(self, **values: Any) -> None:
        """The outlet is otherwise from now on."""
        async with self.line.app.db.transaction() as tx:
            work = self.line.work(tx)
            work.save(replace(await work.need(Outlet, self.outlet.id), **values))
            await work.flush()

    async def walk_in(self, **form: str) -> httpx.Response:
        given = {
            "line": "nasal|N2403|2028-06-30",
            "quantity": "1",
            "recipient": "friend_family",
            "reason": "first",
            "trained": "yes",
            "district": "",
        }
        given["key"] = form.get("key") or await self.key("/walk-in")
        return await self.post("/walk-in", **{**given, **form})

    async def add(self, n: str, key: str = "") -> httpx.Response:
        box = {"product": "nasal", "batch": "N2410", "expiry": "01/2029"}
        return await self.post("/shelf/add", **box, n=n, key=key or await self.key("/shelf"))

    async def key(self, path: str) -> str:
        """The number of the form that stands there."""
        found = re.search(r'name="key" value="([^"]+)"', (await self.get(path)).text)
        assert found
        return found[1]


async def counter(line: Kitline, name: str = "Marsh") -> Page:
    outlet = next(o for o in await line.read(Outlet) if o.name.startswith(name))
    async with line.app.db.read() as tx:
        return Page(line, outlet, token_of(line.work(tx), outlet))


async def held(line: Kitline, address: str = AMY) -> str:
    """A kit held at Marsh Lane; returns the code."""
    for text in ASKS:
        await line.say(address, text)
    claims: list[Claim] = await line.read(Claim, status="open")
    await line.new_messages()
    return show_claim_code(claims[-1].code)


async def shelf(line: Kitline, outlet: Outlet) -> int:
    moved = await line.read(Movement, holder_kind="outlet", holder_id=outlet.id)
    return sum(m.quantity for m in moved)

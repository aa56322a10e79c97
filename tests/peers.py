"""Requesters and peers as they text, and what that leaves in the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from db.models import Peer
from handlers.engine.turn import Scene
from tests.harness import Kitline

AMY, SAM, JO, ASH = (f"+447700900{n}" for n in ("101", "011", "012", "014"))


async def texts(line: Kitline, address: str) -> list[str]:
    """What one address was sent since the last look."""
    return [message.text for to, message, _ in await line.new_messages() if to == address]


async def say(line: Kitline, address: str, *said: str) -> None:
    for text in said:
        await line.say(address, text)


async def ask_for_kit(line: Kitline) -> None:
    await say(line, AMY, "KIT", "YES", "YES", "1", "DN31 1AA", "nasal", "meet", "YES")


async def peer(line: Kitline, name: str) -> Peer:
    (found,) = [p for p in await line.read(Peer) if p.name == name]
    return found


async def in_scene(line: Kitline, act: Callable[[Scene], Awaitable[None]]) -> None:
    """Something that happens without a message of anybody here."""
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        scene = Scene(work, line.app.engine.world)
        await act(scene)
        scene.close()
        await work.flush()
    await line.settle()


async def change(line: Kitline, name: str, **values: Any) -> None:
    one = await peer(line, name)

    async def entered(scene: Scene) -> None:
        scene.work.save(replace(await scene.work.need(Peer, one.id), **values))

    await in_scene(line, entered)

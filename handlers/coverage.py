"""Gaps in who can give a kit, told to the coordinator before anybody asks in vain."""

from __future__ import annotations

from dataclasses import replace

from db.models import Flag, Peer, Service
from handlers import flags
from handlers.engine.turn import Scene
from handlers.services import cover
from handlers.services.dispatch import candidates_for
from handlers.services.rules import LONDON, rules_of

KIND = "coverage"


async def look(scene: Scene, service: Service) -> None:
    """Look at the hours ahead; a coordinator hears of gaps that are new, once."""
    await _tell(scene, service, await cover.gaps(scene.work, service, scene.world.gazetteer))


async def _tell(scene: Scene, service: Service, found: list[cover.Gap]) -> None:
    told = await scene.work.find(Flag, service_id=service.id, kind=KIND)
    last = told[-1] if told else None
    known = {gap.what for gap in cover.read(last.about)} if last else set()
    new = any(gap.what not in known for gap in found)
    if last and not new:  # mended, or known and smaller: what is told stays right
        last = scene.work.save(replace(last, about=cover.written(found)))
        if not found and last.status in flags.OPEN:
            flags.close_flag(scene, last)
        return
    if not new:
        return
    if last and last.status in flags.OPEN:
        last = scene.work.save(replace(last, about=cover.written(found), asked=()))
        await flags.ask_next(scene, service, last)
    else:
        await flags.raise_flag(scene, service, KIND, about=cover.written(found))


async def went_off(scene: Scene, peer: Peer) -> None:
    """A peer has gone: the last one on is told so; a gap from now on does not wait for the look."""
    service = await scene.work.need(Service, peer.service_id)
    rules = rules_of(service)
    left = [
        one.peer
        for one in await candidates_for(scene.work, service.id, None)
        if cover.gives(one, scene.now, service, rules)
    ]
    if len(left) == 1 and left[0].id != peer.id:
        last = await scene.person(left[0].contact_id)
        last.say("coverage.last_one", kind="notice")
    found = [] if left else await cover.gaps(scene.work, service, scene.world.gazetteer)
    if any(gap.hour == scene.now.astimezone(LONDON).hour for gap in found):
        await _tell(scene, service, found)

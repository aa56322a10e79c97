"""What coordinators do on the command line, for a transcript: recalls, and labels for packs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date

from bot.commands.recall import Wanted, read_advice, start_recall
from bot.commands.service_products import with_products
from db.models import LocalHelp, Outlet, Peer, Recall, Staff
from db.work import Work
from handlers import lapses, recalls, refusals
from handlers.engine.turn import Scene
from handlers.services.contacts import all_services
from handlers.services.pack_codes import make
from handlers.services.pins import hash_pin
from tests.harness import Kitline

Act = Callable[[Kitline, Work, list[str]], Awaitable[None]]


async def do(line: Kitline, command: str) -> None:
    """One command, in one transaction; then whatever is due because of it."""
    name, *words = command.split()
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        await ACTS[name](line, work, words)
        await work.flush()
    await line.settle()


async def _recall(line: Kitline, work: Work, words: list[str]) -> None:
    """! recall nasal N2402,N2403 check Look for the blue cap. | pl=Szukaj niebieskiej nakretki."""
    product, batches, action, *advice = words
    home = (await all_services(work))[0]
    said = read_advice([one.strip() for one in " ".join(advice).split("|") if one.strip()])
    wanted = Wanted(tuple(batches.split(",")), product, action, said, "")
    await start_recall(line.app, work, home, wanted)


async def _end(line: Kitline, work: Work, words: list[str]) -> None:
    """! end: of every recall that is open."""
    for recall in await work.find(Recall, status="open"):
        recalls.end(Scene(work, line.app.engine.world), recall)


async def _pack(line: Kitline, work: Work, words: list[str]) -> None:
    """! pack nasal N2402 2028-06-30 2: so many labels; their codes come out the same every time."""
    product, batch, expiry, count = words
    home = (await all_services(work))[0]
    await make(work, home.id, product, batch, date.fromisoformat(expiry), int(count))


async def _pin(line: Kitline, work: Work, words: list[str]) -> None:
    """! pin Robin 4321: a coordinator's."""
    name, pin = words
    one = next(one for one in await work.find(Staff, status="active") if one.name == name)
    work.save(replace(one, pin_hash=hash_pin(pin)))


async def _rule(line: Kitline, work: Work, words: list[str]) -> None:
    """! rule silent_days 2: one of the service's rules, a whole number."""
    name, value = words
    home = (await all_services(work))[0]
    work.save(replace(home, rules={**home.rules, name: int(value)}))


async def _answers(line: Kitline, work: Work, words: list[str]) -> None:
    """! answers Pat Dee: call-backs for Dee go to Pat."""
    who, whom = words
    staff = next(one for one in await work.find(Staff) if one.name == who)
    named = next(one for one in await work.find(LocalHelp) if one.name.startswith(whom))
    work.save(replace(named, staff_id=staff.id))


async def _renew(line: Kitline, work: Work, words: list[str]) -> None:
    """! renew Bo 2027-12-01: a peer's training holds till then."""
    name, until = words
    peer = next(one for one in await work.find(Peer) if one.name == name)
    changed = work.save(replace(peer, trained_until=date.fromisoformat(until)))
    scene = Scene(work, line.app.engine.world)
    await lapses.renewed(scene, peer, changed)
    scene.close()


async def _product(line: Kitline, work: Work, words: list[str]) -> None:
    """! product nyxoid=nasal,Nyxoid,14 pebble=nasal,Pebble,0: products of the service's own."""
    home = (await all_services(work))[0]
    work.save(await with_products(work, home, words, "", clear=False))


async def _trust(line: Kitline, work: Work, words: list[str]) -> None:
    """! trust Marsh: an outlet that refused people may be offered again."""
    outlet = next(one for one in await work.find(Outlet) if one.name.startswith(words[0]))
    scene = Scene(work, line.app.engine.world)
    await refusals.trust(scene, outlet)
    scene.close()


ACTS: dict[str, Act] = {"recall": _recall, "end": _end, "pack": _pack}
ACTS |= {"rule": _rule, "answers": _answers, "pin": _pin}
ACTS |= {"renew": _renew, "product": _product, "trust": _trust}

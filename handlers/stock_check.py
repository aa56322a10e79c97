"""Stock looked over by itself: promises to nobody by night; dates, age and low bags by day."""

from __future__ import annotations

from datetime import timedelta

from db.models import Contact, Conversation, Fact, Flag, KitRequest, Outlet, Peer, Service
from db.stock import is_stale, promises, stock_of
from handlers import rounds
from handlers.engine.turn import Scene, Turn
from handlers.flags import OPEN, close_flag, in_emergency, new_flag, raise_flag
from handlers.services.rules import Rules, rules_of, uk_day
from handlers.services.supplies import (
    Holder,
    NoStock,
    line_of,
    lines_of,
    move,
    outlet_holder,
    peer_holder,
    store_holder,
)
from handlers.stock_lines import in_short, is_low, is_soon_over

ASK_TOP_UP_AGAIN = timedelta(days=7)


# --- by night: do the sums add up? -------------------------------------------------------------


async def night_look(scene: Scene, service: Service) -> None:
    """A promise to a request that no longer needs it goes back; a sum that cannot be is told.

    Whoever was topped up in the day is no longer anybody's business in the morning.
    """
    await _close_topped_up(scene, service)
    wrong = await _orphans_released(scene, service)
    for line in await stock_of(scene.work, service.id):
        if not 0 <= line.reserved <= line.quantity:
            wrong.add(Holder(line.holder_kind, line.holder_id, service.id))
    for holder in sorted(wrong, key=_about):
        await _flag_in_the_morning(scene, service, holder)


async def _orphans_released(scene: Scene, service: Service) -> set[Holder]:
    found = set()
    for request_id, promised in await promises(scene.work, service.id):
        holder = Holder(promised.holder_kind, promised.holder_id, service.id)
        request = await scene.work.get(KitRequest, request_id)
        if request and not request.closed_at and _is_with(request, holder):
            continue
        found.add(holder)
        line = await line_of(scene.work, holder, *promised.box)
        try:
            await move(
                scene.work,
                holder,
                line,
                "released",
                reserved=-promised.reserved,
                request_id=request_id,
            )
        except NoStock:  # less is promised in all than to this one: a person has to look
            continue
        scene.journal(
            "PromiseReleased", service_id=service.id, request_id=request_id, holder=_about(holder)
        )
    return found


def _is_with(request: KitRequest, holder: Holder) -> bool:
    """Whether a request is where its kit is promised."""
    return holder.id == {"peer": request.peer_id, "outlet": request.outlet_id}.get(holder.kind)


async def _flag_in_the_morning(scene: Scene, service: Service, holder: Holder) -> None:
    about = _about(holder)
    known = await scene.work.find(Flag, service_id=service.id, kind="stock_wrong", status=OPEN)
    if any(flag.about == about for flag in known):
        return
    due = rounds.next_round("morning_round", scene.now)
    flag = new_flag(scene, service, "stock_wrong", about=about, due=due)
    scene.set_timer(f"flag:{flag.id}", "flag", due, flag=flag.id)


def _about(holder: Holder) -> str:
    return f"{holder.kind}:{holder.id}"


# --- by day: what a holder should know, and who needs more -------------------------------------


async def morning_look(scene: Scene, service: Service) -> None:
    """One text a holder at most, and only of what they have not been told yet."""
    rules = rules_of(service)
    ever_held = {(n.holder_kind, n.holder_id) for n in await stock_of(scene.work, service.id)}
    for holder, phones in await _holders(scene, service):
        if (holder.kind, holder.id) in ever_held:
            await _ask(scene, holder, phones, rules)
            await _see_to_top_up(scene, service, holder)


async def _holders(scene: Scene, service: Service) -> list[tuple[Holder, list[Contact]]]:
    """Whoever may hold kits now, and the phones that speak for them; the store has none."""
    found: list[tuple[Holder, list[Contact]]] = [(store_holder(service), [])]
    for peer in await scene.work.find(Peer, service_id=service.id, status="active"):
        found.append((peer_holder(peer), [await scene.work.need(Contact, peer.contact_id)]))
    for outlet in await scene.work.find(Outlet, service_id=service.id, status="active"):
        phones = await scene.work.find(Contact, outlet_id=outlet.id)
        found.append((outlet_holder(outlet), phones))
    return found


async def _ask(scene: Scene, holder: Holder, phones: list[Contact], rules: Rules) -> None:
    """Out of date, soon out of date, not looked at for long: each said once."""
    lines = await lines_of(scene.work, holder)
    over = [n for n in lines if n.is_over(uk_day(scene.now))]
    soon = [n for n in lines if is_soon_over(n, scene.now, rules)]
    stale = lines if is_stale(lines, scene.now, rules.stock_stale_days) else []
    marks = [*(f"over:{n.batch}" for n in over), *(f"soon:{n.batch}" for n in soon)]
    if stale:
        oldest = min(n.as_of.date().isoformat() if n.as_of else "" for n in stale)
        marks.append(f"stale:{oldest}")
    if not marks or not set(marks) - await _told(scene, phones):
        return
    turn = await _whom_to_write(scene, phones)
    if turn is None:
        return
    turn.say(
        "stock.check",
        kind="notice",
        over=in_short(over),
        soon=in_short(soon),
        stale=in_short(stale),
        batch=(over or lines)[0].batch,
    )
    turn.journal("StockHolderTold", holder=_about(holder), marks=marks)


async def _told(scene: Scene, phones: list[Contact]) -> set[str]:
    found: set[str] = set()
    for phone in phones:
        for fact in await scene.work.find(Fact, contact_id=phone.id, fact="StockHolderTold"):
            found.update(fact.data["marks"])
    return found


async def _whom_to_write(scene: Scene, phones: list[Contact]) -> Turn | None:
    """The phone that wrote last; nobody in an emergency, nobody who does not want to hear us."""
    able = [p for p in phones if not (p.stopped_at or p.blocked_at or p.erased_at)]
    wrote = []
    for phone in able:
        talk = await scene.work.get(Conversation, phone.id)
        at = talk.last_in_at.timestamp() if talk and talk.last_in_at else 0.0
        wrote.append((at, phone.id))
    if not wrote:
        return None
    turn = await scene.person(max(wrote)[1])
    return None if in_emergency(turn) else turn


async def _see_to_top_up(scene: Scene, service: Service, holder: Holder) -> None:
    """One flag for a holder who runs low, and again after a week if nothing came of it."""
    if not await _runs_low(scene, service, holder):
        return
    about = _about(holder)
    before = [
        f
        for f in await scene.work.find(Flag, service_id=service.id, kind="top_up")
        if f.about == about
    ]
    waiting = any(flag.status in OPEN for flag in before)
    lately = before and before[-1].created_at > scene.now - ASK_TOP_UP_AGAIN
    if not waiting and not lately:
        await raise_flag(scene, service, "top_up", about=about)


async def _runs_low(scene: Scene, service: Service, holder: Holder) -> bool:
    if holder.kind == "outlet" and (await scene.work.need(Outlet, holder.id)).none_left_at:
        return True
    return is_low(await lines_of(scene.work, holder), scene.now, rules_of(service))


async def _close_topped_up(scene: Scene, service: Service) -> None:
    for flag in await scene.work.find(Flag, service_id=service.id, kind="top_up", status=OPEN):
        kind, _, number = flag.about.partition(":")
        if not await _runs_low(scene, service, Holder(kind, int(number), service.id)):
            close_flag(scene, flag)

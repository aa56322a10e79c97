"""Training and checks that run out: told 30 days before, 7 days before and on the last day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from content import library
from db.models import Contact, Fact, Flag, Peer, Service
from handlers.engine.turn import Scene
from handlers.flags import close_flag, raise_flag
from handlers.services.rules import uk_day
from handlers.services.standing import last_days, run_out

NOTICES = (0, 7, 30)
OF_STANDING = ("peer_lapse", "peer_untrained")
"""Flags that are dealt with once both hold again."""


def notice_due(days_left: int) -> int | None:
    """Which notice a date calls for; none long before, and none long after we were away."""
    if not -7 <= days_left <= 30:
        return None
    return next(notice for notice in NOTICES if days_left <= notice)


async def look(scene: Scene, service: Service) -> None:
    """Each morning: whose date is near, and not told yet."""
    today = uk_day(scene.now)
    for peer in await scene.work.find(Peer, service_id=service.id, status="active"):
        for what, until in last_days(peer).items():
            notice = notice_due((until - today).days)
            if notice is not None and not await _told(scene, peer, what, until, notice):
                await _tell(scene, service, peer, what, until, notice)


async def _told(scene: Scene, peer: Peer, what: str, until: date, notice: int) -> bool:
    """Told before; the journal knows, whatever has become of the text."""
    facts = await scene.work.find(Fact, contact_id=peer.contact_id, fact="LapseTold")
    told = {"what": what, "until": until.isoformat(), "notice": notice}
    return any(fact.data == told for fact in facts)


async def _tell(
    scene: Scene, service: Service, peer: Peer, what: str, until: date, notice: int
) -> None:
    scene.journal(
        "LapseTold",
        service_id=service.id,
        contact_id=peer.contact_id,
        what=what,
        until=until.isoformat(),
        notice=notice,
    )
    contact = await scene.work.need(Contact, peer.contact_id)
    if contact.erased_at:
        return
    turn = await scene.person(contact.id)
    turn.say(
        "lapse.soon" if notice else "lapse.now",
        kind="notice",
        what=library.label(turn.locale, "standing", what),
        day=f"{until:%d/%m/%Y}",
    )
    await flag(scene, service, peer)


async def flag(scene: Scene, service: Service, peer: Peer) -> None:
    """The coordinator has it on the list; one that is there already is enough."""
    if not await _open_flags(scene, peer):
        about = f"peer:{peer.id}"
        await raise_flag(scene, service, "peer_lapse", contact_id=peer.contact_id, about=about)


async def _open_flags(scene: Scene, peer: Peer) -> list[Flag]:
    flags = await scene.work.find(Flag, contact_id=peer.contact_id, kind=OF_STANDING)
    return [flag for flag in flags if flag.status != "done"]


async def renewed(scene: Scene, before: Peer, peer: Peer) -> Peer:
    """A coordinator has entered a new last day: the peer reads it, and what was open is closed.

    ``before``: as they were; a day that was not changed, or is over already, is no news.
    """
    today = uk_day(scene.now)
    if not run_out(peer, today):
        if peer.status == "new":
            peer = scene.work.save(replace(peer, status="active"))
        for open_flag in await _open_flags(scene, peer):
            close_flag(scene, open_flag)
    turn = await scene.person(peer.contact_id)
    known = last_days(before)
    for what, until in last_days(peer).items():
        if until >= today and until != known.get(what):
            label = library.label(turn.locale, "standing", what)
            turn.say("lapse.renewed", kind="notice", what=label, day=f"{until:%d/%m/%Y}")
    scene.journal("StandingRenewed", service_id=peer.service_id, contact_id=peer.contact_id)
    return peer

"""When nobody acted on a flag in time; and all that can wait, told by day and together."""

from __future__ import annotations

from dataclasses import replace

from content.library import Listed
from db.models import Flag, Service, Staff, Timer
from handlers import oncall_list
from handlers.engine.turn import NOTICE, Scene
from handlers.flags import (
    CALL_BACKS,
    IN_DANGER,
    NOT_URGENT,
    OPEN,
    ask_next,
    in_emergency,
    is_unsafe,
    now_asked,
    put_off,
    remind_owner,
    say_flag,
    say_still_yours,
    team_name,
    who_can_be_asked,
)
from handlers.services.oncall_rota import again_by_day, whom_to_ask_by_day
from handlers.services.rules import rules_of

NAMED = 3
"""How many of those that wait are named: with the longest values they fit into two segments."""


async def flag_due(scene: Scene, timer: Timer) -> None:
    """Nobody acted on a flag in time: the next on the list, or a reminder to who took it."""
    flag = await scene.work.get(Flag, timer.payload["flag"])
    if flag is None or flag.status == "done":
        return
    service = await scene.work.need(Service, flag.service_id)
    if flag.kind in NOT_URGENT:
        if flag.due_at > scene.now:  # it was told together with another, a moment ago
            put_off(scene, flag, flag.due_at)
        else:
            await _tell_what_can_wait(scene, service)
        return
    if flag.status == "taken" and flag.staff_id:
        await remind_owner(scene, flag)
        return
    await ask_next(scene, service, flag)
    await _say_nobody_yet(scene, flag)


# --- what can wait -----------------------------------------------------------------------------


async def _tell_what_can_wait(scene: Scene, service: Service) -> None:
    """All that is due, one text to each coordinator whose turn it is, or who has it."""
    team = await who_can_be_asked(scene, service)
    rules = rules_of(service)
    told: dict[int, tuple[Staff, list[Flag]]] = {}
    for flag in await scene.work.find(Flag, service_id=service.id, status=OPEN):
        if flag.kind not in NOT_URGENT or flag.due_at > scene.now:
            continue
        has_it = [replace(one, call_order=1) for one in team if one.id == flag.staff_id]
        if not has_it:  # nobody has, or who had it has gone
            flag = replace(flag, status="open", staff_id=None)
        asked = whom_to_ask_by_day(has_it or team, flag.asked, scene.now, rules, service.nation)
        if asked.staff:
            told.setdefault(asked.staff.id, (asked.staff, []))[1].append(flag)
        else:
            put_off(scene, flag, asked.until)
    for staff, flags in told.values():
        await _tell(scene, service, staff, flags)


async def _tell(scene: Scene, service: Service, staff: Staff, flags: list[Flag]) -> None:
    for flag in flags:
        now_asked(scene, flag, staff, again_by_day(len(flag.asked) + 1, scene.now))
    if len(flags) > 1:
        await _say_together(scene, service, staff, flags)
    elif flags[0].staff_id:
        await say_still_yours(scene, flags[0], staff)
    else:
        until = again_by_day(len(flags[0].asked) + 1, scene.now)
        await say_flag(scene, service, flags[0], staff, until)


async def _say_together(scene: Scene, service: Service, staff: Staff, flags: list[Flag]) -> None:
    if staff.contact_id:
        turn = await scene.person(staff.contact_id)
        lines = [await oncall_list.line(turn, flag) for flag in flags[:NAMED]]
        turn.say(
            "oncall.can_wait",
            kind="flag",
            priority=NOTICE,
            team=team_name(service),
            n=len(flags),
            lines=Listed(tuple(lines), "; "),
            more=len(flags) - len(lines),
        )


async def _say_nobody_yet(scene: Scene, flag: Flag) -> None:
    """Once: that nobody has picked it up, and who can be rung. Not where texting may do harm."""
    calls = flag.kind.startswith(CALL_BACKS)
    if flag.contact_id is None or not (calls or flag.kind in IN_DANGER):
        return
    waiting = await scene.person(flag.contact_id)
    told = waiting.memory.get("not_yet", [])
    unsure = flag.kind == "violence" and not waiting.memory.get("safe")
    if flag.ref in told or unsure or in_emergency(waiting):
        return
    if await is_unsafe(scene, waiting.id):
        return
    waiting.memory["not_yet"] = [*told, flag.ref][-5:]
    if calls:
        text = "talk.referral_late" if flag.kind == "referral" else "talk.not_yet"
        waiting.say(text, kind="notice", ref=flag.ref)
    else:
        waiting.say("crisis.not_yet", kind="notice", quiet=waiting.contact.quiet)

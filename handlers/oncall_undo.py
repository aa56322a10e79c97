"""UNDO: a coordinator's last TAKE or DONE, sent by a slip, is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from db.models import Flag, KitRequest, RequestStatus, Service, Staff
from handlers import ladder
from handlers.engine.turn import Turn
from handlers.flags import ask_next, close_flag, put_off, take_flag, what_of
from handlers.services import requests

UNDO_WITHIN = timedelta(minutes=15)


def note(
    turn: Turn, word: str, ref: str, flags: list[Flag], request: KitRequest | None = None
) -> None:
    """Remember what TAKE or DONE is about to change: these flags, and a request it takes over."""
    turn.memory["acted"] = {
        "word": word,
        "ref": ref,
        "at": turn.now.isoformat(),
        "flags": [(flag.id, flag.status, flag.staff_id) for flag in flags],
        "request": [request.id, str(request.status)] if request else [],
    }


def last_ref(turn: Turn) -> str:
    """The reference of what can be taken back now, or ""."""
    noted = _noted(turn)
    return str(noted["ref"]) if noted else ""


def _noted(turn: Turn) -> dict[str, Any]:
    noted: dict[str, Any] = turn.memory.get("acted") or {}
    if not noted or turn.now - datetime.fromisoformat(noted["at"]) > UNDO_WITHIN:
        return {}
    return noted


async def undo(turn: Turn, staff: Staff) -> None:
    """It stands as it did before; after a TAKE the next person is asked."""
    noted = _noted(turn)
    turn.memory["acted"] = {}
    flags = []
    for number, status, staff_id in noted.get("flags", ()):
        flag = await turn.work.get(Flag, number)
        mine = flag and (flag.status == "done" or flag.staff_id == staff.id)
        if flag and mine:
            flags.append(turn.work.save(replace(flag, status=status, staff_id=staff_id)))
    if not flags:
        turn.say("oncall.undo_none")
        return
    turn.journal("CoordinatorUndid", staff=staff.id, word=noted["word"], ref=noted["ref"])
    what = await what_of(turn.work, turn.locale, flags[0])
    turn.say(f"oncall.undone_{noted['word']}", ref=noted["ref"], what=what)
    if noted["word"] == "done":
        for flag in flags:
            await _open_again(turn, flag)
    elif not await _given_back(turn, noted["request"], flags):
        home = await turn.work.need(Service, staff.service_id)
        for flag in flags:
            await ask_next(turn.scene, home, flag)


async def _open_again(turn: Turn, flag: Flag) -> None:
    """Closed by a slip: whoever had it has it, or somebody is asked if nobody takes it soon."""
    owner = await turn.work.get(Staff, flag.staff_id)
    if owner:
        take_flag(turn.scene, flag, owner)
    else:
        put_off(turn.scene, flag, max(flag.due_at, turn.now + UNDO_WITHIN))


async def _given_back(turn: Turn, noted: list[Any], flags: list[Flag]) -> bool:
    """The request that was taken over goes on: with the next coordinator, or where others take it.

    False: there was none, so only the flags are asked about again.
    """
    request = await turn.work.get(KitRequest, noted[0]) if noted else None
    if request is None or request.status != RequestStatus.WITH_COORDINATOR:
        return False
    if noted[1] == RequestStatus.WITH_COORDINATOR:
        home = await turn.work.need(Service, request.service_id)
        for flag in flags:
            asked = await ask_next(turn.scene, home, flag)
            owner = ("coordinator", asked.staff.id if asked.staff else 0)
            request = requests.hold(
                turn.work, request, RequestStatus.WITH_COORDINATOR, owner, asked.until
            )
        return True
    for flag in flags:
        close_flag(turn.scene, flag)
    await ladder.advance_and_tell(turn.scene, requests.ask_anew(turn.work, request))
    return True

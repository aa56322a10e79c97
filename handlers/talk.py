"""A person to talk to: the service's own people, a call-back with a due time, or help lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from content import library
from content.library import Words, saying
from content.phrasebook import fold
from db.models import Flag, LocalHelp
from handlers import referral
from handlers.engine import conversation
from handlers.engine.flow import END, Choose, Flow, Next, Say, leads_to
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.flags import raise_flag
from handlers.language import call_back_kind
from handlers.services import help_lines
from handlers.services.contacts import service_to_tell
from handlers.services.hours import Opening, opening
from handlers.services.local_help import PEOPLE, There, directory, phone_of
from handlers.services.rules import clock_words, uk_day

SHOWN = 4
"""More is a list nobody reads."""
ARTICLES = ("the", "y", "yr")


async def begin(turn: Turn, text: str = "", wanted: str = "") -> None:
    """TALK; straight to the one whose name or kind was asked for, where there is just one."""
    meant = await _meant(turn, text, wanted)
    if len(meant) == 1:
        await conversation.begin(turn, "talk", "refer", help=meant[0].id)
    else:
        await conversation.begin(turn, "talk", only=[one.id for one in meant])


async def picked(turn: Turn, text: str, wanted: str) -> bool:
    """Somebody of the list, called by name or by what they do."""
    if (turn.flow, turn.step) != (TALK.name, "choose"):
        return False
    meant = await _meant(turn, text, wanted)
    if len(meant) == 1:
        await conversation.answer(turn, f"h{meant[0].id}")
    return len(meant) == 1


async def _meant(turn: Turn, text: str, wanted: str) -> list[LocalHelp]:
    said = set(fold(plain(text)).split())
    there = [one.help for one in await _there(turn)]
    named = [one for one in there if _short_name(one) in said]
    return named or [one for one in there if one.kind == wanted]


def _short_name(one: LocalHelp) -> str:
    """What people call them: the first word of their name, but for "the"."""
    first, *more = fold(one.name).split()
    return more[0] if more and first in ARTICLES else first


async def _there(turn: Turn) -> list[There]:
    """Whom this person can choose: all, or those of the kind they asked for."""
    if turn.service is None:
        return []
    only = turn.data.get("only") if turn.flow == "talk" else None
    found = await directory(turn.work, turn.service, turn.now)
    return [one for one in found if not only or one.help.id in only]


async def choices(turn: Turn) -> Mapping[str, str | None]:
    """A coordinator and lines always have the same numbers; then who is there, soonest first."""
    shown = (await _there(turn))[:SHOWN]
    people = {f"h{one.help.id}": library.said(turn.locale, _line(turn, one)) for one in shown}
    return {"callback": None, "lines": None, **people}


def _line(turn: Turn, one: There) -> Words:
    when = _when(turn, one.opening)
    return saying("saying.help_line", name=one.help.name, role=_role(turn, one.help), when=when)


def _when(turn: Turn, here: Opening) -> Words:
    """ "here till 17:00", "back tomorrow 09:00", or nothing where nobody knows."""
    if here.until:
        return saying("saying.here_till", time=clock_words(here.until, turn.now))
    if here.opens_at:
        return saying("saying.back_at", time=clock_words(here.opens_at, turn.now))
    return ""


def _role(turn: Turn, one: LocalHelp) -> str:
    return library.label(turn.locale, "help_kind", one.kind) if one.kind in PEOPLE else ""


@leads_to(END, "refer", "when")
async def choose(turn: Turn, answer: str) -> Next:
    """A call-back, lines, or one of the service's own."""
    service = await service_to_tell(turn.work, turn.service)
    if answer.startswith("h"):
        turn.data["help"] = int(answer.removeprefix("h"))
        return "refer"
    if answer == "lines" or service is None:
        lines = help_lines.said(turn.service, turn.contact, turn.now.date(), turn.locale)
        turn.say("talk.lines", lines=lines)
        return END
    kind = call_back_kind(turn.tongue)
    flag, asked = await raise_flag(turn.scene, service, kind, contact_id=turn.id)
    until = clock_words(asked.until, turn.now) if asked.staff else ""
    turn.say("talk.asked", ref=flag.ref, until=until)
    turn.data["flag"] = flag.id
    return "when"


async def who(turn: Turn) -> dict[str, Any]:
    """Who they are, when and where, and the number if the service publishes one."""
    one = await turn.work.need(LocalHelp, turn.data["help"])
    return {
        "name": one.name,
        "role": _role(turn, one),
        "place": one.place,
        "when": _when(turn, opening(one.hours, turn.now, turn.home().nation)),
        "phone": phone_of(one, uk_day(turn.now)),
    }


@leads_to("when", "nobody_told")
async def refer(turn: Turn, answer: str) -> Next:
    """Only with their yes is anybody told."""
    if answer == "no":
        return "nobody_told"
    flag = await referral.pass_on(turn, await turn.work.need(LocalHelp, turn.data["help"]))
    turn.data["flag"] = flag.id
    return "when"


@leads_to("when_noted")
async def when(turn: Turn, answer: str) -> Next:
    """Whoever writes to them knows when it is safe to."""
    await referral.safe_when(turn, await turn.work.need(Flag, turn.data["flag"]), answer)
    return "when_noted"


TALK = Flow(
    "talk",
    (
        Choose("choose", ("callback", "lines"), choose, options_now=choices),
        Choose("refer", ("yes", "no"), refer, "words", values=who, careful=True),
        Say("nobody_told", END),
        Choose("when", referral.WHEN, when, "words"),
        Say("when_noted", END),
    ),
)

"""A kit was used: is anyone still unwell, then three answers, care, and the next kit.

Four answers make a useful report; the rest is asked of who has the time. Every question may be
skipped, and what was said so far is kept as it is said. No person is in a report.
"""

from __future__ import annotations

from typing import Any

from content import library
from db.models import Administration, Flag
from handlers import debrief, mourning, overdose, used_report
from handlers.aftercare import in_two_days
from handlers.coaching import OVERDOSE
from handlers.consent import place_data
from handlers.emergency_card import say_card
from handlers.engine.conversation import answer, ask, begin
from handlers.engine.flow import END, Again, Choose, Do, Enter, Flow, Go, Next, Say, leads_to
from handlers.engine.matching import whole_option
from handlers.engine.turn import Turn
from handlers.flags import becomes, raise_flag
from handlers.language import call_back_kind
from handlers.services import holdings, uses
from handlers.services.contacts import service_to_tell
from handlers.services.places import PlaceFound, find_place
from handlers.services.roles import peer_of
from handlers.services.rules import clock_words
from handlers.used_report import CORE, MORE

JUST_NOW = ("today", uses.NOT_SAID)
"""It may be going on still: what to watch for comes before thanks."""


@leads_to("flow:overdose", "report")
async def unwell(turn: Turn, answer: str) -> Next:
    """Is anyone still unwell? Yes is an emergency."""
    if answer == "yes":
        say_card(turn)
        await overdose.note(turn, ("used: still unwell",), again=False)
        return Go(OVERDOSE.name)
    return "report"


async def unwell_values(turn: Turn) -> dict[str, bool]:
    """Whoever told of a death at once reads first that we are sorry."""
    return {"died": bool(turn.data.get("died"))}


async def told_at_unwell(turn: Turn, text: str) -> bool:
    """ "no he died", "no hes fine": more than the yes or no that was asked for.

    A death with no plain no is asked about once more, with our sorrow: somebody may need help.
    """
    if (turn.flow, turn.step) != (USED.name, "unwell"):
        return False
    said_no = used_report.begins_with_no(turn, text)
    if used_report.tells_of_death(turn, text):
        asked = turn.data.setdefault("died", "now" if said_no else "first")
        if not said_no and asked == "first" and turn.tries == 0:
            turn.tries = 1
            await ask(turn)
            return True
    elif not (said_no and used_report.sounds_fine(turn, text)):
        return False
    await answer(turn, "no")
    return True


@leads_to("another", *CORE, "care", "sorry")
async def report(turn: Turn, _: str) -> Next:
    """The next thing not known yet; what an emergency or an earlier start told is not asked."""
    turn.parked[:] = [p for p in turn.parked if p["flow"] not in ("used", "used_more")]
    if "report" not in turn.data:
        half = used_report.lately(turn)
        if half.get("thanked"):
            return "another"
        turn.data["report"] = half or await used_report.begin(turn)
        await used_report.take_over(turn)
        if turn.data.get("died"):
            turn.step = "outcome"  # where BACK leads to: it may have been a slip
            return await outcome(turn, "died")
    asked = turn.data["report"]["asked"]
    return next((question for question in CORE if question not in asked), "care")


@leads_to("report", "talk", "quiet_end", "more_or_kit")
async def another(turn: Turn, answer: str) -> Next:
    """Nobody is counted twice, and no second kit is lost: they say which it is."""
    if answer == "yes":
        turn.memory["report"] = {}
        return "report"
    told = turn.memory.get("report") or turn.data.get("report")
    if not told:
        return "report"
    turn.data["report"] = told
    if mourning.in_mourning(turn):
        return "quiet_end" if await peer_of(turn.work, turn.id) else "talk"
    return "more_or_kit"


@leads_to("report", "sorry")
async def outcome(turn: Turn, answer: str) -> Next:
    """What became of the person, in their words. A death ends the questions."""
    before = await turn.work.need(Administration, turn.data["report"]["id"])
    await used_report.note(turn, "outcome", answer)
    if answer == "died":
        await _died(turn)
        return "sorry"
    if before.outcome == "died":
        await _did_not_die(turn)
    if answer == "self":
        await used_report.note(turn, "relation", "self")
    elif before.outcome == "self":
        await used_report.unsay(turn, "relation")
    return "report"


async def _died(turn: Turn) -> None:
    """A person of the team is told at once; no reminder and no cheering for a while. Whatever was
    asked before is let go: nobody comes back to "how old are they?" after this."""
    mourning.begin(turn)
    turn.parked.clear()
    used_report.remember(turn, thanked=True)
    await used_report.by_what_they_have(turn)
    await holdings.gone(turn.work, turn.id, "used")
    if peer := await peer_of(turn.work, turn.id):
        await debrief.hard_event(turn.scene, peer, "death")
        return
    service = await service_to_tell(turn.work, turn.service)
    if service:
        await raise_flag(turn.scene, service, "death_reported", contact_id=turn.id)


async def _did_not_die(turn: Turn) -> None:
    """ "They died" was the wrong button: whoever was told hears so."""
    told_at = mourning.since(turn)
    mourning.end(turn)
    used_report.remember(turn, thanked=False)
    if told_at and (peer := await peer_of(turn.work, turn.id)):
        await debrief.no_death(turn.scene, peer, told_at)
    await becomes(turn.scene, turn.id, ("death_reported", "peer_death"), "not_a_death")


async def death_told(turn: Turn) -> Administration | None:
    """The report of the last day, if it says that somebody died: it may have been a slip."""
    told = used_report.lately(turn)
    row = await turn.work.get(Administration, told["id"]) if told else None
    return row if row and row.outcome == "died" else None


async def ask_again(turn: Turn) -> None:
    """BACK or UNDO after "they died", with no question open: what happened, once more."""
    await begin(turn, USED.name, "outcome", report=used_report.lately(turn))


@leads_to("report")
async def answered(turn: Turn, answer: str) -> Next:
    """One of the three; SKIP is an answer too."""
    await used_report.note(turn, turn.step, answer)
    return "report"


# --- care --------------------------------------------------------------------------------------


@leads_to("thanks", "thanks_self", "talk_or_debrief")
async def care(turn: Turn, _: str) -> Next:
    """It is a useful report now. Care for the person comes first."""
    if turn.data["report"].get("thanked"):
        return "talk_or_debrief"
    used_report.remember(turn, thanked=True)
    await used_report.by_what_they_have(turn)
    await holdings.gone(turn.work, turn.id, "used")
    row = await turn.work.need(Administration, turn.data["report"]["id"])
    if row.used_on in JUST_NOW:
        if row.outcome == "self":
            turn.say("aftercare.oneself")
        elif row.outcome == "better":
            turn.say("aftercare.person")
    return "thanks_self" if row.outcome == "self" else "thanks"


@leads_to("talk", "flow:debrief")
async def talk_or_debrief(turn: Turn, _: str) -> Next:
    """A peer is asked whether they are safe; anybody else whether they would like to talk."""
    if peer := await peer_of(turn.work, turn.id):
        await debrief.hard_event(turn.scene, peer, "own_use")
        return Go("debrief", "today", turn.data)
    return "talk"


@leads_to("talk", END)
async def after_sorry(turn: Turn, _: str) -> Next:
    """For a peer, somebody is asked to ring them; nobody else is rung without their yes."""
    return END if await peer_of(turn.work, turn.id) else "talk"


async def sorry_values(turn: Turn) -> dict[str, bool]:
    """Whether somebody was asked to ring them, and whether it may only just have happened."""
    row = await turn.work.need(Administration, turn.data["report"]["id"])
    flags = await turn.work.find(Flag, contact_id=turn.id, kind="peer_death")
    return {
        "said": turn.data.get("died") == "first",
        "peer": await peer_of(turn.work, turn.id) is not None,
        "asked": any(flag.asked for flag in flags),
        "just_now": row.used_on in JUST_NOW,
    }


@leads_to("more_or_kit", "quiet_end", "flow:request_kit")
async def talk(turn: Turn, answer: str) -> Next:
    """Somebody to talk to now, or a text in two days. Of the bereaved nothing more is asked."""
    if answer == "now" and (service := await service_to_tell(turn.work, turn.service)):
        kind = call_back_kind(turn.tongue)
        flag, asked = await raise_flag(turn.scene, service, kind, contact_id=turn.id)
        until = clock_words(asked.until, turn.now) if asked.staff else ""
        turn.say("talk.asked", ref=flag.ref, until=until)
    elif answer == "two_days":
        in_two_days(turn)
        turn.say("used.two_days")
    if not mourning.in_mourning(turn):
        return "more_or_kit"
    return await new_kit(turn, "yes") if turn.data.get("wants_kit") else "quiet_end"


# --- the rest, for who has the time ------------------------------------------------------------


@leads_to("more", "new_kit", "flow:request_kit")
async def more_or_kit(turn: Turn, _: str) -> Next:
    """Who asked for a kit in the same breath is not kept from it."""
    if turn.data.get("wants_kit"):
        return await new_kit(turn, "yes")
    return "new_kit" if set(MORE) <= set(turn.data["report"]["asked"]) else "more"


@leads_to("further", "new_kit")
async def more(turn: Turn, answer: str) -> Next:
    """A few more, or done."""
    return "further" if answer == "yes" else "new_kit"


@leads_to(*MORE, "flow:used_more")
async def further(turn: Turn, _: str) -> Next:
    """The next of the few more; then the last ones are offered."""
    asked = turn.data["report"]["asked"]
    missing = [question for question in MORE if question not in asked]
    return missing[0] if missing else Go("used_more", data=turn.data)


@leads_to("further")
async def answered_more(turn: Turn, answer: str) -> Next:
    """One of the few more."""
    await used_report.note(turn, turn.step, answer)
    return "further"


@leads_to("further")
async def where(turn: Turn, text: str) -> Next:
    """Roughly where: only the district is kept in the report."""
    if whole_option(text, {"skip": library.option(turn.tongue, "", "skip").words}):
        await used_report.note(turn, "where", "skip")
        return "further"
    around = (turn.service.lat, turn.service.lon) if turn.service else None
    found = find_place(text, turn.world.gazetteer, near=around)
    if not isinstance(found, PlaceFound):
        return Again("where_unknown")
    place = place_data(found)
    turn.data["place"] = place
    await used_report.note(turn, "where", str(place["district"]))
    return "further"


# --- the next kit ------------------------------------------------------------------------------


@leads_to("flow:request_kit", "no_kit")
async def new_kit(turn: Turn, answer: str) -> Next:
    """The next kit, at the place already known."""
    wanted = "asked" if answer == "yes" else "no"
    uses.note_fact(turn.work, turn.data["report"]["id"], "kit_replaced", wanted)
    if answer == "no":
        return "no_kit"
    kept: dict[str, Any] = {"reason": "used"}
    kept |= {name: turn.data[name] for name in ("place", "who") if name in turn.data}
    return Go("request_kit", data=kept)


USED = Flow(
    "used",
    (
        Choose("unwell", ("yes", "no"), unwell, "words", values=unwell_values, careful=True),
        Do("report", report),
        Choose("another", ("yes", "no"), another, "words"),
        Choose("outcome", uses.OUTCOMES, outcome),
        Choose("doses", uses.DOSES, answered, "words"),
        Choose("ambulance", uses.AMBULANCE, answered, "words"),
        Do("care", care),
        Say("thanks", "talk_or_debrief"),
        Say("thanks_self", "talk_or_debrief"),
        Do("talk_or_debrief", talk_or_debrief),
        Say("sorry", after_sorry, sorry_values),
        Choose("talk", ("now", "two_days", "no"), talk, "words"),
        Say("quiet_end", END),
        Do("more_or_kit", more_or_kit),
        Choose("more", ("yes", "no"), more, "words"),
        Do("further", further),
        Choose("product", uses.PRODUCTS, answered_more),
        Choose("used_on", uses.USED_ON, answered_more),
        Choose("relation", uses.RELATIONS, answered_more),
        Enter("where", where),
        Choose("new_kit", ("yes", "no"), new_kit, "words"),
        Say("no_kit", END),
    ),
)

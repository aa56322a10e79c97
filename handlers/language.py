"""The language we write to a person in: noticed, offered once, changed by LANGUAGE.

A language in which every text may be said is offered. For any other, a person who speaks it may be
asked for. Neither question stands in the way: whatever else is answered takes it away again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from content import library
from content.languages import languages
from content.library import Words, saying
from db.models import InboundMessage
from handlers.engine import conversation
from handlers.engine.flow import END, Choose, Do, Flow, Go, Next, Say, leads_to
from handlers.engine.languages import language_of, named
from handlers.engine.matching import plain
from handlers.engine.speech import Ears, is_full
from handlers.engine.turn import Turn
from handlers.flags import raise_flag
from handlers.services.contacts import service_to_tell
from handlers.services.sign_offs import signed_names

PASSING = ("offer", "call_back")  # questions that nobody has to answer


# --- around every message ----------------------------------------------------------------------


async def before(turn: Turn, message: InboundMessage, text: str) -> None:
    """Notice the language, and put an offer aside that this message does not answer."""
    if message.kind == "text":
        await turn.hear(language_of(text))
    if turn.flow == LANGUAGE.name and turn.step in PASSING and not await _answers(turn, message):
        conversation.put_back(turn)


async def _answers(turn: Turn, message: InboundMessage) -> bool:
    if message.choice:
        return message.choice.startswith(f"{turn.flow}.{turn.step}.{turn.seq}.")
    if plain(message.text).isdigit():
        return False  # it has no numbers; the question before may have
    return await conversation.chosen_here(turn, message.text) is not None


async def after(turn: Turn) -> None:
    """Once the message is answered: offer its language, once, and never in an emergency."""
    spoken = _spoken(turn.heard)
    offered: list[str] = turn.memory.setdefault("offered", [])
    silent = turn.contact.stopped_at or turn.contact.blocked_at or not turn.said
    known = not spoken or spoken == _spoken(turn.contact.locale) or spoken in offered
    if known or silent or turn.said_urgent or turn.flow == LANGUAGE.name:
        return
    offered.append(spoken)
    await conversation.begin(turn, LANGUAGE.name, code=turn.heard, seq=turn.seq)


def _spoken(code: str) -> str:
    """Whatever script it is written in."""
    return code.partition("-")[0]


async def asked_for(turn: Turn, text: str) -> bool:
    """ "po polsku", "in English please": a whole message that names a language."""
    code = named(text)
    if code:
        if turn.flow == LANGUAGE.name:
            conversation.put_back(turn)
        await conversation.begin(turn, LANGUAGE.name, "switch", code=code, seq=turn.seq)
    return bool(code)


async def asked_now(turn: Turn, text: str) -> bool:
    """The same in an open emergency: the question again, in that language too."""
    code = named(text)
    if code:
        await _change(turn, code)
        await conversation.ask(turn)
    return bool(code)


# --- the conversation --------------------------------------------------------------------------


async def _may_write(turn: Turn, code: str) -> bool:
    """Whether somebody stands by writing to people in this language."""
    if code == library.DEFAULT or not is_full(code):
        return code == library.DEFAULT
    signed = await signed_names(turn.work, code, turn.contact.service_id)
    return Ears(code, drafts_on=turn.drafts_in(code), signed=signed).reads_own


@leads_to("offer", "call_back", "choose")
async def start(turn: Turn, _: str) -> Next:
    """A language was noticed, or one was asked for by LANGUAGE."""
    code = turn.data.get("code", "")
    if not code:
        return "choose"
    return "offer" if await _may_write(turn, code) else "call_back"


async def names(turn: Turn) -> Mapping[str, str | None]:
    """Every language by its own name."""
    return {code: one.name for code, one in languages().items()}


async def yes_or_no(turn: Turn) -> Mapping[str, str | None]:
    """Yes and no as that language labels them."""
    code = turn.data.get("code", library.DEFAULT)
    return {name: library.option(code, "language.offer", name).label for name in ("yes", "no")}


async def question(turn: Turn) -> dict[str, Any]:
    """The question in the language that was heard, and that language's name in their own."""
    code = turn.data.get("code", library.DEFAULT)
    own = ""
    if turn.ears.languages_for("language.ask_call_back")[0] == code:
        own = library.text(code, "language.ask_call_back", turn.channel)
    return {"question": own, "language": _called(code)}


async def offer_question(turn: Turn) -> dict[str, Any]:
    """The same for a language we can write in."""
    code = turn.data.get("code", library.DEFAULT)
    own = library.text(code, "language.ask", turn.channel)
    return {"question": own, "language": _called(code)}


def _called(code: str) -> Words:
    return saying(f"saying.language_{_spoken(code)}") if code in languages() else code


@leads_to("switch")
async def chosen(turn: Turn, code: str) -> Next:
    """One of the list."""
    turn.data["code"] = code
    return "switch"


@leads_to("changed", "call_back")
async def switch(turn: Turn, _: str) -> Next:
    """From now on in this language; where we may not, the urgent texts at least are."""
    code = turn.data.get("code", library.DEFAULT)
    await _change(turn, code)
    return "changed" if await _may_write(turn, code) else "call_back"


async def _change(turn: Turn, code: str) -> None:
    turn.memory["tongue"] = turn.heard = ""
    turn.memory.setdefault("offered", []).append(_spoken(code))
    turn.change(locale=code)
    await turn.learn_signed()
    turn.journal("LanguageChosen", language=code)


@leads_to("switch", "kept")
async def offered(turn: Turn, answer: str) -> Next:
    """Yes or no to being written to in it."""
    return "switch" if answer == "yes" else "kept"


@leads_to("passed_on", "kept")
async def call_back(turn: Turn, answer: str) -> Next:
    """Somebody who speaks it is asked for; whether there is one, nobody knows yet."""
    service = await service_to_tell(turn.work, turn.service)
    if answer == "no" or service is None:
        return "kept"
    kind = call_back_kind(turn.data.get("code", library.DEFAULT))
    flag, _ = await raise_flag(turn.scene, service, kind, contact_id=turn.id)
    turn.data["ref"] = flag.ref
    return "passed_on"


def call_back_kind(code: str) -> str:
    """The flag of a call-back; it names the language, unless that is English."""
    return "call_back" if code == library.DEFAULT else f"call_back_{_spoken(code)}"


async def reference(turn: Turn) -> dict[str, Any]:
    """The code under which the team has it."""
    return {"ref": turn.data.get("ref", "")}


@leads_to("flow:consent", END)
async def carry_on(turn: Turn, _: str) -> Next:
    """Back to what was open. A notice is read anew: only who understood it can agree to it."""
    last = turn.parked[-1] if turn.parked else {}
    if (last.get("flow"), last.get("step")) == ("consent", "ok"):
        turn.parked.pop()
        return Go("consent", "notice", last["data"])
    return END


LANGUAGE = Flow(
    "language",
    (
        Do("start", start),
        Choose("choose", (), chosen, options_now=names),
        Choose("offer", ("yes", "no"), offered, "words", offer_question, yes_or_no, careful=True),
        Choose("call_back", ("yes", "no"), call_back, "words", question, yes_or_no, careful=True),
        Do("switch", switch),
        Say("changed", carry_on),
        Say("kept", END),
        Say("passed_on", END, values=reference),
    ),
    nudge=True,
)

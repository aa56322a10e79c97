"""What a message means in the middle of an emergency. A wrong guess costs a life.

"Not breathing" wins over everything else in a sentence; good news counts only when it is said, not
when it is asked or denied; a figure answers the last list the person read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from content import library
from handlers import coaching
from handlers.engine import conversation
from handlers.engine.flow import Choose
from handlers.engine.matching import bare, longest_inside, plain, whole_option
from handlers.engine.turn import Turn

NEVER_ASKED = ("helped", "awake", "given")
"""What is good news only when it is said, not when it is asked."""
BEFORE_COACHING = ("kit", "breathing", "with_you", "by_yourself", "self_check")
LISTS_OF_STATES = ("change", "awake_check")
WITHOUT_A_KIT = ("no_kit", "no_more")
_DOSES = re.compile(r"\b([1-5])\s*(?:x\s*)?(?:doses?|sprays?|lines?|jabs?|squirts?)\b")
_GAVE = re.compile(
    r"\b(?:gave|given|giv|put|sprayed|jabbed|injected)(?: (?:him|her|them))?"
    r"(?: (?:a|the|his|her|another|one|1st|2nd|3rd|first|second|third|other|next|last))*"
    r" (?:it|one|another|2nd|second|dose|spray|naloxone|narcan|nyxoid|prenoxad|jab|injection)\b"
)
_SECOND = re.compile(
    r"\b(?:2nd|second) (?:one|dose|spray|jab|injection)(?: is)? (?:in|done|given)\b"
)
_ONE_MORE = re.compile(r"\b(?:another|next|other|second|2nd|3rd|third)\b")
_TWO = re.compile(r"\b(?:both|two|2nd|second)\b")


@dataclass(frozen=True, slots=True)
class Meaning:
    """``option``: an answer to the open question. ``state``: how they are. ``kit``: one has turned
    up. ``doses``: so many are in by now. ``mistake``: it is no emergency."""

    option: str = ""
    state: str = ""
    kit: str = ""
    doses: int = 0
    mistake: bool = False

    def __bool__(self) -> bool:
        return bool(self.option or self.state or self.kit or self.doses or self.mistake)


async def meaning(turn: Turn, text: str, *, urgent: bool) -> Meaning:
    """What the message means here; nothing where that cannot be told."""
    if plain(text).isdecimal():
        return await _figure(turn, text)
    option = await _option(turn, text)
    if option:
        return Meaning(option=option)
    if kit := _kit_found(turn, text):
        return Meaning(kit=kit)
    state = _state(turn, text)
    if not state and (doses := _doses_in(turn, text)):
        return Meaning(doses=doses)
    if state or urgent or not _means(turn, text, "kit", ("mistake",)):
        return Meaning(state=state)
    if turn.step not in BEFORE_COACHING and says(turn, text, "fine"):
        return Meaning(state="awake")  # by now "hes fine" is how they are
    return Meaning(mistake=True)


async def _figure(turn: Turn, text: str) -> Meaning:
    """A figure answers the list the person read last, be it a question ago."""
    here = conversation.current(turn)
    if here and isinstance(here[1], Choose) and here[1].style == "numbers":
        return Meaning(option=await conversation.chosen_here(turn, text) or "")
    listed = turn.world.flows[turn.flow].by_name.get(turn.data.get("listed", ""))
    if not isinstance(listed, Choose) or listed.name not in LISTS_OF_STATES:
        return Meaning()
    number = int(plain(text))
    options = listed.options
    return Meaning(state=options[number - 1] if 1 <= number <= len(options) else "")


async def _option(turn: Turn, text: str) -> str:
    """An option of the open question; "no emergency" inside a sentence needs more care."""
    here = conversation.current(turn)
    if here is None or not isinstance(here[1], Choose):
        return ""
    step = here[1]
    option = await conversation.chosen_here(turn, text)
    if option in NEVER_ASKED and _asks(text):
        option = ""  # "przyjechali?" asks; it does not say that they came
    some = tuple(o for o in step.options if o != "mistake")
    return option or _means(turn, text, step.name, some) or _yes_or_no(turn, step.name, text)


def _yes_or_no(turn: Turn, step: str, text: str) -> str:
    """ "aye", "nu": in any language, where the list has its own words for it."""
    answers = {"kit": ("unsure", "none"), "breathing": ("yes", "no")}.get(step)
    if answers is None or plain(text) in library.phrases(turn.tongue, "overdose", "heard"):
        return ""  # "ok" is no answer
    words = {n: library.option(turn.tongue, "", n).words for n in ("yes", "no")}
    return {"yes": answers[0], "no": answers[1]}.get(whole_option(text, words), "")


def _kit_found(turn: Turn, text: str) -> str:
    """ "someone brought a spray", where there was none or none was left."""
    if turn.data.get("kit") != "none" and turn.step not in WITHOUT_A_KIT:
        return ""
    if _asks(text) or any(says(turn, text, no) for no in ("not_done", "not_here", "without")):
        return ""
    said = f" {bare(text)} "
    for kit in coaching.KITS[:-1]:
        question = f"{coaching.OVERDOSE.name}.kit"
        names = library.option(turn.tongue, question, kit).words
        if any(f" {bare(word)} " in said for word in names if len(word) > 3):
            return kit
    return ""


def _state(turn: Turn, text: str) -> str:
    """How they are; "same" where nothing has changed, "again" where they went under again."""
    state = _means(turn, text, "change", coaching.STATES)
    if turn.step in ("kit", "breathing"):
        return "" if state == "same" else state
    if state:
        return state
    if turn.step in coaching.AWAKE_STEPS and _means(turn, text, "awake_check", ("fine",)):
        return "fine"
    same = library.phrases(turn.tongue, "overdose", "same")
    if plain(text) in same or longest_inside(text, {"same": same}):
        return "same"
    under = _means(turn, text, "awake", ("asleep",)) or says(turn, text, "worse")
    return "again" if under else ""


def _doses_in(turn: Turn, text: str) -> int:
    """How many doses are in by now, where a message says so; 0 where it does not."""
    if turn.step == "kit" or says(turn, text, "not_done") or _asks(text):
        return 0
    before = int(turn.data.get("doses", 0))
    said = bare(text)
    if found := _DOSES.search(said):
        return int(found.group(1)) if int(found.group(1)) > before else 0
    kit = turn.data.get("kit", "unsure")
    given = _means(turn, text, f"dose_{kit if kit != 'none' else 'unsure'}", ("given",))
    gave = _GAVE.search(said) or _SECOND.search(said)
    if gave and before < 2 and _TWO.search(said):
        return 2
    first = not before and turn.data.get("kit") != "none"  # "done it" while breathing is asked
    if (given or gave) and (turn.data.get("due") or first):
        return before + 1
    if gave and _ONE_MORE.search(said):
        return before + 1
    return 2 if before < 2 and _TWO.search(said) and ("done" in said or given) else 0


def _means(turn: Turn, text: str, step: str, options: tuple[str, ...]) -> str:
    """The option of a step of the coaching that a message means, or ""."""
    question = f"{coaching.OVERDOSE.name}.{step}"
    words = {name: library.option(turn.tongue, question, name).words for name in options}
    found = whole_option(text, words)
    if not found and longest_inside(text, {n: words[n] for n in words if n == "not_breathing"}):
        return "not_breathing"  # whatever else the sentence says
    found = found or longest_inside(text, words)
    if found in NEVER_ASKED and _asks(text):
        return ""
    if found == "helped" and says(turn, text, "not_here"):
        return ""  # "is the ambulance here yet" is not "the ambulance is here"
    if found in ("awake", "given", "fine") and says(turn, text, "not_done"):
        return "same" if found == "awake" else ""  # "he hasnt woke up", "havent given it"
    return found


def _asks(text: str) -> bool:
    return text.rstrip().endswith("?")


def says(turn: Turn, text: str, aside: str) -> bool:
    """Whether one of a list's phrases stands in the message."""
    said = f" {bare(text)} "
    return any(f" {phrase} " in said for phrase in library.phrases(turn.tongue, "overdose", aside))

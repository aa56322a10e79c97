"""What somebody means who uses none of our words."""

from __future__ import annotations

import re
from typing import Any

from handlers import (
    advice,
    consent,
    crisis,
    menu,
    near,
    open_request,
    role_words,
    talk,
    used_report,
)
from handlers.engine import conversation
from handlers.engine.flow import Again, Choose
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.engine.understanding import Understood, understand
from handlers.services import requests
from handlers.services.places import PlaceFound, mentioned_place
from handlers.services.roles import outlet_of


def understood(turn: Turn, text: str) -> Understood:
    """What a text wants; the gazetteer knows which words are places."""
    return understand(text, lambda words: place_in(turn, words) is not None)


async def in_crisis(turn: Turn, text: str) -> bool:
    """Suicidal words, a child at risk, violence at home: answered wherever they are said."""
    if await conversation.chosen_here(turn, text):
        return False  # "they died" may be an answer
    seen = understand(text, lambda _: False)  # whether it is a place does not matter here
    if seen.intent != "crisis" or "danger" not in seen.slots:
        return False  # what only sounds like it is left to where it was said
    if seen.slots["danger"] != "suicide" and await role_words.refuses_code(turn, text):
        return False  # a shop's reason ("under 16"): a coordinator reads it
    await crisis.answer(turn, seen)
    return True


async def yes_or_no(turn: Turn, step: Choose, text: str) -> str | None:
    """ "aye go on then": understood as a yes, where a yes is what is asked."""
    if not text or not {"yes", "no"} <= set(step.options) or len(text) > 60:
        return None
    seen = understood(turn, text)
    if (turn.flow, step.name) == ("request_kit", "age"):
        said = _age_said(seen.slots)  # "im 34"
        if said is None and (found := _MY_AGE.fullmatch(plain(text))):
            said = int(found.group(1)) >= ADULT  # "im 34 lol"
        return None if said is None else "yes" if said else "no"
    return seen.intent if seen.intent in ("yes", "no") else None


def note_age(turn: Turn, step: Choose, text: str) -> None:
    """ "yes im over 18" to the notice: not asked again."""
    if (turn.flow, step.name) != ("consent", "ok") or turn.contact.adult is not None:
        return
    if (said := _age_said(understood(turn, text).slots)) is not None:
        turn.change(adult=said)


async def kept_for_later(turn: Turn, text: str) -> bool:
    """Who for, where, which kind, said while the notice or the age is asked: known when it is."""
    here = conversation.current(turn)
    early = here is not None and (here[0].name, here[1].name) in EARLY
    if not early or turn.data.get("then", "request_kit") != "request_kit":
        return False
    facts = _slots(turn, text, understood(turn, text).slots)
    if not facts:
        return False
    turn.data.update(facts)
    await conversation.ask(turn, Again("kept"))
    return True


EARLY = (("consent", "ok"), ("request_kit", "age"), ("request_kit", "who"))


async def by_meaning(turn: Turn, step: Choose, text: str) -> str | None:
    """A softer second try: a fact the sentence gives that is an option here, or one of the places.

    "its for our kid" is somebody they know; "yeah" takes the only place there is to choose from.
    """
    if not text or len(text) > 60 or step.careful:
        return None
    seen = understood(turn, text)
    if step.options_now and "none" in step.options:
        return await _one_of_the_places(turn, text, seen)
    values = {seen.slots.get(slot) for slot in ("who", "reason", "kit")} & set(step.options)
    return values.pop() if len(values) == 1 else None


async def _one_of_the_places(turn: Turn, text: str, seen: Understood) -> str | None:
    here = conversation.current(turn)
    if here is None or not isinstance(here[1], Choose):
        return None
    labels = await conversation.options(turn, here[0], here[1], turn.locale)
    said = f" {plain(text)} "
    places = [name for name in labels if name != "none"]
    named = [name for name in places if f" {plain(labels[name].partition(',')[0])} " in said]
    if seen.intent == "yes" and len(places) == 1:
        return places[0]
    return named[0] if len(named) == 1 and seen.intent != "no" else None


ADULT = 18
_MY_AGE = re.compile(
    r"(?:yeah |yes |no )?(?:im |i'm |i am )?([1-9]\d)(?: (?:lol|mate|now|ffs|m8|haha|x))*"
)
_KITS = re.compile(r"(?i)\b([1-9]|10)\s*(?:x\s*)?(?:naloxone\s+)?(?:kits?|packs?|boxes)\b")
NEWS = (
    *("anyone coming", "any one coming", "somebody coming", "someone coming", "are you coming"),
    *("any news", "where are they", "where is he", "where is she", "when will"),
    *("whats the code", "what's the code", "what is the code", "code again", "is it coming"),
    *("where is it again", "where was it", "where do i go", "which chemist", "which pharmacy"),
    *("had to go", "couldnt make it", "couldn't make it", "could not make it", "how long"),
    *("whats happening", "what's happening", "whats going on", "still waiting"),
)


_LASTS = re.compile(r"\b(?:last|wear|work|in (?:your|my|the) (?:system|body|blood))")


async def asks_for_news(turn: Turn, text: str) -> bool:
    """ "is anyone coming??" while a request is open: how it stands."""
    said = plain(text)
    if not any(phrase in said for phrase in NEWS) or _LASTS.search(said):
        return False
    if not await requests.open_request_of(turn.work, turn.id):
        return False
    await open_request.say_status(turn)
    return True


FROM_OUTLETS = (
    *("talk_to_human", "help", "greeting", "thanks", "stop", "start"),
    *("delete_data", "language_change", "abuse", "spam"),
)
"""What is understood from an outlet's phone. It asks for kits and cards by the exact word only: a
guess there is a slip in an outlet's own words."""
FEW_WORDS = 4  # "vallies": more words that are not understood say more than a topic's name


async def another_place(turn: Turn, text: str) -> bool:
    """A place typed at a later question puts the place right."""
    if turn.flow != "request_kit" or not turn.data.get("place"):
        return False
    found = place_in(turn, text)
    if found is None:
        return False
    turn.data["place"] = consent.place_data(found)
    await conversation.proceed(turn, "covered")
    return True


async def aside(turn: Turn, text: str) -> bool:
    """A side question in the middle ("what are the signs again?"): answered, then the question."""
    seen = understood(turn, text)
    if await talk.picked(turn, text, seen.slots.get("help", "")):
        return True
    asked = turn.flow == "advice"  # an outlet's phone is told no topic by guess
    guessed = seen.intent == "advice" and not await outlet_of(turn.work, turn.contact)
    if (asked or guessed) and await _advised(turn, seen, text):
        return True
    if seen.intent == "talk_to_human":
        await talk.begin(turn, text, seen.slots.get("help", ""))
        return True
    if seen.intent != "stop":
        return False
    turn.say("consent.quit")
    await conversation.ask(turn)
    return True


async def meant(turn: Turn, text: str) -> None:
    """No question is open: what was meant, or the menu."""
    if not text.strip():
        turn.say("common.empty")
        return
    seen = understood(turn, text)
    if seen.intent not in FROM_OUTLETS and await outlet_of(turn.work, turn.contact):
        turn.journal("Unmatched")
        turn.say("outlet.unmatched")
        return
    intents = (seen.intent, *seen.also)
    data = _slots(turn, text, seen.slots)
    if turn.contact.adult is None and (said := _age_said(seen.slots)) is not None:
        turn.change(adult=said)
    a_word = len(text.split()) <= FEW_WORDS
    no_place = seen.intent == "location" and "place" not in data  # it only sounds like one
    if _wants_somebody(seen, data):
        await talk.begin(turn, text, seen.slots["help"])
        return
    topic = seen.slots.get("topic", "")
    if {"advice", "request_kit"} <= set(intents) and topic and "reason" not in data:
        await advice.say_card(turn, topic)  # "how do i use nyxoid and where can i get one"
    if "replace_kit" in intents or (data.get("reason") and "request_kit" in intents):
        if data.get("reason") == "used":
            place = {"place": data["place"]} if "place" in data else {}
            told = used_report.said_at_once(turn, text)
            await conversation.begin(turn, "used", wants_kit=True, **place, **told)
        else:
            waits = await requests.open_request_of(turn.work, turn.id)
            again = waits and not data.get("reason")  # one more, or the one that is on its way
            await conversation.begin(turn, "request_kit" if again else "resupply", **data)
    elif seen.intent == "report_used":
        place = {"place": data["place"]} if "place" in data else {}
        await conversation.begin(turn, "used", **place, **used_report.said_at_once(turn, text))
    elif "request_kit" in intents or (seen.intent == "location" and not no_place):
        await conversation.begin(turn, "request_kit", **data)
    elif seen.intent == "find_pharmacy":
        found = place_in(turn, text)
        if found:
            await near.say_near(turn, found)
        else:
            await conversation.begin(turn, "near")
    elif seen.intent == "advice":
        if not await _advised(turn, seen, text):
            await conversation.begin(turn, "advice")
    elif seen.intent == "talk_to_human":
        await talk.begin(turn, text, seen.slots.get("help", ""))
    elif seen.intent == "help":
        await menu.help_(turn)
    elif seen.intent == "greeting":
        menu.greet(turn)
    elif seen.intent == "thanks":
        turn.say("common.thanks")
    elif seen.intent == "stop":
        turn.say("consent.quit")
    elif seen.intent == "start":
        await consent.start_again(turn)
    elif seen.intent == "delete_data":
        await consent.my_data(turn)
    elif seen.intent == "language_change":
        await conversation.begin(turn, "language")
    elif seen.intent == "abuse":
        await menu.fed_up(turn)
    elif seen.intent == "spam":
        turn.journal("SpamIgnored")
    elif not (a_word and await _advised(turn, seen, text)):
        await menu.unmatched(turn)


def _wants_somebody(seen: Understood, data: dict[str, Any]) -> bool:
    """ "prison link": one of the service's own, where the words say nothing else."""
    only_sounds = seen.intent in ("unclear", "advice", "location")
    asks = data.keys() & {"place", "kit", "reason"}
    return only_sounds and "help" in seen.slots and "topic" not in seen.slots and not asks


async def _advised(turn: Turn, seen: Understood, text: str) -> bool:
    """The card, or a choice of cards, where the words find any."""
    return await advice.answer(turn, await advice.meant(turn, seen.slots.get("topic", ""), text))


def _age_said(slots: dict[str, str]) -> bool | None:
    """ "im 15": under 18; "im 34": not; None where nothing was said."""
    if "under_18" in slots:
        return False
    return True if "adult" in slots else None


def _slots(turn: Turn, text: str, slots: dict[str, str]) -> dict[str, Any]:
    """What was already said and need not be asked: place, kind, who for, reason."""
    data: dict[str, Any] = {}
    if found := place_in(turn, text):
        data["place"] = consent.place_data(found)
    for slot, name in (("kit", "kit"), ("reason", "reason")):
        if slots.get(slot):
            data[name] = slots[slot]
    if slots.get("who"):
        data["who"] = slots["who"]
    if slots.get("who") == "professional" and (kits := _KITS.search(text)):
        data["quantity"] = int(kits.group(1))
    return data


def place_in(turn: Turn, text: str) -> PlaceFound | None:
    around = (turn.service.lat, turn.service.lon) if turn.service else None
    return mentioned_place(text, turn.world.gazetteer, around)

"""Advice: cards by group, by the words somebody uses, or as the answer to a side question.

No account and no consent needed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from content import library, pictures
from content.topics import find_topics, groups, title, topics
from db.models import Button
from handlers.engine import conversation
from handlers.engine.flow import END, Choose, Do, Flow, Next, leads_to
from handlers.engine.matching import plain
from handlers.engine.turn import Turn
from handlers.services import help_lines
from handlers.services.holdings import held_by
from handlers.services.products import form_of
from handlers.services.roles import peer_of
from handlers.services.rules import rules_of
from handlers.services.sign_offs import signed_names

GIVING = "giving"
CARDS_OF = {"nasal": ("nyxoid", "ventizolve"), "injectable": ("prenoxad",)}
"""How a kit is given, by its kind; ``giving`` is the card of all kinds."""
FEW_WORDS = 4


async def asked_by_name(turn: Turn, text: str) -> bool:
    """ "ADVICE benzos": the word for advice with a topic behind it."""
    first, _, rest = plain(text).partition(" ")
    if library.global_words(turn.tongue).get(first) != "advice":
        return False
    return await answer(turn, find_topics(rest, turn.tongue))


async def meant(turn: Turn, topic: str, text: str) -> list[str]:
    """The topics a question is about: the one understood, or those its words find.

    A peer's few words are mostly about their kits: of those no topic is guessed by a typo.
    """
    if topic in topics():
        return [topic]
    short = len(text.split()) <= FEW_WORDS and turn.flow != "advice"
    exact = short and await peer_of(turn.work, turn.id) is not None
    return find_topics(text, turn.tongue, exact=exact)


async def answer(turn: Turn, found: Sequence[str]) -> bool:
    """One topic is shown, of several it is asked which; the question on the table comes again."""
    if not found:
        return False
    found = await _theirs_first(turn, found)
    if len(found) > 1:
        await conversation.begin(turn, "advice", found=list(found))
        return True
    if turn.flow == "advice":
        await conversation.proceed(turn, await show_card(turn, found[0]))
        return True
    await say_card(turn, found[0])
    if turn.flow:
        await conversation.ask(turn)
    else:
        _say_more(turn, found[0])
    return True


async def _theirs_first(turn: Turn, found: Sequence[str]) -> Sequence[str]:
    """ "How do I use it", of who has one kind of kit: that kind comes first, all kinds last."""
    if list(found) != [GIVING] or turn.service is None:
        return found
    rules = rules_of(turn.service)
    kinds = {form_of(kit.product, rules) for kit in await held_by(turn.work, turn.id)}
    return (*CARDS_OF.get(kinds.pop(), ()), GIVING) if len(kinds) == 1 else found


async def say_card(turn: Turn, topic: str) -> None:
    """Say one card, with its drawing where that may be shown."""
    if topic == "support_lines":
        lines = help_lines.said(turn.service, turn.contact, turn.now.date(), turn.locale)
        turn.say("advice.lines", lines=lines)
    else:
        turn.say(f"advice/{topic}.short", picture=await _picture(turn, topics()[topic].picture))


async def _picture(turn: Turn, name: str) -> str:
    """A drawing's name, or "" for none: a text message takes none, a quiet chat shows none."""
    if turn.channel != "telegram" or turn.contact.quiet:
        return ""
    drawing = pictures.picture(name)
    signed: Collection[str] = ()
    if drawing and drawing.clinical:
        signed = await signed_names(turn.work, library.DEFAULT, turn.contact.service_id)
    return name if pictures.may_show(name, signed) else ""


def _say_more(turn: Turn, topic: str) -> None:
    """The way on from a card; an address says too much on a phone that others look at."""
    language = f"?lang={turn.locale}" if turn.locale != library.DEFAULT else ""
    shows_link = turn.world.public_url and not turn.contact.quiet
    turn.say(
        "advice.more",
        link=f"{turn.world.public_url}/help/{topic}{language}" if shows_link else "",
        buttons=(
            Button(library.label(turn.locale, "advice", "another"), "=ADVICE"),
            Button(library.label(turn.locale, "menu", "kit"), "=KIT"),
        ),
    )


@leads_to(END)
async def show_card(turn: Turn, topic: str) -> Next:
    """One card and the way on, then out."""
    await say_card(turn, topic)
    _say_more(turn, topic)
    return END


@leads_to("group", "which")
async def start(turn: Turn, _: str) -> Next:
    """By group, or by what somebody's words found."""
    return "which" if turn.data.get("found") else "group"


@leads_to("topic")
async def show_group(turn: Turn, group: str) -> Next:
    """Which of a group's topics?"""
    turn.data["group"] = group
    return "topic"


async def in_group(turn: Turn) -> dict[str, str | None]:
    """The topics of the chosen group."""
    return _titled(turn, groups()[turn.data["group"]])


async def of_found(turn: Turn) -> dict[str, str | None]:
    """The topics that the words found."""
    return _titled(turn, turn.data["found"])


def _titled(turn: Turn, names: Sequence[str]) -> dict[str, str | None]:
    return {name: title(turn.locale, name) for name in names}


ADVICE = Flow(
    "advice",
    (
        Do("start", start),
        Choose("group", tuple(groups()), then=show_group),
        Choose("topic", (), then=show_card, options_now=in_group),
        Choose("which", (), then=show_card, options_now=of_found),
    ),
)

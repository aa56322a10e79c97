"""The code on a pack, or a batch typed from the box: is mine affected? Anybody may ask.

Nothing is noted of who asks, unless they say yes to a text if that changes.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from db.models import Holding, PackCode, Service
from handlers.engine.conversation import ask, begin, current
from handlers.engine.flow import END, Choose, Do, Enter, Flow, Go, Next, leads_to
from handlers.engine.turn import Turn
from handlers.recalls import told_of
from handlers.services import recalls
from handlers.services.contacts import all_services, give_consent, has_consent
from handlers.services.holdings import is_over
from handlers.services.pack_codes import looks_like_pack_code, pack_of, show_pack_code
from handlers.services.products import product_words
from handlers.services.rules import LONDON, rules_of

WRONG_AN_HOUR = 10
HOUR = timedelta(hours=1)
_CHECK = re.compile(r"(?i)^\s*check\s+([a-z0-9][a-z0-9/-]{2,19})\s*$")

_BATCH = re.compile(r"(?i)[a-z]{1,3}\d{3,6}[a-z]?")
_OF_A_BATCH = re.compile(r"(?i)\b(?:recall(?:ed|s)?|batch|lot|faulty|mine says|it says)\b")


async def asked(turn: Turn, text: str) -> bool:
    """A pack's code, or CHECK and a batch; False if the text is neither."""
    if found := _CHECK.match(text):
        if looks_like_pack_code(found[1]):
            return await _code(turn, found[1])
        await _batch(turn, found[1].upper())
        return True
    here = current(turn)
    if not looks_like_pack_code(text) or (here and here[0].name == "holder"):
        return False
    if here and isinstance(here[1], Enter) and await pack_of(turn.work, text) is None:
        return False  # some other answer in their own words
    return await _code(turn, text)


async def named(turn: Turn, text: str) -> bool:
    """A pack's code, or a batch that is spoken of, inside a sentence."""
    words = [word.strip(".,!?;:()'\"") for word in text.split()]
    if len(words) < 2 or turn.flow == "holder":
        return False
    for word in words:
        if looks_like_pack_code(word) and ("-" in word or await pack_of(turn.work, word)):
            return await _code(turn, word)
    batches = [word.upper() for word in words if _BATCH.fullmatch(word)]
    if not batches or not _OF_A_BATCH.search(text):
        return False
    await _batch(turn, batches[0])
    return True


async def _code(turn: Turn, text: str) -> bool:
    if _wrong_lately(turn) >= WRONG_AN_HOUR:
        turn.say("pack.too_many")
        return True
    pack = await pack_of(turn.work, text)
    if pack is None:
        _count_wrong(turn)
        turn.say("pack.unknown", code=text.strip().upper())
        return True
    turn.scene.journal("PackAsked", service_id=pack.service_id, code=pack.code)
    if pack.status == "replaced":
        turn.say("pack.replaced", code=show_pack_code(pack.code))
        return True
    await begin(turn, "pack", pack=pack.id)
    return True


def _wrong_lately(turn: Turn) -> int:
    since, n = turn.memory.get("pack_wrong") or ("", 0)
    return n if since and turn.now - datetime.fromisoformat(since) < HOUR else 0


def _count_wrong(turn: Turn) -> None:
    n = _wrong_lately(turn)
    since = turn.memory["pack_wrong"][0] if n else turn.now.isoformat()
    turn.memory["pack_wrong"] = [since, n + 1]


async def _batch(turn: Turn, batch: str) -> None:
    """CHECK N2402: what we know of a batch, theirs or not."""
    services = [turn.service] if turn.service else await all_services(turn.work)
    for service in services:
        for recall in await recalls.open_recalls(turn.work, service.id):
            if batch in recall.batches and turn.flow == "recalled":
                await ask(turn)  # theirs, and what to look for is asked already
                return
            if batch in recall.batches:
                mine = await recalls.note_asked(turn.work, recall, batch, turn.id)
                told = {**told_of(recall, mine), "batch": batch}
                await begin(turn, "recalled", **told)
                return
    turn.say("pack.batch_fine", batch=batch)


# --- a code that is ours -----------------------------------------------------------------------


async def _pack(turn: Turn) -> tuple[PackCode, Service]:
    pack = await turn.work.need(PackCode, turn.data["pack"])
    return pack, await turn.work.need(Service, pack.service_id)


@leads_to("alert", "keep", END, "flow:recalled")
async def start(turn: Turn, _: str) -> Next:
    """A warning; or none, and the offer to say so if that changes."""
    if turn.data.get("yes"):  # said before the notice, which had to come first
        return "keep"
    pack, service = await _pack(turn)
    if recall := await recalls.recall_of(turn.work, service, pack.product, pack.batch):
        notice = await recalls.note_code(turn.work, recall, pack.batch, pack.code)
        return Go("recalled", data=told_of(recall, [notice]))
    if is_over(pack.expiry, turn.now.astimezone(LONDON).date()):
        turn.say("pack.over", **await alert_values(turn))
        return END
    noted = await turn.work.find(Holding, contact_id=turn.id, code=pack.code)
    elsewhere = turn.service is not None and turn.service.id != service.id
    if noted or elsewhere:
        turn.say("pack.fine", **await alert_values(turn))
        return END
    return "alert"


async def alert_values(turn: Turn) -> dict[str, Any]:
    """What we know of the pack."""
    pack, service = await _pack(turn)
    return {
        "code": show_pack_code(pack.code),
        "product": product_words(turn.locale, pack.product, rules_of(service)),
        "batch": pack.batch,
        "expiry": f"{pack.expiry:%m/%Y}" if pack.expiry else "",
    }


@leads_to("keep", "flow:consent", END)
async def alert(turn: Turn, answer: str) -> Next:
    """From a yes on something is kept, so the notice comes first."""
    if answer == "no":
        turn.say("pack.nothing_kept")
        return END
    if turn.service is None:
        turn.join((await _pack(turn))[1])
    if await has_consent(turn.work, turn.contact, "service"):
        return "keep"
    return Go("consent", data={"then": "pack", "pack": turn.data["pack"], "yes": True})


@leads_to("flow:keep_in_touch")
async def keep(turn: Turn, _: str) -> Next:
    """Their yes to hear of a fault; whether they want the reminder too is asked next."""
    pack, _service = await _pack(turn)
    give_consent(turn.work, turn.contact, "recall", True, "pack.alert")
    turn.journal("ConsentGiven", purpose="recall")
    kit = {
        "product": pack.product,
        "batch": pack.batch,
        "expiry": pack.expiry.isoformat() if pack.expiry else "",
        "code": pack.code,
    }
    return Go("keep_in_touch", data={"kit": kit, "asked": ["recall"]})


PACK = Flow(
    "pack",
    (
        Do("start", start),
        Choose("alert", ("yes", "no"), alert, "words", values=alert_values, careful=True),
        Do("keep", keep),
    ),
    slight=True,
)

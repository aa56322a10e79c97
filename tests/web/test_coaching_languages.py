"""Answers in another language while an emergency is open: nothing bad is taken for better."""

from __future__ import annotations

import pytest

from db.models import Address, Conversation
from tests.harness import Kitline
from tests.web.test_emergency_languages import CRIES

NOT_BREATHING = {
    "cy": ("na", "ddim yn anadlu"),
    "pl": ("nie", "nie oddycha"),
    "ro": ("nu", "nu respiră", "2"),
    "pa": ("ਨਹੀਂ", "ਸਾਹ ਨਹੀਂ ਆਉਂਦਾ"),
    "pa-Latn": ("nahi", "saah nahi aunda"),
    "ur": ("nahi", "saans nahi aa rahi"),
    "ar": ("لا", "لا يتنفس"),
    "lt": ("ne", "nekvepuoja"),
    "pt": ("não", "nao está a respirar"),
}
NO_BETTER = {
    "cy": ("ddim yn anadlu, ddim yn deffro", "dydy'r ambiwlans ddim yma"),
    "pl": ("nie oddycha, nie budzi się", "karetka jeszcze nie przyjechała", "czy karetka jest"),
    "ro": (
        "nu respiră, nu se trezește",
        "nu e conștient",
        "nu a venit ajutorul",
        "când vine ajutorul",
    ),
    "pa": ("ਹੋਸ਼ ਵਿੱਚ ਨਹੀਂ", "ਮਦਦ ਨਹੀਂ ਆਈ"),
    "pa-Latn": ("hosh vich nahi", "madad nahi aa gayi"),
    "ur": ("na hil raha hai na saans le raha hai", "kya madad aa gayi"),
    "ar": ("ليس مستيقظاً", "لم تصل المساعدة", "هل وصلت المساعدة الآن"),
    "lt": ("nkvėpuoja", "ar pagalba jau čia"),
    "pt": ("não respira, não acorda", "ainda não, a ajuda chegou?"),
}


async def _open(line: Kitline, address: str, language: str) -> None:
    """At the second question: are they breathing?"""
    await line.say(address, CRIES[language])
    await line.say(address, "5")  # no naloxone


async def _talk(line: Kitline, address: str) -> Conversation:
    (found,) = [a for a in await line.read(Address) if a.address == address]
    talk: Conversation = (await line.read(Conversation, id=found.contact_id))[0]
    return talk


@pytest.mark.parametrize("language", CRIES)
async def test_not_breathing_is_understood(sms: Kitline, language: str) -> None:
    for n, said in enumerate(NOT_BREATHING[language]):
        address = f"+4477009003{n:02}"
        await _open(sms, address, language)
        assert (await _talk(sms, address)).step == "breathing"
        await sms.say(address, said)
        talk = await _talk(sms, address)
        assert (talk.step, talk.memory["data"]["breathing"]) == ("no_kit", "no"), said


@pytest.mark.parametrize("language", CRIES)
async def test_nothing_bad_is_taken_for_better(sms: Kitline, language: str) -> None:
    for n, said in enumerate(NO_BETTER[language]):
        address = f"+4477009004{n:02}"
        await _open(sms, address, language)
        await sms.say(address, said)
        talk = await _talk(sms, address)
        assert talk.flow == "overdose", said
        assert talk.step not in ("awake", "helped"), said
        assert talk.memory["data"].get("breathing") in (None, "no"), said

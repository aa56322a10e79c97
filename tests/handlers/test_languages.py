"""Languages: noticed, offered once, drafts told from signed texts."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from content import library, signing
from content.languages import languages
from content.phrasebook import fold
from content.segments import segment_count
from db.models import Address, Contact, Fact, Flag, Service, SignOff
from db.reference.gazetteer import Gazetteer
from handlers.contents import FLOWS
from handlers.engine import checks
from handlers.engine.emergency import emergency
from handlers.engine.languages import heard_in, language_of, named
from handlers.engine.speech import CARD, OFFER, Ears
from handlers.language import call_back_kind
from tests.harness import Kitline, kitline
from tests.web.calls import AMY

PHRASES = Path(__file__).parents[1] / "data" / "phrases_dev.csv"
OURS = {"en": "", "sco": "", "zxx": "", "pa-Guru": "pa", "ur-Latn": "ur"}


def phrases() -> list[tuple[str, str]]:
    """Every example with the code we should give it; those that mix languages are nobody's."""
    with PHRASES.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["lang"] != "mul"]
    return [(row["text"], OURS.get(row["lang"], row["lang"])) for row in rows]


# --- which language a message is in ------------------------------------------------------------


def test_english_is_never_taken_for_another_language() -> None:
    assert [(text, language_of(text)) for text, code in phrases() if not code] == [
        (text, "") for text, code in phrases() if not code
    ]


def test_sentences_in_another_language_are_told() -> None:
    long = [(text, code) for text, code in phrases() if code and len(text.split()) > 2]
    wrong = [(text, code, language_of(text)) for text, code in long if language_of(text) != code]
    assert len(long) > 60
    assert len(wrong) <= len(long) // 20, wrong


@pytest.mark.parametrize("text", ["tak", "da", "ne", "na", "sim", "nie nie", "", "999", "Łukasz"])
def test_a_word_or_two_is_too_little(text: str) -> None:
    assert language_of(text) == ""


def test_urdu_in_its_own_letters_is_not_taken_for_arabic() -> None:
    assert language_of("وہ سانس نہیں لے رہا") == "ur"
    assert language_of("لا يتنفس") == "ar"


def test_the_rules_help_where_words_do_not() -> None:
    assert heard_in("ratunku", "pl") == "pl"
    assert heard_in("uth nahi", "pa") == "pa-Latn"  # typed in Latin letters
    assert heard_in("gonnae help", "sco") == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Po polsku!", "pl"),
        ("in Polish please", "pl"),
        ("CYMRAEG", "cy"),
        ("English", "en"),
        ("ਪੰਜਾਬੀ", "pa"),
        ("عربي", "ar"),
        ("polish my shoes", ""),
    ],
)
def test_a_language_asked_for_by_name(text: str, code: str) -> None:
    assert named(text) == code


def test_a_language_is_called_by_one_name_only() -> None:
    calls = [call for one in languages().values() for call in one.calls]
    assert len(calls) == len(set(calls))
    assert set(languages()) == set(library.locales())


# --- what is said in it ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ears", "name", "said"),
    [
        (Ears("en"), "overdose.card", ("en",)),
        (Ears("en", "ro"), "overdose.card", ("en", "ro")),
        (Ears("en", "ro"), "menu.main", ("en",)),
        (Ears("pl", drafts_on=False), "menu.main", ("en",)),
        (Ears("pl", drafts_on=True), "menu.main", ("pl",)),
        (Ears("pl", signed=frozenset({"menu.main"})), "menu.main", ("pl",)),
        (Ears("pl", signed=frozenset({"menu.main"})), "menu.help", ("en",)),
        (Ears("en", "pl", drafts_on=True), "menu.main", ("en",)),  # noticed, not yet chosen
        (Ears("ro", drafts_on=True), "crisis.lines", ("en", "ro")),
        (Ears("ro", drafts_on=False), "crisis.lines", ("en", "ro")),
        (Ears("ro", signed=frozenset({"crisis.lines"})), "crisis.lines", ("ro",)),
        (Ears("ro", signed=frozenset({CARD})), CARD, ("en", "ro")),
        (Ears("en", "ar", drafts_on=True), "consent.stopped", ("ar",)),
        (Ears("en", "ar", drafts_on=False), "consent.stopped", ("en",)),
    ],
)
def test_the_languages_of_a_text(ears: Ears, name: str, said: tuple[str, ...]) -> None:
    assert ears.languages_for(name) == said


def test_labels_follow_what_is_read() -> None:
    assert Ears("pl", drafts_on=True).labels == "pl"
    assert Ears("pl", signed=frozenset({OFFER})).labels == "pl"
    assert Ears("pl", signed=frozenset({CARD})).labels == "en"
    assert Ears("ro", drafts_on=True).labels == "en"  # there are no labels


# --- words and labels --------------------------------------------------------------------------


def test_no_stop_word_means_something_else_in_any_language() -> None:
    stop = {word for word in library.stop_words() if word not in _english_stop()}
    for locale in library.locales():
        other = {fold(w) for w, name in library.global_words(locale).items() if name != "stop"}
        assert not stop & other, locale
        words = checks.words_of(FLOWS, library.option, locale)
        typed = {fold(word): where for where, one in words.items() for word in one.words}
        assert not {word: typed[word] for word in stop & typed.keys()}, locale


def _english_stop() -> set[str]:
    return {fold(w) for w, name in library.global_words("en").items() if name == "stop"}


@pytest.mark.parametrize("locale", library.locales())
def test_the_emergency_button_is_an_emergency_in_every_language(locale: str) -> None:
    for label in ("emergency", "help_now"):
        assert emergency(library.label(locale, "keyboard", label)).is_emergency, label


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("ŵ" * 70, 1),  # Welsh: one such letter and the whole text costs more
        ("ŷ" + "a" * 69, 1),
        ("ŷ" + "a" * 70, 2),
        ("ż" + "a" * 133, 2),
        ("ż" + "a" * 134, 3),
        ("ا" * 201, 3),
        ("ਸ" * 202, 4),
        ("é" * 160, 1),  # in the cheap alphabet
        ("ê" + "a" * 70, 2),  # not in it
    ],
)
def test_what_a_text_costs(text: str, segments: int) -> None:
    assert segment_count(text) == segments


# --- a real service ----------------------------------------------------------------------------


@pytest.fixture
async def line(sqlite_url: str, secret_key: str, gazetteer: Gazetteer) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer, "sms") as made:
        await _set(made, "")
        yield made


async def _set(line: Kitline, drafts: str, *signed: str) -> None:
    """The service's rule about drafts, and texts somebody signed off in Polish."""
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        for service in await work.find(Service):
            work.save(replace(service, rules={**service.rules, "draft_languages": drafts}))
        for name in signed:
            print_of = signing.fingerprint("pl", name)
            due = date(2027, 6, 1)
            work.save(
                SignOff(work.new_id(), work.now, "pl", name, print_of, "A B", "coordinator", due)
            )
        await work.flush()


async def _heard(line: Kitline) -> list[str]:
    return [said.text for to, said, _ in await line.new_messages() if to == AMY]


async def _contact(line: Kitline) -> Contact:
    (address,) = [a for a in await line.read(Address) if a.address == AMY]
    found: Contact = (await line.read(Contact, id=address.contact_id))[0]
    return found


async def test_where_drafts_are_off_english_is_sent_and_a_person_offered(line: Kitline) -> None:
    await line.say(AMY, "potrzebuję zestaw z naloksonem")
    said = await _heard(line)
    assert "someone who speaks Polish to get in touch" in said[-1]
    assert all(text.isascii() for text in said)
    await line.say(AMY, "tak")
    assert "passed it on" in (await _heard(line))[0]
    assert [flag.kind for flag in await line.read(Flag)] == ["call_back_pl"]


async def test_where_drafts_are_switched_on_the_language_is_offered(line: Kitline) -> None:
    await _set(line, "pl")
    await line.say(AMY, "potrzebuję zestaw z naloksonem")
    assert (await _heard(line))[-1].startswith(library.text("pl", OFFER))
    await line.say(AMY, "TAK")
    said = await _heard(line)
    assert said[0] == library.text("pl", "language.changed")
    assert (await _contact(line)).locale == "pl"
    chosen = [fact.data for fact in await line.read(Fact) if fact.fact == "LanguageChosen"]
    assert chosen == [{"language": "pl"}]


async def test_a_signed_text_is_sent_whatever_the_rule(line: Kitline) -> None:
    await _set(line, "", OFFER, "language.changed", "menu.main")
    await line.say(AMY, "jestem w domu i potrzebuję zestaw")
    assert (await _heard(line))[-1].startswith(library.text("pl", OFFER))
    await line.say(AMY, "TAK")
    assert (await _heard(line))[0] == library.text("pl", "language.changed")
    await line.say(AMY, "MENU")
    menu = (await _heard(line))[0]
    assert menu == library.text("pl", "menu.main", "sms", team="Grimsby Kit Line")
    await line.say(AMY, "HELP")
    assert (await _heard(line))[0].startswith("I am the automatic text line")


async def test_it_is_offered_once_and_stands_in_nobodys_way(line: Kitline) -> None:
    await _set(line, "pl")
    await line.say(AMY, "potrzebuję zestaw z naloksonem")
    first = await _heard(line)
    assert sum(library.text("pl", OFFER) in text for text in first) == 1
    await line.say(AMY, "co to jest, nie rozumiem tego wszystkiego")
    await line.say(AMY, "YES please")
    assert not any(library.text("pl", OFFER) in text for text in await _heard(line))
    assert (await _contact(line)).locale == "en"


async def test_a_number_answers_the_question_before(line: Kitline) -> None:
    await _set(line, "pl")
    for text in ("KIT", "YES", "YES"):
        await line.say(AMY, text)
    await line.say(AMY, "potrzebuję zestaw z naloksonem")
    assert (await _heard(line))[-1].startswith(library.text("pl", OFFER))
    await line.say(AMY, "2")  # someone I know
    assert (await _heard(line))[-1].startswith("Where are you?")
    assert (await _contact(line)).locale == "en"


async def test_stop_is_heard_in_every_language(line: Kitline) -> None:
    for word in ("Koniec", "إيقاف", "band karo", "sustabdyti", "parar", "oprește", "ਬੰਦ ਕਰੋ"):
        await line.say(AMY, word)
        assert (await _contact(line)).stopped_at, word
        assert "Stopped." in (await _heard(line))[0]
        await line.say(AMY, "START")
        await _heard(line)


async def test_stop_in_another_language_is_not_taken_in_an_open_emergency(line: Kitline) -> None:
    """ "توقف" may be said of somebody's breathing."""
    await line.say(AMY, "hes not breathing help")
    await line.say(AMY, "توقف")
    assert (await _contact(line)).stopped_at is None


async def test_a_language_named_in_an_emergency_brings_the_question_in_it(line: Kitline) -> None:
    await line.say(AMY, "hes not breathing help")
    await _heard(line)
    await line.say(AMY, "romana")
    assert (await _contact(line)).locale == "ro"
    assert (await _heard(line))[0].startswith("What 999 says goes first")


async def test_who_asks_for_a_person_is_called_back_in_their_language(line: Kitline) -> None:
    await line.say(AMY, "hei, vreau sa vorbesc cu cineva, nu inteleg nimic")
    await line.say(AMY, "TALK")
    await line.say(AMY, "1")
    assert [flag.kind for flag in await line.read(Flag)] == ["call_back_ro"]


@pytest.mark.parametrize("code", [code for code in languages() if code != "en"])
def test_a_coordinator_reads_which_language_is_wanted(code: str) -> None:
    assert library.label("en", "flag", call_back_kind(code)).startswith("someone who speaks ")


@pytest.mark.parametrize("postcode", ["LA1 3AM", "LA1 5DE", "JE2 1AA", "SE1 2NU"])
def test_a_postcode_is_in_no_language(postcode: str) -> None:
    assert language_of(postcode) == ""

"""Words that code puts into texts: said in the language of the text they go into."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.commands.checks import labels_in
from bot.commands.shelves import shelf, words_file
from content import checks, library
from content.languages import languages
from content.library import Listed, Words, saying
from db.models import Address, Claim, Contact, KitRequest, Outlet, Peer, Service, Staff
from db.reference.gazetteer import Gazetteer
from handlers.relay import mask
from handlers.services.codes import show_claim_code
from handlers.services.geo import KM_PER_MILE, distance_words
from handlers.services.hours import opening
from handlers.services.rules import clock_words
from tests.harness import Kitline, kitline

AMY, SAM, ROBIN = "+447700900101", "+447700900011", "+447700900051"
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LATE = "Mo-Su 20:00-02:00"
SHOP = "Mo-Fr 09:00-17:30; Sa 09:00-12:00"


def in_all(words: Words) -> str:
    """In English, Welsh and Polish."""
    return "|".join(library.said(locale, words) for locale in ("en", "cy", "pl"))


# --- each kind ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("miles", "error", "words"),
    [
        (
            0.2,
            0.1,
            "less than half a mile away|llai na hanner milltir i ffwrdd|mniej niż pół mili stąd",
        ),
        (0.6, 0.1, "about half a mile away|tua hanner milltir i ffwrdd|około pół mili stąd"),
        (1.0, 0.1, "about 1 mile away|tua 1 filltir i ffwrdd|około 1 mili stąd"),
        (2.0, 0.1, "about 2 miles away|tua 2 filltir i ffwrdd|około 2 mil stąd"),
        (5.0, 0.1, "about 5 miles away|tua 5 milltir i ffwrdd|około 5 mil stąd"),
        (0.3, 0.6, "less than a mile away|llai na milltir i ffwrdd|mniej niż milę stąd"),
        (1.0, 0.9, "less than 2 miles away|llai na 2 filltir i ffwrdd|mniej niż 2 mile stąd"),
        (
            3.0,
            1.5,
            "somewhere between 1 and 5 miles away|rhwng 1 a 5 milltir i ffwrdd|od 1 do 5 mil stąd",
        ),
    ],
)
def test_distances(miles: float, error: float, words: str) -> None:
    assert in_all(distance_words(miles * KM_PER_MILE, error * KM_PER_MILE)) == words


@pytest.mark.parametrize(
    ("n", "mile"),
    [
        *((n, "mile") for n in (2, 3, 4, 22, 24, 122)),
        *((n, "mil") for n in (5, 11, 12, 14, 21, 25, 112)),
    ],
)
def test_polish_counts_miles(n: int, mile: str) -> None:
    assert library.said("pl", saying("saying.under_miles", n=n)) == f"mniej niż {n} {mile} stąd"


@pytest.mark.parametrize(
    ("hours", "now", "words"),
    [
        (SHOP, "11-23 10:00", "open till 5:30|ar agor tan 17:30|otwarte do 17:30"),
        (SHOP, "11-21 10:00", "open till noon|ar agor tan hanner dydd|otwarte do południa"),
        (LATE, "11-23 21:00", "open till 2am|ar agor tan 2:00|otwarte do 2:00"),
        (
            "Mo-Fr 18:00-24:00",
            "11-23 20:00",
            "open till midnight|ar agor tan hanner nos|otwarte do północy",
        ),
        (
            "Mo-Fr 00:00-24:00",
            "11-23 10:00",
            "open till midnight Friday|ar agor tan hanner nos ddydd Gwener|"
            "otwarte do północy (w piątek)",
        ),
        (SHOP, "11-23 08:00", "opens at 9|yn agor am 9:00|otwarte od 9:00"),
        (LATE, "11-23 10:00", "opens at 8pm|yn agor am 20:00|otwarte od 20:00"),
        (SHOP, "11-23 18:00", "opens tomorrow at 9|yn agor yfory am 9:00|otwarte jutro od 9:00"),
        (
            "Tu 10:30-12:00",
            "11-20 10:00",
            "opens Tuesday at 10:30|yn agor ddydd Mawrth am 10:30|otwarte we wtorek od 10:30",
        ),
        (
            "Dec 28-31 10:00-12:00",
            "12-10 10:00",
            "opens 29 December at 10|yn agor 29 Rhagfyr am 10:00|otwarte 29 grudnia od 10:00",
        ),
        ("Aug Mo-Fr 10:00-12:00", "11-23 10:00", "closed|ar gau|zamknięte"),
        ("24/7", "11-23 10:00", "open all day and night|ar agor ddydd a nos|otwarte całą dobę"),
        (
            "",
            "11-23 10:00",
            "hours not known: ring first|oriau ddim yn hysbys: ffoniwch gyntaf|"
            "godziny nieznane: najpierw zadzwoń",
        ),
        (
            SHOP,
            "12-25 10:00",
            "bank holiday: ring first|gwyliau banc: ffoniwch gyntaf|dziś święto: najpierw zadzwoń",
        ),
    ],
)
def test_opening_hours(hours: str, now: str, words: str) -> None:
    at = datetime.fromisoformat(f"2026-{now}").replace(tzinfo=UTC)
    assert in_all(opening(hours, at, "England").words) == words


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (timedelta(hours=4), "14:00|14:00|14:00"),
        (timedelta(days=1), "tomorrow 10:00|yfory 10:00|jutro 10:00"),
        (timedelta(days=2), "Wed 10:00|Mer 10:00|śr. 10:00"),
        (timedelta(days=-1), "Sun 10:00|Sul 10:00|niedz. 10:00"),
        (timedelta(days=7), "30/11 10:00|30/11 10:00|30/11 10:00"),
        (timedelta(days=-7), "16/11 10:00|16/11 10:00|16/11 10:00"),
    ],
)
def test_times(later: timedelta, words: str) -> None:
    assert in_all(clock_words(MONDAY + later, MONDAY)) == words


@pytest.mark.parametrize(
    ("expiry", "promised", "words"),
    [
        ("", 0, "2 x - N2402|2 x - N2402|2 x - N2402"),
        ("05/2027", 0, "2 x - N2402 to 05/2027|2 x - N2402 tan 05/2027|2 x - N2402 do 05/2027"),
        ("", 1, "2 x - N2402 (1 promised)|2 x - N2402 (ar gadw: 1)|2 x - N2402 (obiecane: 1)"),
    ],
)
def test_stock(expiry: str, promised: int, words: str) -> None:
    given = {"quantity": 2, "product": "-", "batch": "N2402"}
    marks = Listed((saying("saying.stock_promised", promised=promised),)) if promised else ""
    line = saying("saying.stock_line", **given, expiry=expiry, marks=marks)
    assert in_all(line) == words


@pytest.mark.parametrize("code", sorted({code.partition("-")[0] for code in languages()}))
def test_every_language_has_a_name(code: str) -> None:
    english, welsh, polish = in_all(saying(f"saying.language_{code}")).split("|")
    calls = [one.calls for known, one in languages().items() if known.partition("-")[0] == code]
    assert english.casefold() in frozenset[str]().union(*calls)
    assert len({english, welsh, polish}) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("07700 900123", "(number hidden)|(rhif wedi ei guddio)|(numer ukryty)"),
        ("amy@example.org", "(address hidden)|(cyfeiriad wedi ei guddio)|(adres ukryty)"),
        ("www.example.org", "(link hidden)|(dolen wedi ei chuddio)|(link ukryty)"),
        ("@amy_b", "(name hidden)|(enw wedi ei guddio)|(nazwa ukryta)"),
    ],
)
def test_what_is_hidden_from_the_other_side(text: str, words: str) -> None:
    assert "|".join(mask(text, locale) for locale in ("en", "cy", "pl")) == words


# --- how they get into a text ------------------------------------------------------------------


def test_words_are_said_in_the_language_of_their_text() -> None:
    until = clock_words(MONDAY + timedelta(days=1), MONDAY)
    assert "by tomorrow 10:00" in library.text("en", "ladder.news_offered", until=until)
    assert "erbyn yfory 10:00" in library.text("cy", "ladder.news_offered", until=until)
    assert "najpóźniej jutro 10:00" in library.text("pl", "ladder.news_offered", until=until)


def test_a_language_without_words_of_its_own_has_the_english_ones() -> None:
    assert library.said("lt", saying("saying.tomorrow")) == "tomorrow"


def test_several_in_a_row() -> None:
    row = Listed((saying("saying.tomorrow"), "Sam", saying("saying.friend")), "; ", ".")
    assert in_all(row) == "tomorrow; Sam; Friend.|yfory; Sam; Ffrind.|jutro; Sam; Osoba."
    assert in_all(Listed(())) == "||"


@pytest.mark.parametrize("words", [saying("saying.tomorrow"), Listed(("Sam",))])
def test_nothing_is_said_in_no_language(words: Words) -> None:
    with pytest.raises(TypeError, match="only in a language"):
        f"{words}"


# --- in a conversation -------------------------------------------------------------------------


@pytest.fixture
async def line(sqlite_url: str, secret_key: str, gazetteer: Gazetteer) -> AsyncIterator[Kitline]:
    async with kitline(sqlite_url, secret_key, gazetteer) as made:
        yield made


async def speaks(line: Kitline, number: str, locale: str) -> None:
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        (address,) = [one for one in await work.find(Address) if one.address == number]
        contact = await work.need(Contact, address.contact_id)
        work.save(replace(contact, locale=locale))
        await work.flush()


async def heard(line: Kitline) -> dict[str, list[str]]:
    """What was sent since the last look, by who got it."""
    found: dict[str, list[str]] = {}
    for to, message, _ in await line.new_messages():
        found.setdefault(to, []).append(message.text)
    return found


def vocabulary(locale: str) -> set[str]:
    """Every word of a language's texts, labels and lists of days and months."""
    labels = "\n".join(words for _, words in labels_in(words_file(locale)))
    raw = "\n".join([labels, *(source for _, source in checks.texts(shelf(locale)))])
    shown = re.sub(r"{%.*?%}", " ", raw)
    shown = re.sub(r"{{(.*?)}}", lambda gap: " ".join(re.findall(r'"(.*?)"', gap[1])), shown)
    return set(re.findall(r"[^\W\d_]+", shown.casefold()))


async def names_in(line: Kitline) -> set[str]:
    """The names people and shops have, in any language."""
    rows = [*await line.read(Outlet), *await line.read(Peer), *await line.read(Staff)]
    own = [f"{row.name} {getattr(row, 'address', '')}" for row in rows]
    own += [f"{s.name} {s.rules}" for s in await line.read(Service)]
    own += [r.place for r in await line.read(KitRequest)]
    return set(re.findall(r"[^\W\d_]+", " ".join(own).casefold()))


async def english_in(line: Kitline, texts: list[str]) -> set[str]:
    """English words in texts that should be Polish; codes are letters at random."""
    whole = " ".join(texts)
    codes = [request.ref for request in await line.read(KitRequest)]
    for code in (*codes, *(show_claim_code(claim.code) for claim in await line.read(Claim))):
        whole = whole.replace(code, "")
    said = set(re.findall(r"[^\W\d_]+", whole.casefold()))
    return (said & (vocabulary("en") - vocabulary("pl"))) - await names_in(line)


async def ask_for_a_kit(line: Kitline, way: str) -> None:
    """Amy, in Polish, from the notice to a request that is placed; ``way``: 1 meet, 2 collect."""
    await line.say(AMY, "KIT")
    await speaks(line, AMY, "pl")
    for answer in ("TAK", "TAK", "1", "DN32 7AA", "1", way, "TAK"):
        await line.say(AMY, answer)


async def test_the_words_of_the_test_are_told_apart(line: Kitline) -> None:
    found = await english_in(line, ["Ważny do: tomorrow 9:00", "Sam (declined), 2 miles away"])
    assert found == {"tomorrow", "declined", "miles", "away"}
    assert {"tomorrow", "monday", "december", "away", "promised"} <= vocabulary("en")
    assert {"jutro", "poniedziałek", "grudnia"} <= vocabulary("pl")
    assert not {"tomorrow", "monday", "december", "away", "promised"} & vocabulary("pl")


@pytest.mark.parametrize("way", ["1", "2"])
async def test_a_polish_status_has_no_english_in_it(line: Kitline, way: str) -> None:
    await ask_for_a_kit(line, way)
    await heard(line)
    await line.say(AMY, "STATUS")
    (status,) = (await heard(line))[AMY][:1]
    assert status.startswith("Zgłoszenie ")
    assert ("stąd" in status or "otwarte do 18:00" in status) == (way == "2")
    assert await english_in(line, [status]) == set()


async def test_a_polish_status_when_the_day_is_over_has_no_english_in_it(line: Kitline) -> None:
    await ask_for_a_kit(line, "2")
    await line.wait(timedelta(hours=12))
    await heard(line)
    await line.say(AMY, "STATUS")
    (status,) = (await heard(line))[AMY][:1]
    assert "otwarte jutro od 9:00" in status
    assert "Ważny do: pt. 10:00" in status
    assert await english_in(line, [status]) == set()


async def test_what_is_near_in_polish(line: Kitline) -> None:
    await line.say(AMY, "NEAR")
    await speaks(line, AMY, "pl")
    await heard(line)
    await line.say(AMY, "Grimsby")
    (near,) = (await heard(line))[AMY]
    assert near.count("stąd, otwarte ") == near.count(";") + 1
    assert await english_in(line, [near]) == set()


async def test_each_reads_their_own_language(line: Kitline) -> None:
    await speaks(line, SAM, "pl")
    await line.say(AMY, "KIT")
    for answer in ("YES", "YES", "1", "DN31 1AA", "1", "1", "YES"):
        await line.say(AMY, answer)
    got = await heard(line)
    (offer,) = got[SAM]
    assert "mniej niż pół mili stąd" in offer
    assert any("less than half a mile away" in text for text in got[AMY])
    await line.say(SAM, "ACCEPT")
    await line.say(SAM, "STOCK")
    got = await heard(line)
    assert "dostanie Osoba." in got[SAM][0]
    assert "(obiecane: 1)" in got[SAM][-1]
    await line.say(SAM, "HERE")
    await line.say(AMY, "my number is 07700 900123")
    got = await heard(line)
    assert got[SAM][-1] == "Osoba: my number is (numer ukryty)"
    assert await english_in(line, got[SAM][:-1]) == set()


async def test_the_coordinators_words_in_polish(line: Kitline) -> None:
    await speaks(line, ROBIN, "pl")
    await line.say(AMY, "KIT")
    for answer in ("YES", "YES", "1", "DN31 1AA", "1", "1", "YES"):
        await line.say(AMY, answer)
    (request,) = await line.read(KitRequest)
    await line.say(SAM, "DECLINE")
    await heard(line)
    await line.say(ROBIN, "REQUESTS")
    await line.say(ROBIN, f"SHOW {request.ref}")
    listed, shown = (await heard(line))[ROBIN]
    assert listed == f"Otwarte (1): {request.ref} DN31: zapytana osoba wspierająca, 0 min."
    assert "Kto: zapytano: " in shown
    assert "Zapytano: Sam (odmowa)" in shown
    assert await english_in(line, [listed, shown]) == set()


async def test_next_in_polish_is_not_for_the_other_side(line: Kitline) -> None:
    """The other side of a meeting spoke last, and still a card is asked for."""
    await ask_for_a_kit(line, "1")
    await line.say(SAM, "ACCEPT")
    await line.say(SAM, "hello, on my bike")
    got = await heard(line)
    assert any("hello, on my bike" in text for text in got[AMY])
    await line.say(AMY, "dalej")
    got = await heard(line)
    assert SAM not in got
    assert got[AMY] == [library.text("pl", "awareness.call", "sms")]

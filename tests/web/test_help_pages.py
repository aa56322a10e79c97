"""The help pages: every topic, every source linked, and readable while the database is away."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest

from bot.web import help_pages
from bot.web.help_pages import HelpPages
from content import library, signing
from content.sources import sources
from content.topics import title, topics
from db.models import SignOff
from handlers.services.rules import Rules
from tests.harness import Kitline

NAMES = sorted(topics())
HIDDEN = ("recovery_position", "giving_prenoxad", "giving_nyxoid")


async def get(line: Kitline, path: str) -> httpx.Response:
    async with line.client() as client:
        return await client.get(path)


@pytest.fixture
def broken(sms: Kitline, monkeypatch: pytest.MonkeyPatch) -> Kitline:
    """A line whose database does not answer."""

    def away() -> None:
        raise OSError("no database")

    monkeypatch.setattr(sms.app.db, "read", away)
    return sms


async def test_the_list_names_every_topic_and_the_card(demo: Kitline) -> None:
    text = (await get(demo, "/help/")).text
    for name in NAMES:
        assert f'href="/help/{name}"' in text
        assert title("en", name) in text
    assert 'href="/help/card"' in text
    assert text.index("Call 999") < text.index("<h1>Help and advice")


async def test_the_list_is_found_from_the_front_page_and_without_the_slash(demo: Kitline) -> None:
    assert 'href="/help/"' in (await get(demo, "/")).text
    assert (await get(demo, "/help")).headers["location"] == "/help/"


@pytest.mark.parametrize(
    ("words", "topic"), [("benzoz", "mixing"), ("bizzies", "police"), ("TRANQ", "xylazine")]
)
async def test_search_finds_by_slang(demo: Kitline, words: str, topic: str) -> None:
    text = (await get(demo, f"/help/?q={words}")).text
    found = text[text.index('id="found"') : text.index('id="all"')]
    assert re.findall(r'href="/help/(\w+)"', found) == [topic]


async def test_search_that_finds_nothing_shows_all_and_is_safe(demo: Kitline) -> None:
    text = (await get(demo, "/help/?q=<b onload=zz>" + "x" * 5000)).text
    assert "We found no page for" in text
    assert "<b onload" not in text
    assert "x" * 101 not in text
    assert 'href="/help/signs"' in text


@pytest.mark.parametrize("topic", NAMES)
async def test_each_page_links_what_it_cites(demo: Kitline, topic: str) -> None:
    answer = await get(demo, f"/help/{topic}")
    assert answer.status_code == 200
    text = answer.text
    page = library.text("en", f"advice/{topic}.page")
    for name in set(re.findall(r"\[([a-z0-9-]+)\]", page)):
        url = sources()[name].url.replace("&", "&amp;")
        assert text.count(f'href="{url}"') >= 2, name  # at the statement, and in the list
    article = text[text.index("<article>") : text.index("</article>")]
    assert not re.search(r"\[[a-z0-9-]+\]", article)
    assert f"<h1>{title('en', topic)}</h1>" in article
    assert "No clinical lead has signed this page off yet" in article
    assert "<script" not in text
    assert "<style" not in text
    assert 'style="' not in text
    assert not re.findall(r'<(?:link|img)[^>]+(?:src|href)="https?:', text)


async def test_a_signed_page_says_nothing_of_not_being_signed(demo: Kitline) -> None:
    name = "advice/signs.page"
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        work.save(
            SignOff(
                id=work.new_id(),
                at=demo.clock.now(),
                locale="en",
                name=name,
                fingerprint=signing.fingerprint("en", name),
                reviewer="Dr A Example",
                role=library.CLINICAL_LEAD,
                review_by=demo.clock.now().date() + timedelta(days=365),
            )
        )
        await work.flush()
    assert "No clinical lead" not in (await get(demo, "/help/signs")).text
    assert "No clinical lead" in (await get(demo, "/help/giving")).text


@pytest.mark.parametrize("path", ["/help/no_such_topic", "/help/pictures/no_such.svg"])
async def test_what_is_not_there_is_not_found(demo: Kitline, path: str) -> None:
    assert (await get(demo, path)).status_code == 404


async def test_drawings_of_a_step_are_shown_nowhere_until_signed(demo: Kitline) -> None:
    for topic in NAMES:
        text = (await get(demo, f"/help/{topic}")).text
        assert not [name for name in HIDDEN if f"pictures/{name}" in text]
    for name in HIDDEN:
        assert (await get(demo, f"/help/pictures/{name}.svg")).status_code == 404
    shown = await get(demo, "/help/pictures/which_kit.svg")
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "image/svg+xml"
    assert "which_kit.svg" in (await get(demo, "/help/giving")).text


async def test_a_page_names_the_number_of_every_service(demo: Kitline) -> None:
    text = (await get(demo, "/help/tolerance")).text
    assert "+44 7700 900900</a> (Grimsby Kit Line)" in text
    assert "+44 7700 900901</a> (Worcester Kit Line)" in text


# --- languages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["xx", "", "../en", "/etc", "en%00", "EN"])
async def test_a_language_we_do_not_have_falls_back_to_english(demo: Kitline, asked: str) -> None:
    looked_at = library.text_file.cache_info().currsize
    text = (await get(demo, f"/help/signs?lang={asked}")).text
    assert "<h1>Signs of an overdose</h1>" in text
    assert library.text_file.cache_info().currsize - looked_at < 10  # our own files, no more


async def test_a_draft_translation_is_for_the_demo_or_where_switched_on(
    sms: Kitline, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = library.has_text
    monkeypatch.setattr(library, "has_text", lambda code, name: code == "pl" or there(code, name))
    for rules, shown in ((Rules(), "en"), (Rules(draft_languages="cy pl"), "pl")):
        monkeypatch.setattr(help_pages, "rules_of", lambda _, rules=rules: rules)
        text = (await get(sms, "/help/signs?lang=pl")).text
        assert f'<div class="wrap help topic" lang="{shown}">' in text
        assert ("We have this page in English only" in text) is (shown == "en")


# --- the card ----------------------------------------------------------------------------------


async def test_the_card_has_the_steps_the_number_and_a_code(demo: Kitline) -> None:
    text = (await get(demo, "/help/card")).text
    assert "+44 7700 900900" in text
    assert "Grimsby Kit Line" in text
    assert "30 hard chest pushes" in text
    assert 'class="qr"' in text
    assert "Scan to text us" in text


async def test_the_card_of_a_service(demo: Kitline) -> None:
    services = (await get(demo, "/")).text
    assert "Worcester Kit Line" in services
    assert 'href="/help/card?service=worcester"' in (await get(demo, "/help/card")).text
    text = (await get(demo, "/help/card?service=worcester")).text
    assert "Worcester Kit Line" in text
    assert (await get(demo, "/help/card?service=nowhere")).status_code == 404


# --- while the database is away ----------------------------------------------------------------


@pytest.mark.parametrize("path", ["/help/", "/help/signs", "/help/card", "/help/card?service=x"])
async def test_pages_are_there_while_the_database_is_away(broken: Kitline, path: str) -> None:
    answer = await get(broken, path)
    assert answer.status_code == 200
    assert "Call 999" in answer.text


async def test_the_card_without_a_number_leads_to_the_pages(
    broken: Kitline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HelpPages, "_number", lambda *_: "")
    text = (await get(broken, "/help/card")).text
    assert "Scan for help pages" in text
    assert "+44" not in text

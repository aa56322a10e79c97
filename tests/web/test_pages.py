"""The public pages: quiet, readable without scripts, safe to link to."""

from __future__ import annotations

import re

import httpx

from bot.web.app import CSP
from bot.web.pages import PUBLIC
from tests.harness import Kitline


async def page(line: Kitline, path: str) -> httpx.Response:
    async with line.client() as client:
        return await client.get(path)


async def test_every_page_has_its_headers_and_no_other_host(demo: Kitline) -> None:
    for path in ("/", "/about", "/demo"):
        answer = await page(demo, path)
        assert answer.status_code == 200
        assert answer.headers["Content-Security-Policy"] == CSP
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "set-cookie" not in answer.headers
        assert '<html lang="en-GB">' in answer.text
        fetched = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
        assert not [url for url in fetched if url.startswith(("//", "http:")) and "src" in url]
        assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?:', answer.text)
        assert "<style" not in answer.text
        assert "onclick" not in answer.text


async def test_the_front_page_begins_with_the_emergency_line(demo: Kitline) -> None:
    text = (await page(demo, "/")).text
    assert text.index("Call 999") < text.index("Text for a naloxone kit")
    assert "Grimsby Kit Line" in text
    assert "+447700900900" in text.replace(" ", "")
    assert 'href="/demo"' in text


async def test_a_real_line_shows_its_number_and_no_demo(sms: Kitline) -> None:
    text = (await page(sms, "/")).text
    assert "+447700900900" in text.replace(" ", "")
    assert "/demo" not in text


async def test_the_bots_link_is_shown_where_telegram_answers(telegram: Kitline) -> None:
    assert "https://t.me/kitline_stand_in_bot" in (await page(telegram, "/")).text


async def test_the_page_does_without_the_link_when_telegram_does_not(telegram: Kitline) -> None:
    assert telegram.telegram
    telegram.telegram.fail_next(5, 500)
    answer = await page(telegram, "/")
    assert answer.status_code == 200
    assert "t.me" not in answer.text


async def test_about_names_the_sources(demo: Kitline) -> None:
    text = (await page(demo, "/about")).text
    assert "Crown copyright" in text
    assert "Affero General Public License" in text


async def test_health(demo: Kitline) -> None:
    assert (await page(demo, "/healthz")).text == "ok"
    ready = await page(demo, "/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    metrics = (await page(demo, "/metrics")).text
    for name in ("kitline_inbox", "kitline_outbox", "kitline_inbox_oldest_s"):
        assert re.search(rf"^{name} \d", metrics, re.M), name


async def test_what_is_not_there_is_a_404(demo: Kitline) -> None:
    for path in ("/nothing", "/static/nothing.css", "/static/../../app.py", "/console"):
        assert (await page(demo, path)).status_code == 404
    async with demo.client() as client:
        assert (await client.get("/twilio/sms")).status_code == 405
        assert (await client.post("/")).status_code == 405


def test_scripts_and_styles_load_nothing_from_elsewhere() -> None:
    for path in [*PUBLIC.rglob("*.js"), *PUBLIC.rglob("*.css")]:
        text = path.read_text("utf-8")
        urls = set(re.findall(r"https?://[^\s\"'`)]+", text))
        assert urls <= {"http://www.w3.org/2000/svg"}, path
        assert "eval(" not in text
        assert "innerHTML" not in text, path

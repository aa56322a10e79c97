"""The help pages and the card in a real browser: fit, quiet, accessible, and one page on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from content import library
from content.topics import topics
from tests.browser.conftest import screen

pytestmark = pytest.mark.browser

PATHS = ["/help/", "/help/?q=benzoz", "/help/card", *(f"/help/{name}" for name in sorted(topics()))]
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


@pytest.fixture
def dark(chromium: Browser) -> Iterator[BrowserContext]:
    with screen(chromium, 320, 700, color_scheme="dark") as context:
        yield context


@pytest.fixture
def light(chromium: Browser) -> Iterator[BrowserContext]:
    with screen(chromium, 390, color_scheme="light") as context:
        yield context


def check(axe: Axe, page: Page, path: str) -> None:
    """axe-core looked, and found nothing."""
    found = axe.run(page, options=RULES)
    assert len(found.response["passes"]) > 10
    assert found.violations_count == 0, f"{path}\n{found.generate_report()}"


def test_every_page_is_accessible_quiet_and_as_wide_as_the_phone(
    light: BrowserContext, demo_url: str
) -> None:
    page, axe = light.new_page(), Axe()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(re.sub(r"(://[^/]+).*", r"\1", request.url)))
    for path in PATHS:
        page.goto(demo_url + path)
        check(axe, page, path)
        for width in (390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} wide on {width}"
    assert complaints == []
    assert hosts == {demo_url}


def test_dark_colours_can_be_read_as_well(dark: BrowserContext, demo_url: str) -> None:
    page, axe = dark.new_page(), Axe()
    for path in ("/help/", "/help/signs", "/help/giving", "/help/card"):
        page.goto(demo_url + path)
        check(axe, page, path)


def test_search_works_without_scripts(chromium: Browser, demo_url: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{demo_url}/help/")
    page.get_by_label("Find a page").fill("the bizzies")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("region", name=re.compile("What we found")).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Police and 999")
    expect(page.get_by_role("link", name="Call 999").first).to_be_visible()
    context.close()


def test_by_keyboard_the_skip_link_comes_first_and_is_seen(
    light: BrowserContext, demo_url: str
) -> None:
    page = light.new_page()
    page.goto(f"{demo_url}/help/signs")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the main part")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    outline = skip.evaluate("link => getComputedStyle(link).outlineWidth")
    assert outline == "3px"


def test_the_card_prints_on_one_page_of_a6(light: BrowserContext, demo_url: str) -> None:
    page = light.new_page()
    page.goto(f"{demo_url}/help/card")
    paper = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    left, bottom, width, height = map(
        float, re.findall(rb"/MediaBox \[([^\]]+)\]", paper)[0].split()
    )
    assert (left, bottom) == (0, 0)
    assert (width, height) == pytest.approx((105 / 25.4 * 72, 148 / 25.4 * 72), abs=1)


@pytest.mark.parametrize(
    "locale",
    [code for code in library.locales() if library.has_text(code, "help_pages.card_steps")],
)
def test_everything_on_the_card_fits(light: BrowserContext, demo_url: str, locale: str) -> None:
    page = light.new_page()
    page.goto(f"{demo_url}/help/card?lang={locale}")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 397, "height": 559})  # A6 at 96 dots an inch
    for name in (".card-top", ".card-steps ol", ".card-foot", ".card-number", ".card-code"):
        box = page.locator(name).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= 397
        assert box["y"] + box["height"] <= 559
    steps, foot = (page.locator(name).bounding_box() for name in (".card-steps ol", ".card-foot"))
    assert steps
    assert foot
    assert steps["y"] + steps["height"] <= foot["y"]
    expect(page.get_by_role("link", name="Call 999")).to_be_hidden()


def test_a_page_prints_its_words_and_sources_without_the_rest(
    light: BrowserContext, demo_url: str
) -> None:
    page = light.new_page()
    page.goto(f"{demo_url}/help/signs")
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Signs of an overdose")).to_be_visible()
    expect(page.get_by_role("heading", name="Where this comes from")).to_be_visible()
    for gone in (".masthead", ".more", ".foot"):
        expect(page.locator(gone)).to_be_hidden()
    ink = page.locator(".help article").evaluate("one => getComputedStyle(one).color")
    assert ink == "rgb(0, 0, 0)"

"""An outlet's counter page in a browser: by keyboard, without scripts, at a desk, on a phone."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import screen
from tests.browser.test_help_pages import check

pytestmark = pytest.mark.browser

SIZES = ((1280, 800), (390, 800), (320, 700))
ASKS = ("KIT", "YES", "YES", "Someone I know", "DN32 7AA", "Nose spray", "Collect", "YES")


@pytest.fixture
def desk(chromium: Browser) -> Iterator[BrowserContext]:
    """A shared computer that runs no scripts."""
    with screen(chromium, 1280, java_script_enabled=False) as context:
        yield context


@pytest.fixture
def light(chromium: Browser) -> Iterator[BrowserContext]:
    with screen(chromium, 1280, color_scheme="light") as context:
        yield context


def call(url: str, body: dict[str, str] | None = None) -> Any:
    data = json.dumps(body).encode() if body else None
    with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:
        return json.load(answer)


def counter_of(demo_url: str, outlet: str = "Marsh") -> str:
    people = call(f"{demo_url}/demo/state")["people"]
    return demo_url + next(p["counter"] for p in people if p["name"].startswith(outlet))


def _idle(demo_url: str) -> None:
    """Until everything that was written has been answered."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        ready = call(f"{demo_url}/readyz")
        if ready["inbox"] == ready["outbox"] == 0:
            return
        time.sleep(0.05)
    pytest.fail("the line did not answer everything")


def code_for(demo_url: str, number: str) -> tuple[str, str]:
    """Somebody asks for a kit to collect; the code they hold, and the page of that outlet."""
    for text in ASKS:
        call(f"{demo_url}/demo/messages", {"from": number, "text": text})
        _idle(demo_url)
    claim = call(f"{demo_url}/demo/state")["claims"][-1]
    code = str(claim["code"])
    return f"{code[:3]}-{code[3:]}", counter_of(demo_url, claim["outlet"])


def test_every_page_is_accessible_and_as_wide_as_the_screen(
    light: BrowserContext, demo_url: str
) -> None:
    page, axe, base = light.new_page(), Axe(), counter_of(demo_url)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    for path in ("", "/walk-in", "/shelf", "/hours", "/log", "/sheet", "/none"):
        page.goto(base + path)
        check(axe, page, path)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} wide on {width}"
        page.set_viewport_size({"width": 1280, "height": 800})
    assert complaints == []


def test_dark_colours_can_be_read_as_well(chromium: Browser, demo_url: str) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark")
    page, axe, base = context.new_page(), Axe(), counter_of(demo_url)
    for path in ("", "/walk-in", "/shelf", "/hours", "/log", "/sheet"):
        page.goto(base + path)
        check(axe, page, path)
    context.close()


def test_a_code_by_keyboard_alone_and_without_scripts(desk: BrowserContext, demo_url: str) -> None:
    code, counter = code_for(demo_url, "+447700900161")
    page = desk.new_page()
    page.goto(counter)
    box = page.get_by_label("The code they show or say")
    expect(box).to_be_focused()
    page.keyboard.type(code.lower())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Please hand over")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("Enter")  # pressed twice logs nothing unread
    expect(page.get_by_role("heading", level=1)).to_have_text("Please hand over")
    button = page.get_by_role("button", name="Yes, I have handed it over")
    for _ in range(12):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("batch N2403")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Taken back")
    page.get_by_role("link", name="Next code").click()
    expect(box).to_be_focused()
    page.keyboard.type("KKK-KKK")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not know that code")


def test_on_a_phone_it_is_read_before_it_is_logged(chromium: Browser, demo_url: str) -> None:
    code, counter = code_for(demo_url, "+447700900163")
    with screen(chromium, 390, 800) as context:
        page, axe = context.new_page(), Axe()
        page.goto(counter)
        page.get_by_label("The code they show or say").fill(code)
        page.keyboard.press("Enter")
        expect(page.get_by_text("1 x nose spray")).to_be_in_viewport()
        page.get_by_label("Batch", exact=True).fill("N2499")
        page.get_by_role("button", name="Yes, I have handed it over").click()
        expect(page.get_by_role("alert")).to_be_focused()
        expect(page.get_by_role("alert")).to_be_in_viewport()
        check(axe, page, "/hand-over, wrong")


def test_a_kit_without_a_code(desk: BrowserContext, demo_url: str) -> None:
    page = desk.new_page()
    page.goto(counter_of(demo_url))
    page.get_by_role("link", name="Somebody has no code").click()
    page.get_by_label("Friend or family").check()
    page.get_by_label("Yes, shown how").check()
    page.get_by_role("button", name="Handed over: log it").click()
    expect(page.get_by_role("status")).to_contain_text("1 x nose spray")
    page.get_by_role("link", name="List").click()
    expect(page.get_by_role("row").last).to_contain_text("no code")


def test_the_sheet_is_one_page_of_a4(light: BrowserContext, demo_url: str) -> None:
    page: Page = light.new_page()
    page.goto(f"{counter_of(demo_url)}/sheet")
    paper = page.pdf(format="A4", margin=dict.fromkeys(("top", "right", "bottom", "left"), "12mm"))
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


def test_a_persons_code_fits_a_small_phone(light: BrowserContext, demo_url: str) -> None:
    code, _ = code_for(demo_url, "+447700900162")
    page, axe = light.new_page(), Axe()
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{demo_url}/k/{code.replace('-', '')}")
    check(axe, page, "/k")
    expect(page.get_by_text(code, exact=True)).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320

"""The simulator's page on the real server, in a real browser."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.phones import Visit

pytestmark = pytest.mark.browser

WIDE, SMALL = (1440, 900), (360, 740)


@pytest.fixture
def visit(chromium: Browser, demo_url: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    width, height = getattr(request, "param", WIDE)
    context = chromium.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    yield Visit(context.new_page(), demo_url)
    context.close()


def sideways(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.mark.parametrize("visit", [WIDE, SMALL], indirect=True, ids=["wide", "small"])
@pytest.mark.parametrize("path", ["/", "/about", "/demo"])
def test_loads_quietly_from_one_host_and_fits(visit: Visit, path: str) -> None:
    page = visit.open(path)
    if path == "/demo":
        expect(page.locator("#phone-1 .bubbles")).to_contain_text(re.compile(r"\w"))
        expect(page.locator("#clock [data-el=now]")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    assert visit.complaints == []
    assert visit.hosts == {urlsplit(visit.url).netloc}
    assert sideways(page) <= 0


def test_front_page_needs_no_script(chromium: Browser, demo_url: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(demo_url)
    expect(page.get_by_role("link", name="Call 999")).to_be_visible()
    expect(page.get_by_role("link", name="Try it on three phones")).to_be_visible()
    context.close()


def test_a_message_can_be_sent_by_keyboard_alone(visit: Visit) -> None:
    page = visit.open()
    phone = visit.phone(1)
    phone.hold_new_person()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the phones")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(20):
        if phone.text.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.type("KIT")
    page.keyboard.press("Enter")
    expect(phone.mine).to_have_count(1)
    expect(phone.theirs.first).to_be_visible(timeout=10_000)
    expect(phone.text).to_have_value("")


def test_own_words_show_once_and_in_order(visit: Visit) -> None:
    page = visit.open()
    phone = visit.phone(1)
    phone.ask_for_a_kit("SMS")
    phone.send("MENU")
    expect(phone.theirs.nth(1)).to_be_visible(timeout=10_000)
    expect(phone.mine.locator(".body")).to_have_text(["KIT", "MENU"])
    page.wait_for_timeout(1500)
    expect(phone.mine).to_have_count(2)
    assert "mine" in str(phone.root.locator(".msg").first.get_attribute("class"))


def test_suggested_replies_can_be_pressed(visit: Visit) -> None:
    visit.open()
    phone = visit.phone(1)
    phone.ask_for_a_kit("SMS")
    phone.root.locator(".chips button", has_text="YES").click()
    expect(phone.mine.last).to_contain_text("YES")


def test_telegram_buttons_can_be_pressed(visit: Visit) -> None:
    visit.open()
    phone = visit.phone(1)
    phone.ask_for_a_kit("Telegram")
    before = phone.theirs.count()
    key = phone.root.locator(".keys button").first
    label = key.inner_text()
    key.click()
    expect(phone.mine.last).to_contain_text(label)
    expect(phone.mine).to_have_count(2)
    expect(phone.theirs.nth(before)).to_be_visible(timeout=10_000)


def test_telegram_shares_a_place_and_keeps_the_emergency_button_in_reach(visit: Visit) -> None:
    page = visit.open()
    phone = visit.phone(1)
    phone.ask_for_a_kit("Telegram")
    page.get_by_role("button", name="Share a place from phone 1").click()
    emergency = phone.root.get_by_role("button", name="Emergency")
    expect(emergency).to_be_in_viewport()
    phone.root.get_by_role("button", name="Cleethorpes").click()
    expect(phone.mine.nth(1)).to_contain_text("Cleethorpes")
    emergency.click()
    expect(phone.theirs.filter(has_text="999").first).to_be_visible(timeout=10_000)


def test_the_clock_moves(visit: Visit) -> None:
    page = visit.open()
    now = page.locator("#clock [data-el=now]")
    expect(now).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))

    def minutes() -> int:
        hours, mins, _ = now.inner_text().split(":")
        return int(hours) * 60 + int(mins)

    before = minutes()
    page.get_by_role("button", name="Forward 15 minutes").click()
    for _ in range(300):
        if (minutes() - before) % 1440 in (15, 16):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"the clock did not move: {now.inner_text()}")


def test_markup_in_a_message_stays_text(visit: Visit) -> None:
    page = visit.open()
    phone = visit.phone(1)
    phone.hold_new_person()
    nasty = "<img src=x onerror=alert(1)> <b>hi</b>"
    phone.send(nasty)
    expect(phone.mine.locator(".body").first).to_have_text(nasty)
    assert page.locator(".bubbles img, .bubbles b").count() == 0


def test_a_lost_connection_loses_no_words(visit: Visit) -> None:
    page = visit.open()
    phone = visit.phone(1)
    phone.hold_new_person()

    def cut(route: Route) -> None:
        route.abort()

    page.route(re.compile("/demo/"), cut)
    phone.send("KIT")
    banner = page.get_by_text("Connection lost, trying again")
    expect(banner).to_be_visible(timeout=10_000)
    expect(phone.text).to_have_value("KIT")
    page.unroute(re.compile("/demo/"), cut)
    expect(banner).to_be_hidden(timeout=15_000)
    phone.text.press("Enter")
    expect(phone.theirs.first).to_be_visible(timeout=10_000)
    expect(phone.mine).to_have_count(1)


def test_the_guide_goes_from_asking_to_the_stock(visit: Visit) -> None:
    page = visit.open()
    visit.phone(1).hold_new_person()

    def press(step: str, at_most: int = 1) -> None:
        done = page.locator(f"[data-step={step}].done")
        for _ in range(at_most):
            said = page.locator(".theirs").count()
            page.locator(f"[data-step={step}] button").click()
            for _ in range(30):  # till it is done, or somebody answers
                page.wait_for_timeout(50)
                if done.count():
                    return
                if page.locator(".theirs").count() > said:
                    break
            page.wait_for_timeout(300)
        expect(done).to_be_visible(timeout=10_000)

    press("ask")
    press("answer", at_most=14)
    press("accept")
    press("chat", at_most=2)
    press("issue", at_most=5)
    expect(page.locator("#log-stock .moved").first).to_have_text("−1", timeout=10_000)
    assert visit.complaints == []


@pytest.mark.parametrize("visit", [SMALL], indirect=True, ids=["small"])
def test_a_small_screen_has_one_phone_at_a_time(visit: Visit) -> None:
    page = visit.open()
    expect(page.locator("#phone-1")).to_be_visible()
    expect(page.locator("#phone-2")).to_be_hidden()
    page.locator("#show-1").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#phone-2")).to_be_visible()
    expect(page.locator("#show-2")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Stock")).to_be_visible()
    assert sideways(page) <= 0


def test_the_log_tabs_follow_the_arrow_keys(visit: Visit) -> None:
    page = visit.open()
    page.get_by_role("tab", name="Journal").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Stock")).to_be_focused()
    expect(page.locator("#log-stock")).to_be_visible()
    expect(page.locator("#log-journal")).to_be_hidden()

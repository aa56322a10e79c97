"""The whole story in the page: asking, a peer's yes, the chat, the kit, the stock."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.phones import Visit

pytestmark = pytest.mark.browser

DESKTOP, MOBILE = (1440, 900), (390, 844)
ANSWERS = (  # what is asked, what is answered
    ("OK to go on? Reply YES or NO", "YES"),
    ("Are you 18 or over?", "YES"),
    ("Who is the kit for?", "2"),
    ("Where are you?", "DN31 3EQ"),
    ("Two kinds of kit", "1"),
    ("How would you like to get it?", "1"),
    ("Shall I ask the peer?", "YES"),
)


class Camera:
    """Pictures of the page, for people to look at."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.count = folder, name, 0

    def take(self, page: Page, what: str) -> None:
        self.count += 1
        page.screenshot(path=self.folder / f"{self.name}-{self.count}-{what}.png")


@pytest.fixture(params=[DESKTOP, MOBILE], ids=["desktop", "mobile"])
def story(
    chromium: Browser, fresh_demo_url: str, request: pytest.FixtureRequest
) -> Iterator[Visit]:
    width, height = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    yield Visit(context.new_page(), fresh_demo_url)
    context.close()


def test_the_whole_story(story: Visit, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    page = story.open()
    camera = Camera(tmp_path, request.node.callspec.id)
    narrow = request.node.callspec.id == "mobile"

    def show(what: str) -> None:
        if narrow:
            page.locator(f"#show-{what}").click()

    amy, sam = story.phone(1), story.phone(2)
    expect(page.locator("#clock [data-el=now]")).to_have_text(re.compile(r"\d\d:\d\d"))
    show("1")
    camera.take(page, "start")
    amy.send("KIT")
    for asked, answer in ANSWERS:
        expect(amy.theirs.last).to_contain_text(asked, timeout=15_000)
        amy.send(answer)
    expect(amy.root).to_contain_text("I have asked a peer near you", timeout=15_000)
    camera.take(page, "asked")

    show("2")
    expect(sam.root).to_contain_text("Nose spray wanted", timeout=15_000)
    camera.take(page, "offer")
    sam.send("ACCEPT")
    expect(sam.theirs.last).to_contain_text("Words: ONWAY", timeout=15_000)

    show("1")
    expect(amy.root).to_contain_text("Good news: Sam can meet you", timeout=15_000)
    amy.send("Grey coat, red bag. My number is 07700 900123")
    show("2")
    relayed = "Friend: Grey coat, red bag. My number is (number hidden)"
    expect(sam.theirs.last).to_contain_text(relayed, timeout=15_000)
    sam.send("Five minutes")
    show("1")
    expect(amy.theirs.last).to_have_text(re.compile("Sam: Five minutes"), timeout=15_000)
    camera.take(page, "chat")

    show("log")
    page.get_by_role("tab", name="Stock").click()
    expect(_stock_of_sam(page)).to_contain_text("3", timeout=15_000)
    show("2")
    sam.send("ISSUED")
    expect(sam.root).to_contain_text("You have 2 of them left", timeout=15_000)
    show("log")
    expect(_stock_of_sam(page)).to_contain_text("2", timeout=15_000)
    expect(page.locator("#log-stock .moved").first).to_have_text("−1")
    camera.take(page, "stock")
    for tab, what in (("Supplies", "N2402"), ("Requests", "Supplied"), ("Journal", "Sam")):
        page.get_by_role("tab", name=tab).click()
        expect(page.locator(f"#log-{tab.lower()}")).to_contain_text(what, timeout=15_000)
        camera.take(page, tab.lower())
    page.goto(story.url)
    camera.take(page, "front")
    assert story.complaints == []
    assert story.hosts == {urlsplit(story.url).netloc}
    assert camera.count >= 8


def _stock_of_sam(page: Page):  # type: ignore[no-untyped-def]
    return page.locator("#log-stock tr", has_text="Sam").first

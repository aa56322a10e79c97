"""The demo's page and its phones, as somebody in front of it uses them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect


class Visit:
    """A page and what went wrong on it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def open(self, path: str = "/demo") -> Page:
        self.page.goto(self.url + path)
        return self.page

    def phone(self, n: int) -> Phone:
        return Phone(self.page, n)


class Phone:
    def __init__(self, page: Page, n: int) -> None:
        self.root = page.locator(f"#phone-{n}")
        self.text = page.get_by_label(f"Message from phone {n}")
        self.mine = self.root.locator(".mine")
        self.theirs = self.root.locator(".theirs")

    def hold_new_person(self) -> None:
        now = self.root.page.locator("#clock [data-el=now]")
        expect(now).to_have_text(re.compile(r"\d\d:\d\d"))  # the state has been read
        self.root.locator("select").select_option("new")
        expect(self.root.locator(".bubbles .day")).to_have_text("No messages yet. Say something.")

    def send(self, text: str) -> None:
        self.text.fill(text)
        self.text.press("Enter")

    def ask_for_a_kit(self, channel: str) -> None:
        self.hold_new_person()
        self.root.get_by_label(channel, exact=True).check()
        expect(self.root.locator(".badge")).to_have_text(channel)
        self.send("KIT")
        expect(self.theirs.first).to_be_visible(timeout=10_000)

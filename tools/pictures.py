"""Draws each SVG of content/pictures as a PNG, for Telegram: python -m tools.pictures.

Chromium does the drawing, so it is done by hand after a change and the PNG is kept in git. The
``.sha256`` beside it is that of the SVG it was made from: a test sees a PNG that is out of date.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parents[1] / "content" / "pictures"
WIDTH, HEIGHT = 800, 480
SHARPER = 2


def fingerprint(svg: Path) -> str:
    """What the sidecar of an SVG's PNG must hold."""
    return hashlib.sha256(svg.read_bytes()).hexdigest()


def main() -> None:
    """Every drawing anew."""
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        size = {"width": WIDTH, "height": HEIGHT}
        page = browser.new_page(viewport=size, device_scale_factor=SHARPER)
        for svg in sorted(FOLDER.glob("*.svg")):
            page.goto(svg.as_uri())
            page.screenshot(path=svg.with_suffix(".png"))
            svg.with_suffix(".sha256").write_text(fingerprint(svg) + "\n", "utf-8")
        browser.close()


if __name__ == "__main__":
    main()

"""The HTML page in headless Chromium: on a phone, on a screen, in the dark and on paper. Skipped where there is no Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from netassist.reports.formats import rendered
from tests.reports import browser, pictures
from tests.reports.every import ATTACK, RESULTS, attacked

pytestmark = pytest.mark.skipif(
    browser.program() is None and not os.environ.get("CI"), reason="Chromium is not installed (apt install chromium)"
)
PAGES = {"estate": pictures.page(), "every": rendered("html", RESULTS), "attacked": rendered("html", attacked(ATTACK))}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.browser() as running:
        yield running


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [browser.PHONE, browser.SCREEN])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_asks_for_nothing_and_complains_of_nothing(
    chromium: Browser, name: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    with browser.opened(chromium, PAGES[name].decode(), width, scheme) as (page, trouble):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for _ in range(page.locator("details:not([open])").count()):
            page.locator("details:not([open]) > summary").first.press("Enter")
        assert page.locator("details:not([open])").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
        assert dark is (scheme == "dark")
        assert trouble == []


def test_paper_has_what_is_folded_on_the_screen_and_is_light(chromium: Browser, tmp_path: Path) -> None:
    with browser.opened(chromium, PAGES["estate"].decode(), browser.SCREEN, "dark") as (page, _):
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        folded = page.locator("details:not([open]) .inside").first
        assert (folded.bounding_box() or {"height": 0})["height"] > 50
        paper = page.pdf(path=tmp_path / "report.pdf", format="A4", prefer_css_page_size=True)
        assert paper.startswith(b"%PDF-")

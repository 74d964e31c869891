"""The status page in headless Chromium: phone and screen, light and dark, by keyboard. Skipped where there is no Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.monitor.page import pictures
from tests.reports import browser

pytestmark = pytest.mark.skipif(
    browser.program() is None and not os.environ.get("CI"), reason="Chromium is not installed (apt install chromium)"
)
PAGES = {"all": pictures.all_of_it(), "one": pictures.one(), "public": pictures.all_of_it(public=True)}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.browser() as running:
        yield running


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [browser.PHONE, browser.SCREEN])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_asks_for_nothing(chromium: Browser, name: str, width: int, scheme: Literal["light", "dark"]) -> None:
    with browser.opened(chromium, PAGES[name].decode(), width, scheme) as (page, trouble):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
        assert dark is (scheme == "dark")
        assert page.evaluate("document.querySelectorAll('svg[role=img]:not([aria-label])').length") == 0
        assert page.evaluate("[...document.querySelectorAll('svg.bars')].every(bar => bar.getBoundingClientRect().height > 5)")
        assert trouble == []


def test_headings_go_down_by_one(chromium: Browser) -> None:
    with browser.opened(chromium, PAGES["all"].decode(), browser.SCREEN, "light") as (page, _):
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(one => +one.tagName[1])")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert page.evaluate("document.documentElement.lang") == "en"


def test_the_keyboard_is_enough(chromium: Browser) -> None:
    with browser.opened(chromium, PAGES["all"].decode(), browser.SCREEN, "light") as (page, _):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the checks"
        assert page.evaluate("getComputedStyle(document.activeElement).position") == "static"  # it is seen while it has the focus
        summary = page.locator("details.group > summary").first
        summary.focus()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        assert page.locator("details.group").first.get_attribute("open") is None
        reached = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.tagName"))
        assert {f"/watch/{place}" for place in (0, 3, 8)} <= reached

"""Headless Chromium, where it is installed: pages opened at the width of a phone or a screen, light or dark, and printed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

PHONE, SCREEN = 390, 1280


def program() -> str | None:
    """Where Chromium is; None where it is not installed."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program(), args=["--no-sandbox"])
        try:
            yield running
        finally:
            running.close()


@contextmanager
def opened(running: Browser, html: str, width: int, scheme: Literal["light", "dark"]) -> Iterator[tuple[Page, list[str]]]:
    """The page, and what it asked the network for or complained of."""
    context = running.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, trouble = context.new_page(), list[str]()
    page.on("request", lambda request: trouble.append(request.url))
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.set_content(html)
    try:
        yield page, trouble
    finally:
        context.close()

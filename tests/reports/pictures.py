"""`python -m tests.reports.pictures` writes docs/report.html and, where Chromium is installed, docs/pictures anew."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from playwright.sync_api import FloatRect

from netassist.reports.changes import compared
from netassist.reports.formats import Results, rendered
from tests.reports import browser
from tests.reports.estate import BEFORE, estate

DOCS = Path(__file__).parent.parent.parent / "docs"
_VIEWS: tuple[tuple[str, int, Literal["light", "dark"], str], ...] = (
    ("report-phone-light", browser.PHONE, "light", ""),
    ("report-phone-dark", browser.PHONE, "dark", "certificates"),
    ("report-screen-light", browser.SCREEN, "light", "hosts"),
    ("report-screen-dark", browser.SCREEN, "dark", ""),
)
"""Name, width, scheme, and the section to begin at."""
PAGE, PICTURES = DOCS / "report.html", DOCS / "pictures"


def page() -> bytes:
    """The report on the stored estate, held against the earlier one."""
    now = estate()
    return rendered("html", Results(now, compared(BEFORE.name, estate(BEFORE), now)))


def main() -> None:
    PAGE.write_bytes(page())
    if browser.program() is None:
        return
    PICTURES.mkdir(exist_ok=True)
    with browser.browser() as running:
        for name, width, scheme, section in _VIEWS:
            with browser.opened(running, page().decode(), width, scheme) as (opened, _):
                opened.locator("#findings ~ details").nth(1).locator("summary").click()
                top = opened.evaluate(
                    "id => document.getElementById(id).getBoundingClientRect().y + scrollY - 16", section or "summary"
                )
                clip: FloatRect = {
                    "x": 0,
                    "y": top if section else 0,
                    "width": width,
                    "height": 1500 if width == browser.PHONE else 1300,
                }
                opened.screenshot(path=PICTURES / f"{name}.png", full_page=True, clip=clip)


if __name__ == "__main__":
    main()

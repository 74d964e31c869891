"""`python -m tests.monitor.page.pictures` writes docs/pictures/monitor-*.png anew, where Chromium is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from netassist.monitor.page.one import detail
from netassist.monitor.page.render import detail_html, overview_html
from netassist.monitor.page.view import overview
from netassist.monitor.store import Availability, ResponseTimes
from netassist.monitor.watch import Watch
from tests.monitor.page import sample
from tests.reports import browser

FOLDER = Path(__file__).parent.parent.parent.parent / "docs" / "pictures"
_VIEWS: tuple[tuple[str, int, Literal["light", "dark"], int], ...] = (
    ("phone-light", browser.PHONE, "light", 1500),
    ("phone-dark", browser.PHONE, "dark", 1500),
    ("screen-light", browser.SCREEN, "light", 1350),
    ("screen-dark", browser.SCREEN, "dark", 1350),
)


def named(watch: Watch) -> str:
    return f"/watch/{sample.WATCHES.index(watch) if watch in sample.WATCHES else watch.host}"


def all_of_it(*, public: bool = False) -> bytes:
    """The page of the sample estate."""
    return overview_html(overview(sample.known(), "Example Ltd.: status", named, public=public))


def one() -> bytes:
    """The page of its first watch."""
    day = sample.DAY
    hours = (
        ("the last day", Availability(up=day - 5600, down=200, unmeasured=5400)),
        ("the last week", Availability(up=7 * day - 5600, down=200, unmeasured=5400)),
    )
    times = ResponseTimes(count=1340, p50=52.0, p95=78.0, p99=91.0, maximum=312.0)
    return detail_html(
        detail(sample.known(), sample.WATCHES[0], "Example Ltd.: status", times, hours, sample.results(sample.NOW))
    )


def main(folder: Path = FOLDER) -> None:
    if browser.program() is None:
        return
    pages = {"": all_of_it(), "watch-": one(), "public-": all_of_it(public=True)}
    with browser.browser() as running:
        for prefix, html in pages.items():
            for name, width, scheme, height in _VIEWS:
                if prefix and name not in ("phone-dark", "screen-light"):
                    continue
                with browser.opened(running, html.decode(), width, scheme) as (page, _):
                    page.screenshot(
                        path=folder / f"monitor-{prefix}{name}.png",
                        full_page=True,
                        clip={"x": 0, "y": 0, "width": width, "height": height},
                    )


if __name__ == "__main__":
    main()

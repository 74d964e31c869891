"""Whole screens held as SVG: compared as text, with what changes from run to run made even.

``NETASSIST_SNAPSHOTS=write`` writes them anew; look at each before it is committed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from netassist import __version__
from netassist.tui.app import NetAssistApp

FOLDER = Path(__file__).parent / "snapshots"
_ID = re.compile(r"terminal-\d+")
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def even(svg: str) -> str:
    """The picture without ids of its own, fonts from elsewhere, and the version."""
    return _FONTS.sub("", _ID.sub("terminal", svg)).replace(__version__, "0.0.0") + "\n"


def words_of(svg: str) -> str:
    """The text of a picture, line by line."""
    found = re.findall(r'<text class="[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', svg)
    lines: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in found:
        lines.setdefault(float(y), []).append((float(x), text.replace("&#160;", " ")))
    return "\n".join("".join(text for _, text in sorted(line)) for _, line in sorted(lines.items()))


def assert_looks(app: NetAssistApp, name: str, even_too: Mapping[str, str] | None = None) -> None:
    """Hold the screen against the picture of that name, with what matches `even_too` replaced by what is as long."""
    file, seen = FOLDER / f"{name}.svg", even(app.export_screenshot(title="netassist"))
    for pattern, same in (even_too or {}).items():
        seen = re.sub(pattern, same, seen)
    if os.environ.get("NETASSIST_SNAPSHOTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(seen, encoding="utf-8")
        return
    assert file.exists(), f"there is no picture {file}; NETASSIST_SNAPSHOTS=write makes it"
    kept = file.read_text(encoding="utf-8")
    assert words_of(seen) == words_of(kept)
    assert seen == kept, f"{file}: the same words in other colours or places; NETASSIST_SNAPSHOTS=write, and look at it"

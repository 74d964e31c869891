"""Text in the colours of the theme, as `Content` objects: what tools, users and networks say is never read as markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.content import Content

from netassist.observations import Severity
from netassist.reports.style import Line, Style
from netassist.toolbox import Call
from netassist.untrusted import as_text

THEME: Mapping[Style, str] = {
    "plain": "",
    "title": "bold",
    "good": "$text-success",
    "warn": "$text-warning",
    "bad": "$text-error",
    "critical": "bold $text-error",
    "dim": "$foreground 75%",
    "accent": "$text-primary",
}
SEVERITY: Mapping[Severity, Style] = {"critical": "critical", "high": "bad", "medium": "warn", "low": "accent", "info": "dim"}
BAR_WIDTH = 24


def styled(*parts: tuple[str, Style]) -> Content:
    """Runs of text, each in its style."""
    return Content.assemble(*((text, THEME[style]) for text, style in parts))


def content(lines: Iterable[Line]) -> Content:
    """Rendered lines as they are; control characters have been taken out where they were made."""
    return Content("\n").join([styled(*(span for span in line.spans if span.text)) for line in lines])


def call_line(call: Call) -> Content:
    """``tool  key=value key=value``, as `netassist run` takes it."""
    arguments = [styled((f"{key}=", "dim"), (as_text(str(value), 200), "plain")) for key, value in call.arguments.items()]
    return Content(" ").join([styled((as_text(call.name, 64), "title"), (" " if arguments else "", "plain")), *arguments])


def bar(fraction: float) -> Content:
    """How far something is, from 0 to 1, as a bar and in per cent."""
    part = min(max(fraction, 0.0), 1.0)
    done = int(part * BAR_WIDTH)
    return styled(("━" * done, "accent"), ("─" * (BAR_WIDTH - done), "dim"), (f" {int(part * 100):3d}%", "plain"))


def chip(severity: Severity) -> str:
    """The style of a severity's word where it stands on a ground of its own colour."""
    grounds = {"critical": "$text-error", "high": "$text-error", "medium": "$text-warning", "low": "$text-primary"}
    return f"bold $background on {grounds[severity]}" if severity in grounds else "$foreground 75%"


def ago(seconds: float) -> str:
    """How long something is past, in one unit: ``12 s``, ``5 min``, ``3 h``, ``9 d``."""
    past = max(seconds, 0.0)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if past >= 2 * size:
            return f"{int(past / size)} {unit}"
    return f"{int(past)} s"

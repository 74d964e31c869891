"""Writes the expected texts anew (``python -m tests.reports.golden``); look at the difference before you keep it."""

from pathlib import Path

from netassist.reports.style import ansi
from netassist.reports.text import lines
from tests.reports.samples import EXAMPLES

for name, report in EXAMPLES.items():
    Path(__file__).with_name(f"{name}.txt").write_text(ansi(lines(report), colour=False), "utf-8")

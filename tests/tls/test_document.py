"""docs/tls.md shows what is printed, and what the checks say of themselves (`python -m tests.tls.test_document` writes it)."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from netassist.reports.style import ansi
from netassist.reports.text import lines
from netassist.tls.weakness import IDS
from netassist.tls.weaknesses import checks
from tests.reports.tls_samples import EXAMPLES

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "tls.md"


def told(weakness: str) -> str:
    """The docstring of the check's module, each paragraph on one line."""
    module = {str(name): held for name, held in checks().items()}[weakness]
    paragraphs = [" ".join(paragraph.split()) for paragraph in (inspect.getdoc(module) or "").split("\n\n")]
    return "\n\n".join(paragraphs)


def active() -> set[str]:
    return {str(weakness) for weakness, module in checks().items() if hasattr(module, "check")}


def written(text: str) -> str:
    """The document as it has to be."""
    parts = {
        "example": f"```\n{ansi(lines(EXAMPLES['tls_audit_good'], width=100), colour=False)}```",
        "weaknesses": "\n\n".join(f"### `{known}`{' (*active*)' if known in active() else ''}\n\n{told(known)}" for known in IDS),
    }
    for name, content in parts.items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}{content}{end}{rest.partition(end)[2] if end in rest else rest.partition(end[1:])[2]}"
    return text


def test_the_document_is_what_the_program_says() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert "### `heartbleed`" in text
    assert text == written(text)


@pytest.mark.parametrize("weakness", IDS)
def test_every_check_says_what_it_sends(weakness: str) -> None:
    said = told(weakness)
    if weakness in active():
        assert "What is sent: " in said
        assert "Why it does no harm: " in said
    else:
        assert "Nothing is sent for it" in said


def test_the_document_names_what_only_active_checks_show() -> None:
    named = re.findall(r"### `(\w+)` \(\*active\*\)", DOCUMENT.read_text(encoding="utf-8"))
    assert set(named) == active() == {"heartbleed", "ccs_injection", "robot", "ticketbleed"}


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")

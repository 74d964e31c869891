"""Every finding has its rule, and docs/rules.md shows them all. `python -m tests.audit.test_catalogue` writes it anew."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from netassist.audit.catalogue import FAMILIES, CatalogueEntry, catalogue, is_rule
from netassist.observations import SEVERITIES

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = ROOT / "docs" / "rules.md"


def document() -> str:
    """docs/rules.md as it has to be."""
    parts = [
        "# Rules\n\nWhat findings mean, written from the rules themselves; `netassist rules` shows the same. The severity is the "
        "usual one: evidence may lower it, for example over loopback.",
    ]
    for family, title in FAMILIES.items():
        parts.append(f"## {title}")
        parts += [_entry(entry) for entry in catalogue().values() if entry.family == family]
    return "\n\n".join(parts) + "\n"


def _entry(entry: CatalogueEntry) -> str:
    see = f" See {', '.join(f'<{url}>' for url in entry.references)}." if entry.references else ""
    return f"### `{entry.id}`\n\n**{entry.severity}**: {entry.title}. {entry.rationale}\n\nFix: {entry.fix}{see}"


def rules(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netassist", "rules", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_document_is_what_the_rules_say() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def test_every_id_in_the_source_of_findings_is_in_the_catalogue() -> None:
    found: set[str] = set()
    for file in (ROOT / "netassist" / "audit").rglob("*.py"):
        found |= set(re.findall(rf'["\']((?:{"|".join(FAMILIES)})\.[a-z0-9_]+)["\']', file.read_text(encoding="utf-8")))
    assert len(found) > 60
    assert {id for id in found if not is_rule(id)} == set()


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.id)
def test_every_rule_is_whole(entry: CatalogueEntry) -> None:
    assert entry.severity in SEVERITIES
    assert entry.family in FAMILIES
    assert entry.title
    assert not entry.title.endswith(".")
    assert entry.rationale.endswith(".")
    assert entry.fix.endswith(".")
    assert all(url.startswith("https://") for url in entry.references)
    assert entry.references or entry.id.startswith("ping.") or entry.id == "http.certificate_not_verified"


def test_a_script_of_any_name_is_a_rule_and_a_word_is_not() -> None:
    assert (is_rule("nmap.http-slowloris"), is_rule("nmap."), is_rule("tls.tls1_0"), is_rule("tls.tls9")) == (
        True,
        False,
        True,
        False,
    )


def test_the_command_lists_shows_and_explains() -> None:
    every = json.loads(rules("-f", "json").stdout)
    assert [entry["id"] for entry in every] == list(catalogue())
    shown = rules("tls.tls1_0")
    assert (shown.returncode, "RFC" in shown.stdout or "rfc8996" in shown.stdout) == (0, True)
    assert "tls.tls1_0" in rules("tls").stdout
    wrong = rules("tls.tls9")
    assert (wrong.returncode, "there is no rule or family 'tls.tls9'" in wrong.stderr) == (2, True)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")

"""``netassist rules``: what findings mean, how severe they are, why, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netassist.cli.exits import CLEAN, USAGE
from netassist.cli.options import Format

if TYPE_CHECKING:
    from netassist.audit.catalogue import CatalogueEntry
    from netassist.reports.style import Line


def rules(
    id: Annotated[str | None, Parameter(help="One rule, such as tls.tls1_0, or a family, such as tls.")] = None,
    /,
    *,
    format: Format = "text",
) -> int:
    """List the rules that findings are made by, or show one."""
    from netassist.audit.catalogue import FAMILIES, catalogue
    from netassist.cli.output import show_lines

    entries = list(catalogue().values())
    found = entries if id is None else [entry for entry in entries if id in (entry.id, entry.family)]
    if not found:
        from netassist.untrusted import as_text

        known = ", ".join(FAMILIES)
        print(f"netassist: there is no rule or family {as_text(id or '', 80)!r}; the families are {known}", file=sys.stderr)
        return USAGE
    if format == "json":
        import msgspec

        from netassist.reports.json import encoded

        array = msgspec.json.format(b"[" + b",".join(map(encoded, found)) + b"]", indent=2)
        sys.stdout.write(array.decode() + "\n")
    else:
        from netassist.reports.style import columns

        width = columns(sys.stdout)
        one = len(found) == 1 and found[0].id == id
        show_lines(_one(found[0], width) if one else _all(found, width))
    return CLEAN


def _all(entries: list[CatalogueEntry], width: int) -> Iterator[Line]:
    from netassist.audit.catalogue import FAMILIES
    from netassist.reports.layout import BLANK, heading, table
    from netassist.reports.style import Span
    from netassist.reports.text.finding import TONES

    families = dict.fromkeys(entry.family for entry in entries)
    for number, family in enumerate(families):
        if number:
            yield BLANK
        yield from heading(FAMILIES[family], width)
        rows = [
            (entry.id, Span(entry.severity, TONES[entry.severity].style), entry.title)
            for entry in entries
            if entry.family == family
        ]
        yield from table(("rule", "severity", "title"), rows, width)


def _one(entry: CatalogueEntry, width: int) -> Iterator[Line]:
    from netassist.reports.layout import facts, heading

    yield from heading(f"{entry.id}: {entry.title}", width)
    rows = [
        ("Severity", entry.severity),
        ("Why", entry.rationale),
        ("Fix", entry.fix),
        *(("See", url) for url in entry.references),
    ]
    yield from facts(rows, width)

"""Results as GitHub-flavoured Markdown for a pull request: a summary, the findings folded, bounded in size."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from netassist.audit.security_audit import Changed, Excused
from netassist.observations import SEVERITIES, Finding, Report
from netassist.reports.changes import changes_of, excused_of, expired_of
from netassist.reports.formats import Results
from netassist.reports.links import is_link
from netassist.reports.located import Located, Place, grouped, located, parts, place_of, probe_of
from netassist.reports.looked import limits_by_host
from netassist.reports.text.finding import problems
from netassist.reports.words import count
from netassist.untrusted import as_text

LARGEST = 60_000
"""Bytes of the whole; GitHub takes comments of 65,536 characters."""
MOST_PLACES = 20
_ROOM_FOR_END = 200
_SPECIAL = re.compile(r"([\\`*_\[\]|~$^]|\A[-+=])")
# Comments split what a hosting service would make a link or a notification of: mentions, issue numbers, bare URLs, e-mail.
_LINKED = re.compile(r"(@|#|://|www\.)")


def plain(text: str) -> str:
    """Text of unknown origin as Markdown that shows just these characters: no markup, no HTML, no link, no mention."""
    return _unlinked(text, _escaped)


def html(text: str) -> str:
    """The same for inside a line of HTML, where Markdown is not read."""
    return _unlinked(text, _entities)


def code(text: str, most: int = 1000) -> str:
    """Text of unknown origin as a code span, behind more backticks than stand in it."""
    shown = as_text(text, most) or "-"
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def render(results: Results) -> bytes:
    found = located(results.reports)
    pieces = [
        *_head(results.reports, [each.finding for each in found]),
        *_changes(results.changes or changes_of(results.reports)),
        *_exceptions("Excused", excused_of(results.reports)),
        *_exceptions("Exceptions that have expired", expired_of(results.reports)),
        *_incomplete(results.reports),
        *_limits(results.reports),
    ]
    return "".join(_bounded(pieces, list(_findings(found)))).encode()


def _bounded(head: Sequence[str], folded: Sequence[str]) -> Iterator[str]:
    """As many pieces as fit, and how many findings are left out."""
    room = LARGEST - _ROOM_FOR_END
    for piece in head:
        if (room := room - len(piece.encode())) < 0:
            break
        yield piece
    for number, piece in enumerate(folded):
        if (room := room - len(piece.encode())) < 0:
            yield f"\n{count(len(folded) - number, 'more finding')} left out here; the JSON and HTML reports have all.\n"
            return
        yield piece


def _head(reports: Sequence[Report], findings: Sequence[Finding]) -> Iterator[str]:
    every = list(parts(reports))
    places = {place_of(report).host for report in every}
    yield f"## netassist: {problems(findings)}\n\n{count(len(every), 'check')} of {count(len(places), 'target')}.\n\n"
    yield "| Severity | Findings |\n| --- | ---: |\n"
    for severity in SEVERITIES:
        yield f"| {severity} | {sum(finding.severity == severity for finding in findings)} |\n"
    yield "\n"


def _changes(changes: Changed | None) -> Iterator[str]:
    if changes is None:
        return
    left = f", {len(changes.unknown)} not looked for again" if changes.unknown else ""
    yield f"Since the baseline: {len(changes.new)} new, {len(changes.gone)} gone, {len(changes.unchanged)} unchanged{left}.\n\n"
    for title, each in (("New", changes.new), ("Gone", changes.gone), ("Not looked for again", changes.unknown)):
        if each:
            yield _list(title, [f"{plain(one.title)} at {code(str(Place(one.host, one.port)), 300)}" for one in each])


def _exceptions(title: str, held: Sequence[Excused]) -> Iterator[str]:
    if held:
        said = [
            f"{plain(one.title)} at {code(str(Place(one.host, one.port)), 300)}, until {one.expires}: {plain(one.reason)}"
            for one in held
        ]
        yield _list(title, said)


def _list(title: str, items: Sequence[str]) -> str:
    more = f"- and {len(items) - MOST_PLACES} more\n" if len(items) > MOST_PLACES else ""
    return f"**{title}**\n\n{''.join(f'- {item}' + chr(10) for item in items[:MOST_PLACES])}{more}\n"


def _incomplete(reports: Sequence[Report]) -> Iterator[str]:
    left = [report for report in parts(reports) if report.status != "ok"]
    said = [report.error.message if report.error else "not everything could be measured" for report in left]
    told = zip(left, said, strict=True)
    if left:
        lines = [f"{code(str(place_of(report)), 300)} {plain(probe_of(report))}: {plain(why)}" for report, why in told]
        yield _list(f"Not or not wholly measured: {count(len(left), 'check')}", lines)


def _limits(reports: Sequence[Report]) -> Iterator[str]:
    said = [f"{code(name, 300)}: {plain(sentence)}" for name, sentence in limits_by_host(reports)]
    if said:
        yield _list("Which ports were looked at", said)


def _findings(found: Iterable[Located]) -> Iterator[str]:
    """One folded piece for each finding, with every place where it holds."""
    for finding, places in grouped(found):
        shown = [f"- {code(str(each.place), 300)} {code(each.finding.evidence)}\n" for each in places[:MOST_PLACES]]
        more = f"- and {len(places) - MOST_PLACES} more\n" if len(places) > MOST_PLACES else ""
        links = "".join(f"- <{reference}>\n" for reference in finding.references if is_link(reference))
        yield (
            f"<details><summary><b>{finding.severity}</b>: {html(finding.title)} ({count(len(places), 'place')})</summary>\n\n"
            f"{plain(finding.detail)}\n\n{''.join(shown)}{more}\n**Fix:** {plain(finding.fix)}\n\n"
            f"{code(finding.id, 100)}\n\n{links}\n</details>\n\n"
        )


def _unlinked(text: str, escape: Callable[[str], str]) -> str:
    pieces = _LINKED.split(as_text(text, 2000))
    return "".join(f"{escape(piece)}<!-- -->" if number % 2 else escape(piece) for number, piece in enumerate(pieces))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", _entities(text))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

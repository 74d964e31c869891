"""How a TLS server is configured, and how safe that is: the verdict and the grade with its reasons, then what both rest on.

Versions stand here; suites, groups, certificates, weaknesses and sessions each have a module ``tls_…`` beside this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, BLANK, GOOD, UNKNOWN, WARN, Task, Text, Tone, Verdict, facts, heading, paragraph
from netassist.reports.style import Span, Style
from netassist.reports.text import tls_certificates, tls_key_exchange, tls_sessions, tls_suites, tls_weaknesses
from netassist.reports.text.tls_words import MODERN, VERSIONS, WEAKNESSES, reworded, unestablished, versions
from netassist.reports.words import count, listed, place, shortened

if TYPE_CHECKING:
    from netassist.reports.style import Line
    from netassist.tls.audit import TlsAudit
    from netassist.tls.grade import Cap
    from netassist.tls.policies import Judgement

PLAN = True
"""One remedy often mends several findings, so that they stand together, after all findings."""
_BAR = 20
_SHOWN_DEVIATIONS, _DEVIATION, _REASON = 2, 70, 120


def task(audit: TlsAudit) -> Task:
    return Task("audit TLS", f"of {place(audit.target)}")


def verdict(audit: TlsAudit) -> Verdict:
    held = audit.grade
    letter = held.letter if held else None
    graded = f"gets the grade {letter}" if letter else "cannot be graded"
    graded += " by what was measured" if held and letter and held.not_measured and letter[0] not in "FTM" else ""
    # The caps begin with the worst; that of an A+ is no reproach.
    because = f" ({_reason(held.caps[0])})" if held and letter and held.caps and letter[0] != "A" else ""
    spoken = [version for version, support in audit.protocols.items() if support == "accepted"]
    quantum = tls_key_exchange.words(audit)
    clauses = [f"speaks {versions(spoken)}", tls_weaknesses.clause(audit), quantum.clause]
    text = f"{place(audit.target)} {graded}{because}: it {clauses[0]}, {clauses[1]}, and {clauses[2]}."
    return Verdict(text, _tone(letter, quantum.tone, bool(tls_weaknesses.vulnerable(audit))))


def evidence(audit: TlsAudit, width: int) -> Iterator[Line]:
    parts = (_unestablished, _grade, _versions, tls_suites.evidence, tls_key_exchange.evidence, tls_certificates.evidence,
             tls_weaknesses.evidence, _policies, tls_sessions.evidence)  # fmt: skip
    first = True
    for part in parts:
        lines = list(part(audit, width))
        if lines and not first:
            yield BLANK
        first = first and not lines
        yield from lines


def _tone(letter: str | None, quantum: Tone, weak: bool) -> Tone:
    if letter is None:
        return BAD if weak else UNKNOWN
    if letter[0] == "A":
        return GOOD if quantum is GOOD else WARN
    return WARN if letter in ("B", "C") else BAD


def _unestablished(audit: TlsAudit, width: int) -> Iterator[Line]:
    if audit.incomplete:
        what = f"Not established: {listed([unestablished(what) for what in audit.incomplete], 12)}."
        yield from paragraph(Span(what, "warn"), width, lead=Span("? ", "warn"))
    if audit.name_unrecognized:
        said = "The server does not know the name that it was asked for: all was asked without one."
        yield from paragraph(Span(said, "warn"), width, lead=Span("! ", "warn"))


def _grade(audit: TlsAudit, width: int) -> Iterator[Line]:
    held = audit.grade
    if held is None:
        return
    tone = _tone(held.letter, GOOD, weak=False)
    letter: list[Span] = [Span(held.letter, tone.style) if held.letter else Span("? too little is known", "warn")]
    if held.trust_ignored:
        letter.append(Span(f" ({held.trust_ignored} by its configuration alone)"))
    rows: list[tuple[str, Text | None]] = [("Letter", letter)]
    if held.scores is not None:
        scores = held.scores
        parts = (("Versions", scores.protocols), ("Key exchange", scores.key_exchange), ("Ciphers", scores.ciphers))
        rows += [(label, _bar(score)) for label, score in (*parts, ("In all", scores.total))]
    told = [cap for cap in held.caps if held.letter is None or held.letter[0] == "A" or cap.letter[0] != "A"]
    for best, caps in groupby(told, key=lambda cap: cap.letter):
        rows.append(("Because" if best in "TM" else f"At most {best}", list(_reasons(caps))))
    missing = listed([unestablished(what) if "/" in what else _named(what) for what in held.not_measured], 6)
    rows += [("Not measured", Span(f"? {missing}", "warn") if missing else None), ("By", Span(held.guide, "dim"))]
    yield from heading("Grade", width)
    yield from facts(rows, width)


def _reasons(caps: Iterable[Cap]) -> Iterator[Span]:
    """Each with where the guide says so, which the last one tells for those before it."""
    for number, (section, alike) in enumerate(groupby(caps, key=lambda cap: cap.section)):
        yield Span(f"{'; ' if number else ''}{'; '.join(dict.fromkeys(map(_reason, alike)))}")
        if section:
            yield Span(f" ({section})", "dim")


def _bar(score: int) -> Text:
    style: Style = "good" if score >= 80 else "warn" if score >= 50 else "bad"
    full = round(score * _BAR / 100)
    return [Span("━" * full, style), Span("─" * (_BAR - full), "dim"), Span(f" {score}")]


def _reason(cap: Cap) -> str:
    """A weakness by its name alone: its evidence stands among the weaknesses."""
    name, _, rest = cap.reason.partition(": ")
    return _named(name) if rest and _named(name) != name else shortened(reworded(cap.reason), _REASON)


def _named(what: str) -> str:
    return {str(key): name for key, name in WEAKNESSES.items()}.get(what, what)


def _versions(audit: TlsAudit, width: int) -> Iterator[Line]:
    rows: list[tuple[str, Text | None]] = []
    for support in ("accepted", "refused", "unknown"):
        shown = [_version(version, support) for version in reversed(audit.protocols) if audit.protocols[version] == support]
        rows.append((support.capitalize(), [part for span in shown for part in (Span(", "), span)][1:]))
    yield from heading("Versions", width)
    yield from facts(rows, width)


def _version(version: str, support: str) -> Span:
    name = VERSIONS.get(version, version)
    if support == "unknown":
        return Span(f"? {name}", "warn")
    if (support == "accepted") is (version in MODERN):
        return Span(f"✔ {name}", "good")
    if support == "accepted":
        return Span(f"✘ {name}", "bad")
    return Span(f"! {name}", "warn") if version == "TLSv1.3" else Span(f"· {name}")


def _policies(audit: TlsAudit, width: int) -> Iterator[Line]:
    if not audit.policies:
        return
    yield from heading("Policies", width)
    for held in audit.policies:
        title, told = f"{held.title} ({held.version})", _told(held)
        match held.verdict:
            case "pass":
                yield from paragraph([Span(title), Span(": passed", "good")], width, indent=2, lead=Span("✔ ", "good"))
            case "deviates":
                deviations = Span(f": {count(len(held.deviations), 'deviation')}: ", "bad")
                yield from paragraph([Span(title), deviations, Span(told)], width, indent=2, lead=Span("✘ ", "bad"))
            case _:
                text = [Span(title), Span(": unknown; ", "warn"), Span(f"not measured: {told}")]
                yield from paragraph(text, width, indent=2, lead=Span("? ", "warn"))
    from netassist.tls.policies import left_out

    for missing in left_out():
        said = f"Not among them: {missing.title}: {missing.because}"
        yield from paragraph(Span(said, "dim"), width, indent=2, lead=Span("· ", "dim"))


def _told(held: Judgement) -> str:
    what = held.deviations or held.not_measured
    shown = [shortened(reworded(text), _DEVIATION) for text in what[:_SHOWN_DEVIATIONS]]
    more = f"; and {len(what) - _SHOWN_DEVIATIONS} more" if len(what) > _SHOWN_DEVIATIONS else ""
    return "; ".join(shown) + more

"""What an SSH server offers and shows before anybody logs in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from netassist.reports.layout import BLANK, GOOD, NEUTRAL, UNKNOWN, Task, Text, Verdict, facts, heading, paragraph, table
from netassist.reports.style import Span, Style
from netassist.reports.text import finding
from netassist.reports.words import count, listed, named, place, quoted

if TYPE_CHECKING:
    from netassist.probes.ssh import SshAudit
    from netassist.probes.ssh_algorithms import Algorithm
    from netassist.reports.style import Line

_LISTS = (
    ("Key exchange", "kex"), ("Host key signatures", "host_key"), ("Ciphers", "cipher"), ("MACs", "mac"),
    ("Compression", "compression"),
)  # fmt: skip
_MARKS: dict[str, tuple[str, Style]] = {
    "recommended": ("✔ ", "good"), "acceptable": ("· ", "plain"), "unknown": ("? ", "warn"), "weak": ("! ", "warn"),
    "broken": ("✘ ", "bad"),
}  # fmt: skip
_VERDICTS: dict[str, tuple[str, Style]] = {"pass": ("✔ ", "good"), "deviates": ("! ", "warn"), "unknown": ("? ", "warn")}


def task(audit: SshAudit) -> Task:
    return Task("audit SSH", f"at {place(audit.target)}")


def verdict(audit: SshAudit) -> Verdict:
    where = place(audit.target)
    if audit.banner is None:
        return Verdict(f"What the SSH server at {where} offers is unknown.", UNKNOWN)
    runs = f" ({quoted(audit.software, 60)})" if audit.software else ""
    keys = count(len(audit.host_keys), "host key")
    quantum = {True: "a quantum-safe key exchange", False: "no quantum-safe key exchange", None: "a key exchange of unknown kind"}
    says = f"{where} speaks SSH {audit.protocol}{runs} with {keys} and {quantum[audit.post_quantum]}"
    grave = [item.title for item in audit.findings if item.severity != "info"]
    if grave:
        return Verdict(f"{says}; {count(len(grave), 'problem')}: {listed(grave, 4)}.", finding.worst(audit.findings))
    known = audit.terrapin.verdict == "safe" and audit.post_quantum is not None and not audit.host_keys_missing
    return Verdict(f"{says}; nothing weak was found.", GOOD if known else NEUTRAL)


def evidence(audit: SshAudit, width: int) -> Iterator[Line]:
    rows: list[tuple[str, Text | None]] = [
        ("Software", quoted(audit.software, 255) if audit.software else None),
        ("Protocol", audit.protocol),
        ("Key exchange", _key_exchange(audit)),
        ("Terrapin", _terrapin(audit)),
        (
            "Group exchange",
            f"hands out {audit.group_exchange_bits} bits to who asks for few" if audit.group_exchange_bits else None,
        ),
        ("Connections", str(audit.connections)),
    ]
    yield from facts(rows, width)
    if audit.host_keys or audit.host_keys_missing:
        yield BLANK
        yield from heading("Host keys", width)
        rows_of_keys = [(k.type, str(k.bits or "unknown"), k.fingerprint_sha256, k.signed_by or "") for k in audit.host_keys]
        yield from table(("type", "bits", "fingerprint", "signed by"), rows_of_keys, width)
        if audit.host_keys_missing:
            lead = Span("? ", "warn")
            yield from paragraph(f"not shown for {listed(audit.host_keys_missing)}", width, indent=2, lead=lead)
    for title, name in _LISTS:
        algorithms: Sequence[Algorithm] = getattr(audit.algorithms, name)
        if algorithms:
            yield BLANK
            yield from heading(title, width)
            yield from _algorithms(algorithms, width)
    if audit.policies:
        yield BLANK
        yield from heading("Baselines", width)
        for policy in audit.policies:
            mark, style = _VERDICTS[policy.verdict]
            how = {"pass": "passes", "deviates": "deviates", "unknown": "unknown"}[policy.verdict]
            yield from paragraph(f"{policy.title}: {how}", width, indent=2, lead=Span(mark, style))
            for deviation in policy.deviations:
                yield from paragraph(Span(deviation, "dim"), width, indent=4)


def _algorithms(algorithms: Sequence[Algorithm], width: int) -> Iterator[Line]:
    """What is good in one paragraph; each of the rest with its reason."""
    for rating in ("recommended", "acceptable"):
        mark, style = _MARKS[rating]
        names = [algorithm.name for algorithm in algorithms if algorithm.rating == rating]
        if names:
            yield from paragraph(", ".join(names), width, indent=2, lead=Span(mark, style))
    for rating in ("unknown", "weak", "broken"):
        mark, style = _MARKS[rating]
        for algorithm in algorithms:
            if algorithm.rating == rating:
                why = (Span(f"{algorithm.name}:", style), Span(f" {algorithm.because}", "dim"))
                yield from paragraph(why, width, indent=2, lead=Span(mark, style))


def _key_exchange(audit: SshAudit) -> Text | None:
    if audit.negotiated is None:
        return Span("? none in common with OpenSSH 10", "warn") if audit.banner else None
    kind = {True: "quantum safe", False: "not quantum safe", None: "of unknown kind"}[audit.post_quantum]
    return Span(f"OpenSSH 10 gets {named(audit.negotiated)} ({kind})", "good" if audit.post_quantum else "warn")


def _terrapin(audit: SshAudit) -> Text:
    marks: dict[str, tuple[str, Style]] = {
        "safe": ("✔ safe", "good"), "vulnerable": ("✘ vulnerable", "bad"), "unknown": ("? unknown", "warn"),
    }  # fmt: skip
    return Span(*marks[audit.terrapin.verdict]), Span(f": it {audit.terrapin.because}")

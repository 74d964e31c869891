"""The way to a host: how many hops, how far each, and where it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import GOOD, UNKNOWN, WARN, Task, Verdict, facts, table
from netassist.reports.words import count, milliseconds, named, place, sentence_end
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.probes.traceroute import Hop, Traceroute
    from netassist.reports.style import Line

_TIMES = ("first", "second", "third")


def task(trace: Traceroute) -> Task:
    return Task("trace the way", f"to {place(trace.target, port=False)}")


def verdict(trace: Traceroute) -> Verdict:
    host, last = place(trace.target, port=False), trace.hops[-1] if trace.hops else None
    if trace.reached and last is not None:
        times = [time for time in last.rtt_ms if time is not None]
        took = f", in {milliseconds(min(times))}" if times else ""
        silent = sum(hop.address is None for hop in trace.hops)
        hidden = f"; {count(silent, 'hop')} on the way did not answer" if silent else ""
        return Verdict(f"{host} is {count(last.hop, 'hop')} away{took}{hidden}.", GOOD)
    if last is not None and last.refusal:
        return Verdict(sentence_end(f"The way to {host} ends at hop {last.hop}, {_who(last)}: {last.refusal}"), WARN)
    if trace.reached is None:
        return Verdict(f"Whether {host} can be reached, and by which way, is unknown.", UNKNOWN)
    beyond = "; whether it is down, or something drops these packets or their answers, cannot be told"
    if last is None:
        return Verdict(f"Nothing answered on the way to {host}, up to hop {trace.probed}{beyond}.", WARN)
    tried = f"nothing answered from hop {last.hop + 1} to {trace.probed}"
    return Verdict(f"The way to {host} falls silent after hop {last.hop}, {_who(last)}: {tried}{beyond}.", WARN)


def evidence(trace: Traceroute, width: int) -> Iterator[Line]:
    if trace.hops:
        most = min(max(len(hop.rtt_ms) for hop in trace.hops), len(_TIMES))
        header = ("hop", "address", "name", *_TIMES[:most], "")
        yield from table(header, [_row(hop, most) for hop in trace.hops], width)
    else:
        yield from facts([("Asked", f"{count(trace.probed, 'hop')} by UDP")], width)


def _row(hop: Hop, most: int) -> tuple[str, ...]:
    times = [milliseconds(time) if time is not None else "–" for time in hop.rtt_ms]
    notes = [f"also {as_text(address, 64)}" for address in hop.others] + ([hop.refusal] if hop.refusal else [])
    silent = hop.address is None
    shown = [""] * most if silent else [*times, *[""] * (most - len(times))]
    return (str(hop.hop), hop.address or "no answer", hop.name or "", *shown[: len(_TIMES)], "; ".join(notes))


def _who(hop: Hop) -> str:
    address = as_text(hop.address or "unknown", 64)
    return f"{address} ({named(hop.name)})" if hop.name else address

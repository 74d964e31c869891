"""What lost echo requests mean."""

from __future__ import annotations

from collections.abc import Iterator

from netassist.observations import Finding
from netassist.probes.ping import Ping


def judge(ping: Ping) -> Iterator[Finding]:
    if not ping.sent or ping.loss is None or not ping.loss:
        return
    what = "ICMP echo requests" if ping.method == "icmp" else "TCP connection attempts"
    evidence = f"{ping.received} of {ping.sent} {what} answered"
    if not ping.received:
        yield Finding(
            id="ping.no_answer",
            severity="info",
            title="No answer",
            detail="The host is down, or it or something on the way drops these requests; that cannot be told from here.",
            evidence=evidence,
            fix="Check a port that has to be open (tcp_check), or the way to the host (traceroute).",
        )
    else:
        yield Finding(
            id="ping.packet_loss",
            severity="low",
            title=f"{ping.loss:.0%} of the requests went unanswered",
            detail="Packets are lost on the way, or the host limits how many it answers.",
            evidence=evidence,
            fix="Repeat with a higher count; where it stays, look for the lossy hop (traceroute).",
        )

"""What lost echo requests mean."""

from __future__ import annotations

from collections.abc import Iterator

from netassist.audit.rule import Rule
from netassist.observations import Finding
from netassist.probes.ping import Ping

RULES: dict[str, Rule] = {
    "ping.no_answer": Rule(
        "info",
        "No answer",
        "The host is down, or it or something on the way drops these requests; that cannot be told from here.",
        "Check a port that has to be open (tcp_check), or the way to the host (traceroute).",
        (),
    ),
    "ping.packet_loss": Rule(
        "low",
        "Requests went unanswered",
        "Packets are lost on the way, or the host limits how many it answers.",
        "Repeat with a higher count; where it stays, look for the lossy hop (traceroute).",
        (),
    ),
}


def judge(ping: Ping) -> Iterator[Finding]:
    if not ping.sent or ping.loss is None or not ping.loss:
        return
    what = "ICMP echo requests" if ping.method == "icmp" else "TCP connection attempts"
    evidence = f"{ping.received} of {ping.sent} {what} answered"
    if not ping.received:
        yield RULES["ping.no_answer"].finding("ping.no_answer", evidence)
    else:
        rule = RULES["ping.packet_loss"]._replace(title=f"{ping.loss:.0%} of the requests went unanswered")
        yield rule.finding("ping.packet_loss", evidence)

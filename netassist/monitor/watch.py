"""What is watched: a host, one check of it, how often, and where its limits are."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from netassist.targets import host_of, parse_url

Check = Literal["icmp", "tcp", "dns", "http", "https", "smtp", "certificate", "tls", "quantum", "ssh", "nmap"]
CHECKS: tuple[Check, ...] = get_args(Check)
SHORTEST, LONGEST = 5, 30 * 86400
"""Seconds between two checks."""
LAST_DAYS = 7


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Beyond which a result is degraded or down; None is no limit. Each concerns the checks that measure it.

    Args:
        slow_ms, too_slow_ms: response time from which a result is degraded, and down (icmp, tcp, dns, http, https, smtp, ssh).
        loss: fraction of lost echo requests from which it is degraded (icmp; all lost is down).
        days, last_days: days to a certificate's expiry below which it is degraded, and down (certificate, https, tls, smtp);
            `last_days` is 7 for certificate where left out, and for the others what has expired is down.
        grade: the worst TLS grade that is not degraded (tls).
        ports: open ports that are expected, as Nmap writes lists; one more or one less is degraded (nmap).
        status: HTTP status codes that are right, such as ``200`` or ``200,301`` (http, https; below 400 where left out).
        content: text that the page holds (http, https).
        record_type, record: what DNS answers for the host; `record` is one of the answers' data (dns).
        post_quantum: whether a key exchange that is not post-quantum is degraded (quantum).
    """

    slow_ms: float | None = None
    too_slow_ms: float | None = None
    loss: float | None = None
    days: int = 21
    last_days: int | None = None
    grade: str | None = None
    ports: str | None = None
    status: str | None = None
    content: str | None = None
    record_type: str | None = None
    record: str | None = None
    post_quantum: bool = False


class Watch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One check of one host.

    Args:
        host: a host name, an address or a URL, as it was written.
        interval: seconds from one check's begin to the next.
        enabled: False while it is paused.
        failures, of: a state changes for the worse after this many results of that kind among the last so many.
        parents: keys of watches, or hosts, behind which this one lies: while one of them is down, nothing is said of it.
        group, tags: where it stands on the status page; labels of its metrics.
        public: whether the public status page shows it.
        source: ``file`` for monitor.toml, ``added`` by the assistant, the command line or the API.
    """

    host: str
    check: Check
    port: int | None = None
    interval: int = 300
    enabled: bool = True
    failures: int = 2
    of: int = 3
    limits: Limits = Limits()
    parents: tuple[str, ...] = ()
    group: str = ""
    tags: dict[str, str] = {}
    public: bool = False
    source: Literal["file", "added"] = "added"

    @property
    def last_days(self) -> int:
        """Days to a certificate's expiry below which it is down."""
        given = self.limits.last_days
        return given if given is not None else LAST_DAYS if self.check == "certificate" else 0

    @property
    def key(self) -> str:
        """What names it everywhere, for example ``tcp db1.example.org 5432``."""
        return f"{self.check} {self.host}" + (f" {self.port}" if self.port is not None else "")


def port_of(watch: Watch) -> int | None:
    """The port of a watch, from its URL or ``host:port`` where it has none of its own; None for the check's own default."""
    if watch.port is not None:
        return watch.port
    if "://" in watch.host:
        return parse_url(watch.host).port
    bare = host_of(watch.host)
    rest = watch.host.removeprefix(f"[{bare}]").removeprefix(bare)
    return int(rest[1:]) if rest[:1] == ":" and rest[1:].isascii() and rest[1:].isdigit() else None

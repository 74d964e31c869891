"""What to try, by the check and by what its last message says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netassist.monitor.watch import Check, Watch, port_of
from netassist.targets import host_of
from netassist.untrusted import as_text

_CERTIFIED: frozenset[Check] = frozenset({"https", "certificate", "tls", "quantum", "smtp"})
_WEB: frozenset[Check] = frozenset({"http", "https"})
# The first that fits is said: the checks that it is for (all where it is None), words of the message, what to try.
_ADVICE: tuple[tuple[frozenset[Check] | None, str, str], ...] = (
    (None, r"no file descriptors|too many open files", "raise LimitNOFILE of the daemon's service"),
    (frozenset({"nmap"}), r"not open", "is the service still running? look at its log on {host}"),
    (frozenset({"nmap"}), r"open", "find out which program listens there, and whether it is meant to"),
    (frozenset({"dns"}), r"record|answer", "compare `dig {host}` at the zone's own servers; was the zone edited?"),
    (None, r"resolv|NXDOMAIN|no address|name server", "is the name still there? try `netassist run dns_lookup name={host}`"),
    (_CERTIFIED, r"self[- ]signed|issuer|not trusted|untrusted",
     "is it signed by itself, or by an authority of your own? then name that certificate as ca_file in config.toml and reload; "
     "else is the whole chain sent? `netassist run certificate_info host={host}{port}`"),
    (_CERTIFIED, r"expire|days? left|not after", "renew the certificate, and reload the server; look at the renewal job's log"),
    (_CERTIFIED, r"trust|verify", "is the whole chain sent? `netassist run certificate_info host={host}{port}`"),
    (_CERTIFIED, r"another name|not for", "is it the right host? has the server the certificate for this name?"),
    (_CERTIFIED, r"revoked", "get a new certificate, and find out who revoked this one, and why"),
    (frozenset({"smtp"}), r"STARTTLS|TLS failed", "see what TLS it does: `netassist run smtp_check host={host}{port}`"),
    (None, r"refused", "is the service running? look at its log on {host}, and at what listens there"),
    (None, r"reset|closed the connection", "look at the service's log on {host}; a proxy or firewall may turn connections away"),
    (None, r"no route|unreachable|cannot be reached", "is the way there? try `netassist run traceroute host={host}`"),
    (_WEB, r"HTTP [45]\d\d|status", "look at the web server's error log on {host}, and at the application behind it"),
    (_WEB, r"content|hold|text", "open the page and look at what it shows now; was it changed on purpose?"),
    (None, r"answer|timed? ?out|lost|host up", "is {host} up? try `netassist run ping host={host}`; a firewall may drop it"),
    (frozenset({"tls"}), r"grade", "see what lowers the grade: `netassist run tls_audit host={host}{port}`"),
    (frozenset({"quantum"}), r"", "see which key exchanges are offered: `netassist run quantum_check host={host}{port}`"),
    (None, r"\bms\b|slow", "look at the load of {host}, and at the way there: `netassist run traceroute host={host}`"),
)  # fmt: skip
_DRIFT = {
    "open_ports": "find out which program listens there; if it is meant to, acknowledge this",
    "grade": "see what changed: `netassist run tls_audit host={host}{port}`; acknowledge this where it is meant to be so",
    "certificate": "nothing, if it was renewed; if nobody did, find out who has the key",
    "post_quantum": "was the TLS library or its configuration changed? `netassist run quantum_check host={host}{port}`",
    "records": "nothing, if the zone was edited; if nobody did, look at the zone's account",
    "host_key": "if nobody reinstalled it, somebody may stand in between: compare the key on the machine before logging in",
}


def advised(watch: Watch | None, message: str) -> str:
    """One line; empty where there is no advice."""
    if watch is None:
        return ""
    return _about(watch, next(_fitting(watch, message), ""))


def advised_of_drift(watch: Watch | None, what: str) -> str:
    """One line; empty where there is no advice."""
    return _about(watch, _DRIFT.get(what, "")) if watch is not None else ""


def _about(watch: Watch, said: str) -> str:
    port = port_of(watch)
    return said.replace("{host}", as_text(host_of(watch.host), 260)).replace("{port}", f" port={port}" if port else "")


def _fitting(watch: Watch, message: str) -> Iterator[str]:
    for checks, words, said in _ADVICE:
        if (checks is None or watch.check in checks) and re.search(words, message, re.IGNORECASE):
            yield said

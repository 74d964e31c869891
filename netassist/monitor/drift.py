"""What became different between two checks: facts before and after, as events in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from netassist.monitor.happening import Event
from netassist.monitor.watch import Check, Watch
from netassist.reports.words import listed
from netassist.untrusted import as_text

LETTERS = ("A+", "A", "A-", "B", "C", "D", "E", "F", "T", "M")
"""Grades from the best; T (not trusted) and M (wrong name) are worse than any."""
VERDICTS = {"not_safe": "not offered", "available": "offered", "safe": "used"}
PAGES: frozenset[Check] = frozenset({"http", "https"})
"""Checks that see a certificate by the way: another one is an event, and nobody is told."""
_EARLIER, _REMEMBERED = "earlier_certificates", 8
_MOST = 500


def drifted(watch: Watch, before: Mapping[str, str], after: Mapping[str, str], at: float, silenced: str = "") -> list[Event]:
    """An event for each fact that is known of both times and differs, but for a certificate that `merged` remembers."""
    found = []
    for what, words in _WORDS.items():
        old, new = before.get(what), after.get(what)
        if old is not None and new is not None and old != new and not (what == "certificate" and _was_there(watch, before, new)):
            found.append(
                Event(at=at, watch=watch.key, kind="drift", what=what, before=as_text(old, _MOST), after=as_text(new, _MOST),
                      message=as_text(words(old, new), _MOST), silenced=silenced)
            )  # fmt: skip
    return found


def merged(watch: Watch, before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """What is known after a check. Of pages that are looked at every minute the last certificates are remembered, for behind some
    names several servers answer by turns, each with its own.
    """
    facts, old = {**before, **after}, before.get("certificate")
    if watch.check in PAGES and old is not None and facts["certificate"] != old:
        earlier = dict.fromkeys([_mark(old), *filter(None, before.get(_EARLIER, "").split(", "))])
        facts[_EARLIER] = ", ".join([*earlier][:_REMEMBERED])
    return facts


def _was_there(watch: Watch, before: Mapping[str, str], new: str) -> bool:
    return watch.check in PAGES and _mark(new) in _set(before.get(_EARLIER, ""), ", ")


def _mark(certificate: str) -> str:
    """The fingerprint in a fact about a certificate."""
    return certificate.rpartition("SHA-256 ")[2].rstrip("…")


def expiry(facts: Mapping[str, str]) -> float | None:
    """When a certificate expires, Unix seconds; None where that is not known."""
    try:
        until = datetime.fromisoformat(facts["expires"])
    except (KeyError, ValueError):
        return None
    return (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp()


def is_worse_grade(letter: str, than: str) -> bool:
    """Whether a grade is worse than another; one that is no grade is never."""
    return letter in LETTERS and than in LETTERS and LETTERS.index(letter) > LETTERS.index(than)


def _ports(old: str, new: str) -> str:
    before, after = _set(old, ","), _set(new, ",")
    parts = [("opened", after - before), ("closed", before - after)]
    return "; ".join(f"port{'s'[: len(ports) - 1]} {listed(sorted(ports, key=_number))} {how}" for how, ports in parts if ports)


def _grade(old: str, new: str) -> str:
    if old in LETTERS and new in LETTERS:
        return f"the TLS grade {'fell' if is_worse_grade(new, old) else 'rose'} from {old} to {new}"
    return f"the TLS grade changed from {old} to {new}"


def _certificate(old: str, new: str) -> str:
    return f"the certificate changed: now {new}; it was {old}"


def _post_quantum(old: str, new: str) -> str:
    order = list(VERDICTS)
    if old not in order or new not in order:
        return f"post-quantum key exchange: {old} became {new}"
    if old == "not_safe":
        return f"post-quantum key exchange appeared: it is {VERDICTS[new]}"
    if new == "not_safe":
        return "post-quantum key exchange went: it is offered no more"
    return f"post-quantum key exchange was {VERDICTS[old]} and is now {VERDICTS[new]} by clients that offer both"


def _records(old: str, new: str) -> str:
    return _sets("DNS answers changed", old, new)


def _host_key(old: str, new: str) -> str:
    return _sets("the SSH host keys changed", old, new)


def _sets(what: str, old: str, new: str) -> str:
    before, after = _set(old, "; "), _set(new, "; ")
    parts = [f"{listed(sorted(items), 4)} {how}" for how, items in (("came", after - before), ("went", before - after)) if items]
    return f"{what}: {'; '.join(parts)}"


def _set(text: str, separator: str) -> set[str]:
    return {part for part in text.split(separator) if part not in ("", "none")}


def _number(port: str) -> int:
    return int(port) if port.isascii() and port.isdigit() else 0


_WORDS: Mapping[str, Callable[[str, str], str]] = {
    "open_ports": _ports, "grade": _grade, "certificate": _certificate, "post_quantum": _post_quantum, "records": _records,
    "host_key": _host_key,
}  # fmt: skip

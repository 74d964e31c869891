"""What a watch and a maintenance window may say, whether it comes from the command line, the API, monitor.toml or a tool."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from netassist.monitor.times import stamp
from netassist.monitor.watch import CHECKS, LONGEST, SHORTEST, Check, Limits, Watch, port_of
from netassist.reports.words import listed
from netassist.targets import check_port, host_of, is_port_list, parse_host, parse_network, parse_url

if TYPE_CHECKING:
    from netassist.monitor.store.values import Window

LONGEST_NAME = 100
"""Characters of a group, a tag's name, a maintenance window's name."""
LONGEST_TEXT = 1000
MOST_NAMED = 100
"""Parents of a watch, tags of it."""
MOST_DAYS = 36_500
_MOST_MS = 3_600_000.0
_ANSWERING: frozenset[Check] = frozenset({"icmp", "tcp", "dns", "http", "https", "smtp", "ssh"})
_WEB: frozenset[Check] = frozenset({"http", "https"})
_CERTIFIED: frozenset[Check] = frozenset({"certificate", "https", "tls", "smtp"})
_MEASURING: dict[str, frozenset[Check]] = {
    "slow_ms": _ANSWERING, "too_slow_ms": _ANSWERING, "loss": frozenset({"icmp"}), "days": _CERTIFIED, "last_days": _CERTIFIED,
    "grade": frozenset({"tls"}), "ports": frozenset({"nmap"}), "status": _WEB, "content": _WEB, "record_type": frozenset({"dns"}),
    "record": frozenset({"dns"}), "post_quantum": frozenset({"quantum", "ssh"}),
}  # fmt: skip
"""The checks that measure what each limit is about."""
_LONGEST_WINDOW, _WEEK = 31 * 86400, 7 * 86400


def check_watch(watch: Watch) -> None:
    """Raises ValueError, with words for the person, where a watch cannot be carried out as it is."""
    if watch.check not in CHECKS:
        raise ValueError(f"there is no check {watch.check!r}; there are {', '.join(CHECKS)}")
    if parse_network(watch.host) is not None:
        raise ValueError(f"{watch.host} is a network; a watch is of one host")
    if "://" in watch.host:
        parse_url(watch.host)
    parse_host(host_of(watch.host))
    if (port := port_of(watch)) is not None:
        check_port(port)
    elif watch.check == "tcp":
        raise ValueError(f"{watch.host}: a tcp check needs a port")
    if watch.interval < 0:
        raise ValueError(f"interval {watch.interval} is negative; it is {SHORTEST} seconds at least")
    if not SHORTEST <= watch.interval <= LONGEST:
        raise ValueError(f"interval {watch.interval} is not between {SHORTEST} seconds and {LONGEST} (30 days)")
    if not 1 <= watch.of <= 20:
        raise ValueError(f"of {watch.of} is not between 1 and 20 results that are looked back on")
    if not 1 <= watch.failures <= watch.of:
        raise ValueError(f"failures {watch.failures} is not between 1 and the {watch.of} results (`of`) that are looked back on")
    if len(watch.group) > LONGEST_NAME:
        raise ValueError(f"group has {len(watch.group):,} characters, and {LONGEST_NAME} at most")
    if len(watch.parents) > MOST_NAMED:
        raise ValueError(f"parents are {len(watch.parents):,}, and {MOST_NAMED} at most")
    long = any(len(name) > LONGEST_NAME or len(value) > LONGEST_TEXT for name, value in watch.tags.items())
    if long or len(watch.tags) > MOST_NAMED:
        raise ValueError(f"tags are {MOST_NAMED} at most, of {LONGEST_NAME} characters, and their values of {LONGEST_TEXT:,}")
    _check_limits(watch.limits)


def check_given(limits: Iterable[str], checks: Iterable[str]) -> None:
    """Raises ValueError where none of the `checks` measures what one of the `limits` that were given is about."""
    checks = tuple(checks)
    for name in limits:
        if name in _MEASURING and not any(is_measured(name, check) for check in checks):
            of = [check for check in CHECKS if is_measured(name, check)]
            raise ValueError(f"{name} means nothing to {listed(checks)}; it is a limit of {listed(of, len(of))}")


def is_measured(limit: str, check: str) -> bool:
    """Whether a check measures what a limit is about."""
    return check in _MEASURING[limit]


def set_in(limits: Limits) -> tuple[str, ...]:
    """The names of the limits that are not as by default."""
    return tuple(name for name in Limits.__struct_fields__ if getattr(limits, name) != getattr(Limits(), name))


def check_window(window: Window) -> None:
    """Raises ValueError where it is none."""
    if not window.name.strip() or "\n" in window.name or len(window.name) > LONGEST_NAME:
        raise ValueError(f"a maintenance window needs a name of at most {LONGEST_NAME} characters")
    lasts, most = window.ends - window.starts, _WEEK if window.weekly else _LONGEST_WINDOW
    if not (math.isfinite(window.starts) and 0 < lasts <= most):
        what = "weekly maintenance" if window.weekly else "maintenance"
        raise ValueError(f"{what} ends after it starts, and lasts at most {most // 86400} days")


def check_ahead(window: Window, now: float) -> None:
    """Raises ValueError where a maintenance window is over before it is planned."""
    if not window.weekly and window.ends <= now:
        raise ValueError(f"this maintenance would be over already: it ends at {stamp(window.ends)}")


def check_parents(wanted: Watch, watches: Sequence[Watch]) -> None:
    """Raises ValueError where a watch, put among these, would lie behind what is not watched, or behind itself."""
    from netassist.monitor.states import cycle

    every = {**{watch.key: watch for watch in watches}, wanted.key: wanted}
    check_names(wanted.parents, [*every.values()])
    if circle := cycle(every):
        raise ValueError(f"parents: these would lie behind one another: {' → '.join(circle)}")


def check_names(names: Iterable[str], watches: Sequence[Watch], *, groups: bool = False) -> None:
    """Raises ValueError for a name that is no key and no host of these watches, and no group either where `groups` count."""
    known = {name for watch in watches for name in (watch.key, watch.host, host_of(watch.host))}
    known |= {watch.group for watch in watches if groups and watch.group}
    for name in names:
        if name not in known:
            what = "key, host or group" if groups else "key or host"
            raise ValueError(f"no watch has the {what} {name!r}{nearest(name, known)}")


def in_words(message: str) -> str:
    """What msgspec says of a value of the wrong type, in words for a person."""
    for theirs, ours in _WORDS:
        message = message.replace(theirs, ours)
    return message


_WORDS = (
    ("Expected `", "it must be `"), (" | null", ""), ("`str`", "a text in quotation marks"), ("`int`", "a whole number"),
    ("`bool`", "true or false"), ("`float`", "a number"), ("`array`", "a list"), ("`object`", "a table"),
    ("`datetime`", "a date and time"), ("Invalid enum value", "there is no choice"), (", got ", ", and is "),
)  # fmt: skip


def nearest(name: str, known: Iterable[str]) -> str:
    """What may have been meant, as the end of a sentence."""
    every = sorted(set(known))
    close = get_close_matches(name, every, 1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there {'is' if len(every) == 1 else 'are'} {listed(every, 5)}" if every else "; there is none yet"


def _check_limits(limits: Limits) -> None:
    from netassist.monitor.drift import LETTERS
    from netassist.monitor.judging import status_codes
    from netassist.toolbox import tools

    if limits.status is not None:
        try:
            status_codes(limits.status)
        except ValueError as error:
            raise ValueError(f"status {error}") from None
    if limits.grade is not None and limits.grade not in LETTERS:
        raise ValueError(f"grade {limits.grade!r} is none of {', '.join(LETTERS)}")
    if limits.ports is not None and not is_port_list(limits.ports):
        raise ValueError(f"ports {limits.ports!r} is no port list such as 22,80,8000-8100")
    if limits.loss is not None and not 0 < limits.loss <= 1:
        raise ValueError(f"loss {limits.loss:g} is not a fraction above 0 and up to 1")
    for name, ms in (("slow_ms", limits.slow_ms), ("too_slow_ms", limits.too_slow_ms)):
        if ms is not None and not 0 < ms <= _MOST_MS:
            raise ValueError(f"{name} {ms:g} is not above 0 and up to an hour ({_MOST_MS:.0f})")
    if limits.slow_ms is not None and limits.too_slow_ms is not None and limits.too_slow_ms < limits.slow_ms:
        raise ValueError(f"too_slow_ms {limits.too_slow_ms:g} is less than slow_ms {limits.slow_ms:g}")
    for name, days in (("days", limits.days), ("last_days", limits.last_days)):
        if days is not None and not 0 <= days <= MOST_DAYS:
            raise ValueError(f"{name} {days} is not between 0 and {MOST_DAYS}")
    for name, text in (("content", limits.content), ("record", limits.record)):
        if text is not None and not 0 < len(text) <= LONGEST_TEXT:
            raise ValueError(f"{name} has {len(text):,} characters, and not 1 to {LONGEST_TEXT:,}")
    kinds = tools()["dns_lookup"].parameters.properties["record_type"].enum or ()
    if limits.record_type is not None and kinds and limits.record_type not in kinds:
        raise ValueError(f"record_type {limits.record_type!r} is none of {', '.join(kinds)}")

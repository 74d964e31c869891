"""Which watches are meant by what a person names: a key, a URL, ``host:port``, or a host.

What is named exactly never stands for anything else; a bare host stands for all checks of that host.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netassist.monitor.watch import CHECKS, Check, Watch, port_of
from netassist.observations import Failed
from netassist.reports.words import listed
from netassist.targets import host_and_port, host_of, host_port, parse_host, parse_url

USUAL_PORTS: dict[Check, int] = {"http": 80, "https": 443, "certificate": 443, "tls": 443, "quantum": 443, "ssh": 22, "smtp": 25}
"""The port of a check where none is said."""


def found_in(watches: Sequence[Watch], named: str, check: Check | None = None, port: int | None = None) -> tuple[Watch, ...]:
    """The watches that are meant, of one `check` and at one `port` where these are given; none where that is not watched.

    A URL means what is watched by that very URL; with a check that takes no URL, that check of its host and port.
    """
    if any(watch.key == named for watch in watches):
        meant = [watch for watch in watches if watch.key == named]
    elif "://" in named:
        meant = [watch for watch in watches if _is_url(watch, named, check)]
    else:
        host, at = host_and_port(named)
        every = named in (host, f"[{host}]")
        meant = [watch for watch in watches if _bare(watch.host) == _bare(named) and (every or port_at(watch) == (at or 0))]
    return tuple(watch for watch in meant if check in (None, watch.check) and port in (None, port_at(watch)))


def found(watches: Sequence[Watch], named: str, check: Check | None = None, port: int | None = None) -> tuple[Watch, ...]:
    """Like `found_in`; raises Failed, with what is watched instead, where that is nothing."""
    meant = found_in(watches, named, check, port)
    if not meant:
        of_host = [watch.key for watch in watches if _bare(watch.host) == _bare(named.split(" ")[1] if " " in named else named)]
        known = {watch.key if " " in named else watch.host for watch in watches}
        which = f" by a check of {check}" if check is not None else ""
        where = f" at port {port}" if port is not None else ""
        others = f"; what is watched: {listed(of_host or sorted(known), 5)}" if watches else ", and nothing else is"
        raise Failed("invalid", f"{named} is not watched{which}{where}{others}")
    return meant


def watches_of(keys: Iterable[str]) -> tuple[Watch, ...]:
    """The watches that keys name, without what else was set of them; what is no key is left out."""
    parts = (key.split(" ") for key in keys)
    return tuple(
        Watch(host=host, check=check, port=int(port[0]) if port else None)  # type: ignore[arg-type]
        for check, host, *port in (part for part in parts if len(part) in (2, 3) and part[0] in CHECKS)
    )


def port_at(watch: Watch) -> int | None:
    """The port that is checked, which may be the check's usual one; None for a check of no one port."""
    return port_of(watch) or USUAL_PORTS.get(watch.check)


def _is_url(watch: Watch, named: str, check: Check | None) -> bool:
    try:
        url = parse_url(named)
        if watch.check in ("http", "https") or "://" in watch.host:
            own = parse_url(watch.host if "://" in watch.host else f"{watch.check}://{host_port(host_of(watch.host))}")
            return (own.scheme, own.host.host, port_at(watch), own.path) == (url.scheme, url.host.host, url.port, url.path)
    except ValueError:
        return watch.host == named
    if check is None or _bare(watch.host) != _bare(named):
        return False
    return check in ("icmp", "dns", "nmap", "ssh", "smtp") or port_at(watch) == url.port


def _bare(host: str) -> str:
    bare = host_of(host)
    try:
        return parse_host(bare).host
    except ValueError:
        return bare.lower()

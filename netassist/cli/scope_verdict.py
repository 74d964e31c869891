"""What the scope says of one host, as a request would find it that names the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from netassist.network import Network
from netassist.observations import Failed
from netassist.scope import Scope
from netassist.targets import parse_network
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.configuration import Settings


class ScopeVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """`allowed` where a request that names `host` may touch it; `unasked` where it may be touched without being named.

    `addresses` are those that may be reached, empty where the name was not looked up; `left_out` are parts of a network that
    are not scanned, `closed_ports` ports that are not touched (Nmap's notation); `because` says why.
    """

    host: str
    port: int | None = None
    allowed: bool
    unasked: bool = False
    because: str
    addresses: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    closed_ports: str = ""

    def __str__(self) -> str:
        where = as_text(self.host, 253) + (f":{self.port}" if self.port else "")
        found = f" ({', '.join(self.addresses)})" if self.addresses and self.addresses != (self.host,) else ""
        rest = [f"without {', '.join(self.left_out)}"] if self.left_out else []
        rest += [f"not at ports {as_text(self.closed_ports, 200)}"] if self.closed_ports and not self.port else []
        verdict = "may be touched" if self.allowed else "may not be touched"
        return f"{where}{found}: {', '.join([verdict, *rest])}; {as_text(self.because, 500)}"


async def verdict(text: str, settings: Settings) -> ScopeVerdict:
    """The verdict on a host, an address, a network (each by itself or as ``host:port``), or a name of the inventory."""
    host, port = _split(settings.inventory.get(text.lower(), text))
    scope, network = settings.scope_for(host), Network(settings.scope_for(host))
    because = _why(settings.scope_for(), host, port)
    try:
        if parse_network(host) is not None:
            area, left_out = await network.resolve_network(host)
            closed = scope.closed_ports(host, area)
            return ScopeVerdict(
                host=host, allowed=True, unasked=_unasked(settings.scope_for(), host, port), because=because,
                left_out=tuple(map(str, left_out)), closed_ports=closed,
            )  # fmt: skip
        scope.check_host(host, port)
        addresses = await network.resolve(host)
        for address in addresses if port else ():
            scope.check_address(host, address, port)
    except Failed as failed:
        if failed.failure.kind in ("unresolvable", "timeout"):
            unasked = _unasked(settings.scope_for(), host, port)
            return ScopeVerdict(
                host=host, port=port, allowed=True, unasked=unasked, because=f"{because}; {failed.failure.message}"
            )
        rule = scope.denied_by(host, port) if parse_network(host) is None else None
        said = failed.failure.message.removeprefix(f"{host}:{port}: ").removeprefix(f"{host}: ")
        return ScopeVerdict(host=host, port=port, allowed=False, because=f"{said}{f', by {rule.text!r}' if rule else ''}")
    return ScopeVerdict(
        host=host,
        port=port,
        allowed=True,
        unasked=_unasked(settings.scope_for(), host, port),
        because=because,
        addresses=tuple(map(str, addresses)),
        closed_ports=scope.closed_ports(host, *addresses),
    )


def _split(text: str) -> tuple[str, int | None]:
    host, colon, port = text.rpartition(":")
    if (
        colon
        and port.isascii()
        and port.isdigit()
        and len(port) < 6
        and 0 < int(port) < 65536
        and (":" not in host or host[-1:] == "]")
    ):
        return host.removeprefix("[").removesuffix("]"), int(port)
    return text, None


def _unasked(scope: Scope, host: str, port: int | None) -> bool:
    try:
        area = parse_network(host)
        scope.check_network(area) if area is not None else scope.check_host(host, port)
    except Failed:
        return False
    return True


def _why(scope: Scope, host: str, port: int | None) -> str:
    rule = scope.allowed_by(host, port) if parse_network(host) is None else None
    if rule is not None:
        return f"{rule.text!r} of [scope] allow"
    if _unasked(scope, host, port):
        return "[scope] allow"
    return "where a request names it; nothing denies it"

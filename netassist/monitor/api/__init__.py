"""The HTTP API of the daemon: over a unix socket for the user who runs it, over TCP for who has a token.

`routes` is the one table of what there is; the application (`application`) and its description (`openapi`) are made from it.
"""

from __future__ import annotations

import msgspec

from netassist.scope import parse_rule
from netassist.targets import Address, parse_address


class Api(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[api]`` of monitor.toml: where besides the unix socket the API and the page are served.

    Args:
        listen: ``address:port``, for example ``127.0.0.1:9480``; empty is nowhere. Beyond loopback only with a certificate.
        certificate, key: PEM files, for TLS.
        rate: requests a second that one token or one address may make in the long run, bursts of ten times that.
        probe: hosts, networks and suffixes, beside those of ``[scope] allow``, that ``/probe`` may touch.
    """

    listen: str = ""
    certificate: str = ""
    key: str = ""
    rate: float = 20.0
    probe: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key go together")
        if not 0.1 <= self.rate <= 10_000:
            raise ValueError(f"rate {self.rate:g} is not between 0.1 and 10000 requests a second")
        for rule in self.probe:
            parse_rule(rule)
        if self.listen:
            address, _ = self.address
            if not address.is_loopback and not self.certificate:
                raise ValueError(f"listen {self.listen!r} is not on loopback, so it needs TLS: set certificate and key")

    @property
    def address(self) -> tuple[Address, int]:
        """The address and the port of `listen`. Raises ValueError."""
        host, colon, port = self.listen.rpartition(":")
        address = parse_address(host)
        if not colon or address is None or not (port.isascii() and port.isdigit()) or not 0 <= int(port) <= 65535:
            raise ValueError(f"listen {self.listen!r} is not an address and a port, such as 127.0.0.1:9480 or [::1]:9480")
        return address, int(port)

"""Does a DNS server resolve names for whoever asks?"""

from __future__ import annotations

import dns.flags
import dns.rcode

from netassist.network import Network
from netassist.probes.dns import ask
from netassist.targets import host_port


async def offers_recursion(network: Network, host: str, port: int) -> bool:
    """Whether the server says to this machine that it does (RA, RFC 1035 section 4.1.1).

    It is asked for the root's name servers, which every resolver knows, so that no other server is troubled.

    Raises:
        Failed: as `probes.dns.ask`, or `out_of_scope`.
    """
    address = (await network.resolve(host))[0]
    network.scope.check_host(host, port)
    network.scope.check_address(host, address, port)
    network.connections += 1
    asked = Network(
        network.scope, timeout=network.timeout, deadline=network.remaining, resolver=host_port(str(address), port)
    )  # fmt: skip
    response = await ask(asked, ".", "NS")
    return bool(response.flags & dns.flags.RA) and response.rcode() != dns.rcode.REFUSED

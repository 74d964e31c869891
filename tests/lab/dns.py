"""An authoritative DNS server over UDP and TCP on loopback, with the faults that real ones have."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

TTL = 300
_NO_QUESTION = (dns.exception.DNSException, IndexError)
"""What reading a message raises that a scanner has sent and that is no question."""
Records = Mapping[tuple[str, str], tuple[str, ...]]


class DnsServer(NamedTuple):
    """`address` is host:port; `questions` are those that came, as "name type transport"."""

    address: str
    questions: list[str]


@contextlib.contextmanager
def dns_server(
    records: Records,
    *,
    rcodes: Mapping[str, str] | None = None,
    errors: Mapping[str, int] | None = None,
    silent: tuple[str, ...] = (),
    authenticated: bool | tuple[str, ...] = False,
    bogus: tuple[str, ...] = (),
    recursion: bool = False,
    at: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[DnsServer]:
    """Serves `records` ((name, type) → presentation format).

    Names in `rcodes` are answered with that code, and with the extended error (RFC 8914) in `errors`; `silent` ones not at all.
    Answers too long for the question's UDP payload size are truncated, so that the client comes back over TCP. `authenticated`
    sets the AD bit, of all answers or of those to questions for these names. `bogus` ones are answered only to those who do not
    want them checked (CD), as by a resolver that validates. Where there is nothing, the zone's SOA record stands beside it.
    `recursion` says that it would resolve names for the client (RA). Listens `at` an address; port 0 takes a free one.
    """
    questions: list[str] = []

    def answer(wire: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        if query.opcode() != dns.opcode.QUERY:
            refused = dns.message.make_response(query)
            refused.set_rcode(dns.rcode.NOTIMP)
            return refused.to_wire()
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        questions.append(f"{name} {kind} {transport}")
        if name in silent:
            return None
        response = dns.message.make_response(query, recursion_available=recursion)
        validated = authenticated if isinstance(authenticated, bool) else name in authenticated
        response.flags |= dns.flags.AA | (dns.flags.AD if validated else 0)
        known = {held for held, _ in records}
        code = (rcodes or {}).get(name) or ("NOERROR" if name in known else "NXDOMAIN")
        code = "SERVFAIL" if name in bogus and not query.flags & dns.flags.CD else code
        response.set_rcode(dns.rcode.from_text(code))
        if code == "NOERROR":
            for _ in range(8):
                if alias := records.get((name, "CNAME")):
                    _add(response, name, "CNAME", alias)
                    name = alias[0].rstrip(".")
            if kind != "CNAME" and (name, kind) in records:
                _add(response, name, kind, records[name, kind])
        if code in ("NOERROR", "NXDOMAIN") and not response.answer:
            _add_authority(response, name, records)
        if told := (errors or {}).get(name):
            response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode(told))])
        packed = response.to_wire(max_size=65535)
        if transport == "udp" and len(packed) > max(512, query.payload):
            response.answer.clear()
            response.flags |= dns.flags.TC
            packed = response.to_wire(max_size=65535)
        return packed

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, sender = self.request
            with contextlib.suppress(*_NO_QUESTION):
                if packed := answer(wire, "udp"):
                    sender.sendto(packed, self.client_address)

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(*_NO_QUESTION, struct.error):
                while header := self.rfile.read(2):
                    if packed := answer(self.rfile.read(struct.unpack("!H", header)[0]), "tcp"):
                        self.wfile.write(struct.pack("!H", len(packed)) + packed)

    udp = socketserver.ThreadingUDPServer(at, Udp)
    tcp = _tcp_beside(udp, Tcp)
    with udp, tcp:
        threads = [threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True) for server in (udp, tcp)]
        for thread in threads:
            thread.start()
        try:
            yield DnsServer(f"{at[0]}:{udp.server_address[1]}", questions)
        finally:
            udp.shutdown()
            tcp.shutdown()
            for thread in threads:
                thread.join()


def _tcp_beside(
    udp: socketserver.ThreadingUDPServer, handler: type[socketserver.BaseRequestHandler]
) -> socketserver.ThreadingTCPServer:
    """A TCP server on the port that UDP has; another program may hold it, then UDP moves."""
    for _ in range(20):
        try:
            server = socketserver.ThreadingTCPServer((str(udp.server_address[0]), int(udp.server_address[1])), handler)
        except OSError:
            udp.socket.close()
            udp.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.server_address = (udp.server_address[0], 0)
            udp.server_bind()
        else:
            server.daemon_threads = True
            return server
    raise RuntimeError("no port free for both UDP and TCP on loopback")


def _add_authority(response: dns.message.Message, name: str, records: Records) -> None:
    zone = next((zone for zone, kind in records if kind == "SOA" and f".{name}".endswith(f".{zone}")), None)
    if zone is not None:
        soa = dns.rrset.from_text(dns.name.from_text(zone), TTL, dns.rdataclass.IN, "SOA", *records[zone, "SOA"])
        response.authority.append(soa)


def _add(response: dns.message.Message, name: str, kind: str, texts: tuple[str, ...]) -> None:
    response.answer.append(dns.rrset.from_text(dns.name.from_text(name), TTL, dns.rdataclass.IN, kind, *texts))

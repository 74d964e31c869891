"""Frozen reports of traceroute, whois, dns, ping and mail, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from netassist.observations import Endpoint, Failure, Report
from netassist.probes.dns import Authority, DnsAnswer, DnsLookup
from netassist.probes.ping import Ping, RoundTrip
from netassist.probes.rdap import Contact, Registration
from netassist.probes.smtp import Mail, MailCertificate, MailServer, MailTls
from netassist.probes.smtp_dkim import Dkim, DkimKey
from netassist.probes.smtp_domain import MailDomain, Mx
from netassist.probes.smtp_policies import Dmarc, MtaSts, TlsRpt
from netassist.probes.smtp_spf import Spf
from netassist.probes.traceroute import Hop, Traceroute
from netassist.probes.whois import Whois

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
STAMP: dict[str, Any] = {"started": NOW, "duration_s": 0.1234}
HOST = Endpoint("shop.example", None, "203.0.113.5")
SILENCE = Failure("timeout", "shop.example: tracing the way: interrupted")
REFUSED = Failure("protocol", "mx.shop.example:25: refused the TLS handshake with the alert handshake_failure")

HOPS = (
    Hop(hop=1, address="192.168.1.1", name="router.lan", rtt_ms=(0.412, 0.398, 0.405)),
    Hop(hop=2, rtt_ms=(None, None, None)),
    Hop(hop=3, address="198.51.100.1", rtt_ms=(8.12, 7.98, None), others=("198.51.100.5",)),
    Hop(hop=4, address="203.0.113.5", name="shop.example", rtt_ms=(12.1, 11.9, 12.4)),
)


def trace(*hops: Hop, **facts: Any) -> Traceroute:
    return Traceroute(**{"target": HOST, "reached": True, "hops": hops or HOPS, "probed": 4, **STAMP, **facts})


DOMAIN = Registration(
    kind="domain", handle="D-1", name="shop.example", status=("active", "client transfer prohibited"),
    registered=NOW - timedelta(days=4000), changed=NOW - timedelta(days=30), expires=NOW + timedelta(days=200, hours=5),
    registrar="Lab Names", registrar_id="9999", holder="Shop Ltd", country="CH", nameservers=("ns1.example", "ns2.example"),
    signed=True, abuse=Contact(roles=("abuse",), name="Abuse desk", email="abuse@names.example", phone="+41.1234"),
    contacts=(
        Contact(roles=("registrar",), name="Lab Names"),
        Contact(roles=("abuse",), name="Abuse desk", email="abuse@names.example", phone="+41.1234"),
        Contact(roles=("registrant",), organization="Shop Ltd", country="CH"),
    ),
    withheld=("Registrant Name",),
)  # fmt: skip
NETWORK = Registration(
    kind="network", handle="NET-1", name="SHOP-NET", first="203.0.113.0", last="203.0.113.255", networks=("203.0.113.0/24",),
    type="ASSIGNED PA", country="DE", holder="Shop Ltd", registered=NOW - timedelta(days=900),
)  # fmt: skip


def whois(registration: Registration | None = DOMAIN, **facts: Any) -> Whois:
    known = {"query": "shop.example", "kind": "domain", "outcome": "registered", "name": "shop.example"}
    servers = ("https://rdap.nic.example/domain/shop.example",)
    return Whois(
        **{"target": "shop.example", **known, "registration": registration, "servers": servers, "list_as_of": "2026-07-27",
           **STAMP, **facts}
    )  # fmt: skip


TLS = MailTls(
    version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", group="x25519", extensions=("SIZE 10240000", "AUTH PLAIN LOGIN"),
    auth=("PLAIN", "LOGIN"),
    certificate=MailCertificate(
        subject="CN=mx.shop.example", issuer="CN=Lab Root,O=Lab", not_after=NOW + timedelta(days=61), days_left=61, trusted=True,
        hostname_matches=True, dane="match",
    ),
)  # fmt: skip
SERVER = MailServer(
    greeting="mx.shop.example ESMTP", extensions=("PIPELINING", "SIZE 10240000", "STARTTLS"), auth=(), starttls=True, tls=TLS
)
BAD_SERVER = MailServer(
    greeting="mx.shop.example ESMTP Exim 4.96",
    extensions=("SIZE 10240000", "AUTH PLAIN LOGIN"),
    auth=("PLAIN", "LOGIN"),
    starttls=False,
)
NO_SESSION = MailServer(
    greeting="mx.shop.example ESMTP", extensions=("STARTTLS",), auth=(), starttls=True, tls=MailTls(error=REFUSED)
)
GOOD_DOMAIN = MailDomain(
    name="shop.example",
    mx=(Mx(10, "mx.shop.example"), Mx(20, "mx2.shop.example")),
    spf=Spf(verdict="present", record="v=spf1 mx -all", others="fail", lookups=1),
    dmarc=Dmarc(verdict="present", at="shop.example", record="v=DMARC1; p=reject", policy="reject", percent=100),
    dkim=Dkim("present", keys=(DkimKey(selector="s1", type="rsa", bits=2048), DkimKey(selector="s2", revoked=True))),
    mta_sts=MtaSts(verdict="present", id="1", mode="enforce", max_age=604800, mx=("*.shop.example",)),
    tls_rpt=TlsRpt(verdict="present", reports_to=("mailto:tls@shop.example",)),
)
BAD_DOMAIN = MailDomain(
    name="shop.example",
    mx=(Mx(10, "mx.shop.example"),),
    spf=Spf(verdict="invalid", record="v=spf1 include:a.example +all", others="pass", lookups=12,
            problems=("12 DNS look-ups, where 10 are allowed",)),
    dmarc=Dmarc(verdict="absent"),
    dkim=Dkim("absent", "no name exists below _domainkey.shop.example"),
    mta_sts=MtaSts(verdict="unknown", detail="mta-sts.shop.example:443: connecting: no answer within 5 s"),
    tls_rpt=TlsRpt(verdict="absent"),
)  # fmt: skip
NULL_DOMAIN = MailDomain(
    name="shop.example",
    takes_mail=False,
    spf=Spf(verdict="present", record="v=spf1 -all", others="fail", lookups=0),
    dmarc=GOOD_DOMAIN.dmarc,
    dkim=BAD_DOMAIN.dkim,
    mta_sts=MtaSts(verdict="absent"),
    tls_rpt=TlsRpt(verdict="absent"),
)


def mail(**facts: Any) -> Mail:
    target = Endpoint("mx.shop.example", 25, "203.0.113.7", "mx.shop.example", "smtp")
    return Mail(**{"target": target, "server": SERVER, "domain": GOOD_DOMAIN, **STAMP, **facts})


def dns(*data: str, **facts: Any) -> DnsLookup:
    answers = tuple(DnsAnswer("shop.example", "A", 300, value) for value in data)
    known = {"name": "shop.example", "rcode": "NOERROR", "resolver": "10.0.0.53", "response_ms": 3.21}
    return DnsLookup(**{"target": "shop.example", "answers": answers, **known, **STAMP, **facts})


def ping(**facts: Any) -> Ping:
    known = {"sent": 4, "received": 3, "loss": 0.25, "rtt_ms": RoundTrip(0.21, 0.314, 0.5, 0.11), "method": "icmp"}
    return Ping(**{"target": HOST, **known, **STAMP, **facts})


def failed(report: type[Report], message: str, target: Endpoint | str = HOST, **facts: Any) -> Report:
    return report(target=target, status="failed", error=Failure("timeout", message), **STAMP, **facts)


CUT_OFF = "who should pass it on says: the host cannot be reached"
EXAMPLES: dict[str, Report] = {
    "traceroute_good": trace(),
    "traceroute_silent": trace(*HOPS[:3], reached=False, silent_after=3, probed=11),
    "traceroute_nothing": Traceroute(target=HOST, reached=False, silent_after=0, probed=8, **STAMP),
    "traceroute_refused": trace(
        HOPS[0],
        Hop(hop=2, address="198.51.100.1", rtt_ms=(8.1, None, None), refusal="forbidden by a filter"),
        reached=False, silent_after=2, probed=2,
    ),
    "traceroute_partial": trace(*HOPS[:1], reached=None, status="partial", error=SILENCE),
    "traceroute_failed": failed(Traceroute, "shop.example: looking up its address: no answer within 5 s"),
    "whois_domain": whois(),
    "whois_host": whois(target="www.shop.example", query="www.shop.example"),
    "whois_expired": whois(Registration(kind="domain", name="shop.example", expires=NOW - timedelta(days=3))),
    "whois_network": whois(NETWORK, target="203.0.113.5", query="203.0.113.5", kind="address", name="203.0.113.5"),
    "whois_number": whois(
        Registration(kind="autonomous_system", name="SHOP-AS", first="64999", last="64999", country="DE"),
        target="AS64999", query="AS64999", kind="autonomous_system", name="AS64999",
    ),
    "whois_not_registered": whois(None, outcome="not_registered", name=None),
    "whois_special": whois(
        None, target="10.0.0.1", query="10.0.0.1", outcome="special_use", name=None, servers=(), list_as_of=None,
        note="it is for private or special use, so no registry gives it to anybody",
    ),
    "whois_failed": failed(Whois, "rdap.nic.example: limits how often it is asked; try again in 30 s", "shop.example"),
    "mail_good": mail(),
    "mail_bad": mail(
        server=BAD_SERVER, domain=BAD_DOMAIN, status="partial", error=Failure("timeout", BAD_DOMAIN.mta_sts.detail or ""),
    ),
    "mail_null_mx": mail(server=None, domain=NULL_DOMAIN, target=Endpoint("shop.example", 25)),
    "mail_tls_first": mail(
        domain=None, target=Endpoint("10.0.0.5", 465, "10.0.0.5"),
        server=MailServer(greeting="mx.shop.example ESMTP", tls_first=True, tls=TLS),
    ),
    "mail_starttls_fails": mail(domain=None, server=NO_SESSION),
    "mail_failed": failed(Mail, "shop.example:25: connecting: no answer within 5 s", Endpoint("shop.example", 25)),
    "dns_alias": dns(
        "203.0.113.5", aliases=("web.host.example",), dnssec="secure", authenticated=True,
        dnssec_detail="validated, says the resolver (AD bit)",
    ),
    "dns_no_data": dns(
        record_type="MX", authority=Authority("shop.example", 300), dnssec="insecure",
        dnssec_detail="not signed, says a resolver that validates",
    ),
    "dns_bogus": dns(
        rcode="SERVFAIL", dnssec="bogus", dnssec_detail="the signatures do not verify (DNSSEC Bogus)", status="partial",
        error=Failure("unresolvable", "shop.example A: the resolver answered SERVFAIL: the signatures do not verify"),
    ),
    "ping_refused": ping(received=0, loss=1.0, rtt_ms=None, duplicates=0, refusal=CUT_OFF),
    "ping_duplicates": ping(duplicates=1, refusal=CUT_OFF),
}  # fmt: skip

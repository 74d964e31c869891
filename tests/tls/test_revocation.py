"""Whether a certificate is revoked: by staple, OCSP responder and CRL of the lab, each right, and each with every fault."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from netassist.audit import judged
from netassist.network import Network
from netassist.scope import Scope
from netassist.targets import Address, parse_address
from netassist.tls.certificate import CertificateInfo, certificate_info
from netassist.tls.revocation import MOST_CRL_BYTES, Revocation
from tests.lab.http import dripping_server, raw_server
from tests.lab.keyfiles import write
from tests.lab.pki import DAY, Identity, authority, issue, leaf, resigned
from tests.lab.process import hand_over, serving
from tests.lab.programs import require
from tests.lab.revocation import HOUR, REVOKED_AT, Publisher, Status, crl, published, publisher, response, signed_over_sha1
from tests.lab.tls import tls_server

SIGNING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])


@pytest.fixture(scope="module")
def root() -> Identity:
    return authority()


@pytest.fixture(scope="module")
def stranger() -> Identity:
    return authority("Stranger")


@pytest.fixture
def anchor(root: Identity, tmp_path: Path) -> Path:
    return root.anchor(tmp_path)


@pytest.fixture
def web() -> Iterator[Publisher]:
    with publisher() as running:
        yield running


def info(
    identity: Identity,
    anchor: Path | None,
    *,
    staple: bytes | None = None,
    named: tuple[str, ...] = ("localhost",),
    deny: tuple[str, ...] = (),
    revocation: bool = False,
    timeout: float = 5.0,
) -> CertificateInfo:
    with tls_server(identity, staple=staple) as server:
        network = Network(Scope(frozenset(named), deny=deny), ca_file=anchor, timeout=timeout, revocation=revocation)
        return asyncio.run(certificate_info(network, "localhost", server.port))


def known(report: CertificateInfo) -> Revocation:
    assert report.revocation is not None
    return report.revocation


def why(report: CertificateInfo) -> str:
    """The reason why it is unknown; which is never read as one of the other two."""
    found = known(report)
    assert (found.status, found.method, found.revoked_at) == ("unknown", None, None)
    assert "revoked" not in report.problems
    assert found.detail is not None
    return found.detail


# The staple.


def test_a_good_staple_is_read_and_nobody_is_asked(root: Identity, anchor: Path, web: Publisher) -> None:
    identity = issue("localhost", root, dns=("localhost",), extensions=published(ocsp_at=[f"http://localhost:{web.port}/ocsp"]))
    report = info(identity, anchor, staple=response(identity.certificate, root))
    assert report.staple is not None
    assert (report.ocsp_staple, report.staple.status, report.staple.counts) == ("present", "good", True)
    assert (report.staple.for_this_certificate, report.staple.signed_by, report.staple.stale) == (True, "issuer", False)
    assert report.staple.next_update is not None
    assert report.staple.this_update is not None
    assert report.staple.next_update - report.staple.this_update == DAY + HOUR
    assert report.staple.age_s is not None
    assert report.staple.age_s >= 3600
    assert (known(report).status, known(report).method, web.asked) == ("good", "staple", [])
    assert (report.status, judged(report).findings) == ("ok", ())


def test_a_staple_that_revokes_is_a_problem_and_a_finding(root: Identity, anchor: Path) -> None:
    identity = leaf(root)
    report = judged(info(identity, anchor, staple=response(identity.certificate, root, "revoked")))
    assert isinstance(report, CertificateInfo)
    found = known(report)
    assert (found.status, found.method, found.reason, found.revoked_at) == ("revoked", "staple", "keyCompromise", REVOKED_AT)
    assert report.problems == ("revoked",)
    [finding] = report.findings
    assert (finding.id, finding.severity) == ("certificate.revoked", "critical")
    assert finding.evidence.endswith("since 2026-01-02 03:04 UTC (keyCompromise), by its authority's OCSP staple")


def test_a_delegate_may_sign_where_the_issuer_itself_made_it_one(root: Identity, stranger: Identity, anchor: Path) -> None:
    identity = leaf(root)

    def by(delegate: Identity) -> CertificateInfo:
        held = response(identity.certificate, root, "revoked", signer=delegate, certificates=[delegate.certificate])
        return info(identity, anchor, staple=held)

    good = issue("Responder", root, extensions=[x509.OCSPNoCheck()], usage=SIGNING)
    report = by(good)
    assert report.staple is not None
    assert (report.staple.signed_by, known(report).status, known(report).detail) == ("delegate", "revoked", None)
    assert "may be revoked" in str(known(by(issue("Responder", root, usage=SIGNING))).detail)
    for wrong, reason in (
        (issue("Responder", stranger, usage=SIGNING), "is not the issuer's"),
        (issue("Responder", None, usage=SIGNING), "is not the issuer's"),
        (leaf(root), "is not for signing OCSP responses"),
        (issue("Responder", root, usage=SIGNING, first=-9, days=3), "is not valid now"),
    ):
        report = by(wrong)
        assert reason in why(report)
        assert [finding.id for finding in judged(report).findings] == ["certificate.bad_ocsp_staple"]


@pytest.mark.parametrize("said", ["good", "revoked"])
def test_a_staple_that_does_not_count_decides_nothing(said: Status, root: Identity, anchor: Path) -> None:
    identity = leaf(root)
    held = identity.certificate
    namesake = authority()
    for staple, reason in (
        (response(held, root, said, first=-3 * DAY, last=-DAY), "its time ended"),
        (response(held, root, said, first=-11 * DAY, last=None), "its time ended"),
        (response(held, root, said, first=HOUR), "its time begins"),
        (response(held, root, said, signer=namesake), "neither the issuer nor a delegate"),
    ):
        report = info(identity, anchor, staple=staple)
        assert reason in why(report)
        assert report.ocsp_staple == "present"
        assert report.staple is not None
        assert not report.staple.counts
        assert [finding.id for finding in judged(report).findings] == ["certificate.bad_ocsp_staple"]


def test_a_staple_for_another_certificate(root: Identity, stranger: Identity, anchor: Path, tmp_path: Path) -> None:
    """OpenSSL 4 would not send it; the distribution's does."""
    identity, staple = leaf(root), tmp_path / "staple.der"
    files = write(identity, tmp_path)
    program = require("openssl")

    def command(port: int) -> list[str]:
        shown = ["-cert", str(files.certificate), "-key", str(files.key), "-status_file", str(staple)]
        return [program, "s_server", "-accept", f"127.0.0.1:{port}", "-www", *shown]

    for held in (response(leaf(root).certificate, root, "revoked"), response(identity.certificate, stranger, "revoked")):
        staple.write_bytes(held)
        hand_over(tmp_path)
        with serving(command, log=tmp_path / "log") as port:
            report = asyncio.run(certificate_info(Network(Scope().naming("localhost"), ca_file=anchor), "localhost", port))
        assert "it is for another certificate" in why(report)
        assert report.staple is not None
        assert (report.staple.status, report.staple.for_this_certificate) == ("revoked", False)
        assert [finding.id for finding in judged(report).findings] == ["certificate.bad_ocsp_staple"]


def test_a_signature_over_sha1_proves_nothing(tmp_path: Path) -> None:
    old = authority(key="rsa")
    assert isinstance(old.key, rsa.RSAPrivateKey)
    identity = leaf(old)
    staple = response(identity.certificate, old, "revoked")
    assert known(info(identity, old.anchor(tmp_path), staple=staple)).status == "revoked"
    assert "signed over SHA1" in why(info(identity, old.anchor(tmp_path), staple=signed_over_sha1(staple, old.key)))


def test_an_issuer_that_signed_over_sha1_is_known_all_the_same(tmp_path: Path) -> None:
    old = authority(key="rsa")
    identity = resigned(leaf(old), old, "sha1")
    report = info(identity, old.anchor(tmp_path), staple=response(identity.certificate, old, "revoked"))
    assert (report.trusted, report.problems) == (True, ("revoked", "sha1_signature"))


def test_a_response_without_end_counts_for_ten_days(root: Identity, anchor: Path) -> None:
    identity = leaf(root)
    assert known(info(identity, anchor, staple=response(identity.certificate, root, first=-9 * DAY, last=None))).status == "good"


def test_the_issuer_of_an_untrusted_chain_may_still_revoke(root: Identity) -> None:
    intermediate = authority("Lab Intermediate", root)
    identity = leaf(intermediate)
    report = info(identity, None, staple=response(identity.certificate, intermediate, "revoked"))
    assert (report.trusted, report.problems) == (False, ("untrusted_root", "revoked"))


def test_without_the_issuers_certificate_nothing_is_verified(root: Identity) -> None:
    identity = leaf(root)
    report = info(identity, None, staple=response(identity.certificate, root, "revoked"))
    assert report.staple is not None
    assert (report.staple.status, report.staple.for_this_certificate, report.staple.signature_valid) == ("revoked", None, None)
    assert "the issuer's certificate is not known" in why(report)
    assert "certificate.bad_ocsp_staple" not in {finding.id for finding in judged(report).findings}


# The responder.


def test_the_responder_is_asked_where_nothing_is_stapled(root: Identity, anchor: Path, web: Publisher) -> None:
    identity = issue("localhost", root, dns=("localhost",), extensions=published(ocsp_at=[f"http://localhost:{web.port}/ocsp"]))
    outcomes: tuple[tuple[Status, tuple[str, ...]], ...] = (("good", ()), ("revoked", ("revoked",)))
    for status, expected in outcomes:
        web.answers["/ocsp"] = partial(response, identity.certificate, root, status)
        report = info(identity, anchor)
        assert (report.status, known(report).status, known(report).method, report.problems) == ("ok", status, "ocsp", expected)
        assert (report.ocsp_staple, report.staple) == ("absent", None)
    assert web.asked == [f"ocsp {identity.certificate.serial_number}"] * 2


def test_the_responder_is_asked_where_the_staple_does_not_count(root: Identity, anchor: Path, web: Publisher) -> None:
    identity = issue("localhost", root, dns=("localhost",), extensions=published(ocsp_at=[f"http://localhost:{web.port}/ocsp"]))
    web.answers["/ocsp"] = lambda: response(identity.certificate, root, "revoked")
    report = info(identity, anchor, staple=response(identity.certificate, root, first=-3 * DAY, last=-DAY))
    assert (known(report).status, known(report).method) == ("revoked", "ocsp")


def test_what_the_responder_answers_has_to_count(root: Identity, stranger: Identity, anchor: Path, web: Publisher) -> None:
    identity = issue("localhost", root, dns=("localhost",), extensions=published(ocsp_at=[f"http://localhost:{web.port}/ocsp"]))
    held = identity.certificate
    answers: list[tuple[Callable[[], bytes], str]] = [
        (lambda: response(held, root, "unknown"), "it does not know the certificate"),
        (lambda: response(held, root, "revoked", first=-3 * DAY, last=-DAY), "its time ended"),
        (lambda: response(held, root, "revoked", signer=stranger), "neither the issuer nor a delegate"),
        (lambda: response(leaf(root).certificate, root, "revoked"), "it is for another certificate"),
        (lambda: b"<html>", "not a well-formed OCSP response"),
        (lambda: b"\x30\x03\x0a\x01\x03", "the responder answers: try later"),
        (lambda: b"0" * 100_000, "more than 65536 bytes"),
    ]
    for answer, reason in answers:
        web.answers["/ocsp"] = answer
        report = info(identity, anchor)
        assert reason in why(report)
        assert f"OCSP from localhost:{web.port}" in why(report)
        assert report.status == "partial", "it was asked for and not established"
        assert report.error is not None
        assert report.error.message.startswith("revocation: ")
        assert judged(report).findings == ()
    web.answers.clear()
    assert "answers with the status 404" in why(info(identity, anchor))


def test_a_responder_that_is_silent_gone_or_slow_costs_a_bounded_time(root: Identity, anchor: Path) -> None:
    def asked(port: int) -> CertificateInfo:
        at = published(ocsp_at=[f"http://localhost:{port}/"])
        return info(issue("localhost", root, dns=("localhost",), extensions=at), anchor, timeout=0.1)

    with raw_server(b"", stay=True) as port:
        report = asked(port)
    assert "no answer within 0.3 s" in why(report)
    with dripping_server() as port:
        report = asked(port)
    assert "did not end in time" in why(report)
    with dripping_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n") as port:
        report = asked(port)
    assert "no answer within 0.3 s" in why(report)
    assert "refused" in why(asked(port))


# The list.


def test_the_list_is_read_where_there_is_no_responder(root: Identity, anchor: Path, web: Publisher) -> None:
    at = published(crl_at=["ldap://localhost/cn=ca", f"http://localhost:{web.port}/ca.crl"])
    identity, other = issue("localhost", root, dns=("localhost",), extensions=at), leaf(root)
    web.answers["/ca.crl"] = lambda: crl(root, other.certificate)
    report = info(identity, anchor)
    assert (report.status, known(report).status, known(report).method, report.problems) == ("ok", "good", "crl", ())
    web.answers["/ca.crl"] = lambda: crl(root, other.certificate, identity.certificate)
    report = info(identity, anchor)
    found = known(report)
    assert (found.status, found.method, found.reason, found.revoked_at) == ("revoked", "crl", "keyCompromise", REVOKED_AT)
    assert report.problems == ("revoked",)


def test_the_list_is_read_where_the_responder_does_not_decide(root: Identity, anchor: Path, web: Publisher) -> None:
    base = f"http://localhost:{web.port}"
    at = published(ocsp_at=[f"{base}/ocsp"], crl_at=[f"{base}/ca.crl"])
    identity = issue("localhost", root, dns=("localhost",), extensions=at)
    web.answers.update({"/ocsp": lambda: b"", "/ca.crl": lambda: crl(root, identity.certificate)})
    report = info(identity, anchor)
    assert (report.status, known(report).status, known(report).method) == ("ok", "revoked", "crl")
    assert web.asked == [f"ocsp {identity.certificate.serial_number}", "/ca.crl"]


def test_a_list_for_some_reasons_only_or_of_another_issuer_is_not_asked_for(root: Identity, anchor: Path, web: Publisher) -> None:
    place = [x509.UniformResourceIdentifier(f"http://localhost:{web.port}/ca.crl")]
    partly = x509.DistributionPoint(place, None, frozenset((x509.ReasonFlags.key_compromise,)), None)
    indirect = x509.DistributionPoint(place, None, None, [x509.DirectoryName(authority("Other").certificate.subject)])
    for point in (partly, indirect):
        identity = issue("localhost", root, dns=("localhost",), extensions=[x509.CRLDistributionPoints([point])])
        web.answers["/ca.crl"] = partial(crl, root)
        assert "names neither" in why(info(identity, anchor))
    assert web.asked == []


def test_what_the_list_says_has_to_count(root: Identity, stranger: Identity, anchor: Path, web: Publisher) -> None:
    url = f"http://localhost:{web.port}/ca.crl"
    identity = issue("localhost", root, dns=("localhost",), extensions=published(crl_at=[url]))
    held, namesake = identity.certificate, authority()

    def scoped(**kinds: bool) -> Callable[[], bytes]:
        return lambda: crl(root, held, extensions=[(_scope([url], **kinds), True)])

    lists: list[tuple[Callable[[], bytes], str]] = [
        (lambda: crl(root, held, first=-9 * DAY, last=-DAY), "the CRL is stale"),
        (lambda: crl(root, held, first=HOUR), "the CRL's time begins"),
        (lambda: crl(stranger, held), "another issuer's"),
        (lambda: crl(root, held, signer=namesake), "not signed by the issuer"),
        (lambda: crl(root, held, extensions=[(x509.DeltaCRLIndicator(1), True)]), "a delta only"),
        (lambda: crl(root, held, extensions=[(_scope(["http://localhost/other.crl"]), True)]), "or of another place"),
        (scoped(only_contains_ca_certs=True), "not for certificates of this kind"),
        (scoped(only_contains_attribute_certs=True), "not for certificates of this kind"),
        (scoped(indirect_crl=True), "not for certificates of this kind"),
        (
            lambda: crl(root, held, extensions=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), True)]),
            "unknown critical extension (1.2.3)",
        ),
        (lambda: b"garbage", "not a well-formed CRL"),
        (lambda: bytes(MOST_CRL_BYTES + 1), f"more than {MOST_CRL_BYTES} bytes"),
    ]
    for answer, reason in lists:
        web.answers["/ca.crl"] = answer
        report = info(identity, anchor)
        assert reason in why(report)
        assert report.status == "partial"
    for answer in (scoped(), scoped(only_contains_user_certs=True)):
        web.answers["/ca.crl"] = answer
        assert known(info(identity, anchor)).status == "revoked"


def _scope(urls: list[str], **kinds: bool) -> x509.IssuingDistributionPoint:
    flags = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"), False
    )
    return x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(url) for url in urls],
        relative_name=None,
        only_some_reasons=None,
        **flags | kinds,
    )


# Who may be asked.


def test_a_host_outside_the_scope_is_not_asked_and_the_reason_is_given(root: Identity, anchor: Path, web: Publisher) -> None:
    at = published(ocsp_at=[f"http://127.0.0.1:{web.port}/ocsp"], crl_at=[f"http://127.0.0.1:{web.port}/ca.crl"])
    identity = issue("localhost", root, dns=("localhost",), extensions=at)
    report = info(identity, anchor)
    assert why(report) == "not looked up: 127.0.0.1: not named in the request; name it, or allow it in [scope] allow"
    assert (report.status, report.error, web.asked) == ("ok", None, [])
    denied = issue("localhost", root, dns=("localhost",), extensions=published(crl_at=[f"http://127.0.0.2:{web.port}/ca.crl"]))
    for revocation in (False, True):
        report = info(denied, anchor, named=("localhost", "127.0.0.2"), deny=("127.0.0.2",), revocation=revocation)
        assert why(report) == "not looked up: 127.0.0.2: the configuration denies it ([scope] deny)"


def test_nobody_is_asked_about_a_chain_that_is_not_trusted(root: Identity, web: Publisher) -> None:
    at = published(ocsp_at=[f"http://localhost:{web.port}/ocsp"], crl_at=[f"http://localhost:{web.port}/ca.crl"])
    for revocation in (False, True):
        for issuer in (root, None):
            identity = issue("localhost", issuer, dns=("localhost",), extensions=at)
            assert "the chain is not trusted" in why(info(identity, None, revocation=revocation))
    assert web.asked == []


def test_a_certificate_that_names_nobody_or_is_its_own_anchor(root: Identity, anchor: Path, tmp_path: Path) -> None:
    assert "it names neither" in why(info(leaf(root), anchor))
    own = leaf(root, "self_signed")
    assert "trusted by itself" in why(info(own, own.anchor(tmp_path)))


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data", "http://127.0.0.2/", "http://[::1]/", "http://[fd00:ec2::254]/", "http://10.0.0.1/",
        "http://192.168.1.1/reboot", "http://100.100.100.200/", "http://168.63.129.16/", "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/", "http://[2002:a00:1::]/", "http://0.0.0.0/", "http://224.0.0.1/", "http://240.0.0.1/",
        "http://[fe80::1]/", "http://internal.test/", "http://two.test/", "http://public.test:6379/", "https://public.test/",
        "ftp://public.test/", "file:///etc/passwd", "http://user:secret@public.test/", "http://public.test:99999/", "http:///x",
        "http://denied.test/",
    ],
)  # fmt: skip
def test_no_certificate_aims_this_machine_at_its_own_network(
    url: str, root: Identity, anchor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = _internet(monkeypatch, {"internal.test": "10.1.2.3", "two.test": "0.0.0.0", "public.test": "93.184.215.14"}, None)
    identity = issue("localhost", root, dns=("localhost",), extensions=published(ocsp_at=[url], crl_at=[url]))
    report = info(identity, anchor, revocation=True, deny=("denied.test",))
    assert why(report)
    assert reached == []
    assert report.error is None or report.error.kind == "protocol", "the mistake is not the user's"


def test_a_public_host_is_asked_where_the_user_wants_that(
    root: Identity, anchor: Path, web: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = _internet(monkeypatch, {"ocsp.test": "93.184.215.14"}, web.port)
    identity = issue("localhost", root, dns=("localhost",), extensions=published(ocsp_at=["http://ocsp.test/ocsp"]))
    web.answers["/ocsp"] = lambda: response(identity.certificate, root, "revoked")
    assert why(info(identity, anchor)).startswith("not looked up: ocsp.test: not named")
    assert (reached, web.asked) == ([], [])
    report = info(identity, anchor, revocation=True)
    assert (known(report).status, known(report).method, reached) == ("revoked", "ocsp", ["93.184.215.14"])


def test_a_redirect_is_not_followed(root: Identity, anchor: Path) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with raw_server(answer) as port:
        identity = issue("localhost", root, dns=("localhost",), extensions=published(ocsp_at=[f"http://localhost:{port}/"]))
        assert "answers with the status 302" in why(info(identity, anchor))


def _internet(monkeypatch: pytest.MonkeyPatch, names: dict[str, str], port: int | None) -> list[str]:
    """Names resolve as given; what is not loopback leads to a port of this machine, and is noted."""
    looked_up, opened, reached = Network._look_up, Network._opened, list[str]()

    async def look_up(network: Network, host: str) -> list[Address]:
        address = parse_address(names.get(host, ""))
        return [address] if address is not None else await looked_up(network, host)

    async def open_there(network: Network, address: Address, asked: int, where: str) -> object:
        if str(address) == "127.0.0.1":
            return await opened(network, address, asked, where)
        reached.append(str(address))
        loopback = parse_address("127.0.0.1")
        assert loopback is not None
        assert asked == 80
        return await opened(network, loopback, port or 1, where)

    monkeypatch.setattr(Network, "_look_up", look_up)
    monkeypatch.setattr(Network, "_opened", open_there)
    return reached


def test_the_times_are_those_of_now(root: Identity, anchor: Path) -> None:
    identity = leaf(root)
    before = datetime.datetime.now(datetime.UTC)
    report = info(identity, anchor, staple=response(identity.certificate, root))
    assert before <= known(report).checked_at <= datetime.datetime.now(datetime.UTC)

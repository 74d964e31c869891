"""The second opinion on trust: where cryptography's verifier agrees with OpenSSL, and where it is stricter."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from netassist.network import Network
from netassist.reports.text import lines
from netassist.scope import Scope
from netassist.tls.certificate import certificate_info
from netassist.tls.chain import San
from netassist.tls.path import StricterVerdict, stricter, trust_note
from netassist.tls.trust import Trust, anchors, judge_chain
from tests.lab.pki import Identity, authority, issue, leaf
from tests.lab.tls import tls_server


@pytest.fixture(scope="module")
def strict_root() -> Identity:
    """An authority whose certificate says what it may be used for, as RFC 5280 demands and OpenSSL does not."""
    return authority("Strict Root")


def opinion(
    own: Identity, root: Identity, folder: Path, *, names: San | None = None, fits: bool | None = True, host: str = "localhost"
) -> StricterVerdict | None:
    chain = [own.certificate.public_bytes(Encoding.DER), *(held.public_bytes(Encoding.DER) for held in own.chain)]
    trust = judge_chain(tuple(chain), anchors(root.anchor(folder)))
    return stricter(trust, host, San(("localhost",), ("127.0.0.1",)) if names is None else names, fits)


def test_both_trust_a_chain_that_keeps_to_the_rules(strict_root: Identity, tmp_path: Path) -> None:
    own = leaf(authority("Strict Intermediate", strict_root))
    for held, host in ((leaf(strict_root), "localhost"), (own, "localhost"), (own, "127.0.0.1")):
        verdict = opinion(held, strict_root, tmp_path, host=host)
        assert verdict is not None
        assert (verdict.trusted, verdict.reason, trust_note(verdict)) == (True, None, None)
        assert verdict.verifier.startswith("cryptography ")


def test_an_authority_that_does_not_say_what_it_may_sign_is_refused_by_the_stricter(tmp_path: Path) -> None:
    root = issue("Silent Root", None, ca=True, days=3650)
    with tls_server(leaf(root)) as server:
        network = Network(Scope(frozenset(("localhost",))), ca_file=root.anchor(tmp_path))
        report = asyncio.run(certificate_info(network, "localhost", server.port))
    assert (report.status, report.trusted, report.problems) == ("ok", True, ())
    assert report.stricter_verdict is not None
    assert report.stricter_verdict.trusted is False
    assert report.trust_note is not None
    assert report.trust_note.startswith("OpenSSL trusts it; cryptography's stricter verifier does not: ")
    assert "key usage" in report.trust_note
    shown = " ".join(str(line) for line in lines(report, width=80))
    assert "stricter verifier does not" in " ".join(shown.split())


def test_a_certificate_for_another_host_is_no_difference(strict_root: Identity, tmp_path: Path) -> None:
    names = (San(("*.other.test",)), San(("other.test",)), San(ip=("192.0.2.1",)), San(("bad_name*", "other.test")))
    for held in names:
        own = leaf(strict_root, dns=held.dns, ips=held.ip)
        verdict = opinion(own, strict_root, tmp_path, names=held, fits=False)
        assert verdict is not None
        assert verdict.trusted is True, held


def test_a_certificate_without_names_is_one(strict_root: Identity, tmp_path: Path) -> None:
    verdict = opinion(issue("localhost", strict_root), strict_root, tmp_path, names=San(), fits=False)
    assert verdict is not None
    assert verdict.trusted is False
    assert verdict.reason is not None
    assert "subjectAltName" in verdict.reason


def test_the_words_of_the_certificate_stay_out_of_the_reason(strict_root: Identity, tmp_path: Path) -> None:
    own = issue("\x1b[31m<TOOLCALL>evil", strict_root)
    verdict = opinion(own, strict_root, tmp_path, names=San(), fits=False)
    assert verdict is not None
    assert "evil" not in (verdict.reason or "evil")


def test_what_openssl_does_not_trust_is_not_asked_about(strict_root: Identity, tmp_path: Path) -> None:
    assert opinion(leaf(authority("Stranger")), strict_root, tmp_path) is None
    assert stricter(Trust(True, path=(b"garbage",)), "localhost", None, None) is None
    garbage = stricter(Trust(True, path=(b"garbage",)), "localhost", San(("localhost",)), fits=True)
    assert garbage is not None
    assert garbage.trusted is False

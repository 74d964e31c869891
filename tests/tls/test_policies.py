"""Named baselines: a server that was set up by each passes it, and every deviation is named."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec
import pytest

from netassist.tls.certificate import CertificateInfo
from netassist.tls.facts import Facts
from netassist.tls.groups import group_named
from netassist.tls.policies import Judgement, judge, judge_by, left_out, policies
from netassist.tls.suites_data import NAMES
from tests.tls.hand_made import ECDHE_GCM, RSA2048, TLS13, certificate, server

CNSA = certificate("ML-DSA", None, parameter_set="ML-DSA-87", signed="ML-DSA-87")
MODERN = server({"TLSv1.3": TLS13}, hsts=None)


def by(name: str, facts: Facts, *certificates: CertificateInfo) -> Judgement:
    return next(held for held in judge(facts, certificates) if held.id == name)


def test_every_policy_names_its_version_and_source_and_known_things() -> None:
    assert set(policies()) == {
        "mozilla_modern", "mozilla_intermediate", "mozilla_old", "nist_sp800_52r2", "bsi_tr02102_2", "cnsa_2_0",
    }  # fmt: skip
    for policy in policies().values():
        assert policy.version
        assert re.fullmatch(r"20\d\d-\d\d(-\d\d)?", policy.date)
        assert policy.source.startswith("https://")
        assert policy.text
        lapsing = [pattern for patterns in policy.suites_until.values() for pattern in patterns]
        for pattern in (*policy.suites, *policy.discouraged_suites, *lapsing):
            assert any(re.fullmatch(pattern, name) for name in NAMES.values()), pattern
        for name in (*policy.groups, *policy.one_of_groups):
            assert group_named(name).name == name
            assert group_named(name).code is not None


def test_a_policy_that_could_not_be_had_is_left_out_and_said_to_be() -> None:
    assert [held.title for held in left_out()] == [
        "CNSA Suite 2.0 Profile for TLS 1.3 (draft-becker-cnsa2-tls-profile-05, July 2026)"
    ]  # fmt: skip
    assert all(held.because and held.source.startswith("https://") for held in left_out())


@pytest.mark.parametrize(
    ("policy", "count"),
    # As many suites as the texts list. Mozilla: 3, 6 + 3, 21 + 3. NIST: 60 in section 3.3.1, 24 in appendix C, 10 in appendix D.
    # BSI: 3 in table 13, and 20, 16 and 15 in tables 3, 4 and 5.
    [("mozilla_modern", 3), ("mozilla_intermediate", 9), ("mozilla_old", 24), ("nist_sp800_52r2", 94), ("bsi_tr02102_2", 54)],
)
def test_a_policy_allows_as_many_suites_as_its_text(policy: str, count: int) -> None:
    held = policies()[policy]
    patterns = (*held.suites, *(pattern for lapsing in held.suites_until.values() for pattern in lapsing))
    assert sum(any(re.fullmatch(pattern, name) for pattern in patterns) for name in NAMES.values()) == count


@pytest.mark.parametrize(("until", "count"), [(2026, 20), (2029, 16), (2031, 15)])
def test_bsi_recommends_each_suite_of_tls12_to_one_year(until: int, count: int) -> None:
    lapsing = policies()["bsi_tr02102_2"].suites_until
    found = {
        year: {name for name in NAMES.values() if any(re.fullmatch(held, name) for held in lapsing[year])} for year in lapsing
    }
    assert len(found[until]) == count
    assert sum(map(len, found.values())) == len(set().union(*found.values()))


OLD = server(
    {"TLSv1.0": ("TLS_RSA_WITH_3DES_EDE_CBC_SHA",), "TLSv1.2": ECDHE_GCM, "TLSv1.3": TLS13},
    ("x25519", "secp256r1"),
    server_preference={"TLSv1.2": True},
)
NIST = server({"TLSv1.2": ECDHE_GCM, "TLSv1.3": TLS13[:2]}, ("secp256r1",), curves=("secp256r1",))
BSI = server({"TLSv1.2": ECDHE_GCM, "TLSv1.3": TLS13[:2]}, ("secp256r1", "brainpoolP256r1"))
PURE = server({"TLSv1.3": ("TLS_AES_256_GCM_SHA384",)}, ("MLKEM1024",))


@pytest.mark.parametrize(
    ("policy", "facts", "held"),
    [
        ("mozilla_modern", MODERN, certificate()),
        ("mozilla_intermediate", server(), RSA2048),
        ("mozilla_old", OLD, RSA2048),
        ("nist_sp800_52r2", NIST, RSA2048),
        ("bsi_tr02102_2", BSI, certificate("RSA", 3072, signed="rsassaPss")),
        ("cnsa_2_0", PURE, CNSA),
    ],
)
def test_a_server_that_was_set_up_by_it_passes(policy: str, facts: Facts, held: CertificateInfo) -> None:
    seen = by(policy, facts, held)
    assert (seen.verdict, seen.deviations, seen.not_measured) == ("pass", (), ())


@pytest.mark.parametrize(
    ("policy", "facts", "held", "deviation"),
    [
        ("mozilla_modern", server(), certificate(), "TLSv1.2 is accepted"),
        ("mozilla_modern", MODERN, RSA2048, "CN=shop.test: a key of type RSA"),
        ("mozilla_modern", MODERN, certificate(days=120), "CN=shop.test: valid for 120 days, more than 90"),
        ("mozilla_modern", MODERN, certificate(bits=521, curve="secp521r1"), "CN=shop.test: a key on secp521r1"),
        ("mozilla_modern", server({"TLSv1.3": TLS13}, ("x25519", "x448")), certificate(), "groups: x448"),
        ("mozilla_intermediate", server(hsts="max-age=1"), RSA2048, "HSTS for less than 730 days"),
        (
            "mozilla_intermediate",
            server(server_preference={"TLSv1.2": True}),
            RSA2048,
            "the server imposes its order of suites on clients",
        ),
        (
            "mozilla_intermediate",
            server({"TLSv1.2": ("TLS_RSA_WITH_AES_128_GCM_SHA256",)}),
            RSA2048,
            "TLSv1.2: TLS_RSA_WITH_AES_128_GCM_SHA256",
        ),
        ("mozilla_old", server(), RSA2048, "the server does not impose its order of suites"),
        ("mozilla_old", server({"SSLv3": ("TLS_RSA_WITH_3DES_EDE_CBC_SHA",)}), RSA2048, "SSLv3 is accepted"),
        ("mozilla_old", server(dh_bits=(1024,)), RSA2048, "finite-field Diffie-Hellman with 1024 bits, less than 2048"),
        ("nist_sp800_52r2", server({"TLSv1.2": ECDHE_GCM}), RSA2048, "TLSv1.3 is not accepted"),
        ("nist_sp800_52r2", NIST, certificate(days=1097), "CN=shop.test: valid for 1097 days, more than 1096"),
        ("nist_sp800_52r2", server(), RSA2048, "TLSv1.3: TLS_CHACHA20_POLY1305_SHA256"),
        (
            "nist_sp800_52r2",
            server({"TLSv1.2": (*ECDHE_GCM, "TLS_RSA_WITH_AES_128_CBC_SHA")}),
            RSA2048,
            "TLSv1.2: TLS_RSA_WITH_AES_128_CBC_SHA, which should not be accepted",
        ),
        ("nist_sp800_52r2", server(extended_master_secret=False), RSA2048, "extended master secret (RFC 7627) is missing"),
        ("nist_sp800_52r2", server(compression=True), RSA2048, "TLS compression is accepted"),
        ("nist_sp800_52r2", server(early_data=True), RSA2048, "early data is accepted, which it should not be"),
        (
            "nist_sp800_52r2",
            server(groups=("x25519",)),
            RSA2048,
            "none of the groups secp256r1, secp384r1 is accepted",
        ),
        (
            "nist_sp800_52r2",
            server(),
            certificate("RSA", 2048, signed="sha1WithRSAEncryption"),
            "CN=shop.test: signed with sha1WithRSAEncryption",
        ),
        ("bsi_tr02102_2", BSI, RSA2048, "CN=shop.test: RSA with 2048 bits, less than 3000"),
        (
            "bsi_tr02102_2",
            BSI,
            certificate("RSA", 3072, signed="sha256WithRSAEncryption"),
            "CN=shop.test: signed with sha256WithRSAEncryption, recommended until 2025",
        ),
        ("bsi_tr02102_2", server(), certificate(), "groups: X25519MLKEM768, x25519"),
        ("bsi_tr02102_2", server(early_data=True), certificate(), "early data is accepted, which it should not be"),
        ("bsi_tr02102_2", server(extended_master_secret=False), certificate(), "extended master secret (RFC 7627) is missing"),
        (
            "bsi_tr02102_2",
            server({"TLSv1.2": ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",)}, dh_bits=(2048,)),
            RSA2048,
            "finite-field Diffie-Hellman with 2048 bits, less than 3000",
        ),
        ("cnsa_2_0", server(), CNSA, "groups: X25519MLKEM768, x25519, secp256r1"),
        ("cnsa_2_0", PURE, RSA2048, "CN=shop.test: a key of type RSA"),
        ("cnsa_2_0", server({"TLSv1.3": TLS13}), CNSA, "none of the groups MLKEM1024, SecP384r1MLKEM1024 is accepted"),
        ("cnsa_2_0", PURE, certificate("ML-DSA", None, parameter_set="ML-DSA-87"), "CN=shop.test: signed with ecdsa-with-SHA256"),
        (
            "cnsa_2_0",
            PURE,
            certificate("ML-DSA", None, parameter_set="ML-DSA-65"),
            "CN=shop.test: a key of ML-DSA-65",
        ),
    ],
)
def test_a_deviation_is_named(policy: str, facts: Facts, held: CertificateInfo, deviation: str) -> None:
    seen = by(policy, facts, held)
    assert seen.verdict == "deviates"
    assert deviation in seen.deviations


@pytest.mark.parametrize("policy", ["mozilla_modern", "cnsa_2_0", "mozilla_intermediate", "nist_sp800_52r2", "bsi_tr02102_2"])
def test_what_was_not_measured_passes_nothing(policy: str) -> None:
    facts, held = {
        "mozilla_modern": (MODERN, certificate()),
        "mozilla_intermediate": (server(), RSA2048),
        "nist_sp800_52r2": (NIST, RSA2048),
        "bsi_tr02102_2": (BSI, certificate("EC", 256)),
        "cnsa_2_0": (PURE, CNSA),
    }[policy]
    cut = msgspec.structs.replace(facts, complete=frozenset())
    assert by(policy, facts, held).verdict == "pass"
    assert by(policy, cut, held).verdict == "unknown"
    assert by(policy, facts).not_measured == ("the server's certificate",)
    unsure = msgspec.structs.replace(facts, protocols={**facts.protocols, "SSLv2": "unknown"})
    assert by(policy, unsure, held).not_measured == ("whether SSLv2 is accepted",)


@pytest.mark.parametrize(
    ("year", "suite", "deviation"),
    [
        (2026, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", None),
        (2027, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2: TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256, recommended until 2026"),
        (2029, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", None),
        (2030, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "TLSv1.2: TLS_DHE_RSA_WITH_AES_256_GCM_SHA384, recommended until 2029"),
        (2032, ECDHE_GCM[0], f"TLSv1.2: {ECDHE_GCM[0]}, recommended until 2031"),
    ],
)
def test_what_is_recommended_to_a_year_deviates_after_it(year: int, suite: str, deviation: str | None) -> None:
    facts = server({"TLSv1.2": (suite,), "TLSv1.3": TLS13[:2]}, ("secp256r1",), dh_bits=(3072,))
    seen = by("bsi_tr02102_2", facts, certificate(started=datetime(year, 6, 1, tzinfo=UTC)))
    assert seen.deviations == (() if deviation is None else (deviation,))
    assert judge_by("bsi", policies()["bsi_tr02102_2"], facts, ()).deviations == ()  # when the server was seen is not known


def test_a_hybrid_that_a_policy_announces_passes_it() -> None:
    facts = server({"TLSv1.3": TLS13[:2]}, ("SecP256r1MLKEM768", "secp256r1"))
    assert by("bsi_tr02102_2", facts, certificate()).verdict == "pass"


def test_nist_lets_tls12_be_left_out() -> None:
    facts = server({"TLSv1.3": TLS13[:2]}, ("secp256r1",))
    assert by("nist_sp800_52r2", facts, RSA2048).verdict == "pass"


def test_a_switch_that_was_not_measured_is_said() -> None:
    seen = by("nist_sp800_52r2", msgspec.structs.replace(NIST, extended_master_secret=None), RSA2048)
    assert seen.verdict == "unknown"
    assert seen.not_measured == ("extended master secret",)


def test_nothing_is_judged_where_no_tls_is_known() -> None:
    assert judge(Facts(protocols={}), ()) == ()

"""The letter of the SSL Labs guide: its arithmetic, its caps, and what stands in the way of a letter."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from netassist.tls import weaknesses
from netassist.tls.certificate import CertificateInfo
from netassist.tls.facts import Facts
from netassist.tls.grade import Cap, Grade, Scores, grade
from netassist.tls.weakness import Weakness, WeaknessId
from tests.tls.hand_made import ECDHE_GCM, RSA2048, TLS13, certificate, server

ACTIVE: tuple[WeaknessId, ...] = ("heartbleed", "ccs_injection", "robot", "ticketbleed")
SAFE = tuple(Weakness(weakness, "safe", "tested") for weakness in ACTIVE)


def graded(facts: Facts, certificates: Sequence[CertificateInfo] = (RSA2048,), exchanged: Sequence[Weakness] = SAFE) -> Grade:
    return grade(facts, weaknesses.merged(weaknesses.verdicts(facts), exchanged), certificates)


def reasons(given: Grade, letter: str) -> str:
    return " ".join(cap.reason for cap in given.caps if cap.letter == letter)


def test_a_sound_server_with_hsts_is_exceptional() -> None:
    given = graded(server())
    assert (given.letter, given.caps, given.not_measured) == ("A+", (), ())
    # (100+100)/2, RSA 2048, (256 and 128 bits: 100+80)/2; 30 + 27 + 36.
    assert given.scores == Scores(100, 90, 90, 93)
    assert "2009r" in given.guide


def test_without_hsts_it_is_an_a() -> None:
    assert graded(server(hsts=None)).letter == "A"
    assert graded(server(hsts="max-age=300")).letter == "A"


@pytest.mark.parametrize(
    ("sent", "letter", "reason"),
    [
        (None, "A", "A+ takes HSTS for 180 days or more, which was not seen"),
        ("", "A", "A+ takes HSTS for 180 days or more, which was not seen"),
        ("max-age=15551999", "A", "A+ takes HSTS for 180 days or more, which was not seen"),
        ("max-age=15552000", "A+", ""),
        ('max-age="31536000"; preload', "A+", ""),
        ("max-age=0", "A-", "HSTS is disabled"),
        ("includeSubDomains", "A-", "HSTS is invalid"),
    ],
)
def test_hsts_decides_between_the_letters_of_a_good_server(sent: str | None, letter: str, reason: str) -> None:
    given = graded(server(hsts=sent))
    assert (given.letter, reasons(given, letter)) == (letter, reason)


def test_every_cap_says_where_the_guide_has_it() -> None:
    suites = {
        "SSLv2": ("SSL_CK_RC4_128_WITH_MD5",),
        "SSLv3": ("TLS_RSA_WITH_3DES_EDE_CBC_SHA",),
        "TLSv1.0": ("TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", "TLS_RSA_WITH_NULL_SHA256"),
        "TLSv1.1": ("TLS_RSA_WITH_3DES_EDE_CBC_SHA",),
        "TLSv1.2": ("TLS_RSA_WITH_AES_128_CBC_SHA",),
    }
    held = certificate("RSA", 1024, trusted=False, hostname_matches=False, problems=("md5_signature", "self_signed"))
    exchanged = [Weakness(weakness, "vulnerable", "seen twice") for weakness in ACTIVE]
    given = graded(
        server(suites, compression=True, secure_renegotiation=False, hsts="max-age=0", dh_bits=(512,)), [held], exchanged
    )
    assert given.letter in ("T", "M")
    assert len(given.caps) > 20
    assert all(cap.section for cap in given.caps), [cap for cap in given.caps if not cap.section]


def test_poodle_is_of_cbc() -> None:
    old = {"SSLv3": ("TLS_RSA_WITH_RC4_128_SHA",), "TLSv1.2": ECDHE_GCM, "TLSv1.3": TLS13}
    assert "SSLv3 is accepted" in reasons(graded(server(old)), "B")
    assert "sslv3_poodle" in reasons(graded(server({**old, "SSLv3": ("TLS_RSA_WITH_AES_128_CBC_SHA",)})), "C")


def test_a_suite_for_export_bounds_the_key_exchange() -> None:
    suites = {"TLSv1.2": (*ECDHE_GCM, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"), "TLSv1.3": TLS13}
    given = graded(server(suites))
    assert given.scores is not None
    assert given.scores.key_exchange == 40


@pytest.mark.parametrize(
    ("suites", "letter"),
    [
        ({"TLSv1.0": ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",), "TLSv1.2": ECDHE_GCM}, "B"),
        ({"TLSv1.1": ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",), "TLSv1.2": ECDHE_GCM}, "B"),
        ({"TLSv1.0": ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",)}, "C"),
        ({"SSLv3": ("TLS_RSA_WITH_AES_128_CBC_SHA",), "TLSv1.2": ECDHE_GCM}, "C"),
        ({"SSLv3": ("TLS_RSA_WITH_AES_128_CBC_SHA",)}, "F"),
        ({"SSLv2": ("SSL_CK_RC4_128_WITH_MD5",), "TLSv1.2": ECDHE_GCM}, "F"),
        ({"TLSv1.2": (*ECDHE_GCM, "TLS_RSA_WITH_RC4_128_SHA")}, "B"),
        ({"TLSv1.2": ("TLS_RSA_WITH_RC4_128_SHA",), "TLSv1.3": TLS13}, "C"),
        ({"TLSv1.2": ("TLS_RSA_WITH_RC4_128_SHA",)}, "F"),
        ({"TLSv1.2": ("TLS_RSA_WITH_3DES_EDE_CBC_SHA",), "TLSv1.3": TLS13}, "C"),
        # At the end, for old clients alone.
        ({"TLSv1.2": (*ECDHE_GCM, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"), "TLSv1.3": TLS13}, "A+"),
        ({"TLSv1.2": ECDHE_GCM}, "A-"),
        ({"TLSv1.2": ("TLS_RSA_WITH_AES_128_GCM_SHA256",)}, "B"),
        ({"TLSv1.2": ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",)}, "B"),
        ({"TLSv1.2": (*ECDHE_GCM, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA")}, "F"),
        ({"TLSv1.2": (*ECDHE_GCM, "TLS_RSA_WITH_DES_CBC_SHA")}, "F"),
        ({"TLSv1.2": (*ECDHE_GCM, "TLS_RSA_WITH_NULL_SHA256")}, "F"),
        ({"TLSv1.2": (*ECDHE_GCM, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA")}, "F"),
        ({"TLSv1.3": TLS13}, "A+"),
    ],
)
def test_versions_and_suites_cap_the_letter(suites: dict[str, tuple[str, ...]], letter: str) -> None:
    given = graded(server(suites))
    assert given.letter == letter, given
    assert letter == "A+" or given.caps[0].letter == letter or given.scores is not None


def test_a_weak_suite_that_is_put_first_counts_as_what_clients_get() -> None:
    suites = {"TLSv1.2": ("TLS_RSA_WITH_AES_128_GCM_SHA256", *ECDHE_GCM)}
    assert reasons(graded(server(suites)), "B") == ""
    given = graded(server(suites, server_preference={"TLSv1.2": True}))
    assert (given.letter, reasons(given, "B")) == ("B", "no forward secrecy is what TLSv1.2 gets")


@pytest.mark.parametrize(
    ("changes", "letter"),
    [
        ({"compression": True}, "C"),
        ({"secure_renegotiation": False}, "A-"),
        ({"fallback_scsv": False}, "A+"),  # not since 2009r
    ],
)
def test_features_cap_the_letter(changes: dict[str, object], letter: str) -> None:
    assert graded(server(**changes)).letter == letter  # type: ignore[arg-type]


@pytest.mark.parametrize("weakness", ACTIVE)
def test_a_weakness_shown_by_an_exchange_is_an_f(weakness: WeaknessId) -> None:
    others = [held for held in SAFE if held.id != weakness]
    given = graded(server(), exchanged=[*others, Weakness(weakness, "vulnerable", "seen twice")])
    assert given.letter == "F"
    assert (given.caps[0].letter, given.caps[0].reason) == ("F", f"{weakness}: seen twice")


@pytest.mark.parametrize(
    ("held", "letter", "exchange"),
    [
        (certificate("RSA", 4096), "A+", 90),  # x25519 is as of 3,072 bits
        (certificate("RSA", 1024), "B", 80),
        (certificate("RSA", 768), "F", 40),
        (certificate("RSA", 256), "F", 20),
        (certificate("EC", 256), "A+", 90),
        (certificate("EC", 192, curve="secp192r1"), "B", 80),
        (certificate("Ed25519", 256), "A+", 90),
        (certificate("ML-DSA", None, parameter_set="ML-DSA-65"), "A+", 90),
    ],
)
def test_keys_count_by_their_strength(held: CertificateInfo, letter: str, exchange: int) -> None:
    given = graded(server(), [held])
    assert (given.letter, given.scores and given.scores.key_exchange) == (letter, exchange), given


def test_the_best_score_takes_the_largest_keys_and_ciphers() -> None:
    suites = {"TLSv1.2": ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",)}
    given = graded(server(suites, curves=("secp384r1",)), [certificate("RSA", 4096)])
    assert given.scores == Scores(100, 100, 100, 100)


@pytest.mark.parametrize(("bits", "letter"), [(512, "F"), (1024, "B"), (2048, "A+")])
def test_diffie_hellman_groups_count(bits: int, letter: str) -> None:
    suites = {"TLSv1.2": (*ECDHE_GCM, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"), "TLSv1.3": TLS13}
    assert graded(server(suites, dh_bits=(bits,))).letter == letter


def test_a_certificate_that_is_not_trusted_is_a_t_whatever_else() -> None:
    given = graded(server(), [certificate(trusted=False, trust_error="self-signed certificate")])
    assert (given.letter, given.trust_ignored) == ("T", "A+")
    assert given.caps[0] == Cap("T", "the certificate is not trusted: self-signed certificate", "certificate inspection")
    assert graded(server(), [certificate(hostname_matches=False)]).letter == "M"
    assert graded(server(), [certificate(problems=("sha1_signature",))]).letter == "T"
    assert graded(server(), [certificate(problems=("md5_signature",))]).letter == "F"


def test_a_chain_that_lacks_a_link_alone_is_no_t() -> None:
    lacking = certificate(trusted=False, trust_error="unable to get local issuer certificate", problems=("missing_intermediate",))
    given = graded(server(), [lacking])
    assert (given.letter, reasons(given, "B")) == ("B", "the chain is incomplete")
    assert "trust in the certificate" in given.not_measured
    expired = msgspec.structs.replace(lacking, problems=("expired", "missing_intermediate"))
    assert graded(server(), [expired]).letter == "T"


def test_what_two_certificates_have_in_common_is_said_once() -> None:
    held = certificate("RSA", 1024, trusted=False, trust_error="self-signed certificate")
    given = graded(server(), [held, held])
    assert len(given.caps) == len(set(given.caps)) == 2


def test_a_revoked_certificate_is_a_t_though_the_chain_is_trusted() -> None:
    given = graded(server(), [certificate(problems=("revoked",))])
    assert (given.letter, given.caps[0].reason) == ("T", "the certificate is revoked")


def test_a_key_that_was_made_badly_is_an_f() -> None:
    held = certificate("RSA", 2048)
    made_badly = msgspec.structs.replace(held.chain[0].key, problems=("roca",))
    leaf = msgspec.structs.replace(held.chain[0], key=made_badly)
    given = graded(server(), [msgspec.structs.replace(held, chain=(leaf,))])
    assert (given.letter, given.caps[0].reason) == ("F", "an insecure key: roca")


def test_what_was_not_tested_is_said_and_bars_the_plus() -> None:
    given = graded(server({"TLSv1.2": (*ECDHE_GCM, "TLS_RSA_WITH_AES_128_GCM_SHA256"), "TLSv1.3": TLS13}), exchanged=())
    assert (given.letter, set(given.not_measured)) == ("A", set(ACTIVE))


def test_what_may_be_missing_is_said() -> None:
    cut = msgspec.structs.replace(server(), complete=frozenset())
    assert set(graded(cut).not_measured) >= {"suites/TLSv1.2", "suites/TLSv1.3", "rc4"}
    unsure = msgspec.structs.replace(server(), protocols={**server().protocols, "SSLv2": "unknown"})
    assert "protocols/SSLv2" in graded(unsure).not_measured
    assert graded(unsure).letter == "A"


def test_too_little_is_known_for_a_letter() -> None:
    assert graded(Facts(protocols={})).letter is None
    assert graded(server(), []).letter is None
    assert graded(server({})).letter is None


def test_an_f_stands_though_much_is_unknown() -> None:
    protocols = Facts(protocols={"SSLv2": "accepted"})
    assert graded(protocols, []).letter == "F"


def test_a_weak_curve_counts_where_there_is_no_better_one() -> None:
    assert graded(server(curves=("secp160r1", "x25519"))).letter == "A+"
    given = graded(server(curves=("secp160r1",)))
    assert (given.letter, reasons(given, "B")) == ("B", "secp160r1")

"""Verdicts from the facts of a scan: both ways, and unknown wherever the facts leave a way open."""

from __future__ import annotations

from types import ModuleType

import msgspec
import pytest

from netassist.audit.tls_findings import RULES, findings
from netassist.tls import weaknesses
from netassist.tls.facts import VERSIONS, Facts, Support
from netassist.tls.suites import suite
from netassist.tls.weakness import IDS, Verdict, Weakness, WeaknessId

ACTIVE = ("heartbleed", "ccs_injection", "robot", "ticketbleed")
# TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 and TLS_AES_128_GCM_SHA256.
GOOD, GOOD13 = 0xC02F, 0x1301


def facts(suites: dict[str, tuple[int, ...]] | None = None, **changes: object) -> Facts:
    """A server of which everything is known; without arguments, a sound one with TLS 1.2 and 1.3."""
    held = {"TLSv1.2": (GOOD,), "TLSv1.3": (GOOD13,)} if suites is None else suites
    protocols: dict[str, Support] = {version: "accepted" if version in held else "refused" for version in VERSIONS}
    sound: dict[str, object] = {
        "protocols": protocols,
        "suites": {version: tuple(map(suite, codes)) for version, codes in held.items()},
        "complete": frozenset({"groups", "signature_schemes", *(f"suites/{version}" for version in held)}),
        "compression": False,
        "secure_renegotiation": True,
        "fallback_scsv": True,
        "early_data": False,
        "session_tickets": True,
    }
    return Facts(**{**sound, **changes})  # type: ignore[arg-type]


def verdict(weakness: WeaknessId, known: Facts) -> Weakness:
    return next(held for held in weaknesses.verdicts(known) if held.id == weakness)


def with_suite(code: int, version: str = "TLSv1.2") -> Facts:
    return facts({version: (GOOD13 if version == "TLSv1.3" else GOOD, code)})


VULNERABLE: dict[WeaknessId, Facts] = {
    "sslv2": facts({"SSLv2": (0x010080,), "TLSv1.2": (GOOD,)}),
    "sslv3_poodle": facts({"SSLv3": (0x002F,), "TLSv1.2": (GOOD,)}),
    "tls1_0": facts({"TLSv1.0": (0xC013,), "TLSv1.2": (GOOD,)}),
    "tls1_1": facts({"TLSv1.1": (0xC013,), "TLSv1.2": (GOOD,)}),
    "rc4": with_suite(0x0005),
    "des3_sweet32": with_suite(0x000A),
    "null_cipher": with_suite(0x003B),
    "export_cipher": with_suite(0x0008),
    "anonymous_cipher": with_suite(0xC018),
    "rsa_key_exchange_no_fs": with_suite(0x009C),
    "cbc_in_tls1_0_beast": facts({"TLSv1.0": (0xC013,)}),
    "dh_1024_logjam": msgspec.structs.replace(with_suite(0x0033), dh_bits=(1024,)),
    "compression_crime": facts(compression=True),
    "insecure_renegotiation": facts(secure_renegotiation=False),
    "no_fallback_scsv": facts(fallback_scsv=False),
    "early_data": facts(early_data=True),
}


def test_every_weakness_of_the_contract_has_its_module_and_its_finding() -> None:
    assert tuple(weaknesses.checks()) == IDS
    assert tuple(held.id for held in weaknesses.verdicts(facts())) == IDS
    assert set(RULES) == set(IDS)
    assert set(VULNERABLE) | set(ACTIVE) == set(IDS)


def test_every_module_says_what_is_sent_and_why_it_does_no_harm() -> None:
    for weakness, module in weaknesses.checks().items():
        said = module.__doc__ or ""
        assert "hat is sent:" in said if weakness in ACTIVE else "Nothing is sent for it" in said, weakness
        assert hasattr(module, "check") == (weakness in ACTIVE), weakness
        assert weakness not in ACTIVE or "Why it does no harm:" in said


def test_a_sound_server_has_none() -> None:
    seen = {held.id: held.verdict for held in weaknesses.verdicts(facts())}
    assert {name for name, held in seen.items() if held not in ("safe", "not_applicable")} == {*ACTIVE} - {"robot"}
    assert (seen["robot"], seen["dh_1024_logjam"]) == ("not_applicable", "not_applicable")


@pytest.mark.parametrize("weakness", VULNERABLE)
def test_a_weakness_is_found(weakness: WeaknessId) -> None:
    found = verdict(weakness, VULNERABLE[weakness])
    assert found.verdict == "vulnerable", found
    assert [held.id for held in findings([found])] == [f"tls.{weakness}"]


@pytest.mark.parametrize("weakness", VULNERABLE)
def test_without_its_module_a_weakness_is_not_found(weakness: WeaknessId, monkeypatch: pytest.MonkeyPatch) -> None:
    left: dict[WeaknessId, ModuleType] = {held: module for held, module in weaknesses.checks().items() if held != weakness}
    monkeypatch.setattr(weaknesses, "checks", lambda: left)
    with pytest.raises(AssertionError):
        test_a_weakness_is_found(weakness)


@pytest.mark.parametrize("weakness", VULNERABLE)
def test_a_server_of_which_nothing_is_known_is_unknown(weakness: WeaknessId) -> None:
    for nothing in (Facts(protocols={}), Facts(protocols=dict.fromkeys(VERSIONS, "unknown"))):
        assert verdict(weakness, nothing).verdict == "unknown"
    assert not list(findings(weaknesses.verdicts(Facts(protocols={}))))


@pytest.mark.parametrize(
    "weakness",
    ["rc4", "des3_sweet32", "null_cipher", "export_cipher", "anonymous_cipher", "rsa_key_exchange_no_fs", "dh_1024_logjam"],
)
def test_suites_that_may_be_missing_make_no_server_safe(weakness: WeaknessId) -> None:
    sound = facts()
    assert verdict(weakness, sound).verdict in ("safe", "not_applicable")
    cut = msgspec.structs.replace(sound, complete=frozenset({"suites/TLSv1.3"}))
    assert verdict(weakness, cut) == Weakness(weakness, "unknown", "not established: all suites of TLSv1.2")
    unsure = msgspec.structs.replace(sound, protocols={**sound.protocols, "SSLv3": "unknown"})
    assert verdict(weakness, unsure) == Weakness(weakness, "unknown", "not established: whether SSLv3 is accepted")
    strange = with_suite(0x4242)
    assert verdict(weakness, strange) == Weakness(weakness, "unknown", "not established: what 0x4242 is")


@pytest.mark.parametrize(
    ("weakness", "known", "expected"),
    [
        ("sslv3_poodle", facts({"SSLv3": (0x0005,)}), "vulnerable"),
        ("des3_sweet32", with_suite(0x0007), "vulnerable"),  # IDEA
        ("des3_sweet32", facts({"SSLv2": (0x0700C0,)}), "vulnerable"),
        ("rc4", facts({"SSLv2": (0x010080,)}), "vulnerable"),
        ("export_cipher", facts({"SSLv2": (0x020080,)}), "vulnerable"),
        ("null_cipher", with_suite(0xC0B4, "TLSv1.3"), "vulnerable"),
        ("rsa_key_exchange_no_fs", with_suite(0x0033), "safe"),
        ("cbc_in_tls1_0_beast", facts({"TLSv1.2": (0xC013,)}), "safe"),
        ("cbc_in_tls1_0_beast", facts({"TLSv1.0": (0x0005,)}), "safe"),
        ("dh_1024_logjam", msgspec.structs.replace(with_suite(0x0033), dh_bits=(2048,)), "safe"),
        ("dh_1024_logjam", msgspec.structs.replace(with_suite(0x0033), dh_bits=(1024, 4096)), "vulnerable"),
        ("dh_1024_logjam", with_suite(0x0014), "vulnerable"),  # export DHE, 512 bits by its definition
        ("dh_1024_logjam", with_suite(0x0033), "unknown"),
        ("compression_crime", facts(compression=None), "unknown"),
        ("compression_crime", facts({"TLSv1.3": (GOOD13,)}, compression=None), "not_applicable"),
        ("insecure_renegotiation", facts(secure_renegotiation=None), "unknown"),
        ("insecure_renegotiation", facts({"TLSv1.3": (GOOD13,)}, secure_renegotiation=None), "not_applicable"),
        ("no_fallback_scsv", facts(fallback_scsv=None), "unknown"),
        ("no_fallback_scsv", facts({"TLSv1.2": (GOOD,)}, fallback_scsv=False), "not_applicable"),
        ("early_data", facts(early_data=None), "unknown"),
        ("early_data", facts({"TLSv1.2": (GOOD,)}, early_data=None), "not_applicable"),
        ("robot", with_suite(0x009C), "unknown"),
        ("ticketbleed", facts(session_tickets=False), "not_applicable"),
        ("heartbleed", facts({"TLSv1.3": (GOOD13,)}), "not_applicable"),
        ("rc4", facts({}), "not_applicable"),
    ],
)
def test_what_facts_mean(weakness: WeaknessId, known: Facts, expected: Verdict) -> None:
    assert verdict(weakness, known).verdict == expected


def test_the_evidence_names_the_suites_by_version() -> None:
    found = verdict("rc4", facts({"TLSv1.0": (0x0005,), "TLSv1.2": (0xC011, 0x0005)}))
    assert found.evidence == (
        "TLSv1.0: TLS_RSA_WITH_RC4_128_SHA; TLSv1.2: TLS_ECDHE_RSA_WITH_RC4_128_SHA, TLS_RSA_WITH_RC4_128_SHA"
    )


def test_what_an_exchange_has_shown_stands_before_what_the_facts_say() -> None:
    seen = Weakness("heartbleed", "vulnerable", "seen")
    whole = weaknesses.merged(weaknesses.verdicts(facts()), [seen])
    assert tuple(held.id for held in whole) == IDS
    assert seen in whole

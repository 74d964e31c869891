"""The report on a TLS server: a word for every colour, whole names, and one table for versions that are alike."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.observations import Endpoint
from netassist.reports.layout import BAD, GOOD, UNKNOWN, WARN, Tone
from netassist.reports.style import ansi
from netassist.reports.text import lines, sentence, verdict
from netassist.reports.text.tls_suites import strength
from netassist.reports.text.tls_words import WEAKNESSES, unestablished
from netassist.tls.audit import TlsAudit
from netassist.tls.grade import Grade
from netassist.tls.key_exchange import KeyExchange
from netassist.tls.suites import SSL2_SUITES, TLS12_SUITES, TLS13_SUITES, suite
from netassist.tls.weakness import IDS
from tests.reports.tls_samples import BOTH, HYBRID, bad, cut_short, good, protocols, weaknesses

REGISTRY = (*SSL2_SUITES, *TLS12_SUITES, *TLS13_SUITES)


def shown(report: TlsAudit, width: int = 80) -> str:
    return ansi(lines(report, width=width), colour=False)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x1301, ("strong",)),
        (0xC02F, ("strong",)),
        (0xC013, ("fair", "CBC")),
        (0xC0AE, ("fair", "short tag")),
        (0x009C, ("weak", "no forward secrecy")),
        (0x0004, ("weak", "RC4", "MD5", "no forward secrecy")),
        (0xC012, ("weak", "64-bit blocks")),
        (0x0002, ("broken", "no encryption")),
        (0xC018, ("broken", "anonymous")),
        (0x0006, ("broken", "40 bits")),
        (0xC0B4, ("broken", "no encryption")),
        (0xFFEE, ("unknown",)),
    ],
)
def test_how_strong_a_suite_is_and_why_not_stronger(code: int, words: tuple[str, ...]) -> None:
    held = strength("TLSv1.2", suite(code))
    assert (held.word, *held.why) == words


def test_nothing_of_ssl_2_is_better_than_broken() -> None:
    assert {strength("SSLv2", suite(code)).word for code in SSL2_SUITES} == {"broken"}


@given(st.sampled_from(REGISTRY))
def test_strong_is_what_encrypts_with_aead_keeps_secrets_forward_and_proves_who_it_is(code: int) -> None:
    held, judged = suite(code), strength("TLSv1.2", suite(code))
    sound = held.mac == "AEAD" and held.forward_secret and held.bits >= 128 and not (held.anonymous or held.null or held.export)
    assert (judged.word == "strong") <= sound
    assert (judged.why == ()) is (judged.word in ("strong", "unknown"))


def test_versions_with_the_same_suites_share_one_table() -> None:
    assert "TLS 1.1 and TLS 1.0: 4 suites each" in shown(bad())
    differing = bad(server_preference={"TLSv1.0": True, "TLSv1.1": False})
    assert "suites each" not in shown(differing)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_name_of_a_suite_is_never_broken(width: int) -> None:
    longest = sorted((suite(code) for code in TLS12_SUITES), key=lambda held: -len(held.name))[:200]
    text = shown(good(cipher_suites={"TLSv1.2": tuple(longest)}), width)
    usual = [held.name for held in longest if len(held.name) <= 48]
    assert usual
    assert [name for name in usual if f" {name} " not in text] == []


def test_codes_stand_where_there_is_room() -> None:
    assert "0xC02B" not in shown(good(cipher_suites={"TLSv1.2": (suite(0xC02B), suite(0xCCA9), suite(0x009C))}), 80)
    assert "0xC02B" in shown(good(cipher_suites={"TLSv1.2": (suite(0xC02B), suite(0xCCA9), suite(0x009C))}), 100)


def test_every_colour_has_its_word_or_mark() -> None:
    """Whoever sees no colours reads the same: nothing is good or bad by its colour alone."""
    for report in (good(), bad(), cut_short()):
        for line in lines(report, width=100):
            coloured = [
                span.text for span in line.spans if span.style in ("good", "warn", "bad", "critical") and span.text.strip()
            ]
            marked = re.search(
                r"[✔✘!?·━●─]|strong|fair|weak|broken|unknown|hybrid|passed|deviation|CRITICAL|HIGH|MEDIUM", str(line)
            )
            hangs = str(line).startswith("  ")
            assert not coloured or marked or hangs or "Letter" in str(line), str(line)


@pytest.mark.parametrize(
    ("facts", "said", "tone"),
    [
        ({}, "usual clients get X25519MLKEM768, a post-quantum key exchange.", GOOD),
        (
            {"key_exchange": KeyExchange("X25519MLKEM768", "hybrid", False, BOTH)},
            "a post-quantum key exchange, which no whole handshake has confirmed.",
            WARN,
        ),
        (
            {"quantum": "available", "key_exchange": KeyExchange("x25519")},
            "usual clients get no post-quantum key exchange.",
            WARN,
        ),
        ({"quantum": "not_safe"}, "no post-quantum key exchange is accepted.", WARN),
        ({"quantum": "unknown"}, "whether it is quantum safe is unknown.", WARN),
        ({"grade": Grade(letter=None)}, "cannot be graded", UNKNOWN),
        ({"grade": Grade(letter="F")}, "gets the grade F", BAD),
    ],
)
def test_the_verdict_in_a_sentence(facts: dict[str, Any], said: str, tone: Tone) -> None:
    report = good(**facts)
    assert said in sentence(report)
    assert verdict(report).tone is tone


def test_what_no_handshake_has_confirmed_is_not_promised() -> None:
    text = shown(good(key_exchange=KeyExchange("X25519MLKEM768", "hybrid", False, BOTH, "server"), confirmed_groups=()), 120)
    assert "! Looks quantum safe" in text
    assert "stays closed" not in text
    assert "! selected only" in text


def test_a_weakness_that_could_not_be_told_is_not_called_absent() -> None:
    doubtful = good(weaknesses=weaknesses({"robot": ("unknown", "the answers change")}))
    assert "no known attack was found to work, though 1 could not be told" in sentence(doubtful)
    assert re.search(r"\? unknown +ROBOT +the answers change", shown(doubtful))
    assert not re.search(r"Not found:[^·]*ROBOT", shown(doubtful))


def test_the_gravest_weakness_comes_first() -> None:
    found = weaknesses({"tls1_0": ("vulnerable", "old"), "early_data": ("vulnerable", "e"), "heartbleed": ("vulnerable", "h")})
    assert "2 weaknesses were found (Heartbleed, TLS 1.0)" in sentence(good(weaknesses=found)).replace(" and ", ", ")
    text = shown(good(weaknesses=found))
    assert text.index("✘ critical") < text.index("! medium") < text.index("· info")


def test_every_weakness_has_a_name() -> None:
    assert tuple(WEAKNESSES) == IDS


def test_what_is_missing_is_told_in_words() -> None:
    assert unestablished("suites/TLSv1.2") == "all suites of TLS 1.2"
    assert unestablished("signature_schemes") == "all signature schemes"
    assert unestablished("SSLv3") == unestablished("protocols/SSLv3") == "whether SSL 3.0 is accepted"
    assert "Not established: whether SSL 2.0 is accepted" in shown(cut_short())


def test_a_server_of_the_future_is_no_worse_for_refusing_the_past() -> None:
    text = shown(good(protocols=protocols("TLSv1.3"), key_exchange=HYBRID))
    assert re.search(r"Refused +· TLS 1\.2, ✔ TLS 1\.1", text)
    assert re.search(r"Refused +! TLS 1\.3", shown(good(protocols=protocols("TLSv1.2"))))


def test_how_tls_began_is_told() -> None:
    assert re.search(r"STARTTLS +smtp", shown(good(target=Endpoint("mx.example", 25, "192.0.2.5", "mx.example", "smtp"))))


def test_which_certificate_clients_without_a_name_are_shown() -> None:
    assert "Certificate 2 of 2: EC secp256r1 (256 bits), for clients that name no host" in shown(bad())
    assert "whether it is for old.example" not in shown(bad())
    assert "clients that name no host get none: the server refuses them" in shown(good(without_server_name="refused"))


def test_a_grade_from_less_than_everything_says_so() -> None:
    assert "gets the grade A by what was measured: it speaks" in sentence(good(grade=Grade(letter="A", not_measured=("robot",))))
    assert "by what was measured" not in sentence(good(grade=Grade(letter="A")))

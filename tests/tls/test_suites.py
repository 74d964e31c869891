"""The table of cipher suites: each name tells what the suite is made of, and OpenSSL agrees."""

from __future__ import annotations

import ssl

import pytest

from netassist.tls.suites import SSL2_SUITES, TLS12_SUITES, TLS13_SUITES, Suite, suite
from netassist.tls.suites_data import NAMES


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        (0xC02B, ("ECDHE", "ECDSA", "AES_128", 128, "GCM", "AEAD")),
        (0x1303, ("any", "any", "CHACHA20_POLY1305", 256, "", "AEAD")),
        (0x0035, ("RSA", "RSA", "AES_256", 256, "CBC", "SHA")),
        (0x0016, ("DHE", "RSA", "3DES_EDE", 112, "CBC", "SHA")),
        (0xC0A8, ("PSK", "PSK", "AES_128", 128, "CCM_8", "AEAD")),
        (0xC104, ("any", "any", "MAGMA", 256, "MGM", "AEAD")),
        (0x006E, ("any", "any", "ASCONAEAD128", 128, "", "AEAD")),
        (0x0071, ("any", "any", "AES_128", 128, "CCM", "AEAD")),
        (0xC021, ("SRP", "RSA", "AES_256", 256, "CBC", "SHA")),
        (0x020080, ("RSA", "RSA", "RC4_128", 40, "", "MD5")),
    ],
)
def test_what_a_suite_is_made_of(code: int, parts: tuple[object, ...]) -> None:
    held = suite(code)
    assert (held.key_exchange, held.authentication, held.cipher, held.bits, held.mode, held.mac) == parts
    assert held.number == code


def flags(held: Suite) -> set[str]:
    return {name for name in ("export", "null", "anonymous", "forward_secret") if getattr(held, name)}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (0x0003, {"export"}), (0x0002, {"null"}), (0x0017, {"export", "anonymous", "forward_secret"}),
        (0xC014, {"forward_secret"}), (0x1301, {"forward_secret"}), (0xC0B4, {"null", "forward_secret"}),
        (0xC015, {"null", "anonymous", "forward_secret"}), (0x0031, set()), (0x009C, set()),
    ],
)  # fmt: skip
def test_what_is_wrong_or_right_with_a_suite(code: int, found: set[str]) -> None:
    assert flags(suite(code)) == found


def test_every_name_is_understood() -> None:
    for code, name in NAMES.items():
        held = suite(code)
        assert "unknown" not in (held.key_exchange, held.authentication, held.cipher), name
        assert held.mac or name == "TLS_NULL_WITH_NULL_NULL", name
        assert held.export == ("EXPORT" in name)
        assert held.null == (held.bits == 0) == ("NULL" in name or name in ("TLS_SHA256_SHA256", "TLS_SHA384_SHA384")), name
        assert held.anonymous == ("_anon_" in name or name == "TLS_NULL_WITH_NULL_NULL"), name


def test_the_suites_are_in_one_list_each() -> None:
    lists = (*TLS12_SUITES, *TLS13_SUITES, *SSL2_SUITES)
    assert len(lists) == len(set(lists)) == len(NAMES) - 1  # without TLS_NULL_WITH_NULL_NULL
    assert set(lists) <= set(NAMES)
    assert {0x00FF, 0x5600}.isdisjoint(lists)


def test_openssl_agrees() -> None:
    context = ssl.create_default_context()
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    for told in context.get_ciphers():
        held = suite(told["id"] & 0xFFFF)
        assert held.bits == told["strength_bits"] or held.cipher == "3DES_EDE", held
        assert (held.mac == "AEAD") == told["aead"], held


def test_a_suite_that_no_table_has_is_named_by_its_code() -> None:
    held = suite(0x4242)
    assert (held.name, held.cipher, held.key_exchange, flags(held)) == ("0x4242", "unknown", "unknown", set())

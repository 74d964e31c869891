"""The tables of code points: written out of IANA's files, free of GREASE, and OpenSSL names the same things alike."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from OpenSSL import SSL
from OpenSSL._util import lib

from netassist.tls import groups, groups_data, schemes, schemes_data, suites, suites_data
from netassist.tls.hello import ClientHello, read_client_hello
from tests.lab.programs import require

SCRIPT = Path(__file__).parents[2] / "build-support" / "registries.py"
GREASE = {byte << 8 | byte for byte in range(0x0A, 0x100, 0x10)}  # RFC 8701, section 2

# What OpenSSL 4.0 speaks: SSL_CTX_set1_groups(3) and SSL_CTX_set1_sigalgs(3).
OPENSSL_GROUPS = {
    "secp256r1", "secp384r1", "secp521r1", "x25519", "x448", "brainpoolP256r1tls13", "brainpoolP384r1tls13",
    "brainpoolP512r1tls13", "ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192", "MLKEM512", "MLKEM768", "MLKEM1024",
    "X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "curveSM2", "curveSM2MLKEM768",
}  # fmt: skip
OPENSSL_GROUPS_OF_TLS12 = {"brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"}
OPENSSL_SCHEMES = {
    "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512", "rsa_pss_pss_sha256", "rsa_pss_pss_sha384",
    "rsa_pss_pss_sha512", "rsa_pkcs1_sha1", "rsa_pkcs1_sha224", "rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512",
    "ecdsa_sha1", "ecdsa_sha224", "ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512",
    "ecdsa_brainpoolP256r1tls13_sha256", "ecdsa_brainpoolP384r1tls13_sha384", "ecdsa_brainpoolP512r1tls13_sha512", "dsa_sha1",
    "dsa_sha224", "dsa_sha256", "dsa_sha384", "dsa_sha512", "ed25519", "ed448", "sm2sig_sm3", "mldsa44", "mldsa65", "mldsa87",
}  # fmt: skip


def hello_of_openssl(*, named: str = "", signed: str = "", newest: int = SSL.TLS1_3_VERSION) -> ClientHello | None:
    """What OpenSSL offers, with groups or schemes by their names; None where it does not take those."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_cipher_list(b"ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_max_proto_version(newest)
    taken = (not named or lib.SSL_CTX_set1_curves_list(context._context, named.encode()) == 1) and (
        not signed or lib.SSL_CTX_set1_sigalgs_list(context._context, signed.encode()) == 1
    )
    if not taken:
        lib.ERR_clear_error()
        return None
    client = SSL.Connection(context, None)
    client.set_connect_state()
    try:
        client.do_handshake()
    except SSL.WantReadError:
        return read_client_hello(client.bio_read(65536))
    except SSL.Error:  # the group is none of these versions
        return None
    raise AssertionError("a handshake without a peer")


def test_the_tables_are_what_the_script_writes_out_of_the_registries() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_no_table_has_grease_or_signals_and_no_list_offers_them() -> None:
    signals = {0x00FF, 0x5600}
    for names in (suites_data.NAMES, groups_data.NAMES, schemes_data.NAMES):
        assert not GREASE & set(names)
        assert not any(
            re.search(r"reserved|unassigned|grease|obsolete|[^A-Za-z0-9_]", name, re.IGNORECASE) for name in names.values()
        )
    offered = (*groups.TLS12_GROUPS, *groups.TLS13_GROUPS, *schemes.ALL, *suites.TLS12_SUITES, *suites.TLS13_SUITES)
    assert not (GREASE | signals) & set(offered)


def test_what_is_offered_is_in_the_tables_and_nothing_twice() -> None:
    lists = (
        (groups.TLS12_GROUPS, groups_data.NAMES), (groups.TLS13_GROUPS, groups_data.NAMES),
        (groups.POST_QUANTUM, groups_data.NAMES), (schemes.ALL, schemes_data.NAMES),
        (suites.TLS12_SUITES, suites_data.NAMES), (suites.TLS13_SUITES, suites_data.NAMES),
    )  # fmt: skip
    for codes, names in lists:
        assert len(codes) == len(set(codes))
        assert set(codes) <= set(names)
    explicit = {0xFF01, 0xFF02}  # curves that the server would spell out itself (RFC 8422, section 5.1.1), which none may today
    assert set(groups_data.NAMES) - {*groups.TLS12_GROUPS, *groups.TLS13_GROUPS} == explicit
    assert set(schemes.ALL) == set(schemes_data.NAMES)
    assert set(groups.POST_QUANTUM) == {code for code in groups_data.NAMES if groups.group(code).kind != "classical"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("X25519MLKEM768", "hybrid"), ("SecP384r1MLKEM1024", "hybrid"), ("curveSM2MLKEM768", "hybrid"),
        ("X25519Kyber768Draft00", "hybrid"), ("SecP256r1Kyber768Draft00", "hybrid"), ("MLKEM512", "post_quantum"),
        ("MLKEM1024", "post_quantum"), ("x448", "classical"), ("ffdhe8192", "classical"), ("GC512C", "classical"),
        ("brainpoolP384r1tls13", "classical"),
    ],
)  # fmt: skip
def test_the_kind_of_a_group(name: str, kind: str) -> None:
    assert groups.group_named(name).kind == kind


def test_openssl_gives_every_group_that_it_knows_the_same_code_point() -> None:
    seen = {name: hello.groups for name in groups_data.NAMES.values() if (hello := hello_of_openssl(named=name))}
    assert set(seen) == OPENSSL_GROUPS
    assert seen == {name: (code,) for code, name in groups_data.NAMES.items() if name in seen}
    old = {name: hello_of_openssl(named=name, newest=SSL.TLS1_2_VERSION) for name in OPENSSL_GROUPS_OF_TLS12}
    assert {name: hello.groups for name, hello in old.items() if hello} == {
        name: (code,) for code, name in groups_data.NAMES.items() if name in OPENSSL_GROUPS_OF_TLS12
    }


def test_openssl_gives_every_scheme_that_it_knows_the_same_code_point() -> None:
    seen = {name: hello.signature_schemes for name in schemes_data.NAMES.values() if (hello := hello_of_openssl(signed=name))}
    assert set(seen) == OPENSSL_SCHEMES
    assert seen == {name: (code,) for code, name in schemes_data.NAMES.items() if name in seen}


@pytest.mark.parametrize("newest", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_openssl_offers_nothing_that_the_tables_lack(newest: int) -> None:
    hello = hello_of_openssl(newest=newest)
    assert hello is not None
    assert set(hello.groups) <= set(groups_data.NAMES)
    assert set(hello.signature_schemes) <= set(schemes_data.NAMES)
    assert set(hello.cipher_suites) - {0x00FF} <= set(suites_data.NAMES)
    offered = suites.TLS12_SUITES if newest == SSL.TLS1_2_VERSION else (*suites.TLS12_SUITES, *suites.TLS13_SUITES)
    assert set(hello.cipher_suites) - {0x00FF} <= set(offered)


@pytest.mark.parametrize(("alias", "name"), [("P-256", "secp256r1"), ("prime256v1", "secp256r1"), ("P-521", "secp521r1")])
def test_openssls_other_names_are_understood(alias: str, name: str) -> None:
    assert groups.group_named(alias).name == name


def test_the_openssl_program_names_its_suites_alike() -> None:
    command = [require("openssl"), "ciphers", "-stdname", "-V", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    named = {int(code.replace(",0x", ""), 16): name for code, name in re.findall(r"(0x\w\w,0x\w\w) - (\S+)", told)}
    assert len(named) > 50
    assert {code: suites_data.NAMES.get(code) for code in named} == named

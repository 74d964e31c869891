"""ssh_audit against the distribution's sshd, which is asked by every method it has, and against scripted servers."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.audit import judged
from netassist.audit.rules.ssh import RULES
from netassist.network import Network
from netassist.observations import Endpoint
from netassist.probes.ssh import MOST_KEYS, SshAudit, ssh_audit, terrapin
from netassist.probes.ssh_algorithms import Kind, held_against_policies, rated
from netassist.probes.ssh_hostkey import EXCHANGES, modp, read_host_key, read_reply
from netassist.probes.ssh_kexinit import STRICT, KexInit
from netassist.scope import Scope
from tests.lab.http import raw_server
from tests.lab.programs import require
from tests.lab.ssh import ssh_server
from tests.lab.ssh_scripted import rsa_key, ssh_scripted, string

GOOD = KexInit(
    kex=("mlkem768x25519-sha256", STRICT),
    host_key=("ssh-ed25519",),
    ciphers=(("aes256-gcm@openssh.com",),) * 2,
    macs=(("hmac-sha2-512-etm@openssh.com",),) * 2,
    compression=(("none",),) * 2,
)
ED25519 = string(b"ssh-ed25519") + string(bytes(32))


def audit(port: int, *, named: str = "127.0.0.1", timeout: float = 5.0, deadline: float = 60.0) -> SshAudit:
    return asyncio.run(ssh_audit(Network(Scope(frozenset({named})), timeout=timeout, deadline=deadline), "127.0.0.1", port))


def offering(**lists: tuple[str, ...]) -> KexInit:
    """`GOOD` with other lists, the same in both directions."""
    changed = {name: names if name in ("kex", "host_key") else (names, names) for name, names in lists.items()}
    return msgspec.structs.replace(GOOD, **changed)


def ids(report: SshAudit) -> set[str]:
    return {finding.id for finding in judged(report).findings}


def test_every_host_key_and_its_size() -> None:
    with ssh_server(host_keys=("ed25519", "rsa", "ecdsa")) as port:
        report = audit(port)
    assert (report.status, report.error, report.host_keys_missing) == ("ok", None, ())
    assert report.target == Endpoint("127.0.0.1", port, "127.0.0.1")
    assert [(key.type, key.bits) for key in report.host_keys] == [
        ("ssh-ed25519", 256), ("ssh-rsa", 3072), ("ecdsa-sha2-nistp256", 256),
    ]  # fmt: skip
    assert report.banner is not None
    assert report.banner.startswith("SSH-2.0-OpenSSH_")
    assert (report.protocol, report.post_quantum, report.terrapin.verdict) == ("2.0", True, "safe")
    assert {algorithm.rating for algorithm in report.algorithms.cipher} == {"recommended"}
    assert report.group_exchange_bits == 2048
    assert ids(report) == set()


def test_fingerprints_are_those_of_ssh_keygen(tmp_path: Path) -> None:
    keygen = require("ssh-keygen")
    subprocess.run([keygen, "-q", "-t", "ecdsa", "-b", "521", "-N", "", "-f", tmp_path / "key"], check=True)
    told = subprocess.run([keygen, "-l", "-f", tmp_path / "key.pub"], capture_output=True, text=True, check=True).stdout.split()
    with ssh_server(extra=f"HostKey {tmp_path / 'key'}") as port:
        report = audit(port)
    key = next(key for key in report.host_keys if key.type.startswith("ecdsa"))
    assert (key.type, key.bits, key.fingerprint_sha256) == ("ecdsa-sha2-nistp521", int(told[0]), told[1])


def test_a_host_certificate_is_told_with_the_key_in_it(tmp_path: Path) -> None:
    keygen = require("ssh-keygen")
    for name, kind in (("ca", "ed25519"), ("key", "rsa")):
        subprocess.run([keygen, "-q", "-t", kind, "-N", "", "-f", tmp_path / name], check=True)
    command: list[str | Path] = [keygen, "-q", "-s", tmp_path / "ca", "-I", "lab", "-h", "-n", "lab", tmp_path / "key.pub"]
    subprocess.run(command, check=True)
    told = subprocess.run([keygen, "-l", "-f", tmp_path / "key.pub"], capture_output=True, text=True, check=True).stdout.split()
    with ssh_server(extra=f"HostKey {tmp_path / 'key'}\nHostCertificate {tmp_path / 'key-cert.pub'}") as port:
        report = audit(port)
    certificate = next(key for key in report.host_keys if "cert" in key.type)
    assert (certificate.bits, certificate.fingerprint_sha256) == (int(told[0]), told[1])
    assert certificate.signed_by == "ssh-ed25519"


def sshd_methods() -> list[str]:
    ssh = shutil.which("ssh")
    said = subprocess.run([ssh, "-Q", "kex"], capture_output=True, text=True, check=True).stdout.split() if ssh else []
    return [method for method in EXCHANGES if method in said]


@pytest.mark.parametrize("method", sshd_methods())
def test_a_server_that_has_one_method_shows_its_key_by_it(method: str) -> None:
    with ssh_server(kex=method) as port:
        report = audit(port)
    assert (report.status, [key.type for key in report.host_keys]) == ("ok", ["ssh-ed25519"])


@pytest.mark.parametrize("method", ["mlkem768x25519-sha256", "mlkem768nistp256-sha256", "mlkem1024nistp384-sha384"])
def test_shares_of_ml_kem_are_such_as_a_server_takes(method: str) -> None:
    with ssh_scripted(offering(kex=(method,)), {"ssh-ed25519": ED25519}) as port:
        report = audit(port)
    assert (report.status, [key.type for key in report.host_keys], report.error) == ("ok", ["ssh-ed25519"], None)


def test_messages_that_mean_nothing_are_passed_over() -> None:
    from netassist.probes import ssh_kexinit as ssh

    noise = ssh.packet(ssh.IGNORE, string(b"x" * 100)) + ssh.packet(ssh.DEBUG, b"\0" + string(b"y") + string(b""))
    with ssh_scripted(GOOD, {"ssh-ed25519": ED25519}, before=noise) as port:
        report = audit(port)
    assert (report.status, len(report.host_keys)) == ("ok", 1)


def test_a_bad_server_is_found_out() -> None:
    extra = "Ciphers aes128-cbc,3des-cbc\nMACs hmac-md5,hmac-sha2-256-etm@openssh.com\nHostKeyAlgorithms ssh-rsa"
    kex = "diffie-hellman-group1-sha1,diffie-hellman-group14-sha1"
    with ssh_server(kex=kex, host_keys=("rsa",), extra=extra) as port:
        report = audit(port)
    assert report.post_quantum is False
    assert {a.name: a.rating for a in report.algorithms.kex} == {
        "diffie-hellman-group1-sha1": "broken", "diffie-hellman-group14-sha1": "weak",
    }  # fmt: skip
    assert ids(report) == {
        "ssh.broken_key_exchange", "ssh.weak_key_exchange", "ssh.broken_cipher", "ssh.weak_cipher", "ssh.weak_mac",
        "ssh.sha1_signature", "ssh.no_post_quantum",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("offer", "verdict"),
    [
        (offering(kex=("curve25519-sha256",), ciphers=("chacha20-poly1305@openssh.com",)), "vulnerable"),
        (offering(kex=("curve25519-sha256", STRICT), ciphers=("chacha20-poly1305@openssh.com",)), "safe"),
        (offering(kex=("curve25519-sha256",), ciphers=("aes128-cbc",)), "vulnerable"),
        (offering(kex=("curve25519-sha256",), ciphers=("aes128-cbc",), macs=("hmac-sha2-256",)), "safe"),
        (offering(kex=("curve25519-sha256",), ciphers=("aes128-ctr",)), "safe"),
    ],
)
def test_terrapin(offer: KexInit, verdict: str) -> None:
    assert terrapin(offer).verdict == verdict


def test_one_direction_is_enough_for_terrapin() -> None:
    offer = KexInit(kex=("curve25519-sha256",), host_key=(), ciphers=(("aes128-ctr",), ("chacha20-poly1305@openssh.com",)))
    assert terrapin(offer).verdict == "vulnerable"


@pytest.mark.parametrize(
    ("bits", "expected"),
    [(1024, "ssh.small_host_key"), (2048, "ssh.ageing_host_key"), (3071, "ssh.ageing_host_key"), (3072, None)],
)
def test_the_size_of_an_rsa_key_is_judged(bits: int, expected: str | None) -> None:
    with ssh_scripted(offering(host_key=("rsa-sha2-512", "rsa-sha2-256")), {"rsa-sha2-512": rsa_key(bits)}) as port:
        report = audit(port)
    assert [(key.type, key.bits) for key in report.host_keys] == [("ssh-rsa", bits)]
    assert ids(report) == ({expected} if expected else set())


def test_a_small_group_is_found_out_and_larger_ones_are_asked_for_where_it_is_refused() -> None:
    method = "diffie-hellman-group-exchange-sha256"
    offer = offering(kex=("mlkem768x25519-sha256", method))
    asked: list[int] = []

    def group(least: int) -> int | None:
        asked.append(least)
        return modp(1024, 129093) if least >= 1024 else None

    with ssh_scripted(offer, {"ssh-ed25519": ED25519}, group=group) as port:
        report = audit(port)
    assert (report.status, report.group_exchange_bits, asked) == ("ok", 1024, [512, 1024])
    assert ids(report) == {"ssh.small_group"}


def test_a_group_that_nobody_hands_out_leaves_the_report_partial() -> None:
    offer = offering(kex=("mlkem768x25519-sha256", "diffie-hellman-group-exchange-sha256"))
    with ssh_scripted(offer, {"ssh-ed25519": ED25519}) as port:
        report = audit(port)
    assert report.error is not None
    assert (report.status, report.group_exchange_bits, report.error.kind) == ("partial", None, "protocol")
    assert "no group of this size" in report.error.message


def test_a_key_that_is_offered_and_not_shown_is_no_absent_key() -> None:
    with ssh_scripted(offering(host_key=("ssh-ed25519", "ssh-dss")), {"ssh-ed25519": ED25519}) as port:
        report = audit(port)
    assert report.error is not None
    assert (report.status, report.host_keys_missing, len(report.host_keys)) == ("partial", ("ssh-dss",), 1)
    assert "no such host key" in report.error.message
    assert "ssh.dsa_host_key" in ids(report)


def test_a_server_whose_methods_nobody_knows_is_rated_and_its_keys_stay_unknown() -> None:
    with ssh_scripted(offering(kex=("future-kem-sha3",)), {}) as port:
        report = audit(port)
    assert (report.status, report.host_keys_missing, report.post_quantum) == ("partial", ("ssh-ed25519",), None)
    assert [a.rating for a in report.algorithms.kex] == ["unknown"]
    assert all(policy.verdict != "pass" for policy in report.policies)


def test_more_types_of_host_key_than_are_asked_for_are_not_passed_over_in_silence() -> None:
    names = tuple(f"strange-{n}" for n in range(MOST_KEYS + 3))
    with ssh_scripted(offering(host_key=names), dict.fromkeys(names, ED25519)) as port:
        report = audit(port)
    assert (report.status, report.host_keys_missing) == ("partial", names[MOST_KEYS:])
    assert report.connections == MOST_KEYS


def test_a_server_without_any_host_key_algorithm_is_no_sound_one() -> None:
    with ssh_scripted(offering(host_key=()), {}) as port:
        report = audit(port)
    assert report.error is not None
    assert (report.status, report.error.kind, report.host_keys) == ("partial", "protocol", ())


def test_protocol_1_is_found_out() -> None:
    with ssh_scripted(GOOD, {"ssh-ed25519": ED25519}, banner=b"SSH-1.99-lab\r\n") as port:
        report = audit(port)
    assert ids(report) == {"ssh.protocol_1"}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"SSH-1.5-old\r\n", "protocol"),
        (b"220 mail ESMTP\r\n", "protocol"),
        (b"Exceeded MaxStartups\r\n", "rate_limited"),
        (b"SSH-2.0-x\r\n\xff\xff\xff\xff", "protocol"),
    ],
)
def test_what_is_no_ssh_server_fails(said: bytes, kind: str) -> None:
    with raw_server(said) as port:
        report = audit(port)
    assert report.error is not None
    assert (report.status, report.error.kind, report.banner) == ("failed", kind, None)
    assert ids(report) == set()


def test_a_server_that_never_speaks() -> None:
    with raw_server(b"", stay=True) as port:
        report = audit(port, timeout=0.3)
    assert report.error is not None
    assert (report.status, report.error.kind) == ("failed", "timeout")


def test_what_was_not_named_is_not_touched() -> None:
    report = audit(22, named="192.0.2.1")
    assert report.error is not None
    assert (report.error.kind, report.connections) == ("out_of_scope", 0)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        string(b""),
        string(b"ssh-rsa"),
        string(b"ssh-rsa") + string(b"\x01\0\1") + string(b"\xff"),
        string(b"ssh-rsa") + string(b"\x01\0\1") + string(bytes([1]) * 9000),
        string(b"strange-cert-v01@openssh.com") + string(b"nonce"),
        string("ключ".encode()),
    ],
)
def test_a_malformed_host_key_is_no_crash(key: bytes) -> None:
    with ssh_scripted(GOOD, {"ssh-ed25519": key}) as port:
        report = audit(port)
    assert report.error is not None
    assert (report.status, report.error.kind, report.host_keys) == ("partial", "protocol", ())


@given(st.binary(max_size=400))
def test_no_bytes_upset_the_reader_of_keys(raw: bytes) -> None:
    for read in (read_host_key, read_reply):
        try:
            key = read(raw)
        except ValueError:
            continue
        assert key.type.isascii()


@pytest.mark.parametrize(("bits", "offset"), [(1024, 129093), (2048, 124476), (3072, 1690314)])
def test_the_groups_are_safe_primes(bits: int, offset: int) -> None:
    prime = modp(bits, offset)
    assert prime.bit_length() == bits
    # 2 generates the subgroup of squares (RFC 3526), and both the prime and its half pass a Fermat test.
    assert pow(2, (prime - 1) // 2, prime) == 1
    assert pow(3, (prime - 3) // 2, (prime - 1) // 2) == 1


def test_a_baseline_is_passed_only_by_what_was_seen() -> None:
    lists: dict[Kind, tuple[str, ...]] = {
        "kex": ("curve25519-sha256@libssh.org",), "cipher": ("aes256-ctr",), "mac": ("hmac-sha2-512",),
    }  # fmt: skip
    modern, intermediate = held_against_policies(lists, ("ssh-ed25519",), None)
    assert (modern.verdict, modern.deviations) == ("pass", ())
    assert intermediate.verdict == "deviates"
    assert held_against_policies(lists, None, None)[0].verdict == "unknown"
    exchange: dict[Kind, tuple[str, ...]] = {**lists, "kex": ("diffie-hellman-group-exchange-sha256",)}
    assert [policy.verdict for policy in held_against_policies(exchange, (), None)] == ["unknown", "unknown"]
    assert [policy.verdict for policy in held_against_policies(exchange, (), 2048)] == ["deviates", "pass"]


def test_every_algorithm_of_openssh_has_a_rating_and_a_source() -> None:
    ssh = require("ssh")
    queries: dict[Kind, str] = {"kex": "kex", "cipher": "cipher", "mac": "mac", "host_key": "HostKeyAlgorithms"}
    for kind, query in queries.items():
        names = subprocess.run([ssh, "-Q", query], capture_output=True, text=True, check=True).stdout.split()
        for name in names:
            algorithm = rated(kind, name)
            if name.startswith(("sk-", "webauthn-")):
                continue  # keys of users, which no server has
            assert algorithm.rating != "unknown", name
            assert algorithm.source is not None
            assert algorithm.source.startswith("https://")


def test_every_rule_has_words_and_a_source() -> None:
    for id, rule in RULES.items():
        assert id.startswith("ssh.")
        assert all((rule.title, rule.detail, rule.fix, rule.references))


def test_interrupted_it_claims_nothing_that_was_not_seen() -> None:
    async def story(port: int) -> SshAudit:
        network = Network(Scope(frozenset({"127.0.0.1"})))
        network.progress = lambda step: network.interrupt() if "host key for" in step.text else None
        return await ssh_audit(network, "127.0.0.1", port)

    with ssh_server(host_keys=("ed25519", "rsa", "ecdsa")) as port:
        report = asyncio.run(story(port))
    assert report.error is not None
    assert (report.status, report.error.kind) == ("partial", "timeout")
    assert len(report.host_keys) == 1
    assert report.host_keys_missing == ("rsa-sha2-512", "ecdsa-sha2-nistp256")

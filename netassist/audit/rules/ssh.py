"""What an SSH server's offer means: algorithms that should go, keys and groups that are too small, attacks that it is open to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netassist.audit.rule import Rule
from netassist.observations import Finding
from netassist.probes.ssh import SshAudit
from netassist.probes.ssh_algorithms import Algorithm, Rating

_LEAST_RSA, _SMALL_RSA = 2048, 3072
"""Bits of an RSA key: below the first it is too small (NIST SP 800-131A), below the second too small after 2030."""
_LEAST_GROUP = 2048
_SP_800_131A = "https://csrc.nist.gov/pubs/sp/800/131/a/r2/final"
_SSHD = "in sshd_config"
_OLD_CLIENTS = "Clients that know nothing better are older than ten years."

RULES: dict[str, Rule] = {
    "ssh.protocol_1": Rule(
        "high",
        "SSH 1 is spoken too",
        "Protocol 1 has no integrity that deserves the name: sessions can be changed and decrypted on the way.",
        f"Allow protocol 2 only (Protocol 2 {_SSHD}), or update: OpenSSH removed protocol 1 in 7.4.",
        ("https://www.kb.cert.org/vuls/id/684820", "https://www.openssh.com/txt/release-7.4"),
    ),
    "ssh.terrapin": Rule(
        "medium",
        "Open to the Terrapin attack",
        "Who sits on the way can cut messages from the start of a session unseen and so turn protections off (CVE-2023-48795).",
        "Update (OpenSSH 9.6 has strict key exchange), and the clients too; until then remove chacha20-poly1305@openssh.com and "
        f"the CBC ciphers {_SSHD} (Ciphers).",
        ("https://terrapin-attack.com/", "https://nvd.nist.gov/vuln/detail/CVE-2023-48795"),
    ),
    "ssh.broken_key_exchange": Rule(
        "medium",
        "Broken key exchange is offered",
        "Who has done the work for such a group or key once reads the sessions that use it.",
        f"Remove it {_SSHD} (KexAlgorithms). {_OLD_CLIENTS}",
        ("https://www.rfc-editor.org/rfc/rfc9142",),
    ),
    "ssh.weak_key_exchange": Rule(
        "low",
        "Weak key exchange is offered",
        "It rests on SHA-1, or lacks forward secrecy; a client that knows better does not get it, an old one does.",
        f"Remove it {_SSHD} (KexAlgorithms).",
        ("https://www.rfc-editor.org/rfc/rfc9142",),
    ),
    "ssh.broken_cipher": Rule(
        "medium",
        "Broken ciphers are offered",
        "Sessions that use one can be read, in part or in whole.",
        f"Remove them {_SSHD} (Ciphers). {_OLD_CLIENTS}",
        ("https://www.rfc-editor.org/rfc/rfc8758", "https://sweet32.info/"),
    ),
    "ssh.weak_cipher": Rule(
        "low",
        "Weak ciphers are offered",
        "CBC as SSH uses it can give bits of plain text away to who sits on the way.",
        f"Remove them {_SSHD} (Ciphers); CTR and GCM are there.",
        ("https://nvd.nist.gov/vuln/detail/CVE-2008-5161",),
    ),
    "ssh.no_integrity": Rule(
        "high",
        "Sessions without integrity are offered",
        "What is sent can be changed on the way.",
        f"Remove `none` {_SSHD} (MACs).",
        ("https://www.rfc-editor.org/rfc/rfc4253#section-6.4",),
    ),
    "ssh.weak_mac": Rule(
        "low",
        "Weak MACs are offered",
        "Short tags and old hashes leave less margin than what every client in use has.",
        f"Remove them {_SSHD} (MACs).",
        ("https://www.rfc-editor.org/rfc/rfc6151", "https://www.openssh.com/txt/release-6.7"),
    ),
    "ssh.dsa_host_key": Rule(
        "medium",
        "DSA host key",
        "DSA in SSH has 1024 bits and SHA-1: who breaks the key is the server to its clients.",
        f"Remove the HostKey line of the DSA key {_SSHD}; make an Ed25519 key (ssh-keygen -A).",
        ("https://www.openssh.com/txt/release-10.0", _SP_800_131A),
    ),
    "ssh.sha1_signature": Rule(
        "low",
        "The server signs with SHA-1",
        "Collisions of SHA-1 with a chosen prefix cost little today; ssh-rsa is the name of this signature, rsa-sha2-256 that of "
        "a good one with the same key.",
        f"Remove ssh-rsa {_SSHD} (HostKeyAlgorithms); the RSA key can stay.",
        ("https://www.openssh.com/txt/release-8.8", "https://eprint.iacr.org/2020/014"),
    ),
    "ssh.small_host_key": Rule(
        "high",
        "The host key is too small",
        "Who factors it is the server to its clients.",
        "Make a new key: ssh-keygen -t ed25519, or -t rsa -b 3072.",
        (_SP_800_131A,),
    ),
    "ssh.ageing_host_key": Rule(
        "info",
        "The host key is good until 2030",
        "RSA keys of less than 3072 bits have some 112 bits of security, which NIST deprecates after 2030.",
        "With the next change of keys: ssh-keygen -t ed25519, or -t rsa -b 3072.",
        ("https://csrc.nist.gov/pubs/ir/8547/ipd",),
    ),
    "ssh.small_group": Rule(
        "medium",
        "Group exchange hands out small groups",
        "A group of 1024 bits that many share is within reach of a state (Logjam), and a client decides what it asks for.",
        "Remove the lines of /etc/ssh/moduli whose fifth field is below 3071.",
        ("https://weakdh.org/", "https://www.rfc-editor.org/rfc/rfc8270"),
    ),
    "ssh.early_compression": Rule(
        "low",
        "Compression begins before the login",
        "Strangers reach the decompressor, which has had memory errors.",
        f"Allow zlib@openssh.com only, which waits for the login (Compression delayed {_SSHD}).",
        ("https://www.openssh.com/txt/release-7.4",),
    ),
    "ssh.no_post_quantum": Rule(
        "medium",
        "The key exchange is not quantum safe",
        "Who records this traffic today can read it once a quantum computer breaks the key exchange (harvest now, decrypt "
        "later).",
        "Update to OpenSSH 9.9 or later (mlkem768x25519-sha256; 9.0 and later have sntrup761x25519-sha512@openssh.com) and name "
        "it first in KexAlgorithms, or leave KexAlgorithms at its default.",
        ("https://www.openssh.com/pq.html",),
    ),
}  # fmt: skip


def judge(audit: SshAudit) -> Iterator[Finding]:
    """Findings of what was seen; what was not seen has none."""
    if audit.banner is None:
        return
    if audit.protocol == "1.99":
        yield _found("ssh.protocol_1", f"{audit.banner}: version 1.99 says that 1.x is spoken too (RFC 4253, section 5.1)")
    if audit.terrapin.verdict == "vulnerable":
        yield _found("ssh.terrapin", audit.terrapin.because)
    lists = audit.algorithms
    yield from _of("ssh.broken_key_exchange", lists.kex, "broken")
    yield from _of("ssh.weak_key_exchange", lists.kex, "weak")
    yield from _of("ssh.broken_cipher", lists.cipher, "broken")
    yield from _of("ssh.weak_cipher", lists.cipher, "weak")
    yield from _of("ssh.no_integrity", lists.mac, "broken")
    yield from _of("ssh.weak_mac", lists.mac, "weak")
    yield from _of("ssh.dsa_host_key", lists.host_key, "broken")
    yield from _of("ssh.sha1_signature", lists.host_key, "weak")
    yield from _of("ssh.early_compression", lists.compression, "weak")
    yield from _sizes(audit)
    if audit.post_quantum is False:
        client = f"OpenSSH 10 gets {audit.negotiated}" if audit.negotiated else "OpenSSH 10 gets nothing"
        offered = ", ".join(algorithm.name for algorithm in lists.kex)
        yield _found("ssh.no_post_quantum", f"{client}; the server offers {offered}")


def _sizes(audit: SshAudit) -> Iterator[Finding]:
    rsa = [key for key in audit.host_keys if key.type.startswith("ssh-rsa") and key.bits is not None]
    for id, least, most in (("ssh.small_host_key", 0, _LEAST_RSA), ("ssh.ageing_host_key", _LEAST_RSA, _SMALL_RSA)):
        small = [f"{key.type} of {key.bits} bits ({key.fingerprint_sha256})" for key in rsa if least <= (key.bits or 0) < most]
        if small:
            yield _found(id, "; ".join(small))
    if audit.group_exchange_bits is not None and audit.group_exchange_bits < _LEAST_GROUP:
        yield _found("ssh.small_group", f"a client that asks for a small group gets one of {audit.group_exchange_bits} bits")


def _of(id: str, algorithms: Sequence[Algorithm], rating: Rating) -> Iterator[Finding]:
    found = [algorithm for algorithm in algorithms if algorithm.rating == rating]
    if found:
        sources = tuple(algorithm.source for algorithm in found if algorithm.source)
        yield _found(id, "; ".join(f"{algorithm.name}: {algorithm.because}" for algorithm in found), sources)


def _found(id: str, evidence: str, sources: tuple[str, ...] = ()) -> Finding:
    return RULES[id].finding(id, evidence, sources)

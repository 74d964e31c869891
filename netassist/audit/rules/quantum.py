"""What the key exchange and the keys of a server mean once there are quantum computers that break them."""

from __future__ import annotations

from collections.abc import Iterator

from netassist.audit.rule import Rule
from netassist.observations import Finding
from netassist.quantum import QuantumCheck

_NIST = "https://csrc.nist.gov/pubs/ir/8547/ipd"
_REFERENCES = {"tls": "https://datatracker.ietf.org/doc/draft-ietf-tls-ecdhe-mlkem/", "ssh": "https://www.openssh.com/pq.html"}
_HARVEST = (
    "Who records this traffic today can read it once a quantum computer breaks the key exchange (harvest now, decrypt later)."
)
_FIXES = {
    "tls": "Offer X25519MLKEM768 first, with TLS 1.3: OpenSSL 3.5 and later have it (nginx: ssl_ecdh_curve "
    "X25519MLKEM768:X25519:prime256v1; Apache: SSLOpenSSLConfCmd Groups), Go from 1.24.",
    "ssh": "Update to OpenSSH 9.9 or later (mlkem768x25519-sha256; 9.0 and later have sntrup761x25519-sha512@openssh.com) and "
    "name it first in KexAlgorithms, or leave KexAlgorithms at its default.",
}

RULES: dict[str, Rule] = {
    "quantum.not_safe": Rule(
        "medium", "The key exchange is not quantum safe", _HARVEST, " ".join(_FIXES.values()), (*_REFERENCES.values(), _NIST)
    ),
    "quantum.available_not_preferred": Rule(
        "medium",
        "Quantum-safe key exchange is available, but clients in use do not get it",
        _HARVEST,
        " ".join(_FIXES.values()),
        (*_REFERENCES.values(), _NIST),
    ),
    "quantum.classical_authentication": Rule(
        "info",
        "Keys and signatures are classical",
        "This does not endanger recorded traffic: a forged signature helps only while a connection is being made. "
        "It has to change before quantum computers can forge.",
        "Nothing to do yet but to plan: ML-DSA certificates and host keys come with the authorities and programs in use.",
        (_NIST,),
    ),
}


def judge(check: QuantumCheck) -> Iterator[Finding]:
    if check.verdict == "not_safe":
        yield _of(check, "quantum.not_safe", f"{_negotiated(check)}; {_refusal(check)} ({_connections(check)})")
    elif check.verdict == "available":
        accepted = [group.name for group in check.key_exchange.groups if group.kind in ("hybrid", "post_quantum")]
        said = f"{_negotiated(check)}, though the server accepts {', '.join(accepted)} ({_connections(check)})"
        yield _of(check, "quantum.available_not_preferred", said)
    if check.authentication.post_quantum is False:
        rule = RULES["quantum.classical_authentication"]
        yield rule.finding("quantum.classical_authentication", "; ".join([_keys(check), *_dates(check)]))


def _of(check: QuantumCheck, id: str, evidence: str) -> Finding:
    """The finding with what holds for the protocol alone."""
    rule = RULES[id]._replace(fix=_FIXES[check.protocol], references=(_REFERENCES[check.protocol], _NIST))
    return rule.finding(id, evidence)


def _negotiated(check: QuantumCheck) -> str:
    client = "OpenSSH 10" if check.protocol == "ssh" else "a client that offers X25519MLKEM768 and x25519"
    what = check.key_exchange.negotiated or "a classical key exchange"
    if check.protocol == "ssh" and check.key_exchange.negotiated is None:
        return f"{client} and the server have no key exchange in common"
    return f"{client} gets {what}" + (f" by {check.version}" if check.protocol == "tls" and check.version else "")


def _refusal(check: QuantumCheck) -> str:
    if check.protocol == "ssh":
        return f"the server offers {', '.join(group.name for group in check.key_exchange.groups)}"
    if check.version == "TLSv1.3":
        return "the server refuses all post-quantum groups"
    return "post-quantum key exchange needs TLS 1.3, which the server does not speak"


def _connections(check: QuantumCheck) -> str:
    return "1 connection" if check.connections == 1 else f"{check.connections} connections"


def _keys(check: QuantumCheck) -> str:
    keys = check.authentication
    if check.protocol == "ssh":
        return f"host keys {', '.join(keys.host_keys)}"
    return f"leaf key {keys.leaf_key}" + (f", signature {keys.signature}" if keys.signature else "")


def _dates(check: QuantumCheck) -> Iterator[str]:
    for deadline in check.deadlines:
        if not check.key_exchange.negotiated or not deadline.what.startswith(check.key_exchange.negotiated):
            yield f"{deadline.standard}: {deadline.what} after {deadline.after}"

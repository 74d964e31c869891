"""What a TLS audit calls versions, weaknesses and kinds of groups where a person reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from netassist.reports.style import Style
from netassist.reports.words import listed

if TYPE_CHECKING:
    from netassist.tls.weakness import WeaknessId

VERSIONS = {
    "SSLv2": "SSL 2.0", "SSLv3": "SSL 3.0", "TLSv1.0": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2",
    "TLSv1.3": "TLS 1.3",
}  # fmt: skip
MODERN = ("TLSv1.2", "TLSv1.3")
WEAKNESSES: dict[WeaknessId, str] = {
    "sslv2": "SSL 2.0 (DROWN)", "sslv3_poodle": "SSL 3.0 (POODLE)", "tls1_0": "TLS 1.0", "tls1_1": "TLS 1.1", "rc4": "RC4",
    "des3_sweet32": "64-bit blocks (Sweet32)", "null_cipher": "suites without encryption", "export_cipher": "export ciphers",
    "anonymous_cipher": "anonymous suites", "rsa_key_exchange_no_fs": "RSA key transport", "cbc_in_tls1_0_beast": "BEAST",
    "dh_1024_logjam": "DH of 1024 bits (Logjam)", "compression_crime": "compression (CRIME)",
    "insecure_renegotiation": "insecure renegotiation", "no_fallback_scsv": "missing fallback signal", "heartbleed": "Heartbleed",
    "ccs_injection": "CCS injection", "robot": "ROBOT", "ticketbleed": "Ticketbleed", "early_data": "early data",
}  # fmt: skip
QUANTUM_SAFE = ("hybrid", "post_quantum")
KINDS: dict[str | None, tuple[str, Style]] = {
    "hybrid": ("hybrid: classical and post-quantum", "good"),
    "post_quantum": ("post-quantum", "good"),
    "classical": ("classical", "plain"),
    None: ("of unknown kind", "warn"),
}


def versions(names: Iterable[str]) -> str:
    """``TLS 1.2 and TLS 1.3``, in the order given."""
    return listed([VERSIONS.get(name, name) for name in names])


def reworded(text: str) -> str:
    """Versions as they are called here, in words that come from elsewhere: ``TLS 1.2: …`` for ``TLSv1.2: …``."""
    for version, name in VERSIONS.items():
        text = text.replace(version, name)
    return text


def unestablished(what: str) -> str:
    """An entry of `TlsAudit.incomplete` or `Grade.not_measured` in words."""
    listing, _, version = what.partition("/")
    if what in VERSIONS or listing == "protocols":
        return f"whether {VERSIONS.get(version or what, version)} is accepted"
    return f"all {listing.replace('_', ' ')}{f' of {VERSIONS.get(version, version)}' if version else ''}"

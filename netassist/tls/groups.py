"""The named groups of TLS key exchange.

Codes and names are those of the IANA registry "TLS Supported Groups"
(https://www.iana.org/assignments/tls-parameters/tls-parameters.xhtml#tls-parameters-8).
"""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["classical", "hybrid", "post_quantum"]


class Group(msgspec.Struct, frozen=True):
    """One way to agree on a key: `code` as in ``0x11EC``, None where the protocol knows names only (SSH).

    `kind` is `hybrid` where a classical and a post-quantum exchange are combined; None where the name is not known.
    """

    code: str | None
    name: str
    kind: Kind | None


X25519MLKEM768, X25519, SECP256R1 = 0x11EC, 0x001D, 0x0017

# fmt: off
_TABLE: dict[int, tuple[str, Kind]] = {
    0x11EC: ("X25519MLKEM768", "hybrid"),             # draft-ietf-tls-ecdhe-mlkem
    0x11EB: ("SecP256r1MLKEM768", "hybrid"),
    0x11ED: ("SecP384r1MLKEM1024", "hybrid"),
    0x11EE: ("curveSM2MLKEM768", "hybrid"),
    0x0200: ("MLKEM512", "post_quantum"),             # draft-ietf-tls-mlkem
    0x0201: ("MLKEM768", "post_quantum"),
    0x0202: ("MLKEM1024", "post_quantum"),
    0x6399: ("X25519Kyber768Draft00", "hybrid"),      # obsolete, superseded by X25519MLKEM768
    0x639A: ("SecP256r1Kyber768Draft00", "hybrid"),
    0x001D: ("x25519", "classical"),                  # RFC 8446, section 4.2.7
    0x0017: ("secp256r1", "classical"),
    0x0018: ("secp384r1", "classical"),
    0x0019: ("secp521r1", "classical"),
    0x001E: ("x448", "classical"),
    0x001F: ("brainpoolP256r1tls13", "classical"),    # RFC 8734
    0x0020: ("brainpoolP384r1tls13", "classical"),
    0x0021: ("brainpoolP512r1tls13", "classical"),
    0x0029: ("curveSM2", "classical"),                # RFC 8998
    0x0100: ("ffdhe2048", "classical"),               # RFC 7919
    0x0101: ("ffdhe3072", "classical"),
    0x0102: ("ffdhe4096", "classical"),
    0x0103: ("ffdhe6144", "classical"),
    0x0104: ("ffdhe8192", "classical"),
    0x0015: ("secp224r1", "classical"),               # TLS 1.2 and before: RFC 8422, RFC 7027
    0x0016: ("secp256k1", "classical"),
    0x001A: ("brainpoolP256r1", "classical"),
    0x001B: ("brainpoolP384r1", "classical"),
    0x001C: ("brainpoolP512r1", "classical"),
    0x0001: ("sect163k1", "classical"),               # deprecated by RFC 8422, section 5.1.1
    0x0002: ("sect163r1", "classical"),
    0x0003: ("sect163r2", "classical"),
    0x0004: ("sect193r1", "classical"),
    0x0005: ("sect193r2", "classical"),
    0x0006: ("sect233k1", "classical"),
    0x0007: ("sect233r1", "classical"),
    0x0008: ("sect239k1", "classical"),
    0x0009: ("sect283k1", "classical"),
    0x000A: ("sect283r1", "classical"),
    0x000B: ("sect409k1", "classical"),
    0x000C: ("sect409r1", "classical"),
    0x000D: ("sect571k1", "classical"),
    0x000E: ("sect571r1", "classical"),
    0x000F: ("secp160k1", "classical"),
    0x0010: ("secp160r1", "classical"),
    0x0011: ("secp160r2", "classical"),
    0x0012: ("secp192k1", "classical"),
    0x0013: ("secp192r1", "classical"),
    0x0014: ("secp224k1", "classical"),
    0x0022: ("GC256A", "classical"),                  # RFC 9189
    0x0023: ("GC256B", "classical"),
    0x0024: ("GC256C", "classical"),
    0x0025: ("GC256D", "classical"),
    0x0026: ("GC512A", "classical"),
    0x0027: ("GC512B", "classical"),
    0x0028: ("GC512C", "classical"),
}
# fmt: on
_BY_NAME = {name.lower(): code for code, (name, _) in _TABLE.items()}
# OpenSSL's own names for some of them.
_BY_NAME |= {"prime256v1": 0x0017, "p-256": 0x0017, "p-384": 0x0018, "p-521": 0x0019}

POST_QUANTUM = tuple(code for code, (_, kind) in _TABLE.items() if kind != "classical")
TLS12_GROUPS = (0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x001A, 0x001B, 0x001C, 0x0016, 0x0015, 0x0029, *range(0x0001, 0x0015),
                *range(0x0022, 0x0029))  # fmt: skip
"""Curves that TLS 1.2 and before may use, the commonest first. No finite fields: who offers one binds the server to those."""
TLS13_GROUPS = (0x001D, 0x11EC, 0x0017, 0x0018, 0x0019, 0x001E, 0x11EB, 0x11ED, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104, 0x0200,
                0x0201, 0x0202, 0x6399, 0x639A, 0x11EE, 0x001F, 0x0020, 0x0021, 0x0029, *range(0x0022, 0x0029))  # fmt: skip
"""Groups that TLS 1.3 may use, the commonest first."""
CLASSICAL = (0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x0100, 0x0101)
"""The classical groups that clients in use offer, the commonest first."""


def group(code: int) -> Group:
    """A group by its code point; one that is not in the table is named by its code, of no known kind."""
    shown = f"0x{code:04X}"
    if code not in _TABLE:
        return Group(shown, shown, None)
    name, kind = _TABLE[code]
    return Group(shown, name, kind)


def group_named(name: str) -> Group:
    """A group by its IANA or OpenSSL name, in any case; one that is not in the table keeps its name, of no known kind."""
    code = _BY_NAME.get(name.lower())
    return group(code) if code is not None else Group(None, name, None)

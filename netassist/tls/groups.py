"""The named groups of TLS key exchange.

Codes and names are the registry's (`netassist.tls.groups_data`); kind, order and the versions they belong to stand here.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from netassist.tls.groups_data import NAMES

Kind = Literal["classical", "hybrid", "post_quantum"]


class Group(msgspec.Struct, frozen=True):
    """One way to agree on a key: `code` as in ``0x11EC``, None where the protocol knows names only (SSH).

    `kind` is `hybrid` where a classical and a post-quantum exchange are combined; None where the name is not known.
    """

    code: str | None
    name: str
    kind: Kind | None


X25519MLKEM768, X25519, SECP256R1 = 0x11EC, 0x001D, 0x0017


def _kind(name: str) -> Kind:
    """By what the name is made of: ML-KEM alone, with a curve before it, or none of it (Kyber is ML-KEM before FIPS 203)."""
    if name.startswith("MLKEM"):
        return "post_quantum"
    return "hybrid" if "MLKEM" in name or "Kyber" in name else "classical"


_KINDS = {code: _kind(name) for code, name in NAMES.items()}
_BY_NAME = {name.lower(): code for code, name in NAMES.items()}
# OpenSSL's own names for some of them.
_BY_NAME |= {"prime256v1": 0x0017, "p-256": 0x0017, "p-384": 0x0018, "p-521": 0x0019}

POST_QUANTUM = (0x11EC, 0x11EB, 0x11ED, 0x11EE, 0x0200, 0x0201, 0x0202, 0x6399, 0x639A)
"""What withstands a quantum computer, the commonest first: hybrids, ML-KEM alone, and the obsolete drafts with Kyber."""
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
    return Group(shown, NAMES.get(code, shown), _KINDS.get(code))


def group_named(name: str) -> Group:
    """A group by its IANA or OpenSSL name, in any case; one that is not in the table keeps its name, of no known kind."""
    code = _BY_NAME.get(name.lower())
    return group(code) if code is not None else Group(None, name, None)

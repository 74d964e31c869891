"""The signature schemes of TLS.

Codes and names are the registry's (`netassist.tls.schemes_data`): RFC 8446, section 4.2.3, and the pairs of hash and signature of
TLS 1.2 (RFC 5246, section 7.4.1.4.1), named alike.
"""

from __future__ import annotations

import msgspec

from netassist.tls.schemes_data import NAMES


class Scheme(msgspec.Struct, frozen=True):
    """A signature scheme (IANA TLS SignatureScheme)."""

    code: str
    name: str


_ORDER = (
    0x0905, 0x0904, 0x0906, *range(0x0911, 0x091D), 0x0807, 0x0808, 0x0403, 0x0503, 0x0603, 0x081A, 0x081B, 0x081C, 0x0704,
    *range(0x0708, 0x0710), 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601,
)  # fmt: skip
ALL = (*_ORDER, *(code for code in sorted(NAMES, reverse=True) if code not in _ORDER))
"""Every scheme in the order in which it is offered: what few have first, then what all have; those of TLS 1.2 alone last."""
TLS13_FAMILIES = (
    (0x0804, 0x0805, 0x0806), (0x0809, 0x080A, 0x080B), (0x0403, 0x0503, 0x0603), (0x0807, 0x0808, 0x081A, 0x081B, 0x081C),
    (0x0904, 0x0905, 0x0906), tuple(range(0x0911, 0x091D)), (0x0704, 0x0708, *range(0x0709, 0x0710)),
)  # fmt: skip
"""What a TLS 1.3 server may sign with, one kind of key each: one certificate signs with schemes of one of them."""


def scheme(code: int) -> Scheme:
    """A signature scheme by its code point; one that is not in the table is named by its code."""
    shown = f"0x{code:04X}"
    return Scheme(shown, NAMES.get(code, shown))

"""The signature schemes of TLS.

Codes and names are those of the IANA registry "TLS SignatureScheme"
(https://www.iana.org/assignments/tls-parameters/tls-parameters.xhtml#tls-signaturescheme): RFC 8446, section 4.2.3, and its
pairs of hash and signature for TLS 1.2 (RFC 5246, section 7.4.1.4.1), named alike.
"""

from __future__ import annotations

import msgspec


class Scheme(msgspec.Struct, frozen=True):
    """A signature scheme (IANA TLS SignatureScheme)."""

    code: str
    name: str


# fmt: off
_NAMES: dict[int, str] = {
    0x0905: "mldsa65",                            # draft-ietf-tls-mldsa
    0x0904: "mldsa44",
    0x0906: "mldsa87",
    0x0911: "slhdsa_sha2_128s",                   # draft-reddy-tls-slhdsa
    0x0912: "slhdsa_sha2_128f",
    0x0913: "slhdsa_sha2_192s",
    0x0914: "slhdsa_sha2_192f",
    0x0915: "slhdsa_sha2_256s",
    0x0916: "slhdsa_sha2_256f",
    0x0917: "slhdsa_shake_128s",
    0x0918: "slhdsa_shake_128f",
    0x0919: "slhdsa_shake_192s",
    0x091A: "slhdsa_shake_192f",
    0x091B: "slhdsa_shake_256s",
    0x091C: "slhdsa_shake_256f",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0403: "ecdsa_secp256r1_sha256",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0603: "ecdsa_secp521r1_sha512",
    0x081A: "ecdsa_brainpoolP256r1tls13_sha256",  # RFC 8734
    0x081B: "ecdsa_brainpoolP384r1tls13_sha384",
    0x081C: "ecdsa_brainpoolP512r1tls13_sha512",
    0x0704: "eccsi_sha256",
    0x0708: "sm2sig_sm3",                         # RFC 8998
    0x0709: "gostr34102012_256a",                 # RFC 9367
    0x070A: "gostr34102012_256b",
    0x070B: "gostr34102012_256c",
    0x070C: "gostr34102012_256d",
    0x070D: "gostr34102012_512a",
    0x070E: "gostr34102012_512b",
    0x070F: "gostr34102012_512c",
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
    0x0809: "rsa_pss_pss_sha256",
    0x080A: "rsa_pss_pss_sha384",
    0x080B: "rsa_pss_pss_sha512",
    0x0401: "rsa_pkcs1_sha256",
    0x0501: "rsa_pkcs1_sha384",
    0x0601: "rsa_pkcs1_sha512",
    0x0303: "ecdsa_sha224",
    0x0301: "rsa_pkcs1_sha224",
    0x0402: "dsa_sha256",
    0x0502: "dsa_sha384",
    0x0602: "dsa_sha512",
    0x0302: "dsa_sha224",
    0x0203: "ecdsa_sha1",
    0x0201: "rsa_pkcs1_sha1",
    0x0202: "dsa_sha1",
    0x0103: "ecdsa_md5",
    0x0101: "rsa_pkcs1_md5",
    0x0102: "dsa_md5",
}
# fmt: on
ALL = tuple(_NAMES)
TLS13_FAMILIES = (
    (0x0804, 0x0805, 0x0806), (0x0809, 0x080A, 0x080B), (0x0403, 0x0503, 0x0603), (0x0807, 0x0808, 0x081A, 0x081B, 0x081C),
    (0x0904, 0x0905, 0x0906), tuple(range(0x0911, 0x091D)), (0x0704, 0x0708, *range(0x0709, 0x0710)),
)  # fmt: skip
"""What a TLS 1.3 server may sign with, one kind of key each: one certificate signs with schemes of one of them."""


def scheme(code: int) -> Scheme:
    """A signature scheme by its code point; one that is not in the table is named by its code."""
    shown = f"0x{code:04X}"
    return Scheme(shown, _NAMES.get(code, shown))

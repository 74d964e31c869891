"""Cipher suites: what each is made of, read from its name.

The names are the registry's (`netassist.tls.suites_data`), and in it a name says all: how keys are exchanged, who proves
identity, which cipher, which MAC (RFC 5246, appendix C; RFC 8446, appendix B.4).
"""

from __future__ import annotations

import re
from functools import cache

import msgspec

from netassist.tls.suites_data import NAMES

_NULL_SUITE = 0x0000
"""TLS_NULL_WITH_NULL_NULL is what a connection begins with, and "MUST NOT be negotiated" (RFC 5246, appendix A.5)."""
_TLS13_CODES = frozenset(
    # RFC 8446, 8998, 9150, 9367 and, for Ascon, as registered
    (*range(0x1301, 0x1308), 0x00C6, 0x00C7, 0xC0B4, 0xC0B5, *range(0xC103, 0xC107), *range(0x006E, 0x0072))
)
_CIPHERS = {
    "AES_128": 128, "AES_256": 256, "ARIA_128": 128, "ARIA_256": 256, "CAMELLIA_128": 128, "CAMELLIA_256": 256,
    "CHACHA20_POLY1305": 256, "SEED": 128, "IDEA_128": 128, "IDEA": 128, "3DES_EDE": 112, "DES_192_EDE3": 112, "DES_64": 56,
    "DES40": 40, "DES_CBC_40": 40, "DES": 56, "RC4_128_EXPORT40": 40, "RC4_128": 128, "RC4_64": 64, "RC4_56": 56, "RC4_40": 40,
    "RC2_128_CBC_EXPORT40": 40, "RC2_128": 128, "RC2_CBC_40": 40, "RC2_CBC_56": 56, "FORTEZZA": 80, "AEGIS_256": 256,
    "AEGIS_128L": 128, "ASCONAEAD128": 128, "SM4": 128, "KUZNYECHIK": 256, "MAGMA": 256, "28147": 256,
}  # fmt: skip
_AEAD = re.compile(r"GCM|CCM(?:_8)?|POLY1305|AEGIS_\w+?(?=_SHA)|ASCONAEAD128|MGM_[LS]")
_HASHES = re.compile(r"_(MD5|SHA|SHA256|SHA384|SHA512|SM3|IMIT|OMAC|GOSTR3411)(?:_OLD)?$")
_EXCHANGES = (
    # Prefix of the name, key exchange, authentication.
    ("ECDHE_ECDSA", "ECDHE", "ECDSA"), ("ECDHE_RSA", "ECDHE", "RSA"), ("ECDHE_PSK", "ECDHE", "PSK"),
    ("ECDH_ECDSA", "ECDH", "ECDSA"), ("ECDH_RSA", "ECDH", "RSA"), ("ECDH_anon", "ECDHE", "anon"),
    ("DHE_RSA", "DHE", "RSA"), ("DHE_DSS", "DHE", "DSS"), ("DHE_PSK", "DHE", "PSK"), ("PSK_DHE", "DHE", "PSK"),
    ("DH_RSA", "DH", "RSA"), ("DH_DSS", "DH", "DSS"), ("DH_anon", "DHE", "anon"), ("RSA_PSK", "RSA", "PSK"),
    ("RSA", "RSA", "RSA"), ("PSK", "PSK", "PSK"), ("SRP_SHA_RSA", "SRP", "RSA"), ("SRP_SHA_DSS", "SRP", "DSS"),
    ("SRP_SHA", "SRP", "SRP"), ("KRB5", "KRB5", "KRB5"), ("ECCPWD", "ECCPWD", "ECCPWD"), ("FORTEZZA_KEA", "KEA", "KEA"),
    ("GOSTR341112_256", "GOST", "GOST"), ("GOSTR341094", "GOST", "GOST"), ("GOSTR341001", "GOST", "GOST"),
)  # fmt: skip


class Suite(msgspec.Struct, frozen=True):
    """A cipher suite.

    `code` as in ``0xC02B``, with six digits for SSL 2.0; `name` is the registry's, or ``0xABCD`` where it is not known, and then
    all else is too little to judge by. `key_exchange` is ``ECDHE``, ``DHE``, ``RSA`` …, ``any`` in TLS 1.3, where groups are
    negotiated apart; `authentication` ``RSA``, ``ECDSA``, ``PSK``, ``anon`` …. `cipher` is ``AES_128``, ``NULL`` …, of effective
    strength `bits`; `mode` is ``GCM``, ``CBC``, ``CCM_8`` …, empty for stream ciphers; `mac` the hash of the MAC, or ``AEAD``.
    """

    code: str
    name: str
    key_exchange: str
    authentication: str
    cipher: str
    bits: int
    mode: str
    mac: str
    export: bool = False
    null: bool = False
    anonymous: bool = False
    forward_secret: bool = False

    @property
    def number(self) -> int:
        return int(self.code, 16)


@cache
def suite(code: int) -> Suite:
    """A cipher suite by its code point; one that no table has is named by its code."""
    shown = f"0x{code:0{6 if code > 0xFFFF else 4}X}"
    name = NAMES.get(code)
    if name is None:
        return Suite(shown, shown, "unknown", "unknown", "unknown", 0, "", "unknown")
    whole = next((name.removeprefix(prefix) for prefix in ("TLS_", "SSL_CK_", "SSL_") if name.startswith(prefix)), name)
    exchange, _, rest = whole.partition("_WITH_")
    if not rest or code > 0xFFFF:
        exchange, rest = "", whole
    cipher, bits = _cipher(rest)
    key_exchange, authentication = _exchange(code, exchange)
    mac = "AEAD" if _AEAD.search(rest) else found[1] if (found := _HASHES.search(f"_{whole}")) else "MD5" if code > 0xFFFF else ""
    return Suite(
        code=shown,
        name=name,
        key_exchange=key_exchange,
        authentication=authentication,
        cipher=cipher,
        bits=bits,
        mode=_mode(rest),
        mac=mac,
        export="EXPORT" in name,
        null=cipher == "NULL",
        anonymous=authentication == "anon",
        forward_secret=key_exchange in ("ECDHE", "DHE", "ECCPWD", "any"),
    )


def _exchange(code: int, exchange: str) -> tuple[str, str]:
    if code in _TLS13_CODES:
        return "any", "any"
    if code > 0xFFFF:
        return "RSA", "RSA"
    for prefix, key_exchange, authentication in _EXCHANGES:
        if exchange == prefix or exchange.startswith((f"{prefix}_EXPORT", f"{prefix}_FIPS", f"{prefix}_OLDFIPS")):
            return key_exchange, authentication
    return ("NULL", "anon") if exchange == "NULL" else ("unknown", "unknown")


def _cipher(rest: str) -> tuple[str, int]:
    for name, bits in _CIPHERS.items():
        if rest.startswith(name):
            return re.sub(r"_CBC_(?:40|56|EXPORT40)$|_EXPORT40$", "", name), bits
    return "NULL", 0


def _mode(rest: str) -> str:
    found = re.search(r"CCM_8|GCM|CCM|CBC|CNT|CTR|MGM", rest)
    return found[0] if found else ""


SSL2_SUITES = tuple(code for code in NAMES if code > 0xFFFF)
TLS13_SUITES = tuple(sorted(_TLS13_CODES))
TLS12_SUITES = tuple(code for code in NAMES if code <= 0xFFFF and code != _NULL_SUITE and code not in _TLS13_CODES)
"""All that a hello for TLS 1.2 and before can offer; servers that give an AEAD to TLS 1.0 exist and are to be found too."""

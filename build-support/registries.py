"""Writes the tables of code points in netassist/tls out of IANA's own files, which lie in build-support/registries.

    python build-support/registries.py           # writes suites_data.py, groups_data.py and schemes_data.py
    python build-support/registries.py --check   # exit status 1 where they are not what it would write

Reserved and unassigned values, GREASE (RFC 8701) and signals are left out. What servers speak and the files do not have stands
below, with its source.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

COPIES = Path(__file__).parent / "registries"
TLS = Path(__file__).parents[1] / "netassist" / "tls"
SIGNALS = {0x00FF, 0x5600}  # signalling values, no suites: RFC 5746 and RFC 7507

MORE_SUITES = {
    # RFC 6101, appendix A.6
    0x001C: "SSL_FORTEZZA_KEA_WITH_NULL_SHA",
    0x001D: "SSL_FORTEZZA_KEA_WITH_FORTEZZA_CBC_SHA",
    # draft-ietf-tls-56-bit-ciphersuites-01
    0x0060: "TLS_RSA_EXPORT1024_WITH_RC4_56_MD5",
    0x0061: "TLS_RSA_EXPORT1024_WITH_RC2_CBC_56_MD5",
    0x0062: "TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA",
    0x0063: "TLS_DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA",
    0x0064: "TLS_RSA_EXPORT1024_WITH_RC4_56_SHA",
    0x0065: "TLS_DHE_DSS_EXPORT1024_WITH_RC4_56_SHA",
    0x0066: "TLS_DHE_DSS_WITH_RC4_128_SHA",
    # draft-chudov-cryptopro-cptls-04, and as CryptoPro and OpenSSL's GOST engine number the later ones
    0x0080: "TLS_GOSTR341094_WITH_28147_CNT_IMIT",
    0x0081: "TLS_GOSTR341001_WITH_28147_CNT_IMIT",
    0x0082: "TLS_GOSTR341094_WITH_NULL_GOSTR3411",
    0x0083: "TLS_GOSTR341001_WITH_NULL_GOSTR3411",
    0xFF85: "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT_OLD",
    0xFF87: "TLS_GOSTR341112_256_WITH_NULL_GOSTR3411",
    # draft-agl-tls-chacha20poly1305-04, before RFC 7905
    0xCC13: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256_OLD",
    0xCC14: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256_OLD",
    0xCC15: "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256_OLD",
    # Netscape's FIPS suites
    0xFEFE: "SSL_RSA_FIPS_WITH_DES_CBC_SHA",
    0xFEFF: "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA",
    0xFFE0: "SSL_RSA_OLDFIPS_WITH_3DES_EDE_CBC_SHA",
    0xFFE1: "SSL_RSA_OLDFIPS_WITH_DES_CBC_SHA",
    # SSL 2.0 (draft-hickman-netscape-ssl-00), three bytes each
    0x010080: "SSL_CK_RC4_128_WITH_MD5",
    0x020080: "SSL_CK_RC4_128_EXPORT40_WITH_MD5",
    0x030080: "SSL_CK_RC2_128_CBC_WITH_MD5",
    0x040080: "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5",
    0x050080: "SSL_CK_IDEA_128_CBC_WITH_MD5",
    0x060040: "SSL_CK_DES_64_CBC_WITH_MD5",
    0x060140: "SSL_CK_DES_64_CBC_WITH_SHA",
    0x0700C0: "SSL_CK_DES_192_EDE3_CBC_WITH_MD5",
    0x0701C0: "SSL_CK_DES_192_EDE3_CBC_WITH_SHA",
    0x080080: "SSL_CK_RC4_64_WITH_MD5",
}
MORE_GROUPS = {
    # draft-yang-tls-hybrid-sm2-mlkem, registered since; OpenSSL 4.0 speaks it
    0x11EE: "curveSM2MLKEM768",
}
MORE_SCHEMES = {
    # draft-reddy-tls-slhdsa, registered since
    0x0911: "slhdsa_sha2_128s",
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
    # RFC 9189, section 4.3: "Reserved for backward compatibility" in the registry, and spoken in TLS 1.2
    0x0840: "gostr34102012_256",
    0x0841: "gostr34102012_512",
    # The pairs of hash and signature of TLS 1.2 (RFC 5246, section 7.4.1.4.1), reserved likewise, named after TLS 1.3's
    0x0101: "rsa_pkcs1_md5",
    0x0102: "dsa_md5",
    0x0103: "ecdsa_md5",
    0x0202: "dsa_sha1",
    0x0301: "rsa_pkcs1_sha224",
    0x0302: "dsa_sha224",
    0x0303: "ecdsa_sha224",
    0x0402: "dsa_sha256",
    0x0502: "dsa_sha384",
    0x0602: "dsa_sha512",
}


class Registry(NamedTuple):
    """One registry: IANA's name and file for it, the day of our copy, and what else servers speak."""

    title: str
    file: str
    as_of: str
    more: dict[int, str]
    module: str
    besides: str


REGISTRIES = (
    Registry(
        "TLS Cipher Suites",
        "tls-parameters-4.csv",
        "2026-01-13",
        MORE_SUITES,
        "suites_data.py",
        "the suites of SSL 2.0 (above 0xFFFF) and those that servers were built with and the registry does not have",
    ),
    Registry(
        "TLS Supported Groups",
        "tls-parameters-8.csv",
        "2025-11-11",
        MORE_GROUPS,
        "groups_data.py",
        "what has been registered since",
    ),
    Registry(
        "TLS SignatureScheme",
        "tls-signaturescheme.csv",
        "2025-11-11",
        MORE_SCHEMES,
        "schemes_data.py",
        "what has been registered since and the pairs of hash and signature of TLS 1.2",
    ),
)


def registered(registry: Registry) -> Iterator[tuple[int, str]]:
    """The code points of IANA's file with their names."""
    with (COPIES / registry.file).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            code, name = row["Value"], row["Description"].removesuffix(" (OBSOLETE)")
            if re.fullmatch(r"0x[0-9A-F]{2},0x[0-9A-F]{2}|0x[0-9A-F]{4}", code):
                number = int(code.replace(",0x", ""), 16)
            elif code.isdecimal():
                number = int(code)
            else:
                continue  # a range, of what is unassigned or reserved
            if name not in ("Reserved", "Unassigned", "Reserved for backward compatibility") and number not in SIGNALS:
                yield number, name


def written(registry: Registry) -> str:
    """The module of one registry. Only what the file lacks may be added to it."""
    names = dict(registered(registry))
    if doubled := sorted(set(names) & set(registry.more)):
        raise ValueError(f"{registry.file} has these by now: {', '.join(map(hex, doubled))}")
    names = dict(sorted((names | registry.more).items()))
    rows = "".join(f'    0x{code:0{6 if code > 0xFFFF else 4}X}: "{name}",\n' for code, name in names.items())
    head = f'''"""The code points of the IANA registry "{registry.title}" and their names.

Written by build-support/registries.py out of https://www.iana.org/assignments/tls-parameters/{registry.file}
as of {registry.as_of}, with {registry.besides}.
"""

NAMES: dict[int, str] = {{
'''
    return f"{head}{rows}}}\n"


def main(check: bool) -> int:
    """Write the modules, or tell whether they are what would be written."""
    stale = [held for held in REGISTRIES if not (TLS / held.module).exists() or (TLS / held.module).read_text() != written(held)]
    for held in stale:
        sys.stdout.write(f"netassist/tls/{held.module}: {'is not' if check else 'written'} as of {held.as_of}\n")
        if not check:
            (TLS / held.module).write_text(written(held), encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))

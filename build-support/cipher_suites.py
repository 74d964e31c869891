"""Writes netassist/tls/suites_data.py out of the IANA registry's own file.

    python build-support/cipher_suites.py tls-parameters-4.csv

The file is https://www.iana.org/assignments/tls-parameters/tls-parameters-4.csv ("TLS Cipher Suites"). Suites that servers
were built with and the registry does not have stand in `UNREGISTERED`, each group with its source.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

DATA = Path(__file__).parents[1] / "netassist" / "tls" / "suites_data.py"
SIGNALS = {0x00FF, 0x5600}  # signalling values, no suites: RFC 5746 and RFC 7507
# The registry calls 0x1306 so since draft-irtf-cfrg-aegis-aead-01; older copies of the file do not.
RENAMED = {"TLS_AEGIS_256_SHA384": "TLS_AEGIS_256_SHA512"}
UNREGISTERED = {
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
HEAD = '''"""Every cipher suite by its code: the names are those of the IANA registry "TLS Cipher Suites".

Written by build-support/cipher_suites.py out of https://www.iana.org/assignments/tls-parameters/tls-parameters-4.csv, with
the suites of SSL 2.0 (above 0xFFFF) and those that servers were built with and the registry does not have.
"""

NAMES: dict[int, str] = {
'''


def registered(file: Path) -> dict[int, str]:
    """The suites of the registry's CSV; ranges, reserved values and signals are none."""
    names = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines):
            code = re.fullmatch(r"0x([0-9A-F]{2}),0x([0-9A-F]{2})", row[0])
            if code and row[1].startswith("TLS_") and int(code[1] + code[2], 16) not in SIGNALS:
                names[int(code[1] + code[2], 16)] = RENAMED.get(row[1], row[1])
    return names


def main(file: Path) -> None:
    names = dict(sorted((registered(file) | UNREGISTERED).items()))
    rows = "".join(f'    0x{code:0{6 if code > 0xFFFF else 4}X}: "{name}",\n' for code, name in names.items())
    DATA.write_text(f"{HEAD}{rows}}}\n", encoding="utf-8")
    sys.stdout.write(f"{len(names)} cipher suites\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

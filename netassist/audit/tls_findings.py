"""What a weakness of a TLS server means, and what to do about each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netassist.audit.rule import Rule
from netassist.observations import Finding
from netassist.tls.weakness import Weakness, WeaknessId

_RFC8996 = "https://www.rfc-editor.org/rfc/rfc8996"
_RFC9325 = "https://www.rfc-editor.org/rfc/rfc9325"
_NVD = "https://nvd.nist.gov/vuln/detail/"
_VERSIONS = (
    "Allow TLS 1.2 and 1.3 only (nginx: ssl_protocols TLSv1.2 TLSv1.3; Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3; "
    "Postfix: smtpd_tls_protocols = >=TLSv1.2)."
)
_SUITES = "Allow suites with ECDHE and an AEAD only, for example those of Mozilla's intermediate configuration."
_MOZILLA = "https://ssl-config.mozilla.org/"


RULES: dict[WeaknessId, Rule] = {
    "sslv2": Rule(
        "critical",
        "SSL 2.0 is accepted",
        "It does not protect its own handshake, and gives away the TLS traffic of every server with the same RSA key.",
        f"{_VERSIONS} Use the key nowhere else, and replace it.",
        ("https://drownattack.com/", "https://www.rfc-editor.org/rfc/rfc6176"),
    ),
    "sslv3_poodle": Rule(
        "high",
        "SSL 3.0 is accepted",
        "Somebody on the path can force clients down to it and read cookies byte by byte (POODLE).",
        _VERSIONS,
        (f"{_NVD}CVE-2014-3566", "https://www.rfc-editor.org/rfc/rfc7568"),
    ),
    "tls1_0": Rule(
        "medium",
        "TLS 1.0 is accepted",
        "It rests on MD5 and SHA-1 and has no modern cipher. It must not be used any more.",
        _VERSIONS,
        (_RFC8996,),
    ),
    "tls1_1": Rule(
        "medium",
        "TLS 1.1 is accepted",
        "It rests on MD5 and SHA-1 and has no modern cipher. It must not be used any more.",
        _VERSIONS,
        (_RFC8996,),
    ),
    "rc4": Rule(
        "high",
        "RC4 is accepted",
        "Its key stream is biased: who sees the same cookie encrypted often enough can read it.",
        _SUITES,
        ("https://www.rfc-editor.org/rfc/rfc7465", _MOZILLA),
    ),
    "des3_sweet32": Rule(
        "medium",
        "A cipher with blocks of 64 bits is accepted",
        "After some 32 GB in one connection blocks collide, and give plain text away (Sweet32).",
        _SUITES,
        ("https://sweet32.info/", f"{_NVD}CVE-2016-2183"),
    ),
    "null_cipher": Rule(
        "critical",
        "Suites without encryption are accepted",
        "A client that asks for one speaks in the clear.",
        f"{_SUITES} Remove NULL, eNULL and COMPLEMENTOFALL from the list of ciphers.",
        (f"{_RFC9325}#section-4.1", _MOZILLA),
    ),
    "export_cipher": Rule(
        "critical",
        "Export suites are accepted",
        "Their 40 and 56 bits are broken in hours, and clients can be forced down to them (FREAK, Logjam).",
        _SUITES,
        (f"{_NVD}CVE-2015-0204", "https://weakdh.org/"),
    ),
    "anonymous_cipher": Rule(
        "critical",
        "Anonymous suites are accepted",
        "The server shows no certificate with them, so that anybody on the path can take its place.",
        f"{_SUITES} Add !aNULL to the list of ciphers. Between mail servers, which check no certificates, it changes little.",
        (f"{_RFC9325}#section-4.1", _MOZILLA),
    ),
    "rsa_key_exchange_no_fs": Rule(
        "low",
        "RSA key transport is accepted, which has no forward secrecy",
        "Who gets hold of the server's key one day reads what was recorded of such connections before.",
        _SUITES,
        (f"{_RFC9325}#section-4.1", _MOZILLA),
    ),
    "cbc_in_tls1_0_beast": Rule(
        "low",
        "CBC suites are accepted with TLS 1.0 or SSL 3.0",
        "A script in the browser can have cookies guessed (BEAST), where the client does not split its records against it.",
        _VERSIONS,
        (f"{_NVD}CVE-2011-3389",),
    ),
    "dh_1024_logjam": Rule(
        "medium",
        "Diffie-Hellman with 1,024 bits or less is used",
        "A state can break such a group once, and read everything that relied on it (Logjam).",
        "Leave DHE suites out in favour of ECDHE; where they are needed, use ffdhe3072 (RFC 7919).",
        ("https://weakdh.org/", f"{_NVD}CVE-2015-4000"),
    ),
    "compression_crime": Rule(
        "medium",
        "TLS compression is on",
        "The length of what is sent tells a script in the browser how well it has guessed a cookie (CRIME).",
        "Switch TLS compression off (Apache: SSLCompression off), or update: OpenSSL has had it off since 1.1.0.",
        (f"{_NVD}CVE-2012-4929",),
    ),
    "insecure_renegotiation": Rule(
        "medium",
        "Secure renegotiation is missing",
        "Where such a server renegotiates, somebody on the path can put a request of his own before the client's.",
        "Update the TLS library: every one since 2010 has RFC 5746.",
        ("https://www.rfc-editor.org/rfc/rfc5746", f"{_NVD}CVE-2009-3555"),
    ),
    "no_fallback_scsv": Rule(
        "low",
        "Clients that fall back to an older version are not warned",
        "Some clients try again with an older version after an error, which somebody on the path can bring about.",
        "Update the TLS library, or allow TLS 1.3 alone; with TLS 1.2 and 1.3 alone, little is to be gained by a fallback.",
        ("https://www.rfc-editor.org/rfc/rfc7507",),
    ),
    "heartbleed": Rule(
        "critical",
        "Heartbleed: the server's memory can be read from outside",
        "Keys, passwords and cookies are in it, and reading leaves no trace.",
        "Update OpenSSL to 1.0.1g or later now; then replace the key and the certificate, and all passwords that were in use.",
        (f"{_NVD}CVE-2014-0160", "https://heartbleed.com/"),
    ),
    "ccs_injection": Rule(
        "high",
        "CCS injection: the server lets its keys be emptied",
        "Somebody on the path between it and a client with an old OpenSSL reads and changes everything.",
        "Update OpenSSL to 0.9.8za, 1.0.0m, 1.0.1h or later.",
        (f"{_NVD}CVE-2014-0224",),
    ),
    "robot": Rule(
        "critical",
        "ROBOT: the server decrypts and signs for strangers",
        "Its answers tell whether a secret was padded well: enough to decrypt recorded traffic, and to sign in its name.",
        "Leave out the suites with RSA key transport (TLS_RSA_…), and install the maker's update.",
        ("https://robotattack.org/",),
    ),
    "ticketbleed": Rule(
        "high",
        "Ticketbleed: 31 bytes of the server's memory come with each resumption",
        "Session ids of others are among them, and can be more.",
        "Install the update of F5 BIG-IP, or disable session tickets in its client SSL profile.",
        (f"{_NVD}CVE-2016-9244", "https://filippo.io/Ticketbleed/"),
    ),
    "early_data": Rule(
        "info",
        "Early data (0-RTT) is allowed",
        "Who records a request can have it served again. That matters where a request acts twice.",
        "Allow early data only for requests that change nothing (RFC 8470), or switch it off (nginx: ssl_early_data off).",
        ("https://www.rfc-editor.org/rfc/rfc8446#section-8", "https://www.rfc-editor.org/rfc/rfc8470"),
    ),
}  # fmt: skip


def findings(weaknesses: Sequence[Weakness]) -> Iterator[Finding]:
    """``tls.ID`` for each weakness that the server has, in their order."""
    for held in weaknesses:
        if held.verdict == "vulnerable":
            yield RULES[held.id].finding(f"tls.{held.id}", held.evidence)

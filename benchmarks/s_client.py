"""`openssl s_client` as a scanner: one process and one connection for each version, suite and group that its OpenSSL has.

It enumerates nothing by itself; this is what a person would have to type, and shows what that OpenSSL cannot even ask for.
"""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from benchmarks.answers import Answers, group_codes, suite_code

PROGRAM = "openssl"
_FLAGS = {"TLSv1.0": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3"}
_TLS13 = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256",
          "TLS_AES_128_CCM_8_SHA256")  # fmt: skip
_GROUPS = ("X25519", "X448", "P-256", "P-384", "P-521", "secp256k1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1",
           "ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192", "X25519MLKEM768", "SecP256r1MLKEM768",
           "SecP384r1MLKEM1024", "MLKEM512", "MLKEM768", "MLKEM1024")  # fmt: skip
_IANA = {"P-256": "secp256r1", "P-384": "secp384r1", "P-521": "secp521r1"}
_SUITE = re.compile(r"New, .*, Cipher is (\S+)")
_AT_ONCE = 2


def enumerated(host: str, port: int) -> Answers:
    """One connection a question, two at a time."""

    def agreed(*words: str) -> bool:
        command = [PROGRAM, "s_client", "-connect", f"{host}:{port}", *words]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30)
        except subprocess.TimeoutExpired:
            return False
        found = _SUITE.search(done.stdout.decode("utf-8", "replace"))
        return found is not None and found[1] != "(NONE)"

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        weak = ("-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")
        versions = pool.map(lambda flag: agreed(flag, *weak), _FLAGS.values())
        spoken = [name for name, yes in zip(_FLAGS, versions, strict=True) if yes]
        questions = [(name, code, suite) for name in spoken for suite, code in _suites(name)]

        def asked(question: tuple[str, int, str]) -> bool:
            version, _, suite = question
            told = ("-ciphersuites", suite) if version == "TLSv1.3" else ("-cipher", f"{suite}:@SECLEVEL=0")
            return agreed(_FLAGS[version], *told)

        suites = {(name, code) for (name, code, _), yes in zip(questions, pool.map(asked, questions), strict=True) if yes}
        best = spoken[-1] if spoken else "TLSv1.2"
        flags = (_FLAGS[best], *(() if best == "TLSv1.3" else ("-cipher", "kECDHE:aECDH:@SECLEVEL=0")))
        taken = pool.map(lambda name: agreed(*flags, "-groups", name), _GROUPS)
        groups = group_codes(_IANA.get(name, name) for name, yes in zip(_GROUPS, taken, strict=True) if yes)
    return Answers(frozenset(spoken), frozenset(suites), groups)


def _suites(version: str) -> list[tuple[str, int]]:
    """Names of this OpenSSL, and codes."""
    if version == "TLSv1.3":
        return [(name, suite_code(name)) for name in _TLS13]
    command = [PROGRAM, "ciphers", "-V", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"0x([0-9A-F]{2}),0x([0-9A-F]{2}) - (\S+)\s+(\S+)", said)
    # What came with TLS 1.2 cannot be offered before it.
    later = ("TLSv1.3",) if version == "TLSv1.2" else ("TLSv1.2", "TLSv1.3")
    return [(name, int(high + low, 16)) for high, low, name, since in found if since not in later]

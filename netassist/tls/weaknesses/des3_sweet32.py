"""Ciphers with blocks of 64 bits, 3DES above all: blocks collide after some 32 GB under one key (CVE-2016-2183, Sweet32).

Nothing is sent for it: judged by the suites that the scan found, of all versions that may have them.
"""

from __future__ import annotations

from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness, of_suites

# Of the registry's ciphers, those with blocks of 64 bits; 3DES has a second name in SSL 2.0.
SMALL_BLOCKS = ("3DES", "DES", "IDEA", "RC2", "FORTEZZA", "MAGMA", "28147")


def verdict(facts: Facts) -> Weakness:
    return of_suites("des3_sweet32", facts, lambda suite: suite.cipher.startswith(SMALL_BLOCKS))

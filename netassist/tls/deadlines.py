"""Until when standards allow the classical algorithms that a server uses.

- NIST IR 8547 (initial public draft, 12 November 2024), "Transition to Post-Quantum Cryptography Standards", tables 2 and 4:
  signatures and key establishment by RSA, elliptic curves and finite fields with 112 bits of strength are deprecated after
  2030, all of them disallowed after 2035.
- NIST SP 800-131A, revision 2 (March 2019), "Transitioning the Use of Cryptographic Algorithms and Key Lengths", table 2: RSA
  signatures with less than 2,048 bits are disallowed; those of less than 112 bits of strength have been since the end of 2013
  (the same table of the first edition and of revision 1).
- BSI TR-02102-1 (from 2020-01 on): RSA keys of 2,000 bits and more conform until the end of 2023, then from 3,000 on.
- NSA, "CNSA 2.0 and Quantum Computing FAQ" (version 2.1, December 2024), after CNSSP 15: "by December 31, 2031, CNSA 2.0
  algorithms are mandated for use unless otherwise noted" in US national security systems. What may be used there until then
  is not said: of what is found, CNSA 1.0 has RSA and finite fields of 3,072 bits and more, and P-384 (RFC 9151), so that RSA-2048
  and P-256 are in neither suite.

docs/policies.md tells how these texts were had.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import msgspec

Standard = Literal["NIST IR 8547", "CNSA 2.0", "NIST SP 800-131A", "BSI TR-02102-1"]
SOURCES: dict[Standard, str] = {
    "NIST IR 8547": "https://csrc.nist.gov/pubs/ir/8547/ipd",
    "CNSA 2.0": "https://media.defense.gov/2022/Sep/07/2003071836/-1/-1/0/CSI_CNSA_2.0_FAQ_.PDF",
    "NIST SP 800-131A": "https://doi.org/10.6028/NIST.SP.800-131Ar2",
    "BSI TR-02102-1": "https://www.bsi.bund.de/SharedDocs/Downloads/EN/BSI/Publications/TechGuidelines/TG02102/BSI-TR-02102-1.html",
}


class Deadline(msgspec.Struct, frozen=True):
    """Until when `standard` allows a classical part that was found; `after` is the last day (ISO 8601), `source` says so."""

    standard: Standard
    what: str
    after: str
    source: str = ""

    def __post_init__(self) -> None:
        if not self.source:
            msgspec.structs.force_setattr(self, "source", SOURCES[self.standard])


class ClassicalPart(NamedTuple):
    """A classical algorithm in use; `strength` in bits (NIST SP 800-57 part 1, table 2), None: more than 112, or not known."""

    name: str
    strength: int | None


def rsa_strength(bits: int) -> int:
    """The strength in bits of RSA and finite-field Diffie-Hellman with a modulus of `bits` (NIST SP 800-57 part 1, table 2)."""
    return next((strength for size, strength in ((15360, 256), (7680, 192), (3072, 128), (2048, 112)) if bits >= size), 80)


def deadlines(parts: Iterable[ClassicalPart]) -> tuple[Deadline, ...]:
    """The deadlines of each part, the earliest first; of what has less than 112 bits of strength they are past."""
    return tuple(sorted((found for part in parts for found in _of(part)), key=lambda deadline: deadline.after))


def _of(part: ClassicalPart) -> Iterator[Deadline]:
    if part.strength is not None and part.strength < 112:
        yield Deadline("NIST SP 800-131A", f"{part.name} disallowed", "2013-12-31")
        if part.name.startswith("RSA"):
            yield Deadline("BSI TR-02102-1", f"{part.name} too short: even 2,000 bits conform no more", "2023-12-31")
        return
    if part.strength == 112:
        yield Deadline("NIST IR 8547", f"{part.name} deprecated", "2030-12-31")
    yield Deadline("NIST IR 8547", f"{part.name} disallowed", "2035-12-31")
    yield Deadline("CNSA 2.0", f"{part.name} not in the suite that is mandated for US national security systems", "2031-12-31")

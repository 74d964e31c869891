"""What a scan of a TLS server has established: the one value that weaknesses, grade, policies and the report are made of.

Pure data. Nothing here is a judgement, and `None`, `unknown` or an absent entry always means: not established.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from netassist.tls.groups import Group
from netassist.tls.schemes import Scheme
from netassist.tls.suites import Suite

Version = Literal["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
VERSIONS: tuple[Version, ...] = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
Support = Literal["accepted", "refused", "unknown"]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Suites stand in the server's order where it keeps one (`server_preference`), else by code.

    `complete` names the lists that are known to be whole (``suites/TLSv1.2``, ``groups``, ``signature_schemes`` …); any other
    may lack entries, because the server stopped answering.
    """

    protocols: dict[str, Support]
    suites: dict[str, tuple[Suite, ...]] = {}
    server_preference: dict[str, bool | None] = {}
    groups: tuple[Group, ...] = ()
    signature_schemes: tuple[Scheme, ...] = ()
    complete: frozenset[str] = frozenset()
    dh_bits: tuple[int, ...] = ()
    """Sizes of the finite-field groups that the server sent in ServerKeyExchange, in bits, each once."""
    curves: tuple[str, ...] = ()
    """Curves that the server sent in ServerKeyExchange (RFC 8422)."""
    usual_group: Group | None = None
    """What a client gets that sends key shares for X25519MLKEM768 and X25519, in this order (TLS 1.3)."""
    reverse_group: Group | None = None
    """What it gets with those the other way round."""
    large_hello: bool | None = None
    """Whether a hello that takes more than one TCP segment is answered like a short one."""
    compression: bool | None = None
    secure_renegotiation: bool | None = None
    """renegotiation_info answered (RFC 5746)."""
    fallback_scsv: bool | None = None
    """A TLS_FALLBACK_SCSV hello below the best version was refused with inappropriate_fallback (RFC 7507)."""
    extended_master_secret: bool | None = None
    encrypt_then_mac: bool | None = None
    session_tickets: bool | None = None
    session_ids: bool | None = None
    early_data: bool | None = None
    """A TLS 1.3 session ticket allowed early data (RFC 8446, section 4.2.10)."""
    alpn: tuple[str, ...] = ()
    hsts: str | None = None

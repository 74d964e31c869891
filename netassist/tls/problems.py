"""Which of the contract's problems a chain has: pure, from what one handshake showed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from netassist.tls.chain import Reading, in_order
from netassist.tls.identity import wildcards
from netassist.tls.trust import HAS_EXPIRED, NO_ISSUER, SELF_SIGNED_IN_CHAIN, SELF_SIGNED_LEAF, Trust

Problem = Literal[
    "expired", "not_yet_valid", "self_signed", "untrusted_root", "wrong_host", "weak_key_rsa1024", "sha1_signature",
    "md5_signature", "missing_intermediate", "no_san", "wildcard_mismatch", "leaf_is_ca", "reversed_or_superfluous_chain",
    "long_validity", "revoked", "must_staple_without_staple", "expires_soon",
]  # fmt: skip

EXPIRES_SOON = timedelta(days=21)
LONGEST_VALIDITY = timedelta(days=398)
"""CA/Browser Forum Baseline Requirements, section 6.3.2, for what was issued from `LIMITED_SINCE` on."""
LIMITED_SINCE = datetime(2020, 9, 1, tzinfo=UTC)
LEAST_RSA_BITS = 2048


def problems_of(
    chain: tuple[Reading, ...],
    trust: Trust,
    fits: bool | None,
    staple: bytes | None,
    now: datetime,
    *,
    own_anchors: bool,
    revoked: bool = False,
) -> tuple[Problem, ...]:
    """Every problem that applies, each once.

    Args:
        fits: whether the certificate speaks for the host, None where that is not known.
        staple: the OCSP response, empty where none came, None where that is not known.
        own_anchors: the user gave trust anchors of their own.
        revoked: an answer that counts says so (`netassist.tls.revocation`).
    """
    return (
        *_of_time(chain[0], trust, now),
        *_of_trust(chain, trust, own_anchors),
        *(("revoked",) if revoked else ()),
        *_of_names(chain[0], fits),
        *_of_strength(chain),
        *_of_form(chain, staple),
    )


def _of_time(leaf: Reading, trust: Trust, now: datetime) -> Iterator[Problem]:
    first, last = leaf.shown.not_before, leaf.shown.not_after
    if now > last or trust.code == HAS_EXPIRED:
        yield "expired"
    elif last - now <= EXPIRES_SOON:
        yield "expires_soon"
    if now < first:
        yield "not_yet_valid"
    if first >= LIMITED_SINCE and last - first > LONGEST_VALIDITY:
        yield "long_validity"


def _of_trust(chain: tuple[Reading, ...], trust: Trust, own_anchors: bool) -> Iterator[Problem]:
    """A certificate alone does not tell whether its unknown issuer is an intermediate or a private root.

    It is taken for an intermediate where the issuer is published, where public logs know the certificate, or where the user
    has named the anchors that it should lead to.
    """
    leaf = chain[0]
    if trust.code == SELF_SIGNED_LEAF:
        yield "self_signed"
    elif trust.code == SELF_SIGNED_IN_CHAIN:
        yield "untrusted_root"
    elif trust.code in NO_ISSUER:
        lacks_link = trust.depth == 0 and (leaf.issuer_published or leaf.scts or own_anchors)
        yield "missing_intermediate" if lacks_link else "untrusted_root"


def _of_names(leaf: Reading, fits: bool | None) -> Iterator[Problem]:
    if fits is False:
        yield "wrong_host"
    if leaf.names is None:
        return
    if not leaf.names.dns and not leaf.names.ip:
        yield "no_san"
    if fits is False and wildcards(leaf.names.dns):
        yield "wildcard_mismatch"


def _of_strength(chain: tuple[Reading, ...]) -> Iterator[Problem]:
    if any(held.shown.key.type == "RSA" and (held.shown.key.bits or 0) < LEAST_RSA_BITS for held in chain):
        yield "weak_key_rsa1024"
    # Trust in a root does not rest on its own signature.
    digests = {held.digest for place, held in enumerate(chain) if place == 0 or held.subject != held.issuer}
    if "sha1" in digests:
        yield "sha1_signature"
    if "md5" in digests:
        yield "md5_signature"


def _of_form(chain: tuple[Reading, ...], staple: bytes | None) -> Iterator[Problem]:
    leaf = chain[0]
    if leaf.shown.is_ca:
        yield "leaf_is_ca"
    if not in_order(chain):
        yield "reversed_or_superfluous_chain"
    if leaf.must_staple and staple == b"":
        yield "must_staple_without_staple"

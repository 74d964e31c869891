"""Which groups a server agrees on keys in. Steps without I/O.

A TLS 1.3 server names its choice even to a client that sends no key share, by a HelloRetryRequest (RFC 8446, section 4.1.4);
before, the ServerKeyExchange names the curve (RFC 8422, section 5.4).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from netassist.tls.elimination import Found, Wanted, commonest_first, eliminate
from netassist.tls.flight import Flight
from netassist.tls.groups import TLS12_GROUPS, TLS13_GROUPS
from netassist.tls.offers import Offer
from netassist.tls.questions import Asking, Steps
from netassist.tls.suites import suite

_KEY_CURVES = (0x0017, 0x0018, 0x0019)
_EDDSA = (0x0807, 0x0808)


def tls13_groups(asking: Asking, offer: Offer, first: int | None) -> Steps[Found]:
    """All that TLS 1.3 may use, of `offer` with other groups; `first` is one that was selected already."""
    known = [first] if first is not None else []
    others = [code for code in TLS13_GROUPS if code not in known]
    return (yield from eliminate(asking, _wanted(offer), others, commonest_first(TLS13_GROUPS), found=known))


def curves(asking: Asking, offer: Offer, known: Sequence[int], signature: int | None) -> Steps[Found]:
    """Curves of TLS 1.2 and before that are not `known`, by the suites of `offer` with other groups.

    Many servers sign by ECDSA only where the client offers the curve of their key. So suites that are signed otherwise are
    offered, or else that curve besides: where it is selected, no client gets any of the others. Keys of EdDSA, which the same
    suites are for, are on no curve that a client has to offer (RFC 8422, section 5.1.1): `signature` is a scheme that was seen.
    """
    ephemeral = [code for code in offer.suites if suite(code).key_exchange == "ECDHE" and suite(code).authentication != "PSK"]
    free = [code for code in ephemeral if shows_curves(code)]
    if not ephemeral:
        return Found((), True)
    want = _wanted(msgspec.structs.replace(offer, suites=tuple(free or ephemeral)))
    found: list[int] = []
    complete, besides = True, tuple[int, ...]()
    if not free and signature not in _EDDSA:
        answers = yield from asking.ask([want.offer((curve,)) for curve in _KEY_CURVES])
        taken = [curve for curve, answer in zip(_KEY_CURVES, answers, strict=True) if isinstance(answer, Flight)]
        found += [curve for curve in taken if curve not in known]
        besides = tuple(taken) if len(taken) == 1 else ()
        complete = bool(taken)
    left = [code for code in TLS12_GROUPS if code not in (*known, *found, *besides)]
    more = yield from eliminate(asking, _wanted(want.offer(()), besides), left, commonest_first(TLS12_GROUPS))
    return Found((*found, *more.codes), complete and more.complete)


def shows_curves(code: int) -> bool:
    """Whether a suite has a ServerKeyExchange on a curve, and a certificate that is on none."""
    held = suite(code)
    return held.key_exchange == "ECDHE" and held.authentication not in ("ECDSA", "PSK")


def _wanted(offer: Offer, besides: tuple[int, ...] = ()) -> Wanted:
    return Wanted(lambda groups: msgspec.structs.replace(offer, groups=(*groups, *besides)), lambda flight: flight.group, besides)

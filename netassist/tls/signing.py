"""Which signature schemes a server signs with. Steps without I/O.

In TLS 1.3 by whether the server goes on where a client takes no other. It needs a valid key share to come to that: without one
some ask for a share first, whatever the client takes. In TLS 1.2 the ServerKeyExchange names the scheme.
"""

from __future__ import annotations

from collections.abc import Sequence

from netassist.tls import schemes
from netassist.tls.elimination import Found, Wanted, commonest_first, eliminate
from netassist.tls.flight import Flight
from netassist.tls.groups import TLS12_GROUPS
from netassist.tls.offers import Offer
from netassist.tls.questions import Asking, Refused, Settled, Steps
from netassist.tls.suites import suite

_USUAL_KEYS = {0x0804, 0x0403}  # RSA, and ECDSA on NIST curves
_USUAL = (0x0804, 0x0401, 0x0403, 0x0805, 0x0501, 0x0806, 0x0601, 0x0503, 0x0603, 0x0201, 0x0203)


def tls13_schemes(asking: Asking, suites: tuple[int, ...], share: int, seen: int | None = None) -> Steps[Found]:
    """By kinds of key, those that few servers have at once; then each scheme of those that the server goes on with.

    `share` is a group that it accepts, `seen` a scheme that it signed with in TLS 1.2: of that kind of key it has one.
    """

    def offer(wanted: Sequence[int]) -> Offer:
        return Offer(version="TLSv1.3", suites=suites, groups=(share,), shares=(share,), schemes=tuple(wanted))

    known = [family for family in schemes.TLS13_FAMILIES if seen in family]
    usual = [family for family in schemes.TLS13_FAMILIES if set(family) & _USUAL_KEYS and family not in known]
    rare = [family for family in schemes.TLS13_FAMILIES if family not in (*usual, *known)]
    groups = [*usual, [code for family in rare for code in family]]
    settled = yield from asking.ask([offer(group) for group in groups])
    families = known + [family for family, answer in zip(usual, settled, strict=False) if not isinstance(answer, Refused)]
    if not isinstance(settled[-1], Refused):
        answers = yield from asking.ask([offer(family) for family in rare])
        families += [family for family, answer in zip(rare, answers, strict=True) if not isinstance(answer, Refused)]
    members = [code for family in families for code in family]
    answers = (yield from asking.ask([offer((code,)) for code in members])) if members else []
    found = tuple(code for code, answer in zip(members, answers, strict=True) if _went_on(answer))
    return Found(found, all(isinstance(answer, Refused) or _went_on(answer) for answer in answers))


def tls12_schemes(asking: Asking, suites: Sequence[int], seen: int | None = None) -> Steps[Found]:
    """By all suites that have a ServerKeyExchange that is signed; `seen` is a scheme that one was signed with."""
    signed = tuple(code for code in suites if _is_signed(code))
    want = Wanted(
        lambda wanted: Offer(version="TLSv1.2", suites=signed, groups=TLS12_GROUPS, schemes=wanted),
        lambda flight: flight.signature,
    )
    found = (seen,) if seen is not None else ()
    others = [code for code in schemes.ALL if code not in found]
    return (yield from eliminate(asking, want, others, commonest_first(_USUAL), found=found))


def _is_signed(code: int) -> bool:
    return suite(code).key_exchange in ("ECDHE", "DHE") and suite(code).authentication in ("RSA", "ECDSA", "DSS")


def _went_on(answer: Settled) -> bool:
    return isinstance(answer, Flight) and not answer.retry

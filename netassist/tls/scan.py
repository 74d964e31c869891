"""What to ask a TLS server, and what its answers establish: the strategy of a scan as a pure state machine.

1. One hello for each version, with everything that it can offer.
2. In each accepted version, all suites again, what was selected first now last: a server that selects it again keeps an order of
   its own. The others are asked for in parts, without what was selected, until they are refused (`elimination`).
   TLS 1.3 names suite and group at once, by a HelloRetryRequest to a hello without key shares (RFC 8446, section 4.1.4). What
   TLS 1.2 accepts, and in which order, foretells the versions before it.
   At the same time groups of TLS 1.3 in parts, and signature schemes: in TLS 1.3 by whether the server goes on, for which it
   needs a valid key share; in TLS 1.2 by the ServerKeyExchange.
3. Of the groups not found, those that TLS 1.2 or before takes: its ServerKeyExchange names the curve.

Nothing here does I/O: the steps yield offers and are sent what came of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from netassist.observations import Failure
from netassist.tls import schemes
from netassist.tls.elimination import Found, Wanted, eliminate, foretold, ordered
from netassist.tls.facts import VERSIONS, Facts, Support, Version
from netassist.tls.flight import Flight
from netassist.tls.group_steps import curves, shows_curves, tls13_groups
from netassist.tls.groups import CLASSICAL, TLS12_GROUPS, TLS13_GROUPS, X25519, X25519MLKEM768, Group, group
from netassist.tls.hello import SIGNATURE_SCHEMES, TLS12_SUITES, TLS13
from netassist.tls.likelihood import likelihood, tls12_order, tls13_order
from netassist.tls.offers import NUMBERS, SHAREABLE, Offer
from netassist.tls.order import Order
from netassist.tls.questions import Asking, Refused, Settled, Steps, Unanswered, beside, together
from netassist.tls.signing import tls12_schemes, tls13_schemes
from netassist.tls.suites import SSL2_SUITES, suite

_FIRST_ASKED: tuple[Version, ...] = ("TLSv1.2", "TLSv1.3", "TLSv1.1", "TLSv1.0", "SSLv3")
_OLD: tuple[Version, ...] = ("TLSv1.1", "TLSv1.0", "SSLv3")
# What the usual hellos offer, and for DSS keys and old servers what else TLS 1.2 knows.
_SCHEMES = (*SIGNATURE_SCHEMES, 0x0402, 0x0301, 0x0303, 0x0302, 0x0202)
_PADDING = 1500
_CAUTIOUS = 40
"""Suites in a hello for a server that does not answer longer ones: with these groups and schemes it has less than 256 bytes."""
_FEW_GROUPS = (X25519, 0x0017, 0x0018, 0x0019)
_FEW_SCHEMES = (0x0403, 0x0503, 0x0804, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201, 0x0402, 0x0202)
_ILLEGAL_PARAMETER, _INAPPROPRIATE_FALLBACK, _UNRECOGNIZED_NAME = 47, 86, 112
_ETM, _EMS, _TICKET, _RENEGOTIATION = 22, 23, 35, 0xFF01


class Scan:
    """One scan: run `versions` and then `details` to their ends, then read `facts`, `chains` and `failure`.

    Without `signature_schemes` it does not ask for those.
    """

    def __init__(self, *, name_unrecognized: bool = False, signature_schemes: bool = True) -> None:
        self._name_unrecognized = name_unrecognized
        self._asking = Asking(self._see)
        self._first: dict[Version, Flight] = {}
        self._protocols: dict[Version, Support] = dict.fromkeys(VERSIONS, "unknown")
        self._suites: dict[Version, Found] = {}
        self._preference: dict[Version, bool | None] = {}
        self._groups: list[int] = []
        self._groups_complete = True
        self._schemes: list[int] = []
        self._schemes_wanted, self._schemes_asked = signature_schemes, not signature_schemes
        self._ssl2_asked = self._groups_asked = False
        self._schemes_left = {"TLSv1.2", "TLSv1.3"}
        self._complete: set[str] = set()
        self._flights: dict[tuple[object, ...], Flight] = {}
        self._fallback: bool | None = None
        self._large: bool | None = None
        self._usual_group: int | None = None
        self._reverse_group: int | None = None
        self._cautious: set[Version] = set()

    @property
    def failure(self) -> Failure | None:
        """Why something is unknown."""
        return self._asking.failure

    @property
    def name_unrecognized(self) -> bool:
        """Whether the server does not know the name that SNI gave (RFC 6066, section 3)."""
        return self._name_unrecognized or _UNRECOGNIZED_NAME in self._asking.alerts

    @property
    def chains(self) -> tuple[tuple[bytes, ...], ...]:
        """The certificates seen, one chain a distinct leaf, ordered by it."""
        chains = {flight.chain[0]: flight.chain for flight in self._flights.values() if flight.chain and flight.version > 2}
        return tuple(chains[leaf] for leaf in sorted(chains))

    def versions(self) -> Steps[None]:
        """Which versions are spoken: all else rests on that."""
        settled = yield from self._asking.ask([self._offer(version, _candidates(version)) for version in _FIRST_ASKED])
        answers = dict(zip(_FIRST_ASKED, settled, strict=True))
        # Old servers, and what stands before some, may not bear so long a hello, and do not say so.
        mute = [version for version in ("TLSv1.2", *_OLD) if not _clear(answers[version])]
        if mute and any(not isinstance(answer, Unanswered) or answer.failure.kind == "protocol" for answer in settled):
            self._cautious.update(mute)
            shorter = yield from self._asking.ask([self._offer(version, _common(version)) for version in mute])
            for version, answer in zip(mute, shorter, strict=True):
                if not isinstance(answer, Flight):
                    self._cautious.discard(version)
                if isinstance(answer, Flight) or _clear(answer):
                    answers[version] = answer
            if self._cautious and (left := [version for version in answers if isinstance(answers[version], Unanswered)]):
                # Now that there is a hello that is answered, it can be told what the others' fate means.
                again = yield from self._asking.ask([self._offer(version, _candidates(version)) for version in left])
                answers.update(zip(left, again, strict=True))
            if not any(isinstance(answer, Unanswered) for answer in answers.values()):
                self._asking.failure = None
        for version, answer in answers.items():
            if isinstance(answer, Flight):
                self._protocols[version], self._first[version] = "accepted", answer
            elif isinstance(answer, Refused):
                self._protocols[version] = "refused"
        if not self._first:
            yield from self._ssl2()

    def still_serves(self) -> Steps[bool]:
        """Whether the server answers what it answered before."""
        return (yield from self._asking.serves())

    def details(self) -> Steps[None]:
        """All else, of the versions that are spoken."""
        if not self._first:
            self._complete |= {"groups", "signature_schemes"}  # SSL 2.0 has neither
            return
        steps = [self._suites_before_tls13(), self._groups_and_schemes(), self._fallback_signal(), self._ssl2()]
        if self._schemes_wanted:
            steps += [self._tls12_schemes()]
        if "TLSv1.3" in self._first:
            steps += [self._suites_of("TLSv1.3"), self._preferred_groups()]
        else:
            steps += [self._large_hello()]
        yield from together(steps)
        yield from self._tls12_groups()
        if self._asking.crowded and self._protocols["SSLv2"] == "refused":
            self._protocols["SSLv2"], self._ssl2_asked = "unknown", False
            yield from self._ssl2(undisturbed=True)
        if not self._schemes_left:
            self._complete.add("signature_schemes")

    def _ssl2(self, *, undisturbed: bool = False) -> Steps[None]:
        """Nearly all servers close on SSL 2.0. That is settled beside other offers, and once more where it proves crowded."""
        if self._protocols["SSLv2"] != "unknown" or self._ssl2_asked:
            return
        self._ssl2_asked = True
        offer = self._offer("SSLv2", SSL2_SUITES)
        (answer,) = yield from self._asking.ask([offer], undisturbed=undisturbed or not self._first)
        if isinstance(answer, Flight):
            self._protocols["SSLv2"] = "accepted"
            self._suites["SSLv2"] = Found(tuple(sorted(answer.ssl2_suites)), True)
            self._preference["SSLv2"] = False  # the client chooses among those in common
            self._complete.add("suites/SSLv2")
        elif isinstance(answer, Refused):
            self._protocols["SSLv2"] = "refused"

    def _suites_before_tls13(self) -> Steps[None]:
        if "TLSv1.2" in self._first:
            yield from self._suites_of("TLSv1.2")
        yield from together([self._suites_of(version) for version in _OLD if version in self._first])

    def _groups_and_schemes(self) -> Steps[None]:
        """Signature schemes need a group that a key share can be made for; the first that was seen, or else one of the others."""
        yield from together([self._tls13_groups(), self._tls13_schemes()])
        yield from self._tls13_schemes()
        if self._curve_suite() is not None:
            yield from self._tls12_groups()

    def facts(self) -> Facts:
        flights = [flight for flight in self._flights.values() if NUMBERS["SSLv2"] < flight.version < TLS13]
        extended = [flight for flight in flights if flight.version > NUMBERS["SSLv3"]]
        cbc = [flight for flight in extended if suite(flight.cipher_suite).mode == "CBC"]
        curves = {flight.group for flight in flights if flight.group is not None}
        return Facts(
            protocols={version: self._protocols[version] for version in VERSIONS},
            suites={version: tuple(map(suite, found.codes)) for version in VERSIONS if (found := self._suites.get(version))},
            server_preference={version: self._preference[version] for version in VERSIONS if version in self._preference},
            groups=tuple(group(code) for code in _ordered(self._groups, (*TLS13_GROUPS, *TLS12_GROUPS))),
            signature_schemes=tuple(schemes.scheme(code) for code in _ordered(self._schemes, schemes.ALL)),
            complete=frozenset(self._complete),
            dh_bits=tuple(sorted({flight.dh_bits for flight in flights if flight.dh_bits})),
            curves=tuple(group(code).name for code in _ordered(curves, TLS12_GROUPS)),
            usual_group=_named(self._usual_group),
            reverse_group=_named(self._reverse_group),
            large_hello=self._large,
            compression=any(flight.compression for flight in flights) if flights else None,
            secure_renegotiation=_echoed(flights, _RENEGOTIATION),
            fallback_scsv=self._fallback,
            extended_master_secret=_echoed(extended, _EMS),
            encrypt_then_mac=_echoed(cbc, _ETM),
            session_tickets=_echoed(extended, _TICKET),
            session_ids=_hands_out_ids(flights, _echoed(extended, _TICKET)),
        )

    def _see(self, flight: Flight) -> None:
        """Keep one flight of each kind: what differs in them is what facts are made of."""
        leaf = flight.chain[:1]
        told = (flight.version, flight.cipher_suite, flight.group, flight.dh_bits, leaf, flight.compression)
        self._flights.setdefault((*told, frozenset(flight.extensions), bool(flight.session_id)), flight)

    def _suites_of(self, version: Version) -> Steps[None]:
        """The suites of an accepted version, in the server's order where it keeps one, else by code."""
        candidates, first = _candidates(version), self._first[version].cipher_suite
        want = self._want_suites(version)
        known = self._foretold(version)
        if version in self._cautious:
            found = yield from eliminate(self._asking, want, candidates, likelihood, longest=_CAUTIOUS)
            self._keep(version, found, None)
            return
        if known and first in known:
            preference, tied = yield from self._keeps_order(version)
            preference = bool(set(known) - set(tied)) if preference else preference
            order = known if preference else tuple(code for code in candidates if code in known)
            others = tuple(code for code in candidates if code not in known)
            if (yield from foretold(self._asking, want, order, others)):
                self._keep(version, Found(order, True), preference if len(order) > 1 else None)
                return
        orders, others = Order(), tuple(code for code in candidates if code != first)
        orders.note(first, candidates)
        found, (preference, tied) = yield from beside(
            eliminate(self._asking, want, others, likelihood, found=(first,), order=orders), self._keeps_order(version)
        )
        if preference and len(found.codes) > 1:
            foreseen = tuple(code for code in candidates if code in found.codes)
            codes = yield from ordered(self._asking, want, foreseen, orders)
            if codes is None:
                self._keep(version, Found(found.codes, False), None)
                return
            found, preference = Found(codes, found.complete), bool(set(codes) - set(tied))
        self._keep(version, found, preference if len(found.codes) > 1 else None)

    def _keeps_order(self, version: Version) -> Steps[tuple[bool | None, list[int]]]:
        """Whether the server keeps an order of its own: what it selected is offered last. None where it does not answer.

        Some let the client decide between two at the head (ChaCha20 and AES). Those that take turns there are given too.
        """
        candidates, tied = _candidates(version), [self._first[version].cipher_suite]
        for _ in range(2):
            others = tuple(code for code in reversed(candidates) if code not in tied)
            (answer,) = yield from self._asking.ask([self._offer(version, (*others, *reversed(tied)))])
            if not isinstance(answer, Flight):
                return None, tied
            if answer.cipher_suite in tied:
                return True, tied
            tied.append(answer.cipher_suite)
        return False, tied

    def _foretold(self, version: Version) -> tuple[int, ...]:
        """What TLS 1.2 accepts, in its order, without what only TLS 1.2 has; nothing for that itself."""
        known = self._suites["TLSv1.2"].codes if version in _OLD and "TLSv1.2" in self._suites else ()
        return tuple(code for code in known if suite(code).mac not in ("AEAD", "SHA256", "SHA384"))

    def _keep(self, version: Version, found: Found, preference: bool | None) -> None:
        codes = found.codes if preference else tuple(sorted(found.codes))
        self._suites[version], self._preference[version] = Found(codes, found.complete), preference
        if found.complete:
            self._complete.add(f"suites/{version}")

    def _want_suites(self, version: Version) -> Wanted:
        return Wanted(lambda codes: self._offer(version, codes), lambda flight: flight.cipher_suite)

    def _tls13_groups(self) -> Steps[None]:
        if "TLSv1.3" not in self._first:
            self._groups_complete = self._protocols["TLSv1.3"] == "refused"
            return
        found = yield from tls13_groups(
            self._asking, self._offer("TLSv1.3", _candidates("TLSv1.3")), self._first["TLSv1.3"].group
        )
        self._groups, self._groups_complete = list(found.codes), found.complete

    def _preferred_groups(self) -> Steps[None]:
        """Which group clients in use get, and which where they put the classical one first."""

        def offer(*shares: int) -> Offer:
            groups = (*shares, *(code for code in CLASSICAL if code not in shares))
            return Offer(version="TLSv1.3", suites=_candidates("TLSv1.3"), groups=groups, shares=shares, schemes=_SCHEMES)

        usual, reverse = yield from self._asking.ask([offer(X25519MLKEM768, X25519), offer(X25519, X25519MLKEM768)])
        self._usual_group = usual.group if isinstance(usual, Flight) else None
        self._reverse_group = reverse.group if isinstance(reverse, Flight) else None
        # With the share of ML-KEM-768 those are larger than a segment.
        if isinstance(usual, Flight) or isinstance(reverse, Flight):
            self._large = True
        else:
            yield from self._large_hello()

    def _large_hello(self) -> Steps[None]:
        """A hello that is answered, padded. Who does not answer it so, and does without the padding, does not bear it."""
        version = next((version for version in ("TLSv1.3", "TLSv1.2") if version in self._first), None)
        if version is None or version in self._cautious:
            self._large = False if version else None
            return
        plain = self._offer(version, (self._first[version].cipher_suite,))
        large = msgspec.structs.replace(plain, padding=_PADDING)
        failure = self._asking.failure
        (answer,) = yield from self._asking.ask([large])
        self._large = isinstance(answer, Flight) or None
        if not self._large:
            (short,) = yield from self._asking.ask([plain])
            (again,) = yield from self._asking.ask([large])
            if isinstance(short, Flight) and not isinstance(again, Flight):
                self._large, self._asking.failure = False, failure

    def _tls12_groups(self) -> Steps[None]:
        """Curves that TLS 1.3 did not name already, in the best version before it."""
        if self._groups_asked:
            return
        self._groups_asked = True
        version, shown = self._before_tls13(), self._curve_suite()
        held = (shown,) if shown else self._suites[version].codes if version else ()
        complete = self._groups_complete and (version is None or bool(shown) or f"suites/{version}" in self._complete)
        if version is not None and held:
            found = yield from curves(self._asking, self._offer(version, held), self._groups, self._first[version].signature)
            self._groups += found.codes
            complete = complete and found.complete
        if complete:
            self._complete.add("groups")

    def _before_tls13(self) -> Version | None:
        return next((version for version in ("TLSv1.2", *_OLD) if version in self._first), None)

    def _curve_suite(self) -> int | None:
        """A suite of the best version before TLS 1.3 that was seen and shows a curve, whatever curve the key is on."""
        version = self._before_tls13()
        seen = (flight.cipher_suite for flight in self._flights.values() if version and flight.version == NUMBERS[version])
        return next((code for code in seen if shows_curves(code)), None)

    def _tls13_schemes(self) -> Steps[None]:
        if self._protocols["TLSv1.3"] == "refused":
            self._schemes_left.discard("TLSv1.3")
        first = self._first.get("TLSv1.3")
        known = (first.group, *self._groups) if first else ()
        share = next((code for code in known if code in SHAREABLE), None)
        if share is None or self._schemes_asked:
            return
        self._schemes_asked = True
        found = yield from tls13_schemes(self._asking, _candidates("TLSv1.3"), share, self._signature())
        self._keep_schemes("TLSv1.3", found)

    def _tls12_schemes(self) -> Steps[None]:
        if self._protocols["TLSv1.2"] == "refused":
            self._schemes_left.discard("TLSv1.2")
        elif "TLSv1.2" in self._first and "TLSv1.2" not in self._cautious:
            found = yield from tls12_schemes(self._asking, _candidates("TLSv1.2"), self._signature())
            self._keep_schemes("TLSv1.2", found)

    def _signature(self) -> int | None:
        """A scheme that the server has signed with in TLS 1.2."""
        first = self._first.get("TLSv1.2")
        return first.signature if first is not None and first.signature in _SCHEMES else None

    def _keep_schemes(self, version: Version, found: Found) -> None:
        self._schemes += [code for code in found.codes if code not in self._schemes]
        if found.complete:
            self._schemes_left.discard(version)

    def _fallback_signal(self) -> Steps[None]:
        """TLS_FALLBACK_SCSV below the best version (RFC 7507); with one version there is nothing to fall back to.

        Servers that close without an alert, or send another, refuse the fallback where they take the same hello without it.
        """
        held = [version for version in reversed(VERSIONS) if version in self._first]
        if len(held) < 2:
            return
        version = held[1]
        offer = msgspec.structs.replace(self._offer(version, _common(version)), fallback=True)
        (answer,) = yield from self._asking.ask([offer])
        if isinstance(answer, Flight):
            self._fallback = False
        elif isinstance(answer, Refused) and answer.alert == _INAPPROPRIATE_FALLBACK:
            self._fallback = True
        elif isinstance(answer, Refused):
            (without,) = yield from self._asking.ask([msgspec.structs.replace(offer, fallback=False)])
            self._fallback = True if isinstance(without, Flight) else None

    def _offer(self, version: Version, suites: tuple[int, ...]) -> Offer:
        if version in self._cautious:
            return Offer(version=version, suites=suites, groups=_FEW_GROUPS, schemes=_FEW_SCHEMES)
        groups = TLS13_GROUPS if version == "TLSv1.3" else TLS12_GROUPS
        return Offer(version=version, suites=suites, groups=groups, schemes=_SCHEMES)


def _candidates(version: Version) -> tuple[int, ...]:
    return SSL2_SUITES if version == "SSLv2" else tls13_order() if version == "TLSv1.3" else tls12_order()


def _common(version: Version) -> tuple[int, ...]:
    """What clients in use offer, and those that old servers have."""
    if version == "SSLv2" or version == "TLSv1.3":
        return _candidates(version)
    usual = tuple(code for code in TLS12_SUITES if code in _candidates(version))
    return (*usual, 0xC012, 0x0016, 0x000A, 0xC011, 0x0005, 0x0004, 0x0009)


def _clear(answer: Settled) -> bool:
    """Whether a hello was understood: it was taken, or refused by the version or for want of a suite in common."""
    return isinstance(answer, Flight) or (isinstance(answer, Refused) and answer.plain and answer.alert != _ILLEGAL_PARAMETER)


def _hands_out_ids(flights: Sequence[Flight], tickets: bool | None) -> bool | None:
    """Who hands out tickets may hand out no ids with them (RFC 5077, section 3.4), and tickets were asked for in each hello."""
    return any(flight.session_id for flight in flights) or (None if tickets is not False else False)


def _named(code: int | None) -> Group | None:
    return group(code) if code is not None else None


def _ordered(codes: Iterable[int], order: Sequence[int]) -> list[int]:
    """By their place in a table, what is not in it last, by code."""
    return sorted(set(codes), key=lambda code: (order.index(code) if code in order else len(order), code))


def _echoed(flights: Sequence[Flight], extension: int) -> bool | None:
    """Whether the server answers an extension that was offered to it."""
    return any(extension in flight.extensions for flight in flights) if flights else None

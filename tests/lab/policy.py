"""A TLS server as its policy alone: what it takes, in which order, and how it refuses. It answers offers without any bytes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple, TypeVar

from netassist.tls.facts import Version
from netassist.tls.flight import Flight
from netassist.tls.hello import RETRY_RANDOM, Alert
from netassist.tls.offers import NUMBERS, Offer
from netassist.tls.questions import Alone, Batch, Outcome, Pause, Steps, Together
from netassist.tls.scan import Scan
from netassist.tls.suites import suite

T = TypeVar("T")
# What each kind of key signs with in TLS 1.3 and in TLS 1.2.
TLS13_SCHEMES = {"RSA": (0x0804, 0x0805, 0x0806), "ECDSA": (0x0403,)}
TLS12_SCHEMES = {"RSA": (0x0804, 0x0401, 0x0501, 0x0201), "ECDSA": (0x0403, 0x0503, 0x0203), "DSS": (0x0402, 0x0202)}
REFUSAL = Alert(2, 40)


class Policy(NamedTuple):
    """`suites` and `groups` are in the server's order, which it keeps where `ordered`; `refusal` is what else it says.

    A version that has no suites is not spoken.
    """

    suites: dict[Version, tuple[int, ...]]
    ordered: bool = False
    groups: tuple[int, ...] = (0x001D, 0x0017)
    keys: tuple[str, ...] = ("RSA",)
    refusal: Outcome = REFUSAL
    fallback: bool = True

    def answer(self, offer: Offer) -> Outcome:
        held = self.suites.get(offer.version, ())
        if not held:
            return self.refusal
        if offer.version == "SSLv2":
            common = tuple(code for code in held if code in offer.suites)
            return Flight(version=2, cipher_suite=common[0], ssl2_suites=common) if common else self.refusal
        if offer.fallback and self.fallback and offer.version != max(self.suites, key=lambda version: NUMBERS[version]):
            return Alert(2, 86)
        if offer.version == "TLSv1.3":
            return self._tls13(offer, held)
        usable = [code for code in held if self._usable(code, offer)]
        chosen = self._chosen(usable, offer.suites)
        if chosen is None:
            return self.refusal
        kind = suite(chosen)
        group = self._chosen(self._curves(), offer.groups) if kind.key_exchange == "ECDHE" else None
        signature = None
        if offer.version == "TLSv1.2" and kind.key_exchange in ("ECDHE", "DHE") and kind.authentication in TLS12_SCHEMES:
            signature = self._chosen(TLS12_SCHEMES[kind.authentication], offer.schemes)
        return Flight(version=NUMBERS[offer.version], cipher_suite=chosen, group=group, signature=signature,
                      dh_bits=2048 if kind.key_exchange == "DHE" else None, chain=(kind.authentication.encode(),))  # fmt: skip

    def _tls13(self, offer: Offer, held: Sequence[int]) -> Outcome:
        chosen = self._chosen(held, offer.suites)
        shared = self._chosen(self.groups, offer.shares)
        group = shared if shared is not None else self._chosen(self.groups, offer.groups)
        if chosen is None or group is None:
            return self.refusal
        if shared is not None and not any(set(TLS13_SCHEMES[key]) & set(offer.schemes) for key in self.keys):
            return self.refusal
        random = bytes(32) if shared is not None else RETRY_RANDOM
        return Flight(version=NUMBERS["TLSv1.3"], cipher_suite=chosen, group=group, random=random)

    def _usable(self, code: int, offer: Offer) -> bool:
        kind = suite(code)
        if kind.key_exchange == "ECDHE" and self._chosen(self._curves(), offer.groups) is None:
            return False
        if kind.authentication == "ECDSA" and 0x0017 not in offer.groups:
            return False
        signed = offer.version == "TLSv1.2" and kind.key_exchange in ("ECDHE", "DHE") and kind.authentication in TLS12_SCHEMES
        return not signed or bool(set(TLS12_SCHEMES[kind.authentication]) & set(offer.schemes))

    def _curves(self) -> tuple[int, ...]:
        return tuple(code for code in self.groups if code < 0x0100)

    def _chosen(self, own: Sequence[int], offered: Sequence[int]) -> int | None:
        first, second = (own, offered) if self.ordered else (offered, own)
        return next((code for code in first if code in second), None)


class Played(NamedTuple):
    """A scan to its end: `connections` and `rounds` are how many offers it took, and in how many batches."""

    scan: Scan
    connections: int
    rounds: int


def play(answer: Callable[[Offer], Outcome], scan: Scan | None = None) -> Played:
    """What is to be asked side by side is asked in the same round."""
    scan, connections, rounds = scan or Scan(), 0, 0

    def steps() -> Steps[None]:
        yield from scan.versions()
        yield from scan.details()

    batches = _in_rounds(steps())
    try:
        batch = next(batches)
        while True:
            connections, rounds = connections + len(batch), rounds + 1
            batch = batches.send([answer(offer) for offer in batch])
    except StopIteration:
        return Played(scan, connections, rounds)


def _in_rounds(steps: Steps[T]) -> Generator[Batch, Sequence[Outcome], T]:
    try:
        request = next(steps)
        while True:
            outcomes: Sequence[Outcome] = ()
            if isinstance(request, Together):
                request.results = yield from _abreast([_in_rounds(side) for side in request.steps])
            elif isinstance(request, Alone):
                request.results = [(yield from _in_rounds(request.steps))]
            elif not isinstance(request, Pause):
                outcomes = yield request
            request = steps.send(outcomes)
    except StopIteration as stop:
        result: T = stop.value
        return result


def _abreast(sides: Sequence[Generator[Batch, Sequence[Outcome], T]]) -> Generator[Batch, Sequence[Outcome], list[T]]:
    """Several as one, whose batches are those of all that have not ended."""
    results: dict[int, T] = {}
    waiting: dict[int, Batch] = {}

    def advance(place: int, outcomes: Sequence[Outcome] | None) -> None:
        try:
            waiting[place] = next(sides[place]) if outcomes is None else sides[place].send(outcomes)
        except StopIteration as stop:
            waiting.pop(place, None)
            results[place] = stop.value

    for place in range(len(sides)):
        advance(place, None)
    while waiting:
        asked = dict(waiting)
        outcomes = yield tuple(offer for batch in asked.values() for offer in batch)
        at = 0
        for place, batch in asked.items():
            advance(place, outcomes[at : at + len(batch)])
            at += len(batch)
    return [results[place] for place in range(len(sides))]

"""How a scan asks without doing it: steps that yield offers and are given their outcomes. No I/O, no clock.

A step is a generator: it yields a batch of offers, each for a connection of its own, and is sent their outcomes in the same
order. Steps run one after the other (``yield from``), side by side (`together`), or with nothing else beside them (`alone`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Generic, TypeVar

import msgspec

from netassist.observations import Failure
from netassist.tls.flight import Flight
from netassist.tls.hello import TLS13, Alert
from netassist.tls.offers import NUMBERS, Offer


class Closed(msgspec.Struct, frozen=True):
    """The peer took the hello and closed or reset the connection without a word."""


class Unanswered(msgspec.Struct, frozen=True):
    """No answer to this hello was had: no connection, silence, or bytes that are not TLS."""

    failure: Failure


class Refused(msgspec.Struct, frozen=True):
    """The server does not take what was offered; `alert` is None where it closes instead, or speaks another version.

    `plain`: it said so in words that mean nothing else.
    """

    alert: int | None = None
    plain: bool = True


T = TypeVar("T")
Other = TypeVar("Other")
Outcome = Flight | Alert | Closed | Unanswered
Settled = Flight | Refused | Unanswered
Batch = tuple[Offer, ...]


class Together(Generic[T]):
    """Steps to be run side by side, all of them to their ends; who runs them leaves the results here, in the same order."""

    def __init__(self, steps: Iterable[Steps[T]]) -> None:
        self.steps, self.results = tuple(steps), list[T]()


class Alone(Generic[T]):
    """Steps to be run while nothing else is asked; who runs them leaves the result here."""

    def __init__(self, steps: Steps[T]) -> None:
        self.steps, self.results = steps, list[T]()


class Pause(msgspec.Struct, frozen=True):
    """Give the server time before anything more is asked; `number` counts how often that was in vain."""

    number: int


Request = Batch | Together[object] | Alone[object] | Pause
Steps = Generator[Request, Sequence[Outcome], T]


def together(steps: Iterable[Steps[T]]) -> Steps[list[T]]:
    """Several steps side by side."""
    side = Together(steps)
    yield side  # type: ignore[misc]  # its results are of a type that only we need to know
    return side.results


def beside(one: Steps[T], other: Steps[Other]) -> Steps[tuple[T, Other]]:
    """Two steps of different results side by side."""
    first, second = list[T](), list[Other]()

    def kept(steps: Steps[T | Other], results: list[T | Other]) -> Steps[None]:
        results.append((yield from steps))

    yield from together([kept(one, first), kept(other, second)])  # type: ignore[arg-type]
    return first[0], second[0]


def alone(steps: Steps[T]) -> Steps[T]:
    """Steps with nothing else beside them."""
    single = Alone(steps)
    yield single  # type: ignore[misc]
    return single.results[0]


_TRIES = 3
# RFC 8446, section 6.2: handshake_failure, illegal_parameter, protocol_version, insufficient_security, inappropriate_fallback.
_PLAIN = frozenset((40, 47, 70, 71, 86))


class Asking:
    """Settles what an outcome means.

    Some servers refuse by closing the connection, or by alerts that may mean anything; some close what is too much for them.
    It counts as a refusal where the server does so again when it is asked alone, and just before and just after that takes an
    offer that it took before (`control`). Every flight is shown to `see`.
    """

    def __init__(self, see: Callable[[Flight], None] = lambda _: None) -> None:
        self._see = see
        self.control: Offer | None = None
        self.failure: Failure | None = None
        self.alerts: set[int] = set()
        """Every fatal alert that was seen."""
        self.crowded = False
        """Whether an offer that was closed at first was taken when it was asked alone: the server closes what is too much."""
        self.gone: Failure | None = None
        """Why nothing is asked any more: the server does not even answer what it answered before."""
        self._unserved: Failure | None = None
        self._taken = 0
        self._alerts = set(_PLAIN)

    def ask(self, offers: Sequence[Offer], *, undisturbed: bool = True) -> Steps[list[Settled]]:
        """One batch, and where outcomes are in doubt another one, with nothing else beside it if it is to be `undisturbed`."""
        if self.gone is not None:
            self.failure = self.failure or self.gone
            return [Unanswered(self.gone) for _ in offers]
        taken = self._taken
        outcomes: Sequence[Outcome] = yield tuple(offers)
        settled: list[Settled | None] = [self._read(offer, outcome) for offer, outcome in zip(offers, outcomes, strict=True)]
        if self.control is None:
            self.control = next((o for o, found in zip(offers, settled, strict=True) if isinstance(found, Flight)), None)
        doubtful = [place for place, found in enumerate(settled) if found is None]
        for place in doubtful:
            again = self._settled(offers[place]) if undisturbed else self._settled_beside(offers[place], taken)
            settled[place] = yield from alone(again) if undisturbed else again
        kept = [found for found in settled if found is not None]
        for found in kept:
            if isinstance(found, Flight):
                self._taken += 1
                self._see(found)
            elif isinstance(found, Unanswered) and self.failure is None:
                self.failure = found.failure
        return kept

    def _read(self, offer: Offer, outcome: Outcome) -> Settled | None:
        """What the outcome means, None where that is in doubt."""
        match outcome:
            case Unanswered():
                return outcome
            case Alert():
                if offer.version not in ("SSLv2", "SSLv3"):  # their hellos name no server that could be unknown
                    self.alerts.add(outcome.description)
                # An alert is TLS: who answers SSL 2.0 by one does not speak that.
                known = outcome.description in self._alerts or offer.version == "SSLv2"
                return Refused(outcome.description, outcome.description in _PLAIN) if known else None
            case Closed():
                return None
        if outcome.version != NUMBERS[offer.version]:
            return Refused()
        taken = outcome.ssl2_suites or (outcome.cipher_suite,)
        if offer.version == "SSLv2":
            return outcome if outcome.ssl2_suites else Refused()
        if not set(taken) <= set(offer.suites):
            return _lies(f"selected cipher suite 0x{outcome.cipher_suite:04X}, which was not offered")
        if outcome.version >= TLS13 and outcome.group not in offer.groups:
            return _lies("selected a group that was not offered")
        return outcome

    def _settled(self, offer: Offer) -> Steps[Settled]:
        """Ask again, twice, between two of the control that are answered: who breaks off every so many connections, and not
        what is asked, answers one of the four otherwise."""
        outcome: Outcome = Closed()
        served = self.control is None
        for attempt in range(0 if self.gone else _TRIES if self.control else 1):
            if self.control and not (yield from self.serves()):
                self.crowded = True
                yield Pause(attempt)
                continue
            served = True
            for _ in range(2 if self.control else 1):
                (outcome,) = yield (offer,)
                if (found := self._read(offer, outcome)) is not None:
                    self.crowded = self.crowded or isinstance(found, Flight)
                    return found
            if self.control and (yield from self.serves()):
                if isinstance(outcome, Alert):
                    self._alerts.add(outcome.description)
                return Refused(outcome.description if isinstance(outcome, Alert) else None, plain=False)
        if not served:
            limited = Failure("rate_limited", "answers no more what it answered before; try again later")
            self.gone = self.gone or self._unserved or limited
            return Unanswered(self.gone)
        said = f"answers with the alert {outcome}" if isinstance(outcome, Alert) else "closes connections without an answer"
        return Unanswered(Failure("protocol", f"{said}, which may mean anything"))

    def _settled_beside(self, offer: Offer, taken: int) -> Steps[Settled]:
        """The same where other offers are made meanwhile: those taken since there were `taken` serve as the control."""
        for _ in range(2):
            (outcome,) = yield (offer,)
            if (found := self._read(offer, outcome)) is not None:
                return found
        if taken and (self._taken > taken or (yield from self.serves())):
            return Refused(outcome.description if isinstance(outcome, Alert) else None, plain=False)
        return (yield from self._settled(offer))

    def serves(self) -> Steps[bool]:
        """Whether an offer that was taken before is taken now."""
        if self.control is None:
            return False
        (outcome,) = yield (self.control,)
        self._unserved = outcome.failure if isinstance(outcome, Unanswered) else None
        return isinstance(self._read(self.control, outcome), Flight)


def _lies(what: str) -> Unanswered:
    return Unanswered(Failure("protocol", f"the server {what}"))

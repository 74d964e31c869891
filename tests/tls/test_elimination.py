"""What elimination costs, and that it is right whatever order a server keeps; the order that is learnt in passing."""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from netassist.tls.elimination import Wanted, eliminate, ordered
from netassist.tls.flight import Flight
from netassist.tls.hello import Alert
from netassist.tls.likelihood import likelihood, tls12_order
from netassist.tls.offers import Offer
from netassist.tls.order import Order
from netassist.tls.questions import Asking, Batch, Outcome
from netassist.tls.suites import TLS12_SUITES, suite

LIKE_OPENSSL = tls12_order()
WANTED = Wanted(lambda codes: Offer(version="TLSv1.2", suites=codes), lambda flight: flight.cipher_suite)


class Played(NamedTuple):
    codes: tuple[int, ...]
    offers: int
    rounds: int
    longest: int


def play(accepted: Sequence[int], *, keeps_order: bool, longest: int | None = None) -> Played:
    """Find all that such a server accepts and, where it keeps an order, that."""
    order, counts = Order(), [0, 0, 0]

    def answer(offer: Offer) -> Outcome:
        one, other = (accepted, offer.suites) if keeps_order else (offer.suites, accepted)
        chosen = next((code for code in one if code in other), None)
        return Alert(2, 40) if chosen is None else Flight(version=0x0303, cipher_suite=chosen)

    def steps() -> Generator[Batch, Sequence[Outcome], tuple[int, ...]]:
        found = yield from eliminate(Asking(), WANTED, LIKE_OPENSSL, likelihood, order=order, longest=longest)  # type: ignore[misc]
        assert found.complete
        if not keeps_order:
            return found.codes
        foreseen = [code for code in LIKE_OPENSSL if code in found.codes]
        codes = yield from ordered(Asking(), WANTED, foreseen, order)  # type: ignore[misc]
        assert codes is not None
        return codes

    running = steps()
    try:
        batch = next(running)
        while True:
            counts = [counts[0] + len(batch), counts[1] + 1, max(counts[2], *(len(offer.suites) for offer in batch))]
            batch = running.send([answer(offer) for offer in batch])
    except StopIteration as stop:
        return Played(stop.value, *counts)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(TLS12_SUITES), unique=True, max_size=60), st.sampled_from((None, 40)))
def test_all_is_found_and_the_order_is_the_servers(accepted: list[int], longest: int | None) -> None:
    assert play(accepted, keeps_order=True, longest=longest).codes == tuple(accepted)
    assert set(play(accepted, keeps_order=False, longest=longest).codes) == set(accepted)


def test_offers_keep_to_the_length_that_a_server_bears() -> None:
    assert play(LIKE_OPENSSL[:50], keeps_order=True, longest=40).longest <= 40 + 1


@pytest.mark.parametrize("keeps_order", [True, False])
@pytest.mark.parametrize("size", [1, 9, 41, 155])
def test_an_order_that_is_foreseen_costs_few_offers_more_than_there_are_suites(size: int, keeps_order: bool) -> None:
    accepted = [code for code in LIKE_OPENSSL if suite(code).authentication == "RSA"][:size] if size < 155 else LIKE_OPENSSL[:155]
    played = play(accepted, keeps_order=keeps_order)
    assert played.offers <= size + 12 + size // 10
    assert played.rounds <= 12 + size // 8


@pytest.mark.parametrize("size", [20, 60, 155])
@pytest.mark.parametrize("seed", range(4))
def test_an_order_that_nobody_foresees_costs_little_more_than_a_chain(size: int, seed: int) -> None:
    accepted = list(LIKE_OPENSSL[:size])
    random.Random(seed).shuffle(accepted)
    assert play(accepted, keeps_order=True).offers <= 1.35 * size + 15
    assert play(list(reversed(LIKE_OPENSSL[:size])), keeps_order=True).offers <= 1.35 * size + 15


def test_the_foreseen_order_is_that_of_openssl() -> None:
    """As OpenSSL 4 lists all its suites, of which those with shared keys or passwords are a half."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_cipher_list(b"ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    assert SSL.OPENSSL_VERSION_NUMBER >= 0x40000000
    names = [name for name in SSL.Connection(context, None).get_cipher_list() if not name.startswith("TLS_")]
    foreseen = [as_openssl_names(code) for code in LIKE_OPENSSL]
    places = [foreseen.index(name) for name in names if name in foreseen]
    assert len(places) >= 150
    assert [one for one, other in pairwise(places) if one > other] == []


def as_openssl_names(code: int) -> str:
    """OpenSSL's name of a suite, as far as it follows from the registry's; others are none of its."""
    held = suite(code)
    exchange = held.name.removeprefix("TLS_").partition("_WITH_")[0]
    named = {"RSA": "", "DH_anon": "ADH-", "ECDH_anon": "AECDH-", "PSK_DHE": "DHE-PSK-"}
    head = named.get(exchange, exchange.replace("_SHA", "").replace("_", "-") + "-")
    cipher = held.cipher.replace("_", "-" if "SRP" in exchange else "")
    if held.cipher == "CHACHA20_POLY1305":
        return f"{head}CHACHA20-POLY1305"
    if held.cipher == "NULL":
        return f"{head}NULL-{held.mac}"
    if held.mac == "AEAD":
        if "ECDHE_RSA" in exchange and "ARIA" in cipher:
            head = "ECDHE-"
        tail = held.mode.replace("_", "") if "CCM" in held.mode else f"GCM-{held.name.rsplit('_', 1)[1]}"
        return f"{head}{cipher}-{tail}"
    if held.cipher in ("SEED", "IDEA"):
        return f"{head}{cipher}-{'CBC-' if cipher == 'IDEA' else ''}SHA"
    shared = "PSK" in exchange or "SRP" in exchange
    return f"{head}{cipher}{'-CBC' if shared and 'CAMELLIA' not in cipher else ''}-{held.mac}"

"""The strategy of a scan, played by servers that are policies alone: it finds exactly the policy, whatever that is."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netassist.observations import Failure
from netassist.tls.facts import VERSIONS, Facts, Version
from netassist.tls.flight import Flight
from netassist.tls.groups import TLS12_GROUPS, TLS13_GROUPS
from netassist.tls.hello import Alert
from netassist.tls.likelihood import tls12_order
from netassist.tls.offers import NUMBERS, Offer, hello_of
from netassist.tls.questions import Closed, Outcome, Unanswered
from netassist.tls.scan import Scan
from netassist.tls.scanner import SEGMENT
from netassist.tls.suites import SSL2_SUITES, TLS12_SUITES, TLS13_SUITES, suite
from tests.lab.policy import REFUSAL, TLS12_SCHEMES, TLS13_SCHEMES, Policy, play

RSA_ONLY = (0xC030, 0xC02F, 0x009F, 0x009E, 0xCCA8, 0xC028, 0xC027, 0x009D, 0x009C, 0x0035, 0x002F)
USUAL13 = (0x1302, 0x1303, 0x1301)
SIGNED_BY_RSA = tuple(code for code in TLS12_SUITES if suite(code).authentication == "RSA")


def numbers(facts: Facts, version: Version) -> tuple[int, ...]:
    return tuple(held.number for held in facts.suites.get(version, ()))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    old = st.lists(st.sampled_from(TLS12_SUITES), max_size=40, unique=True).map(tuple)
    suites: dict[Version, tuple[int, ...]] = {
        "SSLv2": draw(st.lists(st.sampled_from(SSL2_SUITES), max_size=3, unique=True).map(tuple)),
        **{version: draw(old) for version in ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2") if draw(st.booleans())},
        "TLSv1.3": draw(st.lists(st.sampled_from(TLS13_SUITES), max_size=5, unique=True).map(tuple)),
    }
    # 0x17 is a curve that each version can use, so that every suite is in reach.
    every = tuple(dict.fromkeys((*TLS13_GROUPS, *TLS12_GROUPS)))
    groups = draw(st.lists(st.sampled_from(every), max_size=8, unique=True))
    refusals: list[Outcome] = [REFUSAL, Alert(2, 71), Alert(2, 80), Closed()]
    return Policy(
        suites={version: held for version, held in suites.items() if held},
        ordered=draw(st.booleans()),
        groups=(*(code for code in groups if code != 0x17), 0x17),
        keys=draw(st.sampled_from((("RSA",), ("ECDSA",), ("RSA", "ECDSA")))),
        refusal=draw(st.sampled_from(refusals)),
        fallback=draw(st.booleans()),
    )


@settings(deadline=None, max_examples=150)
@given(policies())
def test_every_version_and_suite_of_a_policy_is_found_and_no_other(policy: Policy) -> None:
    played = play(policy.answer)
    facts = played.scan.facts()
    if not any(version in policy.suites for version in VERSIONS):
        assert "accepted" not in facts.protocols.values()
        return
    only_ssl2 = set(policy.suites) == {"SSLv2"}
    for version in VERSIONS:
        if version in policy.suites:
            assert facts.protocols[version] == "accepted"
            assert set(numbers(facts, version)) == set(policy.suites[version])
            assert f"suites/{version}" in facts.complete
        elif not only_ssl2:
            assert facts.protocols[version] == "refused"


@settings(deadline=None, max_examples=150)
@given(policies())
def test_the_order_is_the_servers_where_it_keeps_one(policy: Policy) -> None:
    facts = play(policy.answer).scan.facts()
    for version, held in policy.suites.items():
        if version == "SSLv2":
            continue
        if policy.ordered and len(held) > 1:
            assert facts.server_preference[version] is True
            assert numbers(facts, version) == held
        else:
            assert facts.server_preference[version] is not True
            assert numbers(facts, version) == tuple(sorted(held))


@settings(deadline=None, max_examples=150)
@given(policies())
def test_the_groups_and_schemes_are_those_that_some_client_gets(policy: Policy) -> None:
    facts = play(policy.answer).scan.facts()
    reached: set[int] = set(policy.groups) & set(TLS13_GROUPS) if "TLSv1.3" in policy.suites else set()
    best = next((version for version in ("TLSv1.2", "TLSv1.1", "TLSv1.0", "SSLv3") if version in policy.suites), None)
    curves = [code for code in policy.groups if code in TLS12_GROUPS]
    kinds = {suite(code).authentication for code in policy.suites[best]
             if suite(code).key_exchange == "ECDHE" and suite(code).authentication != "PSK"} if best else set()  # fmt: skip
    if kinds == {"ECDSA"} and policy.ordered:
        # The curve of the key has to be offered, and is taken before those that come after it.
        curves = curves[: curves.index(0x17) + 1]
    if kinds:
        reached |= set(curves)
    assert {int(found.code or "", 16) for found in facts.groups} == reached
    signed = {suite(code).authentication for code in policy.suites.get("TLSv1.2", ())
              if suite(code).key_exchange in ("ECDHE", "DHE")} & set(TLS12_SCHEMES)  # fmt: skip
    schemes = {code for key in signed for code in TLS12_SCHEMES[key]}
    if "TLSv1.3" in policy.suites:
        schemes |= {code for key in policy.keys for code in TLS13_SCHEMES[key]}
    assert {int(found.code, 16) for found in facts.signature_schemes} == schemes


@given(policies())
@settings(deadline=None, max_examples=50)
def test_the_same_policy_gives_the_same_facts_by_the_same_connections(policy: Policy) -> None:
    one, other = play(policy.answer), play(policy.answer)
    assert (one.scan.facts(), one.connections, one.scan.failure) == (other.scan.facts(), other.connections, other.scan.failure)


def test_whether_the_fallback_signal_is_heeded() -> None:
    both: dict[Version, tuple[int, ...]] = {"TLSv1.2": RSA_ONLY, "TLSv1.3": USUAL13}
    assert play(Policy(both).answer).scan.facts().fallback_scsv is True
    assert play(Policy(both, fallback=False).answer).scan.facts().fallback_scsv is False
    assert play(Policy({"TLSv1.2": RSA_ONLY}).answer).scan.facts().fallback_scsv is None


@pytest.mark.parametrize("ordered", [True, False])
def test_a_server_in_the_usual_order_takes_one_connection_a_suite_and_little_more(ordered: bool) -> None:
    held = tuple(code for code in tls12_order() if code in SIGNED_BY_RSA)[:41]
    groups = (0x11EC, 0x1D, 0x17, 0x18, 0x11EB)
    played = play(Policy({"TLSv1.2": held, "TLSv1.3": USUAL13}, ordered=ordered, groups=groups).answer)
    assert len(numbers(played.scan.facts(), "TLSv1.2")) == 41
    assert played.connections <= 90
    assert played.rounds <= 20


def test_hellos_with_post_quantum_shares_show_whether_large_ones_are_borne() -> None:
    sizes: list[int] = []
    policy = Policy({"TLSv1.3": USUAL13}, groups=(0x11EC, 0x1D))

    def answer(offer: Offer) -> Outcome:
        sizes.append(len(hello_of(offer, bytes(64), None)))
        return policy.answer(offer)

    assert play(answer).scan.facts().large_hello is True
    assert sum(size > SEGMENT for size in sizes) == 2


def test_signature_schemes_can_be_left_out() -> None:
    policy = Policy({"TLSv1.2": RSA_ONLY, "TLSv1.3": USUAL13})
    whole, less = play(policy.answer), Scan(signature_schemes=False)
    assert whole.scan.facts().signature_schemes
    facts = play(policy.answer, less).scan.facts()
    assert facts.signature_schemes == ()
    assert "signature_schemes" not in facts.complete
    assert (facts.suites, facts.groups) == (whole.scan.facts().suites, whole.scan.facts().groups)


def test_versions_that_are_not_spoken_take_one_connection_each() -> None:
    asked: list[Version] = []

    def answer(offer: Offer) -> Outcome:
        asked.append(offer.version)
        return Policy({"TLSv1.2": RSA_ONLY}).answer(offer)

    play(answer)
    assert all(asked.count(version) == 1 for version in VERSIONS if version != "TLSv1.2")


def test_a_server_that_answers_with_a_lower_version_does_not_speak_the_one_asked_for() -> None:
    policy = Policy({"TLSv1.0": (0x002F, 0x0035)})

    def answer(offer: Offer) -> Outcome:
        lowered = NUMBERS[offer.version] > NUMBERS["TLSv1.0"]
        return Flight(version=NUMBERS["TLSv1.0"], cipher_suite=0x002F) if lowered else policy.answer(offer)

    facts = play(answer).scan.facts()
    assert [version for version, found in facts.protocols.items() if found == "accepted"] == ["TLSv1.0"]
    assert facts.protocols["TLSv1.3"] == "refused"


@pytest.mark.parametrize("newest", [(), USUAL13])
@pytest.mark.parametrize("says", [Closed(), Alert(2, 47), Alert(2, 50), Unanswered(Failure("timeout", "silence"))])
def test_a_server_that_bears_no_long_hello_is_asked_in_short_ones(newest: tuple[int, ...], says: Outcome) -> None:
    suites: dict[Version, tuple[int, ...]] = {"TLSv1.0": (0x0035, 0x002F, 0x000A, 0x0005), "TLSv1.3": newest}
    policy = Policy({version: held for version, held in suites.items() if held})
    scan = play(lambda offer: says if len(offer.suites) > 64 else policy.answer(offer)).scan
    facts = scan.facts()
    assert set(numbers(facts, "TLSv1.0")) == {0x0035, 0x002F, 0x000A, 0x0005}
    assert facts.server_preference["TLSv1.0"] is None
    assert facts.protocols["TLSv1.2"] == facts.protocols["SSLv3"] == "refused"
    assert scan.failure is None


# What the server did not answer is unknown


def after(count: int, policy: Policy, then: Outcome) -> Callable[[Offer], Outcome]:
    counter = itertools.count()
    return lambda offer: policy.answer(offer) if next(counter) < count else then


GONE = Unanswered(Failure("rate_limited", "no more connections"))


@pytest.mark.parametrize("then", [GONE, Closed(), Alert(2, 80)])
@pytest.mark.parametrize("count", [6, 7, 9, 14, 25])
def test_a_server_that_stops_answering_leaves_lists_that_are_not_called_whole(count: int, then: Outcome) -> None:
    policy = Policy({"TLSv1.2": RSA_ONLY, "TLSv1.3": USUAL13}, ordered=True)
    scan = play(after(count, policy, then)).scan
    facts = scan.facts()
    assert scan.failure is not None
    assert facts.protocols["TLSv1.2"] == "accepted"
    assert set(numbers(facts, "TLSv1.2")) <= set(RSA_ONLY)
    if set(numbers(facts, "TLSv1.2")) != set(RSA_ONLY):
        assert "suites/TLSv1.2" not in facts.complete
    assert not {"groups", "signature_schemes"} <= facts.complete


def test_a_server_that_answers_nothing_is_unknown_in_everything() -> None:
    scan = play(lambda _: GONE).scan
    assert set(scan.facts().protocols.values()) == {"unknown"}
    assert scan.failure == GONE.failure


def test_a_server_that_closes_on_everything_is_not_said_to_refuse() -> None:
    facts = play(lambda _: Closed()).scan.facts()
    assert set(facts.protocols.values()) == {"unknown"}


def test_a_single_closed_connection_is_asked_again() -> None:
    policy = Policy({"TLSv1.2": RSA_ONLY, "TLSv1.3": USUAL13})
    counter = itertools.count()
    facts = play(lambda offer: Closed() if next(counter) % 7 == 3 else policy.answer(offer)).scan.facts()
    assert facts.protocols["TLSv1.1"] == "refused"
    assert set(numbers(facts, "TLSv1.3")) <= set(USUAL13)


def test_a_selection_that_was_not_offered_is_not_believed() -> None:
    scan = play(lambda offer: Flight(version=NUMBERS[offer.version], cipher_suite=0x1399, group=0x1D)).scan
    facts = scan.facts()
    assert "accepted" not in (facts.protocols[version] for version in VERSIONS if version != "SSLv2")
    assert scan.failure is not None
    assert "was not offered" in scan.failure.message

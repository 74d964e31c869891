"""TLSA records against chains that the lab's authority has issued: each usage, selector and matching type, right and wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from netassist.observations import Failure
from netassist.tls.dane import Dane, Shown, dane, read_tlsa, subject_public_key_info
from netassist.tls.published import Answer
from netassist.tls.trust import anchors, judge_chain
from tests.lab.pki import Identity, KeyKind, authority, leaf

NAME = "_25._tcp.mail.lab.test"
KINDS = [(selector, matching) for selector in (0, 1) for matching in (0, 1, 2)]


def der(identity: Identity) -> bytes:
    return identity.certificate.public_bytes(Encoding.DER)


def spki(identity: Identity) -> bytes:
    return identity.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def record(identity: Identity, usage: int, selector: int = 1, matching: int = 1) -> bytes:
    selected = spki(identity) if selector else der(identity)
    digests = (selected, hashlib.sha256(selected).digest(), hashlib.sha512(selected).digest())
    return bytes((usage, selector, matching)) + digests[matching]


class Case:
    """Root, intermediate and leaf of the lab, as a server shows them."""

    def __init__(self, folder: Path) -> None:
        self.root = authority()
        self.middle = authority("Lab Intermediate", self.root)
        self.leaf = leaf(self.middle, dns=("mail.lab.test",))
        self.stranger = authority("Stranger")
        self.anchor = self.root.anchor(folder)

    def shown(self, own: Identity | None = None, *, trusted: bool = True, fits: bool | None = True, mail: bool = False) -> Shown:
        own = own or self.leaf
        chain = (der(own), *(held.public_bytes(Encoding.DER) for held in own.chain))
        return Shown(chain, judge_chain(chain, anchors(self.anchor if trusted else None)), fits, mail)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("anchors"))


def verdict(shown: Shown, *records: bytes) -> str:
    return judge(shown, *records).verdict


def judge(shown: Shown, *records: bytes) -> Dane:
    return dane(Answer(NAME, records, authenticated=True), shown)


@pytest.mark.parametrize(("selector", "matching"), KINDS)
def test_each_usage_matches_what_it_names_and_nothing_else(case: Case, selector: int, matching: int) -> None:
    shown = case.shown()
    for usage, right in ((0, case.middle), (0, case.root), (1, case.leaf), (2, case.middle), (3, case.leaf)):
        assert verdict(shown, record(right, usage, selector, matching)) == "matches", usage
    for usage, wrong in ((0, case.leaf), (1, case.middle), (2, case.leaf), (3, case.middle)):
        assert verdict(shown, record(wrong, usage, selector, matching)) == "mismatch", usage
    for usage in range(4):
        assert verdict(shown, record(case.stranger, usage, selector, matching)) == "mismatch"


def test_a_key_of_the_domain_is_enough_whatever_authorities_dates_and_names_say(case: Case) -> None:
    expired = leaf(case.middle, "expired")
    for own in (case.leaf, expired):
        assert verdict(case.shown(own, trusted=False, fits=False), record(own, 3)) == "matches"
        assert verdict(case.shown(own, trusted=False, fits=None), record(own, 3)) == "matches"


def test_a_public_authority_has_to_be_trusted_too(case: Case) -> None:
    for usage, named in ((0, case.middle), (1, case.leaf)):
        report = judge(case.shown(trusted=False), record(named, usage))
        assert report.verdict == "mismatch"
        assert "the chain is not valid" in (report.records[0].detail or "")


def test_an_authority_of_the_domain_needs_a_valid_chain_and_the_name_but_no_trust(case: Case) -> None:
    assert verdict(case.shown(trusted=False), record(case.middle, 2)) == "matches"
    assert verdict(case.shown(trusted=False, fits=False), record(case.middle, 2)) == "mismatch"
    assert verdict(case.shown(trusted=False, fits=None), record(case.middle, 2)) == "unknown"
    assert verdict(case.shown(leaf(case.middle, "expired")), record(case.middle, 2)) == "mismatch"
    stranger = case.leaf._replace(chain=(case.stranger.certificate,))
    assert verdict(case.shown(stranger), record(case.stranger, 2)) == "mismatch", "it is in the chain, but did not sign"


def test_an_authority_that_is_not_sent_matches_only_where_the_record_holds_it_whole(case: Case) -> None:
    own = leaf(case.root, dns=("mail.lab.test",))
    assert own.chain == ()
    assert verdict(case.shown(own, trusted=False), record(case.root, 2, 0, 0)) == "matches"
    assert verdict(case.shown(own, trusted=False), record(case.root, 2, 0, 1)) == "mismatch"
    assert verdict(case.shown(own, trusted=False), bytes((2, 0, 0)) + b"garbage") == "mismatch"


def test_one_record_that_matches_is_enough(case: Case) -> None:
    report = judge(case.shown(), record(case.stranger, 3), record(case.leaf, 3), bytes((9, 9, 9)))
    assert report.verdict == "matches"
    assert [held.outcome for held in report.records] == ["mismatch", "matches", "unusable"]


def test_the_stronger_digest_sets_the_weaker_aside(case: Case) -> None:
    weak, stale = record(case.leaf, 3, 1, 1), record(case.stranger, 3, 1, 2)
    assert verdict(case.shown(), weak, stale) == "mismatch"
    assert verdict(case.shown(), weak, record(case.stranger, 3, 0, 2)) == "matches", "of another selector"
    assert verdict(case.shown(), weak, stale[:-1]) == "matches", "a malformed one sets nothing aside"


@pytest.mark.parametrize(
    "rdata",
    [b"", b"\3", b"\3\1\1", b"\3\1\1" + bytes(31), b"\3\1\2" + bytes(32), b"\4\1\1" + bytes(32), b"\3\2\1" + bytes(32),
     b"\3\1\3" + bytes(32), b"\3\1\0", b"\xff\xff\xff" + bytes(32)],
)  # fmt: skip
def test_what_nobody_can_check_is_unusable(case: Case, rdata: bytes) -> None:
    report = judge(case.shown(), rdata)
    assert (report.verdict, report.records[0].outcome) == ("unusable", "unusable")
    assert report.records[0].detail


def test_servers_that_take_mail_are_not_asked_for_public_authorities(case: Case) -> None:
    assert verdict(case.shown(mail=True), record(case.leaf, 1), record(case.middle, 0)) == "unusable"
    assert verdict(case.shown(mail=True), record(case.leaf, 3)) == "matches"
    assert verdict(case.shown(mail=True), record(case.middle, 2)) == "matches"


def test_absent_unauthenticated_and_unknown_are_told_apart(case: Case) -> None:
    shown = case.shown()
    assert dane(Answer(NAME), shown).verdict == "absent"
    report = dane(Answer(NAME, (record(case.leaf, 3),)), shown)
    assert (report.verdict, report.records[0].outcome) == ("unauthenticated", "matches")
    report = dane(Answer(NAME, failure=Failure("timeout", "no answer")), shown)
    assert (report.verdict, report.authenticated, report.detail) == ("unknown", None, "no answer")


@pytest.mark.parametrize("key", ["ec", "rsa", "ed25519", "mldsa65"])
def test_the_key_is_cut_out_byte_for_byte(case: Case, key: KeyKind) -> None:
    own = leaf(case.root, key=key)
    assert subject_public_key_info(der(own)) == spki(own)


@given(raw=st.binary(max_size=200), cut=st.integers(0, 1000), flip=st.integers(0, 999), value=st.integers(0, 255))
def test_hostile_certificates_and_records_raise_nothing_else(raw: bytes, cut: int, flip: int, value: int) -> None:
    whole = bytearray(SAMPLE)
    whole[flip % len(whole)] = value
    for hostile in (raw, bytes(whole[:cut]), bytes(whole)):
        try:
            found = subject_public_key_info(hostile)
        except ValueError:
            pass
        else:
            assert found in hostile
    tlsa = read_tlsa(raw)
    assert tlsa.data == raw[3:] or len(raw) < 3


SAMPLE = der(leaf(authority()))

"""The codec of a server's first flight: real ones are read, cut and joined anyhow, hostile bytes get one error."""

from __future__ import annotations

import os
import socket

import msgspec
import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from netassist.tls import hello as wire
from netassist.tls.facts import Version
from netassist.tls.flight import MOST_BYTES, Flight, read_flight, read_ssl2
from netassist.tls.groups import TLS12_GROUPS, TLS13_GROUPS
from netassist.tls.hello import RETRY_RANDOM, SIGNATURE_SCHEMES, Alert
from netassist.tls.offers import NUMBERS, SHAREABLE, Offer, hello_of, key_share
from netassist.tls.suites import SSL2_SUITES, TLS12_SUITES, TLS13_SUITES
from tests.lab.pki import authority, leaf
from tests.lab.tls import tls_server

ROOT = authority()


def u16(number: int) -> bytes:
    return number.to_bytes(2, "big")


def message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def record(body: bytes, kind: int = 22) -> bytes:
    return bytes((kind, 3, 3)) + u16(len(body)) + body


def hello(suite: int, *, version: int = 0x0303, extensions: bytes = b"", compression: int = 0) -> bytes:
    body = u16(version) + bytes(32) + b"\x00" + u16(suite) + bytes((compression,))
    return message(2, body + (u16(len(extensions)) + extensions if extensions else b""))


def certificates(*chain: bytes) -> bytes:
    held = b"".join(len(der).to_bytes(3, "big") + der for der in chain)
    return message(11, len(held).to_bytes(3, "big") + held)


ECDHE = message(12, b"\x03" + u16(0x001D) + b"\x20" + bytes(32) + u16(0x0804) + u16(4) + b"sign")
DHE = message(12, u16(128) + b"\xff" * 128 + u16(1) + b"\x02" + u16(128) + b"\x01" * 128 + u16(0x0401) + u16(4) + b"sign")
DONE = message(14, b"")
FLIGHT = [hello(0xC02F), certificates(b"leaf", b"issuer"), ECDHE, DONE]


def ask(port: int, offer: Offer) -> Flight | Alert:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(hello_of(offer, os.urandom(64), None))
        received = b""
        while (answer := read_flight(received)) is None:
            more = connection.recv(65536)
            if not more:
                answer = read_flight(received, ended=True)
                assert answer is not None
                break
            received += more
        return answer


# Real servers


@pytest.mark.parametrize(
    ("suite", "group", "bits"), [(0xC02F, 0x0017, None), (0xC02F, 0x001D, None), (0x009C, None, None), (0xC019, 0x0018, None)]
)
def test_the_flight_of_a_real_server_names_certificate_and_parameters(suite: int, group: int | None, bits: int | None) -> None:
    identity = leaf(ROOT, key="rsa")
    offer = Offer(version="TLSv1.2", suites=(suite,), groups=(group or 0x001D,), schemes=SIGNATURE_SCHEMES)
    with tls_server(identity, version="TLSv1.2") as server:
        flight = ask(server.port, offer)
    assert isinstance(flight, Flight)
    assert (flight.version, flight.cipher_suite, flight.group, flight.dh_bits) == (0x0303, suite, group, bits)
    anonymous = suite == 0xC019
    assert [x509.load_der_x509_certificate(der) for der in flight.chain] == ([] if anonymous else [identity.certificate])
    assert (flight.signature is None) == (anonymous or suite == 0x009C)
    assert 23 in flight.extensions  # extended master secret


@pytest.mark.parametrize("version", ["TLSv1.0", "TLSv1.1", "TLSv1.2"])
def test_each_old_version_is_spoken_by_its_own_hello(version: str) -> None:
    names: tuple[Version, ...] = ("TLSv1.0", "TLSv1.1", "TLSv1.2")
    offers = [Offer(version=name, suites=TLS12_SUITES, groups=TLS12_GROUPS, schemes=SIGNATURE_SCHEMES) for name in names]
    with tls_server(leaf(ROOT, key="rsa"), version=version) as server:
        answers = {offer.version: ask(server.port, offer) for offer in offers}
    for name, answer in answers.items():
        if name == version:
            assert isinstance(answer, Flight)
            assert answer.version == NUMBERS[name]
        else:
            assert isinstance(answer, Alert) or answer.version != NUMBERS[name]


def test_tls_1_3_without_a_key_share_names_suite_and_group() -> None:
    offer = Offer(version="TLSv1.3", suites=TLS13_SUITES, groups=TLS13_GROUPS, schemes=SIGNATURE_SCHEMES)
    with tls_server(leaf(ROOT), groups="MLKEM768") as server:
        flight = ask(server.port, offer)
    assert isinstance(flight, Flight)
    assert (flight.version, flight.retry, flight.group) == (0x0304, True, 0x0201)
    assert flight.cipher_suite in TLS13_SUITES


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0x001D, "X25519"), (0x0017, "P-256"), (0x0018, "P-384"), (0x0019, "P-521"), (0x001E, "X448"), (0x0100, "ffdhe2048"),
        (0x11EC, "X25519MLKEM768"), (0x11EB, "SecP256r1MLKEM768"), (0x11ED, "SecP384r1MLKEM1024"), (0x0200, "MLKEM512"),
        (0x0201, "MLKEM768"), (0x0202, "MLKEM1024"),
    ],
)  # fmt: skip
def test_the_key_share_of_every_group_is_taken_for_a_valid_one(code: int, name: str) -> None:
    assert code in SHAREABLE
    offer = Offer(version="TLSv1.3", suites=TLS13_SUITES, groups=(code,), shares=(code,), schemes=SIGNATURE_SCHEMES)
    with tls_server(leaf(ROOT), groups=name) as server:
        flight = ask(server.port, offer)
    assert isinstance(flight, Flight)
    assert (flight.retry, flight.group) == (False, code)


def test_a_signature_scheme_that_no_key_has_is_an_alert_once_there_is_a_share() -> None:
    usual = Offer(version="TLSv1.3", suites=TLS13_SUITES, groups=(0x1D,), shares=(0x1D,))
    offers = [msgspec.structs.replace(usual, schemes=(code,)) for code in (0x0403, 0x0804)]
    with tls_server(leaf(ROOT)) as server:
        answers = [ask(server.port, offer) for offer in offers]
    assert isinstance(answers[0], Flight)
    assert isinstance(answers[1], Alert)


def test_a_key_share_is_for_groups_of_the_table_only() -> None:
    assert all(key_share(code, bytes(64)) for code in SHAREABLE)


# Bytes


@given(st.data())
def test_a_flight_is_read_alike_however_it_is_cut_into_records(data: st.DataObject) -> None:
    whole = b"".join(FLIGHT)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=20)))
    parts = [whole[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    flight = read_flight(b"".join(map(record, parts)))
    assert isinstance(flight, Flight)
    assert (flight.group, flight.signature, flight.chain) == (0x001D, 0x0804, (b"leaf", b"issuer"))


@given(st.integers(0, 400))
def test_a_flight_that_is_cut_short_is_waited_for_and_counts_as_far_as_it_came(size: int) -> None:
    data = b"".join(map(record, FLIGHT))
    cut = data[: min(size, len(data) - 1)]
    assert read_flight(cut) is None
    if len(cut) >= len(record(FLIGHT[0])):
        flight = read_flight(cut, ended=True)
        assert isinstance(flight, Flight)
        assert flight.cipher_suite == 0xC02F
    else:
        with pytest.raises(ValueError, match=r"\w"):
            read_flight(cut, ended=True)


def test_the_size_of_a_diffie_hellman_prime() -> None:
    flight = read_flight(b"".join(map(record, (hello(0x009E), certificates(b"leaf"), DHE, DONE))))
    assert isinstance(flight, Flight)
    assert (flight.dh_bits, flight.signature, flight.group) == (1024, 0x0401, None)


def test_before_tls_1_2_a_signature_has_no_scheme() -> None:
    exchange = message(12, b"\x03" + u16(0x0017) + b"\x01\x04" + u16(4) + b"sign")
    flight = read_flight(b"".join(map(record, (hello(0xC013, version=0x0301), certificates(b"leaf"), exchange, DONE))))
    assert isinstance(flight, Flight)
    assert (flight.group, flight.signature) == (0x0017, None)


def test_a_psk_suite_has_a_hint_first() -> None:
    exchange = message(12, u16(4) + b"hint" + b"\x03" + u16(0x001D) + b"\x01\x04")
    flight = read_flight(b"".join(map(record, (hello(0xC035), exchange, DONE))))
    assert isinstance(flight, Flight)
    assert flight.group == 0x001D


def test_compression_and_extensions_are_kept() -> None:
    flight = read_flight(record(hello(0x002F, extensions=u16(0xFF01) + u16(1) + b"\x00", compression=1) + DONE))
    assert isinstance(flight, Flight)
    assert (flight.compression, flight.extensions) == (1, {0xFF01: b"\x00"})


def test_a_fatal_alert_in_the_middle_is_the_answer_and_a_warning_is_not() -> None:
    begun = record(FLIGHT[0])
    assert read_flight(begun + wire.alert(Alert(2, 80))) == Alert(2, 80)
    assert read_flight(wire.alert(Alert(1, 112)) + begun) is None
    assert isinstance(read_flight(wire.alert(Alert(1, 112)) + b"".join(map(record, FLIGHT))), Flight)


def test_an_endless_flight_is_cut_off() -> None:
    begun = record(FLIGHT[0])
    filler = record(message(22, bytes(16000)))
    flight = read_flight(begun + filler * (MOST_BYTES // len(filler) + 1))
    assert isinstance(flight, Flight)
    with pytest.raises(ValueError, match="more than 20 warnings"):
        read_flight(wire.alert(Alert(1, 112)) * 21)
    with pytest.raises(ValueError, match="a ServerHello of 16777215 bytes"):
        read_flight(record(b"\x02\xff\xff\xff"))


def test_ssl_2_tells_all_suites_in_common() -> None:
    codes = b"".join(code.to_bytes(3, "big") for code in SSL2_SUITES[:2])
    body = b"\x04\x00\x01\x00\x02" + u16(4) + u16(len(codes)) + u16(16) + b"leaf" + codes + bytes(16)
    data = u16(0x8000 | len(body)) + body
    flight = read_ssl2(data)
    assert isinstance(flight, Flight)
    assert (flight.version, flight.ssl2_suites, flight.chain) == (2, SSL2_SUITES[:2], (b"leaf",))
    assert all(read_ssl2(data[:size]) is None for size in range(len(data)))
    assert read_ssl2(b"\x80\x03\x00\x00\x01") == Alert(2, 40)
    assert read_ssl2(wire.alert(Alert(2, 70))) == Alert(2, 70)


def test_an_ssl_2_hello_is_one() -> None:
    sent = hello_of(Offer(version="SSLv2", suites=SSL2_SUITES[:2]), bytes(64), "shop.test")
    assert int.from_bytes(sent[:2], "big") == 0x8000 | len(sent) - 2
    assert sent[2:5] == b"\x01\x00\x02"
    assert b"shop" not in sent


def test_an_ssl_3_hello_has_no_extensions() -> None:
    sent = hello_of(Offer(version="SSLv3", suites=(0x002F,), groups=(0x17,)), bytes(64), "shop.test")
    assert sent[1:3] == sent[9:11] == b"\x03\x00"
    # After random, session id, two suites (the SCSV is one) and two compressions there is nothing.
    assert len(sent) == 5 + 4 + 2 + 32 + 1 + 2 + 4 + 1 + 2


@pytest.mark.parametrize(
    "hostile",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        record(b"\x01\x00\x00\x00"),
        b"\x16\x03\x03\x00\x00",
        b"\x16\x03\x03\xff\xff",
        record(b"\x02", 21),
        record(message(2, b"\x03")),
        record(FLIGHT[0] + message(11, b"\x00\x00\x09\x00\x00\x01")),
        record(FLIGHT[0] + message(12, b"\x03\x00")),
    ],
)
def test_what_no_tls_server_says_is_refused(hostile: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_flight(hostile)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_give_an_answer_a_wait_or_one_kind_of_error(data: bytes, ended: bool) -> None:
    for attempt in (data, record(data or b"\x00"), record(FLIGHT[0]) + record(data or b"\x00"), b"\x80" + data):
        for read in (read_flight, read_ssl2):
            try:
                read(attempt, ended=ended)
            except ValueError:
                continue


@given(st.data())
def test_a_spoilt_flight_gives_an_answer_a_wait_or_one_kind_of_error(data: st.DataObject) -> None:
    whole = bytearray(b"".join(map(record, FLIGHT)))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_flight(bytes(whole))
    except ValueError:
        return


def test_a_retry_is_told_by_its_random() -> None:
    assert Flight(version=0x0304, cipher_suite=0x1301, random=RETRY_RANDOM).retry
    assert not Flight(version=0x0304, cipher_suite=0x1301).retry

"""The codec of TLS hellos: what it writes it reads, what real OpenSSL writes it reads too, and hostile bytes get one error."""

from __future__ import annotations

import hashlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.tls import hello as wire
from netassist.tls.groups import CLASSICAL, POST_QUANTUM, group, group_named
from netassist.tls.hello import Alert, ClientHello, ServerHello

words = st.integers(0, 0xFFFF)
codes = st.lists(words, min_size=1, max_size=12, unique=True).map(tuple)


@st.composite
def client_hellos(draw: st.DrawFn) -> ClientHello:
    groups = draw(codes)
    shared = draw(st.lists(st.sampled_from(groups), unique=True))
    return ClientHello(
        random=draw(st.binary(min_size=32, max_size=32)),
        session_id=draw(st.binary(max_size=32)),
        groups=groups,
        key_shares=tuple((code, draw(st.binary(min_size=1, max_size=1300))) for code in shared),
        server_name=draw(st.none() | st.from_regex(r"[a-z]{1,20}\.test", fullmatch=True)),
        versions=draw(codes),
        cipher_suites=draw(codes),
        signature_schemes=draw(codes),
    )


@st.composite
def server_hellos(draw: st.DrawFn) -> ServerHello:
    version = draw(st.sampled_from((0x0301, wire.TLS12, wire.TLS13)))
    random = draw(st.just(wire.RETRY_RANDOM) | st.binary(min_size=32, max_size=32))
    group = draw(words) if version == wire.TLS13 else None
    share = b"" if group is None or random == wire.RETRY_RANDOM else draw(st.binary(min_size=1, max_size=1200))
    session = draw(st.binary(max_size=32))
    return ServerHello(
        version=version, random=random, session_id=session, cipher_suite=draw(words), group=group, key_exchange=share
    )


OFFER = ClientHello(
    random=bytes(32),
    session_id=bytes(range(32)),
    groups=(0x11EC, 0x001D),
    key_shares=((0x001D, bytes(32)),),
    server_name="a.test",
)


def answering(**changes: object) -> ServerHello:
    facts: dict[str, object] = {"version": wire.TLS13, "random": wire.RETRY_RANDOM, "session_id": OFFER.session_id}
    return ServerHello(**{**facts, "cipher_suite": 0x1301, "group": 0x11EC, **changes})  # type: ignore[arg-type]


@given(client_hellos())
def test_a_client_hello_comes_back_as_it_was(hello: ClientHello) -> None:
    assert wire.read_client_hello(wire.client_hello(hello)) == hello


@given(server_hellos())
def test_a_server_hello_comes_back_as_it_was(hello: ServerHello) -> None:
    assert wire.read_answer(wire.server_hello(hello)) == hello


@given(server_hellos(), st.data())
def test_a_server_hello_that_is_cut_short_is_waited_for(hello: ServerHello, data: st.DataObject) -> None:
    whole = wire.server_hello(hello)
    assert wire.read_answer(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None


@given(st.integers(0, 255))
def test_a_fatal_alert_comes_back_as_it_was(description: int) -> None:
    assert wire.read_answer(wire.alert(Alert(2, description))) == Alert(2, description)


def test_a_warning_before_the_server_hello_is_passed_over() -> None:
    warning = wire.alert(Alert(1, 112))
    assert wire.read_answer(warning) is None
    assert wire.read_answer(warning + wire.server_hello(answering())) == answering()


def test_a_server_hello_in_many_records_is_put_together() -> None:
    message = wire.server_hello(answering())[5:]
    records = b"".join(b"\x16\x03\x03\x00\x01" + message[i : i + 1] for i in range(len(message)))
    assert wire.read_answer(records) == answering()


def test_the_retry_random_is_the_hash_that_the_rfc_says() -> None:
    assert hashlib.sha256(b"HelloRetryRequest").digest() == wire.RETRY_RANDOM
    assert answering().retry
    assert not answering(random=bytes(32)).retry


def test_a_share_for_a_group_that_is_not_offered_is_refused() -> None:
    with pytest.raises(ValueError, match="outside supported_groups"):
        wire.client_hello(ClientHello(random=bytes(32), session_id=b"", groups=(0x11EC,), key_shares=((0x001D, bytes(32)),)))


def test_the_hello_of_openssl_is_read() -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="shop.test")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = wire.read_client_hello(outgoing.read())
    assert hello.server_name == "shop.test"
    assert wire.TLS13 in hello.versions
    assert 0x001D in hello.groups
    assert set(wire.TLS13_SUITES) <= set(hello.cipher_suites)
    assert all(code in hello.groups and share for code, share in hello.key_shares)


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        (answering(group=0x0017), "0x0017, which was not offered"),
        (answering(group=0x001D), "asked for a key share it has"),
        (answering(random=bytes(32)), "used a key share it has not"),
        (answering(version=0x0304 + 1), "version 0x0305"),
        (answering(version=wire.TLS12, group=None), "version 0x0303"),
        (answering(cipher_suite=0x1399), "cipher suite 0x1399"),
        (answering(session_id=b""), "another session id"),
        (answering(group=None), "no group"),
    ],
)
def test_an_answer_that_does_not_fit_the_hello_is_not_believed(answer: ServerHello, because: str) -> None:
    with pytest.raises(ValueError, match=because):
        wire.check_answer(OFFER, answer)


def test_answers_that_fit_are_believed() -> None:
    wire.check_answer(OFFER, answering())
    wire.check_answer(OFFER, answering(random=bytes(32), group=0x001D, key_exchange=bytes(32)))


@pytest.mark.parametrize(
    "hostile",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x16\x02\x00\x00\x05",
        b"\x16\x03\x03\x00\x00",
        b"\x16\x03\x03\xff\xff",
        b"\x15\x03\x03\x00\x01\x02",
        b"\x17\x03\x03\x00\x10" + bytes(16),
        b"\x16\x03\x03\x00\x04\x01\x00\x00\x00",
        b"\x16\x03\x03\x00\x04\x02\xff\xff\xff",
        b"\x16\x03\x03\x00\x04\x02\x00\x00\x00",
    ],
)
def test_what_no_tls_server_says_is_refused(hostile: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        wire.read_answer(hostile)


def test_an_extension_that_comes_twice_is_refused() -> None:
    whole = wire.server_hello(answering())
    body = bytearray(whole[9:])
    extensions = body[-12:]
    doubled = bytes(body[:-14]) + (24).to_bytes(2, "big") + extensions * 2
    message = b"\x02" + len(doubled).to_bytes(3, "big") + doubled
    with pytest.raises(ValueError, match="comes twice"):
        wire.read_answer(b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message)


@given(st.binary(max_size=400))
def test_any_bytes_give_an_answer_a_wait_or_one_kind_of_error(data: bytes) -> None:
    for attempt in (data, b"\x16\x03\x03" + len(data).to_bytes(2, "big") + data):
        try:
            wire.read_answer(attempt)
        except ValueError:
            continue


@given(server_hellos(), st.data())
def test_a_spoilt_server_hello_gives_an_answer_a_wait_or_one_kind_of_error(hello: ServerHello, data: st.DataObject) -> None:
    whole = bytearray(wire.server_hello(hello))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    for read in (wire.read_answer, wire.read_client_hello):
        try:
            read(bytes(whole))
        except ValueError:
            continue


def test_warnings_without_end_are_given_up() -> None:
    warning = wire.alert(Alert(1, 112))
    with pytest.raises(ValueError, match="no ServerHello within"):
        wire.read_answer(warning * (wire.MOST_BYTES // len(warning) + 1))


def test_groups_are_known_by_code_and_by_the_names_of_openssl() -> None:
    assert group(0x11EC) == group_named("x25519mlkem768")
    assert (group_named("P-256").name, group_named("prime256v1").code) == ("secp256r1", "0x0017")
    assert (group(0x4242).name, group(0x4242).kind, group_named("novel").kind) == ("0x4242", None, None)
    assert {group(code).kind for code in CLASSICAL} == {"classical"}
    assert {group(code).kind for code in POST_QUANTUM} == {"hybrid", "post_quantum"}

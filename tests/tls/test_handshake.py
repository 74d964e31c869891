"""A whole handshake with a real server: what was agreed on, seen from both ends."""

from __future__ import annotations

import asyncio

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from netassist.network import Network
from netassist.observations import Failed
from netassist.scope import Scope
from netassist.tls.handshake import Session, Unfinished, handshake
from tests.lab.pki import Identity, authority, leaf
from tests.lab.tls import tls_server


@pytest.fixture(scope="module")
def identity() -> Identity:
    return leaf(authority("Lab Intermediate", authority()))


def shake(port: int, *, groups: str | None = None, server_name: str | None = "localhost") -> Session:
    async def connected() -> Session:
        async with Network(Scope(frozenset(("127.0.0.1",)))).connect("127.0.0.1", port) as stream:
            return await handshake(stream, server_name=server_name, groups=groups)

    return asyncio.run(connected())


@pytest.mark.parametrize(
    ("offered", "served", "agreed"),
    [
        ("X25519MLKEM768", "X25519MLKEM768:X25519", "X25519MLKEM768"),
        ("X25519:X25519MLKEM768", "X25519MLKEM768", "X25519MLKEM768"),
        ("X25519", "X25519MLKEM768:X25519", "x25519"),
        ("SecP256r1MLKEM768", "SecP256r1MLKEM768", "SecP256r1MLKEM768"),
        ("P-256:X25519", "P-256", "secp256r1"),
    ],
)
def test_the_group_is_the_one_that_the_server_saw(identity: Identity, offered: str, served: str, agreed: str) -> None:
    with tls_server(identity, groups=served) as server:
        session = shake(server.port, groups=offered)
    assert session.protocol == "TLSv1.3"
    assert session.group == agreed
    assert server.negotiated == [agreed]


def test_no_group_in_common_is_an_alert(identity: Identity) -> None:
    with tls_server(identity, groups="X25519") as server, pytest.raises(Failed, match="alert handshake_failure"):
        shake(server.port, groups="X25519MLKEM768")
    assert server.negotiated == []


def test_a_group_that_openssl_does_not_know(identity: Identity) -> None:
    with tls_server(identity) as server, pytest.raises(ValueError, match="nonsense"):
        shake(server.port, groups="nonsense")


def test_the_chain_comes_in_the_order_sent(identity: Identity) -> None:
    with tls_server(identity) as server:
        session = shake(server.port)
    sent = (identity.certificate, *identity.chain)
    assert session.chain == tuple(held.public_bytes(Encoding.DER) for held in sent)


@pytest.mark.parametrize(
    ("name", "sent"), [("www.lab.test", "www.lab.test"), ("bücher.test", "xn--bcher-kva.test"), ("127.0.0.1", None)]
)
def test_the_server_name_is_ascii_and_never_an_address(identity: Identity, name: str, sent: str | None) -> None:
    with tls_server(identity) as server:
        shake(server.port, server_name=name)
    assert server.names == [sent]


def test_a_server_that_breaks_off_after_its_certificate(identity: Identity) -> None:
    with tls_server(identity, client_certificate=True, version="TLSv1.2") as server, pytest.raises(Unfinished) as caught:
        shake(server.port)
    assert len(caught.value.session.chain) == 2
    assert "alert handshake_failure" in caught.value.failure.message

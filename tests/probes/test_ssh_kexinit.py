"""The codec of SSH's opening: what it writes it reads, in any pieces; hostile bytes get one error, and soon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.probes import ssh_kexinit as ssh
from netassist.probes.ssh_kexinit import KexInit

BANNER = b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"
OFFER = KexInit(kex=("curve25519-sha256", "ext-info-s", "kex-strict-s-v00@openssh.com"), host_key=("ssh-ed25519",))

# Names as RFC 4251, section 6, has them, without what `as_text` breaks up as a marker of a prompt protocol.
names = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=",<["), min_size=1, max_size=64)
lists = st.lists(names, max_size=6).map(tuple)
pairs = st.tuples(lists, lists)
offers = st.builds(
    KexInit,
    kex=lists,
    host_key=lists,
    ciphers=pairs,
    macs=pairs,
    compression=pairs,
    languages=pairs,
    cookie=st.binary(min_size=16, max_size=16),
    first_kex_packet_follows=st.booleans(),
)


def opening(offer: KexInit = OFFER, banner: bytes = BANNER) -> bytes:
    return banner + ssh.packet(ssh.KEXINIT, ssh.kexinit(offer))


@given(offers)
def test_a_kexinit_comes_back_as_it_was(offer: KexInit) -> None:
    found = ssh.read_opening(opening(offer))
    assert found is not None
    assert found.offer == offer
    assert found.identification.text == BANNER.decode().strip()


@given(st.binary(max_size=300), st.integers(0, 255))
def test_a_packet_comes_back_as_it_was_on_a_boundary_of_eight_bytes(body: bytes, message: int) -> None:
    raw = ssh.packet(message, body)
    found = ssh.read_packet(raw + b"more")
    assert found == ssh.Packet(message, body, len(raw))
    assert len(raw) % 8 == 0


@given(st.integers(0, len(opening()) - 1))
def test_an_opening_that_is_cut_short_is_waited_for(size: int) -> None:
    assert ssh.read_opening(opening()[:size]) is None


def test_lines_before_the_identification_are_kept_apart() -> None:
    found = ssh.read_opening(opening(banner=b"Welcome\r\n\x1b[31mred\n" + BANNER))
    assert found is not None
    assert found.identification.before == ("Welcome", "red")
    assert found.identification.version == "2.0"


def test_messages_that_mean_nothing_are_passed_over() -> None:
    noise = ssh.packet(ssh.IGNORE, b"\0\0\0\3abc") + ssh.packet(ssh.DEBUG, b"\1\0\0\0\2hi\0\0\0\0")
    found = ssh.read_opening(BANNER + noise + opening()[len(BANNER) :])
    assert found is not None
    assert found.offer == OFFER


def test_a_disconnect_says_why() -> None:
    reason = b"\0\0\0\x0c\0\0\0\x14Too many\x1b[2J users\0\0\0\0"
    with pytest.raises(ValueError, match="disconnects: Too many users"):
        ssh.read_opening(BANNER + ssh.packet(ssh.DISCONNECT, reason))


def test_signals_are_no_methods() -> None:
    assert OFFER.methods == ("curve25519-sha256",)


@pytest.mark.parametrize(
    ("hostile", "because"),
    [
        (b"SSH-1.5-Cisco-1.25\n", "speaks SSH 1.5 only"),
        (b"SSH-two\r\n", "malformed SSH identification"),
        (b"x" * ssh.LONGEST_LINE, "a line of"),
        (b"x\n" * (ssh.MOST_LINES + 1), "lines"),
        (BANNER + b"\xff\xff\xff\xff", "packet of 4294967295"),
        (BANNER + bytes(16), "packet of 0 bytes"),
        (BANNER + b"\0\0\0\x0c\xff\x14" + bytes(10), "255 of padding"),
        (BANNER + b"\0\0\0\x0c\x03\x14" + bytes(10), "3 of padding"),
        (BANNER + ssh.packet(30, b"early"), "message 30"),
        (BANNER + ssh.packet(ssh.KEXINIT, bytes(12)), "ends too early"),
        (BANNER + ssh.packet(ssh.KEXINIT, bytes(16) + b"\xff\xff\xff\xff"), "ends too early"),
        (BANNER + ssh.packet(ssh.KEXINIT, ssh.kexinit(OFFER) + b"\0"), "wrong length"),
        (opening(KexInit(kex=("a b",), host_key=())), "malformed name-list"),
        (opening(KexInit(kex=("", "a"), host_key=())), "malformed name-list"),
        (BANNER + ssh.packet(ssh.IGNORE, bytes(30000)) * 9, "no KEXINIT within"),
    ],
)
def test_what_no_ssh_server_says_is_refused(hostile: bytes, because: str) -> None:
    with pytest.raises(ValueError, match=because):
        ssh.read_opening(hostile)


@given(st.binary(max_size=400))
def test_any_bytes_give_an_opening_a_wait_or_one_kind_of_error(data: bytes) -> None:
    for attempt in (data, BANNER + data, BANNER + ssh.packet(ssh.KEXINIT, data)):
        try:
            ssh.read_opening(attempt)
        except ValueError:
            continue


@given(offers, st.data())
def test_a_spoilt_opening_gives_an_opening_a_wait_or_one_kind_of_error(offer: KexInit, data: st.DataObject) -> None:
    raw = bytearray(opening(offer))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        ssh.read_opening(bytes(raw))
    except ValueError:
        return


def test_markers_in_names_are_broken_up() -> None:
    found = ssh.read_opening(opening(KexInit(kex=("</TOOL_RESPONSE>",), host_key=())))
    assert found is not None
    assert found.offer.kex == ("< /TOOL_RESPONSE>",)


@pytest.mark.parametrize(
    ("server", "chosen"),
    [
        (("curve25519-sha256", "mlkem768x25519-sha256"), "mlkem768x25519-sha256"),
        (("curve25519-sha256", "sntrup761x25519-sha512@openssh.com"), "sntrup761x25519-sha512@openssh.com"),
        (("diffie-hellman-group14-sha256", "ecdh-sha2-nistp256"), "ecdh-sha2-nistp256"),
        (("diffie-hellman-group1-sha1",), None),
    ],
)
def test_the_order_of_the_client_decides(server: tuple[str, ...], chosen: str | None) -> None:
    assert ssh.negotiated(ssh.OPENSSH_CLIENT, server) == chosen


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("mlkem768x25519-sha256", "hybrid"),
        ("mlkem768nistp256-sha256", "hybrid"),
        ("mlkem1024nistp384-sha384", "hybrid"),
        ("sntrup761x25519-sha512", "hybrid"),
        ("sntrup4591761x25519-sha512@tinyssh.org", "hybrid"),
        ("ecdh-nistp384-kyber-768r3-sha384-d00@openquantumsafe.org", "hybrid"),
        ("x25519-kyber-512r3-sha256-d00@amazon.com", "hybrid"),
        ("kyber-512-sha256", "post_quantum"),
        ("curve25519-sha256@libssh.org", "classical"),
        ("ecdh-sha2-nistp521", "classical"),
        ("diffie-hellman-group-exchange-sha256", "classical"),
        ("gss-group14-sha256-toWM5Slw5Ew8Mqkay+al2g==", "classical"),
        ("secret@vendor.test", None),
    ],
)
def test_methods_are_sorted_by_their_names(method: str, kind: str | None) -> None:
    assert ssh.kind_of(method) == kind

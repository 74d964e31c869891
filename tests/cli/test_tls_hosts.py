"""The hosts of ``netassist tls``: what a command line and a list may say, each host once, and the line of what is wrong."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.cli.many.hosts import LONGEST_LINE, Hosts, Place, key, place
from netassist.toolbox import InvalidCall


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("a.test", Place("a.test", 443)),
        ("A.test.:8443", Place("A.test.", 8443)),
        ("192.0.2.7:25", Place("192.0.2.7", 25)),
        ("2001:db8::7", Place("2001:db8::7", 443)),
        ("[2001:DB8::7]", Place("2001:db8::7", 443)),
        ("[2001:db8::7]:8443", Place("2001:db8::7", 8443)),
        ("https://a.test/path?query", Place("a.test", 443)),
        ("https://[2001:db8::7]:8443/", Place("2001:db8::7", 8443)),
        ("bücher.test", Place("bücher.test", 443)),
    ],
)
def test_a_host_may_be_written_in_many_ways(word: str, expected: Place) -> None:
    assert place(word, 443) == expected


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("http://a.test", "is not an https URL"),
        ("a.test:0", "port 0 is not between"),
        ("a.test:70000", "port 70000 is not between"),
        ("a.test:", "is not a host name"),
        ("a b.test", "is not a host name"),
        ("-oX", "is not a host name"),
        ("https://user:word@a.test", "holds a user name or password"),
        ("[2001:db8::7", "is not a host name"),
    ],
)
def test_what_is_no_host_is_refused(word: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        place(word, 443)


@given(st.text(max_size=40))
def test_any_word_is_a_host_or_a_mistake_that_is_told(word: str) -> None:
    try:
        found = place(word, 443)
    except ValueError:
        return
    assert 1 <= found.port <= 65535
    assert not found.host.startswith("-")
    assert place(str(found), 1) == found


@given(st.binary(max_size=200))
def test_any_file_is_a_list_or_has_a_line_that_is_wrong(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("hosts") / "list"
    file.write_bytes(content)
    wrong = f"{file}:1: "
    try:
        hosts = [found.host for found in Hosts((), file, 443)]
    except InvalidCall as error:
        hosts, wrong = [], str(error)
    assert wrong.startswith(f"{file}:")
    assert all(hosts)


def test_a_list_has_comments_and_blank_lines_and_can_be_read_again(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_bytes("\ufeffa.test\r\n\n# a comment\n  b.test:8443  # another\n#c.test\nd.test".encode())
    hosts = Hosts((), file, 443)
    expected = [Place("a.test", 443), Place("b.test", 8443), Place("d.test", 443)]
    assert (list(hosts), list(hosts)) == (expected, expected)


def test_each_host_counts_once_however_it_is_spelled(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("A.test\na.test.:443\nhttps://a.test/x\na.test:8443\n[2001:db8::1]\n2001:DB8:0::1\n")
    assert [str(found) for found in Hosts(["a.test"], file, 443)] == ["a.test:443", "a.test:8443", "[2001:db8::1]:443"]


def test_the_key_of_an_address_is_another_than_that_of_its_name() -> None:
    keys = {key(Place("a.test", 443)), key(Place("a.test", 443), "192.0.2.1"), key(Place("a.test", 443), "192.0.2.2")}
    assert len(keys) == 3


def test_a_network_stands_for_its_hosts() -> None:
    assert [found.host for found in Hosts(["192.0.2.0/30", "192.0.2.9/31"], None, 8443)] == [
        "192.0.2.1", "192.0.2.2", "192.0.2.8", "192.0.2.9"]  # fmt: skip
    assert sum(1 for _ in Hosts(["198.18.0.0/20", "2001:db8::/116"], None, 443)) == 4094 + 4096


@pytest.mark.parametrize("area", ["198.18.0.0/19", "2001:db8::/115"])
def test_a_larger_network_is_refused_with_advice(area: str) -> None:
    with pytest.raises(InvalidCall, match=r"is larger than /.* name smaller parts"):
        list(Hosts([area], None, 443))


def test_a_name_of_the_users_own_stands_for_its_host(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("My Shop\n")
    assert list(Hosts(["the nas"], file, 443, {"the nas": "nas.test", "my shop": "192.0.2.0/31"})) == [
        Place("nas.test", 443), Place("192.0.2.0", 443), Place("192.0.2.1", 443)]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"a b", "not a host name"),
        (b"\xff", "not UTF-8"),
        (b"x" * (LONGEST_LINE + 9), "more than 4,096 bytes"),
        (b"a:99999", "99999"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: bytes, said: str) -> None:
    file = tmp_path / "hosts"
    file.write_bytes(b"a.test\n\n" + line + b"\nb.test\n")
    with pytest.raises(InvalidCall, match=rf":3: .*{said}"):
        list(Hosts((), file, 443))


def test_a_list_that_comes_through_a_pipe_can_be_read_again(tmp_path: Path) -> None:
    read, write = os.pipe()
    with os.fdopen(write, "wb") as end:
        end.write(b"a.test\nb.test\n")
    hosts = Hosts((), Path(f"/dev/fd/{read}"), 443)
    os.close(read)
    assert [[found.host for found in hosts] for _ in range(2)] == [["a.test", "b.test"]] * 2


def test_standard_input_is_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a.test\nnot a host\n")))
    hosts = iter(Hosts((), Path("-"), 443))
    assert next(hosts) == Place("a.test", 443)
    with pytest.raises(InvalidCall, match="standard input:2: "):
        next(hosts)

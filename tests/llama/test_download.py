"""Fetching a file from a hub that drops, truncates, redirects, changes, lies, refuses and goes silent."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import pytest

from netassist.llama import download, hub, link
from netassist.llama.catalogue import UnknownModel
from netassist.llama.download import Fetched, Moving, Wanted, fetch
from netassist.llama.link import Link
from netassist.observations import Failed
from tests.lab.gguf import nemotron_shaped
from tests.lab.hub import Hub, Turn
from tests.lab.hub import hub as served
from tests.lab.listening import listening

FILE = "small-Q4_0.gguf"
PAGE = b"<!DOCTYPE html><p>log in"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return nemotron_shaped(tmp_path_factory.mktemp("gguf") / "model.gguf").read_bytes()


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Another model of the same length."""
    return nemotron_shaped(tmp_path_factory.mktemp("gguf") / "other.gguf", seed=2).read_bytes()


@pytest.fixture
def lab(model: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HF_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with served(Hub(files={FILE: model})) as lab:
        monkeypatch.setenv("HF_ENDPOINT", lab.url)
        yield lab


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "data" / "models" / FILE


def fetched(
    lab: Hub, place: Path, *, token: str | None = None, patience: float = 20.0, known: bool = True,
    tell: Callable[[Moving], None] = lambda _: None,
) -> Fetched:  # fmt: skip
    """The file, with what the hub's list says of it (`known`), and no waiting between attempts."""
    with Link(token, patience) as connection:
        there = hub.repository(lab.name, connection)
        offered = hub.chosen(there, FILE)
        wanted = Wanted(there.url(FILE), place, offered.bytes, offered.sha256) if known else Wanted(there.url(FILE), place)
        return fetch(wanted, connection, tell, waits.append)


waits: list[float] = []


@pytest.fixture(autouse=True)
def no_waits() -> None:
    waits.clear()


def refused(lab: Hub, place: Path, *, token: str | None = None, patience: float = 20.0, known: bool = True) -> Failed:
    with pytest.raises(Failed) as caught:
        fetched(lab, place, token=token, patience=patience, known=known)
    assert "\n" not in str(caught.value)
    return caught.value


def left(place: Path) -> list[str]:
    return sorted(path.name for path in place.parent.iterdir())


def test_a_file_comes_whole_checked_and_for_the_user_alone(lab: Hub, place: Path, model: bytes) -> None:
    told: list[Moving] = []
    done = fetched(lab, place, tell=told.append)
    assert place.read_bytes() == model
    assert done == Fetched(len(model), hashlib.sha256(model).hexdigest(), checked=True)
    assert left(place) == [FILE]
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (place.parent, place.parent.parent)] == [0o700, 0o700]
    assert (told[-1].done, told[-1].total) == (len(model), len(model))


def test_what_was_dropped_midway_goes_on_from_there(lab: Hub, place: Path, model: bytes) -> None:
    lab.turns = [Turn(most=10_000), Turn(most=2), Turn(most=30_000)]
    fetched(lab, place)
    assert place.read_bytes() == model
    assert lab.ranges() == ["bytes=0-", "bytes=10000-", "bytes=10002-", "bytes=40002-"]


def test_a_download_that_was_given_up_goes_on_the_next_time(lab: Hub, place: Path, model: bytes) -> None:
    lab.turns = [Turn(most=10_000)] + [Turn(most=0)] * download.ATTEMPTS
    said = refused(lab, place)
    assert said.failure.kind == "reset"
    assert "10,000 bytes are kept, the same command goes on from there" in str(said)
    assert left(place) == [f"{FILE}.part", f"{FILE}.part.toml"]
    # When it is asked for again
    lab.asked.clear()
    fetched(lab, place)
    assert (place.read_bytes(), lab.ranges(), left(place)) == (model, ["bytes=10000-"], [FILE])
    assert lab.fetches[0].headers["if-range"] == f'"{hashlib.sha256(model).hexdigest()}"'


def test_a_file_that_changed_meanwhile_begins_anew(lab: Hub, place: Path, other: bytes) -> None:
    # Given a part of a file whose publisher then replaces it, and says so by its ETag alone
    lab.turns = [Turn(most=10_000)] + [Turn(most=0)] * download.ATTEMPTS
    refused(lab, place, known=False)
    lab.files[FILE] = other
    fetched(lab, place, known=False)
    assert place.read_bytes() == other


def test_a_part_of_another_file_is_not_gone_on_with(lab: Hub, place: Path, other: bytes) -> None:
    lab.turns = [Turn(most=10_000)] + [Turn(most=0)] * download.ATTEMPTS
    refused(lab, place)
    lab.files[FILE] = other
    lab.asked.clear()
    fetched(lab, place)
    assert (place.read_bytes(), lab.ranges()) == (other, ["bytes=0-"])


def test_a_server_that_ignores_the_condition_is_caught_by_the_etag(lab: Hub, place: Path, model: bytes, other: bytes) -> None:
    # Given a server that changes the file between two ranges and gives out a range of the new one all the same
    first = f'"{hashlib.sha256(model).hexdigest()}"'
    lab.turns = [Turn(most=10_000), Turn(body=other, etag=first, headers=(("ETag", '"new"'),)), Turn(), Turn()]
    fetched(lab, place, known=False)
    assert place.read_bytes() == model
    assert lab.ranges() == ["bytes=0-", "bytes=10000-", "bytes=0-"]


def test_a_server_that_mixes_two_files_under_one_etag_is_caught_by_the_checksum(
    lab: Hub, place: Path, model: bytes, other: bytes
) -> None:
    first = f'"{hashlib.sha256(model).hexdigest()}"'
    lab.turns = [Turn(most=len(model) - 5000), Turn(body=other, etag=first)]
    said = refused(lab, place)
    assert "damaged" in str(said)
    # Then nothing of it stays
    assert left(place) == []


def test_without_a_strong_etag_nothing_is_put_together(lab: Hub, place: Path, model: bytes) -> None:
    lab.turns = [Turn(most=10_000, etag='W/"weak"'), Turn(etag='W/"weak"')]
    fetched(lab, place)
    assert (place.read_bytes(), lab.ranges()) == (model, ["bytes=0-", "bytes=0-"])


def test_a_server_without_ranges_is_asked_for_the_whole(lab: Hub, place: Path, model: bytes) -> None:
    lab.turns = [Turn(most=10_000, ranges=False), Turn(ranges=False)]
    fetched(lab, place)
    assert place.read_bytes() == model


@pytest.mark.parametrize(("claims", "said"), [(20_000, "promised"), (1 << 45, "promised")])
def test_a_content_length_that_is_a_lie(lab: Hub, place: Path, claims: int, said: str) -> None:
    lab.turns = [Turn(claims=claims, ranges=False)] * download.ATTEMPTS
    assert said in str(refused(lab, place))


def test_a_content_length_that_is_a_lie_where_nothing_else_is_known(lab: Hub, place: Path, model: bytes) -> None:
    # Given a length beyond what comes: each attempt ends too early
    lab.turns = [Turn(claims=len(model) + 1000, ranges=False)] * 20
    assert refused(lab, place, known=False).failure.kind in ("reset", "protocol")
    # and one below it: the file is cut short, and its own head says so
    lab.turns = [Turn(claims=len(model) - 5000, ranges=False)]
    assert "no model" in str(refused(lab, place, known=False))
    lab.turns = [Turn(claims=1 << 45, ranges=False)]
    assert "which no model has" in str(refused(lab, place, known=False))


@pytest.mark.parametrize("lengths", [(0,), (10_000,), (10_000, 5_000)])
def test_answers_that_end_too_early_and_cleanly_are_given_up(lab: Hub, place: Path, lengths: tuple[int, ...]) -> None:
    # Given a server whose answers nothing is put together of, and none of which is whole
    lab.turns = [Turn(most=most, etag='W/"weak"', ranges=False, unsized=True) for most in lengths] * 50
    said = refused(lab, place)
    assert (said.failure.kind, "before the file is whole" in str(said)) == ("reset", True)
    # Then it is asked as often as one that breaks off, and given time between
    assert len(lab.fetches) == download.ATTEMPTS + (lengths[0] > 0)
    assert waits == ([1.0] if lengths[0] else []) + [2.0, 4.0, 8.0, 16.0]


def test_a_range_with_nothing_in_it_is_given_up(lab: Hub, place: Path) -> None:
    lab.turns = [Turn(most=10_000)] + [Turn(most=0, unsized=True)] * 50
    assert "10,000 bytes are kept" in str(refused(lab, place))
    assert len(lab.fetches) == 1 + download.ATTEMPTS


def test_a_file_that_keeps_changing_is_given_up_after_as_many_attempts(lab: Hub, place: Path) -> None:
    lab.turns = [Turn(status=416)] * 50
    assert "the file changes" in str(refused(lab, place))
    assert len(lab.fetches) == download.ATTEMPTS


def test_a_list_that_lies_about_the_size(lab: Hub, place: Path) -> None:
    lab.lies = {FILE: 5_000_000_000}
    assert "promised 5,000,000,000" in str(refused(lab, place))


def test_a_truncated_file_is_no_model(lab: Hub, place: Path, model: bytes) -> None:
    lab.files[FILE] = model[:-4000]
    assert "has" in str(refused(lab, place))
    assert left(place) == []


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (Turn(body=PAGE, ranges=False, headers=(("Content-Type", "text/html; charset=utf-8"),)), "HTML page"),
        (Turn(body=PAGE, ranges=False), "no GGUF file"),
        (Turn(body=b"PK\x03\x04" * 9000, ranges=False), "no GGUF file"),
        (Turn(headers=(("Content-Encoding", "gzip"),)), "compresses"),
        (Turn(headers=(("Content-Range", "bytes 7-9/10"),)), "another range"),
        (Turn(status=401), "set HF_TOKEN"),
        (Turn(status=403), "accept its terms"),
        (Turn(status=404), "no such file"),
        (Turn(status=418), "HTTP 418"),
        (Turn(status=302, headers=(("Location", "file:///etc/passwd"),)), "not an http"),
        (Turn(status=302, headers=(("Location", "https:///nowhere"),)), "not an http"),
    ],
)  # fmt: skip
def test_what_is_refused_at_once_and_in_one_line(lab: Hub, place: Path, turn: Turn, said: str) -> None:
    lab.turns = [turn]
    assert said in str(refused(lab, place, known=False))
    assert len(lab.fetches) == 1
    assert not place.exists()


def test_a_busy_server_is_given_the_time_it_asks_for(lab: Hub, place: Path, model: bytes) -> None:
    lab.turns = [
        Turn(status=429, headers=(("Retry-After", "7"),)), Turn(status=503),
        Turn(status=429, headers=(("Retry-After", "9" * 8),)),
    ]  # fmt: skip
    fetched(lab, place)
    assert place.read_bytes() == model
    assert waits == [7.0, 4.0, 60.0]


def test_a_server_that_stays_busy_is_given_up(lab: Hub, place: Path) -> None:
    lab.turns = [Turn(status=429)] * 50
    assert refused(lab, place).failure.kind == "rate_limited"
    assert len(lab.fetches) == download.ATTEMPTS


def test_silence_ends_and_what_came_stays(lab: Hub, place: Path, model: bytes) -> None:
    lab.turns = [Turn(most=10_000, stay=True), Turn()]
    fetched(lab, place, patience=0.3)
    assert (place.read_bytes(), lab.ranges()) == (model, ["bytes=0-", "bytes=10000-"])


def test_a_redirect_to_another_host_takes_no_token_along(lab: Hub, place: Path, model: bytes) -> None:
    with served(Hub(files={FILE: model})) as cdn:
        lab.elsewhere = cdn.url
        cdn.turns = [Turn(most=10_000)]
        done = fetched(lab, place, token="hf_secret", known=False)
    assert place.read_bytes() == model
    # Then the hub saw the token each time, the other host never
    assert {asked.headers.get("authorization") for asked in lab.asked} == {"Bearer hf_secret"}
    assert [asked.headers.get("authorization") for asked in cdn.asked] == [None, None]
    assert [asked.headers.get("range") for asked in cdn.asked] == ["bytes=0-", "bytes=10000-"]
    # and the checksum that the hub named with its redirect was held against it
    assert done.checked


def test_what_another_host_sends_is_held_against_the_hub_s_checksum(lab: Hub, place: Path, other: bytes) -> None:
    with served(Hub(files={FILE: other})) as cdn:
        lab.elsewhere = cdn.url
        assert "damaged" in str(refused(lab, place, known=False))
    assert left(place) == []


def test_redirects_that_never_end(lab: Hub, place: Path) -> None:
    lab.elsewhere = lab.url
    assert "redirects more than 5 times" in str(refused(lab, place))


def test_the_token_of_the_hub_goes_to_no_other_host(lab: Hub, place: Path, model: bytes) -> None:
    with served(Hub(files={FILE: model})) as other:
        url = f"{other.url}/lab/models/resolve/main/{FILE}"
        for for_asked in (False, True):
            with Link("hf_secret", for_asked=for_asked) as connection:
                fetch(Wanted(url, place), connection, lambda _: None, waits.append)
        assert [asked.headers.get("authorization") for asked in other.asked] == [None, "Bearer hf_secret"]
        # One that is for the host that is asked goes to no other either, be it the hub
        other.elsewhere = lab.url
        with Link("hf_secret", for_asked=True) as connection:
            fetch(Wanted(url, place), connection, lambda _: None, waits.append)
    assert [asked.headers.get("authorization") for asked in lab.asked] == [None]


def test_another_host_that_wants_a_token_is_given_it_by_command(lab: Hub, place: Path) -> None:
    with served(Hub(files={FILE: b""}, turns=[Turn(status=401)])) as other, Link("hf_secret") as connection:
        wanted = Wanted(f"{other.url}/lab/models/resolve/main/{FILE}", place)
        with pytest.raises(Failed, match=r"wants a token .* --token-command") as caught:
            fetch(wanted, connection, lambda _: None, waits.append)
    assert "HF_TOKEN" not in str(caught.value)


def test_no_token_is_sent_without_tls(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://models.test")
    with Link("hf_secret") as connection, pytest.raises(Failed, match="gets no token"):
        fetch(Wanted("http://models.test/x.gguf", place), connection, lambda _: None, waits.append)


def test_a_token_is_never_in_a_message_or_a_note(lab: Hub, place: Path) -> None:
    lab.turns = [Turn(most=10_000)] + [Turn(most=0)] * download.ATTEMPTS
    said = refused(lab, place, token="hf_secret")
    kept = b"".join(path.read_bytes() for path in place.parent.iterdir())
    assert "hf_secret" not in str(said)
    assert b"hf_secret" not in kept


def test_a_token_comes_from_the_environment_or_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", " hf_one\n")
    assert link.token() == "hf_one"
    assert link.token("printf %s hf_two") == "hf_two"
    # It is no shell: what would be a second command is an argument
    assert link.token("printf %.6s hf_two;id") == "hf_two"
    for wrong in ("false", "", "no-such-program", "echo a b"):
        with pytest.raises(Failed, match="token"):
            link.token(wrong)


def test_a_disk_that_is_too_small_is_told_before_anything_comes(
    lab: Hub, place: Path, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "KEPT_FREE", 1 << 60)
    assert "XDG_DATA_HOME" in str(refused(lab, place))
    assert place.with_name(f"{FILE}.part").stat().st_size == 0


def test_a_part_takes_nothing_from_the_space_that_stays_free(
    lab: Hub, place: Path, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a part, and a server that does not say how much there is
    lab.turns = [Turn(most=10_000)] + [Turn(most=0)] * download.ATTEMPTS
    refused(lab, place, known=False)
    lab.turns = [Turn(headers=(("Content-Range", f"bytes 10000-{len(model) - 1}/*"),))]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=download.KEPT_FREE - 5000))
    assert "XDG_DATA_HOME" in str(refused(lab, place, known=False))


def test_a_file_that_another_has_just_finished_is_left_alone(
    lab: Hub, place: Path, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given another netassist that puts the file in its place between our opening the part and our locking it
    part, flock = place.with_name(f"{FILE}.part"), fcntl.flock
    download.make_folder(place.parent)
    part.write_bytes(model)

    def late(file: BinaryIO, how: int) -> None:
        part.replace(place)
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    assert "give the command again" in str(refused(lab, place))
    assert place.read_bytes() == model


def test_two_at_once_do_not_write_into_each_other(lab: Hub, place: Path) -> None:
    at_first, go_on = threading.Event(), threading.Event()

    def tell(_: Moving) -> None:
        at_first.set()
        go_on.wait(20)

    first = threading.Thread(target=fetched, args=(lab, place), kwargs={"tell": tell})
    first.start()
    at_first.wait(20)
    try:
        assert "another netassist is fetching it" in str(refused(lab, place))
    finally:
        go_on.set()
        first.join()
    assert place.exists()


def test_a_proxy_is_used(lab: Hub, place: Path, monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    seen: list[bytes] = []

    def proxy(client: socket.socket) -> None:
        request = client.recv(65536)
        seen.append(request.split(b"\r\n")[0])
        port = int(lab.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(request.replace(b"http://models.test", b"", 1).replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            while data := server.recv(65536):
                client.sendall(data)

    with listening(proxy) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("HF_ENDPOINT", "http://models.test")
        fetched(lab, place)
    assert place.read_bytes() == model
    assert all(b"http://models.test/" in line for line in seen)
    assert seen


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9", "SOCKS proxy"),
        ("HTTPS_PROXY", "ftp://127.0.0.1:9", "look at ALL_PROXY"),
        ("HTTPS_PROXY", "http://127.0.0.1:x", "look at ALL_PROXY"),
        ("SSL_CERT_FILE", "/nowhere.pem", "SSL_CERT_FILE"),
    ],
)
def test_a_proxy_or_certificates_that_cannot_be_used(
    lab: Hub, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv(name, value)
    with pytest.raises(Failed, match=said):
        Link()


@pytest.mark.parametrize(
    "url",
    ["https://models.test/\x7f/x.gguf", "https://\xad/x.gguf", f"https://models.test/{'x' * 70_000}/x.gguf"],
    ids=["control character", "no host name", "too long"],
)
def test_an_address_that_cannot_be_asked(place: Path, url: str) -> None:
    with Link() as connection, pytest.raises(Failed, match="is not a URL"):
        fetch(Wanted(url, place), connection, lambda _: None, waits.append)


def test_a_hub_that_cannot_be_reached(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/x.gguf"
    with Link() as connection, pytest.raises(Failed, match="cannot be reached") as caught:
        fetch(Wanted(url, place), connection, lambda _: None, waits.append)
    assert caught.value.failure.kind == "unreachable"


def test_the_list_comes_in_pages(lab: Hub, model: bytes) -> None:
    lab.files = {f"part-{number}.gguf": model for number in range(7)} | {"README.md": b"x", "../../evil.gguf": model}
    lab.page = 2
    with Link() as connection:
        there = hub.repository(lab.name, connection)
    assert [file.file for file in there.files] == [f"part-{number}.gguf" for number in range(7)]
    assert there.licences[0].name == "apache-2.0"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("q4_k_m", "A-Q4_K_M.gguf"), ("Q4_K", None), ("q4_k_s", "A-Q4_K_S.gguf"), ("A-Q8_0.gguf", "A-Q8_0.gguf"), (None, None)],
)
def test_a_file_is_found_by_its_quantisation(wanted: str | None, found: str | None) -> None:
    files = tuple(hub.Offered(f"A-{kind}.gguf", 1, None) for kind in ("Q4_K_M", "Q4_K_S", "Q8_0", "BF16-Q8_0"))
    there = hub.Repository(name="lab/a", revision="main", licences=(), files=files)
    if found is None:
        with pytest.raises(Failed, match=r"A-Q4_K_M\.gguf"):
            hub.chosen(there, wanted)
    else:
        assert hub.chosen(there, wanted).file == found


def test_one_file_of_a_split_model_is_not_taken_for_the_whole() -> None:
    there = hub.Repository(
        name="lab/a", revision="main", licences=(), files=(hub.Offered("A-Q8_0-00001-of-00002.gguf", 1, None),)
    )
    with pytest.raises(UnknownModel, match="one of 2 files"):
        hub.chosen(there, None)


def test_an_answer_that_is_no_list(lab: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with Link() as connection, pytest.raises(Failed, match="no such file"):
        hub.repository("lab/nothing", connection)
    with served(replace(lab, files={}, asked=[], card={"license": [1]})) as odd:  # type: ignore[dict-item]
        monkeypatch.setenv("HF_ENDPOINT", odd.url)
        with Link() as connection, pytest.raises(Failed, match="not what its API promises"):
            hub.repository(odd.name, connection)

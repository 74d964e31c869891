"""`netassist models` as a person uses it, against a hub on this machine."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from netassist.cli.models.configured import edited, set_model
from netassist.cli.models.pull import progress
from netassist.configuration import BadConfiguration
from netassist.llama.download import Moving
from tests.cli.imported import imported
from tests.lab.gguf import nano_shaped, nemotron_shaped
from tests.lab.hub import Hub, Turn
from tests.lab.hub import hub as served

OURS = [sys.executable, "-m", "netassist"]
FILE = "tiny-Q4_0.gguf"
NAME = f"lab/models:{FILE}"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return nano_shaped(tmp_path_factory.mktemp("gguf") / "model.gguf").read_bytes()


@pytest.fixture
def lab(model: bytes) -> Iterator[Hub]:
    card = {"license": "other", "license_name": "lab-licence", "license_link": "https://example.org/licence"}
    with served(Hub(files={FILE: model}, card=card)) as lab:
        yield lab


@pytest.fixture
def environment(tmp_path: Path, lab: Hub) -> dict[str, str]:
    out = ("NETASSIST_", "XDG_", "HF_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(out)}
    folders = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("STATE", "CONFIG", "DATA")}
    return bare | folders | {"NO_COLOR": "1", "HF_ENDPOINT": lab.url}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "data" / "netassist" / "models" / "lab" / "models" / FILE


def netassist(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*OURS, *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


def test_a_model_is_fetched_used_verified_and_removed(
    environment: dict[str, str], lab: Hub, place: Path, model: bytes, tmp_path: Path
) -> None:
    # When it is fetched with the licence accepted
    done = netassist(environment, "models", "pull", NAME, "--accept-licence")
    assert done.returncode == 0, done.stderr
    assert "lab-licence" in done.stderr
    assert "https://example.org/licence" in done.stderr
    assert "its SHA-256 is the published one" in done.stdout
    assert place.read_bytes() == model
    # Then it is listed, found by any of its names, and not fetched again
    rows = json.loads(netassist(environment, "models", "list", "-f", "json").stdout)["models"]
    assert [(row["name"], row["path"]) for row in rows if row["path"]] == [(NAME, str(place))]
    lab.asked.clear()
    assert "is there already" in netassist(environment, "models", "pull", NAME).stdout
    assert lab.fetches == []
    # and plans, for one question or from now on
    for name in (NAME, "tiny-Q4_0", "TINY-q4_0.gguf", str(place)):
        assert netassist(environment, "plan", "ping 127.0.0.1", "--model", name).returncode in (0, 2)
    assert netassist(environment, "models", "use", "tiny-q4_0").returncode == 0
    written = tomllib.loads((tmp_path / "config" / "netassist" / "config.toml").read_text())
    assert written == {"model": {"file": str(place)}}
    # and verifies
    done = netassist(environment, "models", "verify")
    assert (done.returncode, "SHA-256 as published" in done.stdout) == (0, True)
    # When a byte of it changes
    place.write_bytes(model[:-1] + bytes([model[-1] ^ 1]))
    done = netassist(environment, "models", "verify", NAME)
    assert (done.returncode, "is not what was fetched" in done.stdout) == (3, True)
    # When it is removed, then nothing of it is left
    done = netassist(environment, "models", "remove", NAME)
    assert (done.returncode, "models use built-in" in done.stdout) == (0, True)
    assert list((tmp_path / "data" / "netassist" / "models").rglob("*")) == []
    assert netassist(environment, "models", "use", "built-in").returncode == 0
    assert tomllib.loads((tmp_path / "config" / "netassist" / "config.toml").read_text()) == {"model": {}}


def test_nothing_is_fetched_before_the_licence_is_accepted(environment: dict[str, str], lab: Hub, place: Path) -> None:
    done = netassist(environment, "models", "pull", "lab/models:q4_0")
    assert done.returncode == 4
    assert "--accept-licence" in done.stderr
    assert lab.fetches == []
    assert not place.exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 4), ("no\n", 4)])
def test_on_a_terminal_it_asks(environment: dict[str, str], place: Path, answer: str, code: int) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*OURS, "models", "pull", NAME], env=environment, stdin=theirs, stderr=theirs, stdout=subprocess.DEVNULL
    ) as process:
        os.close(theirs)
        said = b""
        while b"[y/N]" not in said:
            assert select.select([ours], [], [], 60)[0]
            said += os.read(ours, 4096)
        os.write(ours, answer.encode())
        with contextlib.suppress(OSError):  # the terminal's other end closes
            while os.read(ours, 4096):
                pass
        assert process.wait(60) == code
    os.close(ours)
    assert place.exists() is (code == 0)


def test_ctrl_c_keeps_what_came(environment: dict[str, str], lab: Hub, place: Path, model: bytes) -> None:
    # Given a server that goes silent in the middle
    lab.turns = [Turn(most=10_000, stay=True)]
    part = place.with_name(f"{FILE}.part")
    words = [*OURS, "models", "pull", NAME, "--accept-licence"]
    with subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        while not (part.exists() and part.stat().st_size == 10_000):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, "the same command goes on from there" in said) == (130, True)
    # When the command is given again
    lab.asked.clear()
    assert netassist(environment, *words[3:]).returncode == 0
    assert lab.ranges() == ["bytes=10000-"]
    assert place.read_bytes() == model


def test_a_repository_is_listed_with_the_memory_it_takes(environment: dict[str, str], model: bytes) -> None:
    done = netassist(environment, "models", "list", "lab/models", "--context", "1024", "-f", "json")
    (row,) = json.loads(done.stdout)["models"]
    assert (row["name"], row["bytes"], row["computed"]) == (FILE, len(model), False)
    # two layers of two heads, sixteen wide: 256 KiB of keys and values at 1,024 tokens
    assert row["memory"] > len(model) + (1 << 18)
    assert "lab-licence" in netassist(environment, "models", "list", "lab/models").stdout


def test_a_file_by_its_address(environment: dict[str, str], lab: Hub, tmp_path: Path) -> None:
    url = f"{lab.url}/lab/models/resolve/main/{FILE}"
    (row,) = json.loads(netassist(environment, "models", "list", url, "-f", "json").stdout)["models"]
    assert row["bytes"] == len(lab.files[FILE])
    done = netassist(environment, "models", "pull", url, "--accept-licence")
    assert done.returncode == 0, done.stderr
    assert "no checksum is published" in done.stdout
    assert "states no licence" in done.stderr
    assert "as when it was fetched" in netassist(environment, "models", "verify").stdout
    # Then the command that it names works, and so does the address as the name of a model
    (said,) = [line for line in done.stdout.splitlines() if line.startswith("Use it: netassist ")]
    assert netassist(environment, *shlex.split(said)[3:]).returncode == 0
    assert netassist(environment, "plan", "ping 127.0.0.1", "--model", url).returncode in (0, 2)
    assert "is there already" in netassist(environment, "models", "pull", url).stdout
    # When a file of the same name is fetched from another address, then it is another model
    other = url.replace("/main/", "/v2/")
    assert netassist(environment, "models", "pull", other, "--accept-licence").returncode == 0
    for address in (url, other):
        assert netassist(environment, "models", "use", address).returncode == 0
        assert netassist(environment, "models", "remove", address).returncode == 0
    assert list((tmp_path / "data" / "netassist" / "models").rglob("*")) == []


def test_a_list_without_checksums_moves_on_with_its_revision(environment: dict[str, str], lab: Hub, place: Path) -> None:
    # Given a file of a hub that publishes no checksums
    lab.checksums, revisions = False, ["0" * 40, "1" * 40]
    for revision in revisions:
        lab.revision = revision
        assert netassist(environment, "models", "pull", NAME, "--accept-licence").returncode == 0
        assert "is there already" in netassist(environment, "models", "pull", NAME).stdout
    # Then each revision was fetched once
    assert [asked.path for asked in lab.fetches] == [f"/lab/models/resolve/{revision}/{FILE}" for revision in revisions]
    assert place.exists()


def test_the_token_of_the_environment_is_for_the_hub_alone(environment: dict[str, str], lab: Hub, model: bytes) -> None:
    with served(Hub(files={FILE: model})) as other:
        url = f"{other.url}/lab/models/resolve/main/{FILE}"
        with_token = environment | {"HF_TOKEN": "hf_secret"}
        assert netassist(with_token, "models", "list", url).returncode == 0
        assert netassist(with_token, "models", "pull", url, "--accept-licence").returncode == 0
        assert {asked.headers.get("authorization") for asked in other.asked} == {None}
        # One that was named for this command is for the host that the command names
        other.asked.clear()
        assert netassist(environment, "models", "list", url, "--token-command", "printf other_token").returncode == 0
        assert {asked.headers.get("authorization") for asked in other.asked} == {"Bearer other_token"}
    assert netassist(with_token, "models", "list", "lab/models").returncode == 0
    assert {asked.headers.get("authorization") for asked in lab.asked} == {"Bearer hf_secret"}


def test_what_was_broken_off_is_listed_and_removed(environment: dict[str, str], lab: Hub, place: Path, tmp_path: Path) -> None:
    lab.turns = [Turn(most=10_000), Turn(status=403)]
    assert netassist(environment, "models", "pull", NAME, "--accept-licence").returncode == 3
    assert "broken off" in netassist(environment, "models", "list").stdout
    rows = json.loads(netassist(environment, "models", "list", "-f", "json").stdout)["models"]
    assert [(row["bytes"], row["path"]) for row in rows if row["name"] == NAME] == [(10_000, None)]
    # While it is being fetched it stays
    part = place.with_name(f"{FILE}.part")
    with part.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = netassist(environment, "models", "remove", NAME)
        assert (done.returncode, "another netassist is fetching it" in done.stderr, part.exists()) == (3, True, True)
    done = netassist(environment, "models", "remove", NAME)
    assert (done.returncode, done.stdout) == (0, f"{NAME} is deleted (0.0 MB are free again)\n")
    assert list((tmp_path / "data" / "netassist" / "models").rglob("*")) == []


def test_the_catalogue_s_licences_are_both_shown(environment: dict[str, str]) -> None:
    # Given a hub that has the catalogue's repository
    there = nemotron_shaped(Path(environment["XDG_DATA_HOME"] + ".gguf")).read_bytes()
    files = {"Llama-3.1-Nemotron-Nano-8B-v1-q4_k.gguf": there}
    with served(Hub("Mungert/Llama-3.1-Nemotron-Nano-8B-v1-GGUF", files)) as nemotron:
        done = netassist(environment | {"HF_ENDPOINT": nemotron.url}, "models", "pull", "q4_k", "--accept-licence")
    assert done.returncode == 0, done.stderr
    assert "NVIDIA Open Model License" in done.stderr
    assert "Llama 3.1 Community License" in done.stderr
    # and then its short name is enough
    assert netassist(environment, "models", "verify", "q4_k").returncode == 0
    assert "✔ q4_k " in netassist(environment, "models", "list").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("pull", "q5"), 2, "name one of bf16"),
        (("pull", "lab/models:q8_0"), 3, f"name one as lab/models:FILE: {FILE}"),
        (("pull", "lab/models:a-00001-of-00002.gguf"), 2, "one of 2 files of one model"),
        (("pull", "https://huggingface.co/lab/models/blob/v2/a.gguf"), 2, "only main can be fetched"),
        (("pull", "lab/nothing"), 3, "no such file"),
        (("pull", NAME, "--token-command", "false"), 3, "--token-command: it did not print a token"),
        (("use", "q4_k"), 2, "netassist models pull q4_k"),
        (("use", __file__), 3, "not a GGUF file"),
        (("remove", "q4_k"), 2, "has not been fetched"),
        (("verify", "q4_k"), 2, "has not been fetched"),
        (("list", "--context", "0"), 2, "--context: 0 tokens"),
        (("recommend", "--context", "0"), 2, "--context: 0 tokens"),
        (("pul",), 2, "there is no command 'pul' (did you mean pull?); netassist models --help"),
        (("pull",), 2, "NAME is missing; netassist models pull --help"),
    ],
)
def test_each_mistake_gets_one_clear_line(environment: dict[str, str], words: tuple[str, ...], code: int, said: str) -> None:
    done = netassist(environment, "models", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_model_that_is_not_there_says_how_to_get_it(environment: dict[str, str]) -> None:
    done = netassist(environment, "plan", "ping 127.0.0.1", "--model", "q4_k")
    assert (done.returncode, "netassist models pull q4_k" in done.stderr) == (2, True)


def test_a_recommendation_names_the_command_that_follows_it(environment: dict[str, str]) -> None:
    done = netassist(environment, "models", "recommend", "-f", "json")
    found = json.loads(done.stdout)
    choice = found["recommendation"]["choice"]
    assert done.returncode == (0 if choice else 1)
    shown = netassist(environment, "models", "recommend").stdout
    assert (f"netassist models pull {choice}" in shown) or choice is None
    assert found["machine"]["built"] is not None


def test_the_list_needs_no_model_and_no_network_library(environment: dict[str, str]) -> None:
    assert imported(environment, ["models", "list"], ("llama_cpp", "numpy", "httpx", "asyncio", "ssl"))[0] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[model]\nfile = "/m"\n'),
        ('ca_file = "x" # mine', 'ca_file = "x" # mine\n\n[model]\nfile = "/m"\n'),
        ("[model]\nthreads = 2\n", '[model]\nfile = "/m"\nthreads = 2\n'),
        ("[model] # which\n[scope]\n", '[model] # which\nfile = "/m"\n[scope]\n'),
        ('[model]\nthreads = 2\nfile = "old"\n', '[model]\nthreads = 2\nfile = "/m"\n'),
        ('model.file = "old"\n[scope]\n', 'model.file = "/m"\n[scope]\n'),
        ('[targets]\nfile = "192.0.2.1"\n', '[targets]\nfile = "192.0.2.1"\n\n[model]\nfile = "/m"\n'),
    ],
)
def test_only_the_model_changes_in_the_configuration(tmp_path: Path, before: str, after: str) -> None:
    assert edited(before, "/m") == after
    file = tmp_path / "config.toml"
    file.write_text(before)
    set_model(file, "/m")
    assert file.read_text() == after
    set_model(file, None)
    left = tomllib.loads(file.read_text())
    assert "file" not in left.pop("model", {})
    assert left == {key: value for key, value in tomllib.loads(before).items() if key != "model"}


@pytest.mark.parametrize("before", ['model = { file = "old" }\n', '[model]\nfile = """\nold"""\n', "x = \n"])
def test_what_cannot_be_edited_is_left_alone(tmp_path: Path, before: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(before)
    with pytest.raises(BadConfiguration):
        set_model(file, '/m"\x7f\n')
    assert file.read_text() == before


def test_progress_is_read_at_a_glance() -> None:
    assert progress(Moving("fetching", 1_230_000_000, 4_920_000_000, 11_300_000.0)) == (
        "fetching 1.23 GB of 4.92 GB (25%), 11.3 MB/s, 5:26 left"
    )
    assert progress(Moving("fetching", 1000, 90_000_000_000, 1_000_000.0)).endswith("24:59:59 left")
    assert progress(Moving("fetching", 5_000_000, None, 0.0)) == "fetching 5.0 MB, 0.0 MB/s"
